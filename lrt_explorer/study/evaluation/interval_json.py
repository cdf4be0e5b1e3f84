"""An interval as three JSON values, and back: its value under a name, its ends under that name with _low and _high."""

import math
from collections.abc import Mapping
from typing import Any

from lrt_explorer.study.evaluation.statistics import Interval


def interval_document(name: str, interval: Interval | None) -> dict[str, float | None]:
    """Value and ends, all null where there is none; an endless end is null."""
    if interval is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: interval.value, f"{name}_low": finite(interval.low), f"{name}_high": finite(interval.high)}


def read_interval(holder: Mapping[str, Any], name: str) -> Interval | None:
    """None where there is no value; an end that is null is endless. Raises KeyError where there are no such keys."""
    value, low, high = (holder[key] for key in (name, f"{name}_low", f"{name}_high"))
    if value is None:
        return None
    return Interval(float(value), -math.inf if low is None else float(low), math.inf if high is None else float(high))


def finite(value: float | None) -> float | None:
    """The number, or null for one that JSON has not."""
    return value if value is not None and math.isfinite(value) else None
