"""JSON from strangers: bounded in depth and in the length of its numbers, each key once, every number finite."""

import json
import math
import re
from typing import Any

from lrt_explorer.limits import JSON_DEPTH, JSON_DIGITS

# A text that is never closed reaches to the end: a second look at its quotes would take quadratic time.
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class StrictJSONError(ValueError):
    """What is wrong where JSON alone would let it pass, as the end of a sentence that begins with the place."""


def check_depth(text: str) -> None:
    """Check before parsing that nothing is nested deeper than `JSON_DEPTH`.

    Raises:
        StrictJSONError: if something is.
    """
    if text.count("[") + text.count("{") <= JSON_DEPTH:
        return
    depth = 0
    for match in _BRACKET.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            if depth > JSON_DEPTH:
                raise StrictJSONError(f"is nested deeper than {JSON_DEPTH} levels; flatten it")
        elif mark in "]}":
            depth -= 1


def strict_decoder() -> json.JSONDecoder:
    """A decoder that raises StrictJSONError for a key given twice and for numbers that are no numbers or too long."""
    return json.JSONDecoder(
        object_pairs_hook=_unique, parse_constant=_constant, parse_int=_whole_number, parse_float=_number
    )


def read_json(text: str) -> Any:
    """The value of a text.

    Raises:
        ValueError: if it is not JSON; a StrictJSONError if it is, but not of a kind that is taken.
    """
    check_depth(text)
    return strict_decoder().decode(text)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, value in pairs:
        if key in values:
            raise StrictJSONError(f"gives {key[:60]!r} twice; keep one of them")
        values[key] = value
    return values


def _constant(name: str) -> object:
    raise StrictJSONError(f"holds {name}, which is not text; write a text there or remove it")


def _whole_number(text: str) -> int:
    _check_length(text)
    return int(text)


def _number(text: str) -> float:
    _check_length(text)
    number = float(text)
    if not math.isfinite(number):
        raise StrictJSONError(f"holds the number {text[:60]}, which is too large; correct it")
    return number


def _check_length(text: str) -> None:
    if len(text) > JSON_DIGITS:
        raise StrictJSONError(f"holds a number of {len(text):,} digits; {JSON_DIGITS} are the most")
