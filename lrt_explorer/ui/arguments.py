"""What a program sends to an endpoint, held to the types that the endpoint's function names."""

import functools
import inspect
import math
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from lrt_explorer.concepts.formats.source import is_text
from lrt_explorer.errors import SettingsError
from lrt_explorer.limits import LIMITS, SHOWN_CHARACTERS

_WORDS = {str: "a text", float: "a number", int: "a whole number", bool: "true or false", NoneType: "null"}
_TEXTS = ("prompt", "ask", "scorer", "also")
"""Arguments that are written out, which may be as long as a prompt; every other text is a name."""


def checked(function: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The function, which refuses arguments of other types than its own with one sentence.

    Raises:
        SettingsError: when it is called with one.
    """
    signature, hints = inspect.signature(function), get_type_hints(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> dict[str, Any]:
        given = signature.bind(*args, **kwargs)
        for name, value in given.arguments.items():
            given.arguments[name] = _checked(name, value, hints[name])
        return function(*given.args, **given.kwargs)

    return call


def _checked(name: str, value: Any, hint: Any) -> Any:
    for kind in get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,):
        fits, taken = _as(value, kind)
        if fits:
            _check_length(name, taken)
            return taken
    shown = repr(value)
    shown = shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[: SHOWN_CHARACTERS - 1]}…"
    raise SettingsError(f"{name} must be {spoken(hint)}, not {shown}; correct it")


def _as(value: Any, kind: Any) -> tuple[bool, Any]:
    """Whether a JSON value is of a kind, and the value as that kind."""
    if get_origin(kind) is list:
        items = [_as(item, get_args(kind)[0]) for item in value] if isinstance(value, list) else [(False, None)]
        return all(fits for fits, _ in items), [item for _, item in items]
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool, value
    if kind is int:
        # JSON of other languages writes a whole number as 8.0.
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return whole, int(value) if whole else value
    if kind is float:
        number = isinstance(value, int | float) and abs(value) < 1e300 and math.isfinite(value)
        return number, float(value) if number else value
    if kind is str:
        # No name and no prompt holds a zero byte.
        return isinstance(value, str) and "\0" not in value and is_text(value), value
    return isinstance(value, kind), value


def _check_length(name: str, value: Any) -> None:
    """Texts and lists are bounded before anything is looked up by them."""
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str):
            limit = LIMITS["prompt" if name in _TEXTS else "name"]
            if len(text) > limit.most:
                raise SettingsError(f"{name} has {len(text):,} characters; {limit.most:,.0f} are the most")
    if isinstance(value, list) and len(value) > LIMITS["concepts"].most:
        raise SettingsError(f"{name} has {len(value):,} items; {LIMITS['concepts'].most:,.0f} are the most")


def spoken(hint: Any) -> str:
    """What a type takes, in words."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return " or ".join(f"a list of {_plural(kind)}" if get_origin(kind) is list else _WORDS[kind] for kind in kinds)


def _plural(kind: Any) -> str:
    return {str: "texts", float: "numbers"}[get_args(kind)[0]]
