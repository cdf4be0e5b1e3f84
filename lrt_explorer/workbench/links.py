"""Links: what of the screen a link restores, as a query string and back, with nothing taken on trust."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlencode

from lrt_explorer.concepts.sets.readings import READINGS
from lrt_explorer.errors import LRTError
from lrt_explorer.limits import SHOWN_CHARACTERS, check_limits
from lrt_explorer.study.fitting.estimators import without_descent
from lrt_explorer.study.steering.also import Also, read_also, spelled_also
from lrt_explorer.study.steering.arms import chosen_arms, spelled
from lrt_explorer.study.steering.other_layers import read_layers, spelled_layers
from lrt_explorer.workbench.pair import Layers


@dataclass(frozen=True, kw_only=True)
class View:
    """What a link restores. What it does not say is None, or "", and stays as the page opens.

    Attributes:
        small, large: the models, by name.
        layers: small and large layer.
        method: the estimator of the map; "" for whichever map there is.
        concept: by name.
        prompt: start of all texts.
        strength: in typical deviations.
        seed, temperature, tokens: of the sampling, and length of each text.
        reading: where the vectors are read; "" for the concept's default.
        as_in_paper, equal_cost, per_token, other_layers: as in `SteerSpec`.
        arms: those beside the unsteered one.
        also: what is steered beside the concept, by name.
        ask: a message that the texts answer.
        tab: which is open.
    """

    small: str = ""
    large: str = ""
    layers: Layers | None = None
    method: str = ""
    concept: str = ""
    prompt: str | None = None
    strength: float | None = None
    seed: int | None = None
    temperature: float | None = None
    tokens: int | None = None
    reading: str = ""
    as_in_paper: bool = False
    equal_cost: bool = False
    arms: tuple[str, ...] | None = None
    also: Also = ()
    ask: str | None = None
    per_token: bool = False
    other_layers: Layers | None = None
    tab: str = ""

    @property
    def query(self) -> str:
        """The part of a link after its question mark."""
        said: dict[str, str] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or value is False or (value in ("", ()) and field.name not in ("arms", "prompt")):
                continue
            said[field.name] = in_words(value)
        return urlencode(said)


def read_view(asked: Mapping[str, str], *, models: Collection[str], tabs: Collection[str]) -> tuple[View, list[str]]:
    """What a link asks for, and a sentence for each value that cannot be taken and is left out.

    Whether the layers and the concept exist is known only once the models are open.

    Args:
        asked: the query, by key; keys that mean nothing are ignored.
        models: those that a link may open: what comes from elsewhere names no folder, and starts no download of what
            this server does not offer.
        tabs: the tabs there are.
    """
    found: dict[str, Any] = {}
    trouble: list[str] = []
    for key, read in _READ.items():
        if key not in asked:
            continue
        try:
            found[key] = read(asked[key])
        except (LRTError, ValueError, OverflowError):
            trouble.append(f"the link’s {key} {asked[key][:SHOWN_CHARACTERS]!r} is not valid and was left out")
    named = [found.get(side, "") for side in ("small", "large")]
    if any(named) and not all(name in models for name in named):
        other = next((name for name in named if name not in models), "")
        which = f"the model {other[:SHOWN_CHARACTERS]!r}" if other else "only one model"
        trouble.append(f"the link names {which}, which a link cannot open here; the first pair is shown instead")
        found = {key: value for key, value in found.items() if key in ("prompt", "seed", "tab")}
    if "tab" in found and found["tab"] not in tabs:
        trouble.append(f"there is no tab {found.pop('tab')[:SHOWN_CHARACTERS]!r}")
    return View(**found), trouble


def in_words(value: object) -> str:
    """A value as a query and a command spell it; a float to its last digit."""
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return spelled_also(value)
    if isinstance(value, tuple) and value and isinstance(value[0], int):
        return spelled_layers(value)
    if isinstance(value, tuple):
        return spelled(value)
    return "1" if value is True else repr(value) if isinstance(value, float) else str(value)


def _name(text: str) -> str:
    check_limits(name=len(text))
    return text


def _prompt(text: str) -> str:
    check_limits(prompt=len(text))
    return text


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text[:SHOWN_CHARACTERS])


def _number(name: str, text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    check_limits(**{name: value})
    return value


def _whole(name: str, text: str) -> int:
    value = _count(text)
    check_limits(**{name: value})
    return value


def _method(text: str) -> str:
    # One that takes minutes cannot be fitted for whoever follows a link.
    if text not in without_descent():
        raise ValueError(text)
    return text


def _reading(text: str) -> str:
    if text not in {value for _, value in READINGS.choices()}:
        raise ValueError(text)
    return text


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(text)
    return text == "1"


def _arms(text: str) -> tuple[str, ...]:
    return chosen_arms(text)[1:]


_READ: Mapping[str, Any] = {
    "small": _name,
    "large": _name,
    "layers": read_layers,
    "method": _method,
    "concept": _name,
    "prompt": _prompt,
    "strength": lambda text: _number("strength", text),
    "seed": lambda text: _whole("seed", text),
    "temperature": lambda text: _number("temperature", text),
    "tokens": lambda text: _whole("max_new_tokens", text),
    "reading": _reading,
    "as_in_paper": _flag,
    "equal_cost": _flag,
    "arms": _arms,
    "also": read_also,
    "ask": _prompt,
    "per_token": _flag,
    "other_layers": read_layers,
    "tab": _name,
}
"""How each value of a query is read; each raises ValueError or LRTError for what it does not take."""
