"""How many pairs does it take? Vectors of a few pairs against vectors of as many others."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.concepts.directions import Method, direction
from lrt_explorer.linear.scores import cosine

SETTLED = 0.9
"""Cosine from which two vectors count as the same."""
DRAWS = 8
"""How often the pairs are split; the result is the mean."""


@dataclass(frozen=True)
class Stability:
    """How much of a vector is owed to the pairs that happened to be written.

    Attributes:
        curve: (n, mean cosine between the vector of n pairs and that of n other pairs), from 1 to half of all.
        verdict: one sentence for people.
    """

    curve: tuple[tuple[int, float], ...]
    verdict: str

    @property
    def enough(self) -> int | None:
        """The fewest pairs from which on every cosine is at least `SETTLED`; None where not even half of all do."""
        return _enough(self.curve)


def stability(positive: Tensor, negative: Tensor, method: Method, whitener: Tensor | None = None) -> Stability:
    """Deal the pairs into two halves that share none, and compare the vectors of ever more of them.

    Half of the pairs is as far as this can be seen; the vector of all of them is steadier still. Pairs are dealt by a
    fixed seed, so that a set always gets the same answer.

    Args:
        positive: `[pairs, d]` float64, at least two pairs.
        negative: `[pairs, d]` float64.
        method: how the vector is found.
        whitener: as in `direction`.
    """
    count = len(positive)
    sizes = [1]
    while sizes[-1] * 2 <= count // 2:
        sizes.append(sizes[-1] * 2)
    if sizes[-1] < count // 2:
        sizes.append(count // 2)
    dice = torch.Generator().manual_seed(0)
    deals = [torch.randperm(count, generator=dice) for _ in range(DRAWS)]
    curve = []
    for size in sizes:
        cosines = []
        for deal in deals:
            one, other = (
                direction(positive[chosen], negative[chosen], method, whitener)
                for chosen in (deal[:size], deal[count - size :])
            )
            # A pair that reads the same on both sides points nowhere, and agrees with nothing.
            cosines.append(cosine(one, other) if one.any() and other.any() else 0.0)
        curve.append((size, sum(cosines) / len(cosines)))
    return Stability(tuple(curve), _verdict(curve, count))


def _enough(curve: Sequence[tuple[int, float]]) -> int | None:
    settled = None
    for size, mean in reversed(curve):
        if mean < SETTLED:
            break
        settled = size
    return settled


def _verdict(curve: Sequence[tuple[int, float]], pairs: int) -> str:
    if (enough := _enough(curve)) is not None:
        one = "A single pair is enough: another pair gives"
        many = one if enough == 1 else f"{enough} pairs are enough: other pairs give"
        return f"{many} the same vector (cosine {SETTLED} or more). This set has {pairs}."
    size, mean = curve[-1]
    pair = "pair" if size == 1 else "pairs"
    return (
        f"More pairs would change the vector: that of {size} {pair} and that of {size} other {pair} have a cosine of "
        f"{mean:.2f}, below {SETTLED}."
    )
