"""Numbers as people read them: a true minus, and no sign on what rounds to nothing. One place for all faces."""

import math

MINUS = "−"


def signed(value: float, decimals: int | None = None) -> str:
    """A number with its sign: +3.21, −0.41, +12.3; +0.00 for whatever rounds to it.

    Args:
        value: the number.
        decimals: how many; None for as many as its size deserves, at most two.
    """
    return f"{value:+z.{_decimals(value) if decimals is None else decimals}f}".replace("-", MINUS)


def plain(value: float | None, decimals: int | None = None) -> str:
    """A number; a dash where there is none, ∞ where it has no end. Arguments as for `signed`."""
    if value is None:
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    return f"{value:z.{_decimals(value) if decimals is None else decimals}f}".replace("-", MINUS)


def change(value: float) -> str:
    """A change with its sign in two significant digits, at most two decimals: +2.3, −0.06, +14."""
    size = abs(value)
    return signed(value, 0 if size >= 9.95 else 1 if size >= 0.995 else 2)


def brief(value: float) -> str:
    """A number in as few digits as `g` gives it: −0.4, 1, 0.25."""
    return f"{value or 0.0:g}".replace("-", MINUS)


def _decimals(value: float) -> int:
    return 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
