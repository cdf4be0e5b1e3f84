"""Is there a direction at all? Two numbers about a contrast set, and what they mean, before anyone steers."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.concepts.directions import METHODS, Method, direction

# Bounds of the verdict: where two classes are told apart well, or hardly; where differences have much in common, or
# nothing. They are judgements, written down in docs/method.md, and decide words only.
ENOUGH_PAIRS = 8
CLEAR, FAINT = 0.9, 0.65
AGREEING, STRAY = 0.2, 0.05


@dataclass(frozen=True)
class Diagnosis:
    """What the pairs of a contrast set say about their vector.

    Attributes:
        agreement: mean cosine between the differences of two pairs, −1 to 1; 0 where they have nothing in common.
        separation: share of (text with, text without) that the vector of the other half of the pairs ranks rightly,
            0 to 1; 0.5 is chance.
        pairs: how many.
        verdict: one sentence for people.
    """

    agreement: float
    separation: float
    pairs: int
    verdict: str


def diagnose(
    positive: Tensor, negative: Tensor, method: Method = METHODS.default, whitener: Tensor | None = None
) -> Diagnosis:
    """Agreement and separation of a contrast set; both foretell whether a vector steers (arXiv 2407.12404).

    Args:
        positive: `[pairs, d]` float64, at least two pairs.
        negative: `[pairs, d]` float64.
        method: how the vector is found.
        whitener: as in `direction`.
    """
    shared = agreement(positive - negative)
    told = separation(positive, negative, method, whitener)
    return Diagnosis(shared, told, len(positive), _verdict(shared, told, len(positive)))


def agreement(differences: Tensor) -> float:
    """Mean cosine between the differences `[pairs, d]` of two different pairs; differences of length 0 count as 0."""
    norms = differences.norm(dim=1, keepdim=True)
    units = torch.where(norms > 0, differences / norms.clamp(min=torch.finfo(differences.dtype).tiny), 0.0)
    count = len(units)
    # |Σu|² holds every cosine of two different pairs twice, and every unit with itself.
    between = units.sum(0).square().sum() - units.square().sum()
    return float(between / (count * (count - 1)))


def separation(positive: Tensor, negative: Tensor, method: Method, whitener: Tensor | None = None) -> float:
    """Area under the ROC curve of each half of the pairs along the vector of the other half, averaged.

    Along its own vector any set of few pairs in many dimensions is told apart perfectly. Halves are the pairs of even
    and of odd number.
    """
    areas = []
    for fit, test in ((slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))):
        along = direction(positive[fit], negative[fit], method, whitener)
        ahead = (positive[test] @ along)[:, None] - (negative[test] @ along)[None, :]
        areas.append(float((ahead > 0).double().mean() + 0.5 * (ahead == 0).double().mean()))
    return sum(areas) / len(areas)


def _verdict(shared: float, told: float, pairs: int) -> str:
    numbers = f"agreement {shared:.2f}, separation {told:.2f}, {pairs} pairs"
    if pairs < ENOUGH_PAIRS:
        return f"Too few pairs to tell whether this steers ({numbers}); write at least {ENOUGH_PAIRS}."
    if told < FAINT or shared < STRAY:
        what = "does not separate unseen texts" if told < FAINT else "is not a direction that the pairs share"
        return f"Unlikely to steer: the vector {what} ({numbers}); try another layer or reading, or clearer pairs."
    if told >= CLEAR and shared >= AGREEING:
        return f"Likely to steer: the pairs agree, and their vector separates unseen texts ({numbers})."
    weak = "only partly separates unseen texts" if told < CLEAR else "is only partly shared by the pairs"
    return f"May steer: the vector {weak} ({numbers}); more pairs that differ in nothing else would help."
