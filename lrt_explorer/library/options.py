"""What a function can be asked for by keyword, each meaning what the settings of that name say.

`tests/library/test_options.py` holds names and types to those of the settings.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypedDict, TypeVar

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.concepts.methods import Method
from lrt_explorer.concepts.sets.readout_kinds import Readout
from lrt_explorer.concepts.sets.scoring import ScorerChoice, scorer_from_text
from lrt_explorer.linear.steering import SteeringVector
from lrt_explorer.study.steering.also import Also, read_also
from lrt_explorer.study.steering.brought import Side
from lrt_explorer.study.steering.other_layers import read_layers

Settings = TypeVar("Settings")


class VectorOptions(TypedDict, total=False):
    """How vectors are found; see `SteerSpec`."""

    reading: Reading | None
    method: Method
    whiten: bool
    vectors: str | Mapping[Side, SteeringVector]


class CompareOptions(VectorOptions, total=False):
    """What a comparison is asked for; see `SteerSpec`."""

    prompt: str | None
    strength: float | None
    seed: int
    temperature: float | None
    max_new_tokens: int
    as_in_paper: bool
    equal_cost: bool
    arms: tuple[str, ...]
    also: Also
    ask: str | None
    per_token: bool
    other_layers: tuple[int, int] | None
    scorer: ScorerChoice | None


class SpaceOptions(TypedDict, total=False):
    """How the shared space is drawn; see `SpaceSettings`."""

    points: int
    method: str
    dims: int
    neighbours: int
    min_dist: float
    seed: int


class FitOptions(TypedDict, total=False):
    """What a fit is asked for; see `FitSpec`."""

    tokens: int
    method: str | None
    memory_gb: float
    concepts: Sequence[str | ContrastSet] | None
    learn_from: Sequence[str | ContrastSet]
    learning_rate: float | None
    folder: Path | None


class EvaluateOptions(TypedDict, total=False):
    """What an evaluation is asked for; see `EvaluationSettings`, and `EvidenceSpec` for the last four."""

    strengths: tuple[float, ...] | None
    prompts: int
    random_seeds: int
    permuted: int
    ordinary: int
    other_concepts: int
    neutral_prompts: int
    reading: Reading | None
    method: Method
    whiten: bool
    as_in_paper: bool
    readout: Readout | None
    generate: bool
    scorer: ScorerChoice | None
    generate_prompts: int
    max_new_tokens: int
    temperature: float
    whole_texts: bool
    examples: int
    seed: int
    tokens: int | None
    neutral: tuple[str, ...] | None
    folder: Path | None
    vectors: str | Mapping[Side, SteeringVector]


def settings_of(
    kind: type[Settings], called: str, options: Mapping[str, Any], known: Collection[str], **more: Any
) -> Settings:
    """Settings from keywords: lists become tuples, a path given as text a path, a scorer given as text a scorer.

    What stands beside a concept may be a mapping, or text as on the command line.

    Args:
        kind: which settings; keywords that it does not have are left out.
        called: the function that was called.
        options: the keywords.
        known: every keyword that this function has.
        more: further settings.

    Raises:
        TypeError: if a keyword is not known, naming the one that was meant.
        SettingsError: as the settings raise it.
    """
    for name in options:
        if name not in known:
            near = get_close_matches(name, known, 1)
            meant = f"; did you mean {near[0]!r}?" if near else f"; choose from {', '.join(sorted(known))}"
            raise TypeError(f"{called}() has no keyword {name!r}{meant}")
    own = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: _as_kept(name, value) for name, value in options.items() if name in own}, **more)


def _as_kept(name: str, value: Any) -> Any:
    match name, value:
        case "folder", str():
            return Path(value)
        case "scorer", str():
            return scorer_from_text(value)
        case "other_layers", str():
            return read_layers(value)
        case "also", str():
            return read_also(value)
        case "also", Mapping():
            return tuple(value.items())
        case _, list():
            return tuple(value)
        case _:
            return value
