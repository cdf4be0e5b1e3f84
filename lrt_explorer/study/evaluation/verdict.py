"""The verdict on a concept in words, by a rule that is fixed beforehand and corrected for the number of concepts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lrt_explorer.study.evaluation.statistics import (
    Array,
    among_relabelled,
    beyond_controls,
    holm,
    mean_above_zero,
)

TRANSFERS = "transfers"
PARTLY = "partly"
NOT_SHOWN = "not shown"
NOT_MEASURABLE = "not measurable: the native vector does nothing"
VERDICTS = (TRANSFERS, PARTLY, NOT_SHOWN, NOT_MEASURABLE)

MOST = 0.75
"""The share of the native effect that must have come over, beyond doubt, before a vector is said to transfer."""
ALPHA = 0.05


@dataclass(frozen=True)
class Doubts:
    """How easily chance alone would have given what was seen of one concept: p values of single tests.

    Attributes:
        native: that the native vector moves the readout, both over prompts and against vectors of relabelled pairs.
        transferred: that the transferred vector moves it more than the controls and vectors of relabelled pairs do.
        some: that more than nothing of the native slope has come over, over prompts; one-sided.
        most: that more than `MOST` of it has; one-sided.
    """

    native: float
    transferred: float
    some: float
    most: float


@dataclass(frozen=True)
class Verdict:
    """What may be said of one concept among those that were evaluated together.

    Attributes:
        word: one of `VERDICTS`.
        native: p value that the native vector does something, adjusted for the number of concepts (Holm).
        partly: the same that something of its effect transfers, and more than through a map that knows nothing.
        transfers: the same that more than `MOST` of it does.
    """

    word: str
    native: float
    partly: float
    transfers: float


def doubts(native: Array, transferred: Array, controls: Array, first_order: Array | None = None) -> Doubts:
    """The single tests of one concept.

    Args:
        native: `[n]` slopes under the native vector, of each prompt or form.
        transferred: `[n]` the same under the transferred one.
        controls: `[k]` mean slopes of directions that know nothing of the concept: the small model's vector through
            maps fitted on shuffled pairs, and mapped vectors of relabelled pairs. Over prompts alone even these differ
            from 0, because each is one fixed direction; so a vector must stand out from their spread.
        first_order: `[2, 1 + p]` as in `Measured`: native and transferred vector, each with p vectors of relabelled
            pairs, among which it must be one of the most extreme. None, or none relabelled, where there are none; then
            the controls stand in for those of the native vector too.
    """
    permuted = [among_relabelled(row) for row in first_order] if first_order is not None and first_order.size else None
    # A native vector that steers backwards, or a transferred one that follows it, is still an effect and its transfer.
    sign = -1.0 if native.mean() < 0 else 1.0
    over_prompts = min(1.0, 2 * mean_above_zero(sign * native))
    return Doubts(
        native=max(over_prompts, permuted[0] if permuted else beyond_controls(float(native.mean()), controls)),
        transferred=max(beyond_controls(float(transferred.mean()), controls), permuted[1] if permuted else 0.0),
        some=mean_above_zero(sign * transferred),
        most=mean_above_zero(sign * (transferred - MOST * native)),
    )


def verdicts(found: Sequence[Doubts]) -> tuple[Verdict, ...]:
    """The verdict on each of several concepts.

    A claim needs all of its tests, so its p value is the largest of theirs; the p values of each claim are corrected
    over the concepts by Holm's method, and a claim holds below `ALPHA`.

    - not measurable, unless the native vector is shown to do something;
    - else transfers, if more than `MOST` of the native slope has come over and the transferred vector moves the
      readout more than the controls;
    - else partly, if more than nothing has, and more than the controls;
    - else not shown.
    """
    native = holm([one.native for one in found])
    partly = holm([max(one.transferred, one.some) for one in found])
    transfers = holm([max(one.transferred, one.some, one.most) for one in found])
    return tuple(Verdict(_word(*claims), *claims) for claims in zip(native, partly, transfers, strict=True))


def control_spread(controls: Array) -> float:
    """Root mean square of the slopes of directions that know nothing; 0 where there is none."""
    return float(np.sqrt((controls**2).mean())) if len(controls) else 0.0


def _word(native: float, partly: float, transfers: float) -> str:
    if native >= ALPHA:
        return NOT_MEASURABLE
    if transfers < ALPHA:
        return TRANSFERS
    return PARTLY if partly < ALPHA else NOT_SHOWN
