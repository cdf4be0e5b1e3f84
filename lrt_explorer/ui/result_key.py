"""The settings that a result on the screen was made with: a key that travels to the page, which dims what is stale."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from markupsafe import Markup

from lrt_explorer.concepts.methods import METHODS
from lrt_explorer.concepts.sets.readings import READINGS
from lrt_explorer.concepts.sets.readout_kinds import READOUTS
from lrt_explorer.numerals import signed
from lrt_explorer.plots import SCORE_NAMES
from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.ui.cards import pair_name
from lrt_explorer.workbench.session import Session

Value = str | float | bool | tuple[str, ...] | None
"""What a control holds, as the page knows it."""
PROMPT_SHOWN = 40
"""How many characters of a prompt stand in a line about it."""
_RESULT = HtmlTemplate("""
    <div class="result" data-for="{{ made }}" data-said="{{ said }}">{{ html }}</div>
""")


@dataclass(frozen=True)
class ResultKey:
    """Settings by the names of the controls that hold them; only those that the result depends on.

    Attributes:
        values: what each control held; the names are those of `WORDS`.
        words: how a value is said where the value alone does not tell, such as a concept by its title.

    Raises:
        KeyError: if nothing says how to put a setting into words.
    """

    values: Mapping[str, Value]
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def said(self) -> dict[str, str]:
        """Each setting in words: "s = +0.30"."""
        return {name: self.words.get(name) or WORDS[name](value) for name, value in self.values.items()}

    @property
    def document(self) -> dict[str, str]:
        """Both as JSON, by the names that the page reads them by."""
        return {"for": _json(dict(self.values)), "said": _json(self.said)}

    def shows_as(self, other: "ResultKey") -> bool:
        """Whether the page takes both for the same settings."""
        return bool(json.loads(_json(dict(self.values))) == json.loads(_json(dict(other.values))))


def keyed(key: ResultKey, html: str) -> Markup:
    """A result with its key; the page dims it and says for which settings it is as long as others are shown."""
    if not html:
        return Markup("")
    document = key.document
    return _RESULT(made=document["for"], said=document["said"], html=html)


def session_values(session: Session | None) -> dict[str, Value]:
    """What a result depends on that uses both models at their layers, and the map between them."""
    if session is None:
        return {}
    layers: dict[str, Value] = {"small_layer": session.small_layer, "large_layer": session.large_layer}
    return {**model_values(session), **layers, "map": map_mark(session)}


def model_values(session: Session | None) -> dict[str, Value]:
    """What a result depends on that holds for the pair at all layers."""
    if session is None:
        return {}
    return {"pair": pair_name(session.small, session.large), "models": (session.small, session.large)}


def values_in_use(session: Session | None, text: str | None) -> dict[str, Value]:
    """What no control shows by itself, for the page to compare with: the models and the map in use, and the text."""
    if session is None:
        return {"text": text_mark(text)}
    return {"models": (session.small, session.large), "map": map_mark(session), "text": text_mark(text)}


def map_mark(session: Session) -> str:
    """What tells a map from others without naming a folder; "" for none."""
    return _mark(f"{session.map_folder} {session.map_mark}") if session.map_folder else ""


def text_mark(text: str | None) -> str:
    """The same for a visitor's own text; "" for the shipped one."""
    return _mark(text) if text else ""


def _mark(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


def _json(values: Mapping[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False)


def _prompt(text: str) -> str:
    return f"“{text}”" if len(text) <= PROMPT_SHOWN else f"“{text[:PROMPT_SHOWN].rstrip()} …”"


def _or_default(value: str, name: Callable[[str], str], default: str) -> str:
    return name(value) if value else default


WRITTEN, WHOLE = "written", "whole"
SCORED_TEXTS = {WHOLE: "texts of the pairs", WRITTEN: "written texts"}
"""What an evaluation scores beside readouts."""
WORDS: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "pair": str,
        "models": lambda both: pair_name(*both),
        "small_layer": lambda layer: f"small layer {layer}",
        "large_layer": lambda layer: f"large layer {layer}",
        "map": lambda mark: "another map" if mark else "no map",
        "text": lambda mark: "another text" if mark else "the shipped text",
        "concept": lambda name: Path(name).stem,
        "prompt": _prompt,
        "strength": lambda strength: f"s = {signed(strength, 3 if 0 < abs(strength) < 0.1 else 2)}",
        "vectors": lambda folder: "other vectors" if folder else "the concept’s own vectors",
        "seed": lambda seed: f"seed {seed:g}",
        "temperature": lambda temperature: f"temperature {temperature:g}",
        "length": lambda length: f"{length:g} tokens",
        "reading": lambda name: f"tokens read: {_or_default(name, READINGS.label, 'concept’s default')}",
        "as_in_paper": lambda ticked: "map as in the paper" if ticked else "map without its bias",
        "equal_cost": lambda ticked: "equal cost" if ticked else "equal length",
        "per_token": lambda ticked: "each token coloured" if ticked else "tokens not coloured",
        "ask": lambda text: f"message {_prompt(text)}" if text else "no message",
        "also": lambda name: f"also steered by {name}" if name else "nothing beside the concept",
        "also_strength": lambda strength: f"that by {signed(strength, 2)}",
        "also_2": lambda name: f"and by {name}" if name else "nothing else beside the concept",
        "also_2_strength": lambda strength: f"the other by {signed(strength, 2)}",
        "other_layers": lambda text: f"other layers {text}" if text.strip() else "other layers one block lower",
        "arms": lambda names: f"arms: {', '.join(names)}" if names else "the unsteered text alone",
        "points": lambda points: f"{points:g} token pairs",
        "method": lambda name: "along the concept" if name == "concept" else name.upper(),
        "dims": lambda dims: f"{dims}D",
        "neighbours": lambda count: f"{count:g} neighbours",
        "min_dist": lambda distance: f"least distance {distance:g}",
        "umap_seed": lambda seed: f"UMAP seed {seed:g}",
        "colour": lambda what: f"coloured by {what}",
        "lines": lambda ticked: "partners joined" if ticked else "partners not joined",
        "arrows": lambda ticked: "with steering directions" if ticked else "without steering directions",
        "score": lambda score: SCORE_NAMES[score],
        "evaluated": lambda name: Path(name).stem,
        "prompts": lambda prompts: f"{prompts:g} prompts",
        "strengths": lambda text: f"strengths {text}" if text.strip() else "calibrated strengths",
        "texts": lambda kinds: f"with {' and '.join(SCORED_TEXTS[one] for one in kinds)}" if kinds else "without texts",
        "readout": lambda name: f"readout: {_or_default(name, READOUTS.label, 'concept’s default')}",
        "evidence_vectors": lambda folder: "other vectors" if folder else "the concept’s own vectors",
        "set": lambda name: Path(name).stem,
        "check_method": METHODS.label,
        "check_reading": lambda name: f"tokens read: {_or_default(name, READINGS.label, 'set’s default')}",
        "whiten": lambda ticked: "whitened" if ticked else "not whitened",
        "shelf_vectors": lambda _: "other vectors",
        **{f"draft_{place}": lambda _: "the set as it was written before" for place in range(7)},
    }
)
"""How each setting is said in a line such as "for s = +0.30, happy ↔ sad"."""
