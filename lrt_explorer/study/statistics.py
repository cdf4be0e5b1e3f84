"""The statistics of a dose-response: slopes, bootstrap intervals over prompts, rank correlation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lrt_explorer.errors import SettingsError

Array = NDArray[np.float64]

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its bootstrap interval."""

    value: float
    low: float
    high: float

    def holds(self, number: float) -> bool:
        """Whether the interval holds a number."""
        return self.low <= number <= self.high


def slopes(strengths: Array, readouts: Array) -> Array:
    """Least-squares slope over the strengths of every series: strengths `[s]`, readouts `[..., s]`, slopes `[...]`.

    A number that is missing (NaN) is left out; a series with fewer than two different strengths left has slope NaN.

    Raises:
        SettingsError: if the strengths are not at least two different numbers.
    """
    if len(np.unique(strengths)) < 2:
        raise SettingsError("a slope needs at least two different strengths; give more")
    known = np.isfinite(readouts)
    counts = known.sum(-1, keepdims=True)
    centre = (known * strengths).sum(-1, keepdims=True) / np.maximum(counts, 1)
    centred = known * (strengths - centre)
    spread = (centred**2).sum(-1)
    rise = (centred * np.where(known, readouts, 0.0)).sum(-1)
    return np.where(spread > 0, rise / np.where(spread > 0, spread, 1.0), np.nan)


def mean_over_prompts(readouts: Array) -> Array:
    """Mean over the last axis, leaving out what is missing (NaN): `[..., prompts]` to `[...]`; NaN where all is."""
    known = np.isfinite(readouts)
    counts = known.sum(-1)
    sums = np.where(known, readouts, 0.0).sum(-1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def resamples(count: int, seed: int, times: int = RESAMPLES) -> NDArray[np.int64]:
    """Which prompts each bootstrap sample draws, `[times, count]`; shared by arms so that they stay paired."""
    return np.random.default_rng(seed).integers(0, count, (times, count))


def mean_interval(values: Array, draws: NDArray[np.int64]) -> Interval:
    """Mean over prompts with its percentile bootstrap interval: values `[n]`, draws `[times, n]`."""
    return _interval(float(values.mean()), values[draws].mean(1))


def ratio_interval(numerator: Array, denominator: Array, draws: NDArray[np.int64]) -> Interval:
    """Ratio of two means over the same prompts, resampled in pairs: numerator and denominator `[n]`."""
    tops, bottoms = numerator[draws].mean(1), denominator[draws].mean(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = tops / bottoms
    return _interval(float(numerator.mean() / denominator.mean()), ratios[np.isfinite(ratios)])


def spearman(first: Array, second: Array) -> float:
    """Rank correlation of two series `[n]`, ties sharing their mean rank; 0 where a series never changes."""
    ranks = [_ranks(np.asarray(series, dtype=np.float64)) for series in (first, second)]
    centred = [rank - rank.mean() for rank in ranks]
    scale = float(np.sqrt((centred[0] @ centred[0]) * (centred[1] @ centred[1])))
    return float(centred[0] @ centred[1]) / scale if scale > 0 else 0.0


def _interval(value: float, samples: Array) -> Interval:
    if len(samples) == 0:
        return Interval(value, float("-inf"), float("inf"))
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(samples, [tail, 100 - tail])
    return Interval(value, float(low), float(high))


def _ranks(series: Array) -> Array:
    _, inverse, counts = np.unique(series, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)
