"""The statistics of a dose-response: slopes, intervals over prompts or directions, correlation, and tests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from lrt_explorer.errors import SettingsError

Array = NDArray[np.float64]

RESAMPLES = 2000
LEVEL = 0.95
ROUNDING = 1e-6
"""Of a slope: what 32-bit numbers may change of it."""


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its interval."""

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


def ratio_interval(numerator: Array, denominator: Array) -> Interval | None:
    """Ratio of two means over the same n prompts, with Fieller's interval: numerator and denominator `[n]`.

    The interval holds every ratio r for which the mean of numerator − r · denominator does not differ from 0 by a
    paired t test (Fieller, J. R. Stat. Soc. B 16, 1954). In `benchmarks/calibration.py` it held a planted ratio more
    often than bootstrap intervals did, and as often as it says. None where the denominator may be 0, or n < 2.
    """
    if len(numerator) < 2:
        return None
    top, bottom = float(numerator.mean()), float(denominator.mean())
    errors = np.cov(numerator, denominator) / len(numerator)
    square = float(scipy.special.stdtrit(len(numerator) - 1, 0.5 + LEVEL / 2)) ** 2
    a, b, c = bottom**2 - square * errors[1, 1], top * bottom - square * errors[0, 1], top**2 - square * errors[0, 0]
    if not a > 0:
        return None
    # Rounding may take it below 0 where the two are proportional.
    root = float(np.sqrt(max(b**2 - a * c, 0.0)))
    return Interval(top / bottom, float(b - root) / float(a), float(b + root) / float(a))


def relabelled_interval(values: Array) -> Interval | None:
    """Mean of `[k]` numbers, and the range that holds 95 % of them; None for k = 0."""
    return _interval(float(values.mean()), values) if len(values) else None


def sample_interval(values: Array) -> Interval:
    """Mean of n independent numbers with Student's interval: the one for few directions. Endless for n < 2."""
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, float("-inf"), float("inf"))
    reach = float(scipy.special.stdtrit(len(values) - 1, 0.5 + LEVEL / 2) * values.std(ddof=1) / np.sqrt(len(values)))
    return Interval(mean, mean - reach, mean + reach)


def mean_above_zero(values: Array) -> float:
    """One-sided p value of Student's t test that the mean of values `[n]` is not above 0; 1 for n < 2."""
    if len(values) < 2:
        return 1.0
    error = float(values.std(ddof=1)) / np.sqrt(len(values))
    mean = float(values.mean())
    if error == 0:
        return 0.0 if mean > 0 else 1.0
    return float(scipy.special.stdtr(len(values) - 1, -mean / error))


def beyond_controls(value: float, controls: Array) -> float:
    """Two-sided p value that a direction's slope is one more of those of k control directions; 1 for k = 0.

    A control's slope has mean 0, because the opposite direction is as likely and has the opposite slope over strengths
    that lie evenly around 0. So value / rms(controls) follows Student's t with k degrees of freedom where slopes are
    normal, as they nearly are in many dimensions.
    """
    if len(controls) == 0:
        return 1.0
    spread = float(np.sqrt((controls**2).mean()))
    if spread == 0:
        return 0.0 if value != 0 else 1.0
    return float(2 * scipy.special.stdtr(len(controls), -abs(value) / spread))


def among_relabelled(slopes: Array) -> float:
    """Two-sided permutation p value of the first of `[1 + p]` slopes among p of relabelled pairs; 1 for p = 0.

    Where labels mean nothing, the vector of the pairs as they are is one more relabelling, as likely as any other to
    move the readout most. The vector counts among its own relabellings, so that no p value is below 1 / (1 + p). A draw
    that gives the labels as they are is a tie, though a map of 32-bit numbers may round it otherwise.
    """
    return float((np.abs(slopes) >= abs(slopes[0]) * (1 - ROUNDING)).mean())


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p values, adjusted for their number (Holm, Scand. J. Stat. 6, 1979): below α all are right with 1 − α."""
    raw = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    steps = np.minimum(np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1)), 1.0)
    adjusted = np.empty_like(raw)
    adjusted[order] = steps
    return tuple(float(p) for p in adjusted)


def pearson(first: Array, second: Array) -> float | None:
    """Correlation of two series `[n]`; None where a series never changes."""
    centred = [np.asarray(series, dtype=np.float64) - np.mean(series) for series in (first, second)]
    scale = float(np.sqrt((centred[0] @ centred[0]) * (centred[1] @ centred[1])))
    return float(np.clip(centred[0] @ centred[1] / scale, -1, 1)) if scale > 0 else None


def spearman(first: Array, second: Array) -> float:
    """Rank correlation of two series `[n]`, ties sharing their mean rank; 0 where a series never changes.

    What is missing (NaN) in either is left out of both.
    """
    both = np.stack([np.asarray(series, dtype=np.float64) for series in (first, second)])
    ranks = [_ranks(series) for series in both[:, ~np.isnan(both).any(0)]]
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
