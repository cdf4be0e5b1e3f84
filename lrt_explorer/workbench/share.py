"""Share: a comparison as a link, and as Python and a command that give its numbers again."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrt_explorer.defaults import MAX_NEW_TOKENS
from lrt_explorer.study.fitting.estimators import without_descent
from lrt_explorer.study.steering.arms import PANES
from lrt_explorer.study.steering.brought import vector_files
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.concepts import set_file
from lrt_explorer.workbench.links import View, in_words
from lrt_explorer.workbench.maps import existing_map, find_map
from lrt_explorer.workbench.pair import Layers, Pair
from lrt_explorer.workbench.session import Session
from lrt_explorer.workbench.shelves import is_own, own_set, own_vectors

LEFT_OUT = "The link cannot carry {}, so it opens without; save it here and pass it on."
OWN_SET, OWN_VECTORS, OWN_MAP = "a set of your own", "vectors of your own", "a map that was fitted or loaded here"


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a comparison was made with, as another process would name it.

    Attributes:
        small, large: the models.
        layers: small and large layer.
        concept: a name, or the file of a set.
        map: folder of the map; "" if the one of these layers is found without it.
        vectors: folder of the visitor's own vectors; "" for none.
        temperature: what suits the pair, which need not be said.
        notes: what must be done by hand before, one sentence each.
    """

    small: str
    large: str
    layers: Layers
    concept: str
    map: str = ""
    vectors: str = ""
    temperature: float = 0.0
    notes: tuple[str, ...] = ()


def python_code(source: Source, spec: SteerSpec) -> str:
    """A script that makes the comparison again and prints its numbers."""
    options = {"layers": source.layers, **_options(source, spec)}
    if source.vectors:
        options["vectors"] = source.vectors
    arguments = [*map(_literal, (source.small, source.large, source.concept))]
    arguments += [f"{name}={_literal(value)}" for name, value in options.items()]
    lines = "".join(f"    {argument},\n" for argument in arguments)
    notes = "".join(f"# {note}\n" for note in source.notes)
    return (
        f"import lrt_explorer as lrt\n\n{notes}comparison = lrt.compare(\n{lines})\n"
        "print(comparison.sentence)\n"
        "for arm in comparison.arms:\n"
        '    print(f"{arm.name}: score {arm.score}, readout {arm.readout}\\n{arm.text}\\n")\n'
    )


def command(source: Source, spec: SteerSpec) -> str:
    """The same for a terminal, in one line below its notes.

    Raises:
        ArtifactError: if the visitor's own vectors are gone.
    """
    options = {"small_layer": source.layers[0], "large_layer": source.layers[1], "concept": source.concept}
    words = ["lrt-explorer", "compare", source.small, source.large]
    for name, value in (options | _options(source, spec)).items():
        flag = f"--{name.replace('_', '-')}"
        # With "=", because a value may begin with a dash.
        words.append(flag if value is True else f"{flag}={in_words(value)}")
    files = vector_files(source.vectors) if source.vectors else ()
    words += [f"--vector={file.side}={file.path}" for file in files]
    return "".join(f"# {note}\n" for note in source.notes) + shlex.join(words)


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A comparison in three forms.

    Attributes:
        query: of the link.
        python, command: code that gives its numbers again.
        left_out: what a link cannot carry to another page, "" if it carries all.
    """

    query: str
    python: str
    command: str
    left_out: str = ""


def shared(pair: Pair, session: Session, spec: SteerSpec, tab: str, *, guarded: bool = False) -> Shared:
    """A comparison as the screen shows it, to be taken elsewhere.

    Args:
        pair: the models of the session.
        session: that the comparison was made in.
        spec: what was asked for, by the names of the screen.
        tab: which is open.
        guarded: whether strangers ask, who are told no folder of this machine.
    """
    name, own_map = str(spec.concept), _own_map(pair, session)
    own_set_used, borrowed = is_own(name), "/" in name and not is_own(name)
    concept = Path(name).name if guarded and borrowed else str(set_file(pair.world, name)) if borrowed else name
    notes = []
    if own_set_used:
        concept = f"{Path(own_set(name)).name}" if guarded else str(own_set(name))
    vectors = str(own_vectors(spec.vectors)) if isinstance(spec.vectors, str) and spec.vectors else ""
    if guarded and own_set_used:
        notes.append(f"First save your set under Concepts, as {concept} in this folder.")
    if guarded and vectors:
        notes.append("Made with vectors of your own, which only this page has; save them under Concepts.")
    if guarded and own_map:
        notes.append("Made with a map that only this server has; save it under Map and name its folder as the map.")
    source = Source(
        small=session.small,
        large=session.large,
        layers=(session.small_layer, session.large_layer),
        concept=concept,
        map="" if guarded else own_map,
        vectors="" if guarded else vectors,
        temperature=pair.world.temperature,
        notes=tuple(notes),
    )
    view = View(
        small=session.small,
        large=session.large,
        layers=(session.small_layer, session.large_layer),
        method=session.method if session.method in without_descent() else "",
        concept="" if own_set_used else name,
        prompt=spec.prompt,
        strength=spec.strength,
        seed=spec.seed,
        temperature=spec.temperature,
        tokens=spec.max_new_tokens,
        reading=spec.reading or "",
        as_in_paper=spec.as_in_paper,
        equal_cost=spec.equal_cost,
        arms=_arms(spec),
        also=spec.also,
        ask=spec.ask,
        per_token=spec.per_token,
        other_layers=spec.other_layers,
        tab=tab,
    )
    missing = [OWN_SET] * own_set_used + [OWN_VECTORS] * bool(vectors) + [OWN_MAP] * (not _opens_so(pair, session))
    return Shared(
        query=view.query,
        python=python_code(source, spec),
        command=command(source, spec),
        left_out=LEFT_OUT.format(" or ".join(missing)) if missing else "",
    )


def _opens_so(pair: Pair, session: Session) -> bool:
    """Whether a page that opens these layers with this estimator has the session's map."""
    layers = (session.small_layer, session.large_layer)
    found = existing_map(pair, layers, method=session.method)
    return not session.map_folder or (found is not None and found.digest == session.map_mark)


def _own_map(pair: Pair, session: Session) -> str:
    """The folder of the session's map, unless it is the one that is found at these layers without it."""
    found = find_map(pair, (session.small_layer, session.large_layer))
    usual = found is not None and str(found.folder) == session.map_folder
    return "" if usual else session.map_folder


def _options(source: Source, spec: SteerSpec) -> dict[str, Any]:
    """What differs from the defaults, and what a reader wants to see in any case."""
    found: dict[str, Any] = {"prompt": spec.prompt, "strength": spec.strength, "seed": spec.seed}
    if spec.temperature is not None and spec.temperature != source.temperature:
        found["temperature"] = spec.temperature
    if spec.max_new_tokens != MAX_NEW_TOKENS:
        found["max_new_tokens"] = spec.max_new_tokens
    if spec.reading:
        found["reading"] = spec.reading
    found |= {name: True for name in ("as_in_paper", "equal_cost", "per_token") if getattr(spec, name)}
    found["arms"] = _arms(spec)
    found |= {"also": spec.also} if spec.also else {}
    found["ask"] = spec.ask
    found["other_layers"] = spec.other_layers
    if source.map:
        found["map"] = source.map
    return {name: value for name, value in found.items() if value is not None}


def _arms(spec: SteerSpec) -> tuple[str, ...] | None:
    """The arms beside the unsteered one; None for those that are written unless others are chosen."""
    return None if spec.arms == PANES else spec.arms[1:]


def _literal(value: object) -> str:
    if isinstance(value, tuple) and all(isinstance(one, str) for one in value):
        return json.dumps(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
