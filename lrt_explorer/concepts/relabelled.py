"""Relabelled pairs: the same texts with labels that mean nothing.

For what is steered with, the labels of exactly half of the pairs are swapped, so that nothing of the concept is left.
For the test that a verdict stands on, every pair is relabelled by the toss of a coin: the given labels are then one of
the draws, which makes the test exact for any number of pairs.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from lrt_explorer.concepts.directions import Method, direction
from lrt_explorer.concepts.reading import PairStates

PERMUTATIONS = 1999
"""Enough that the smallest p value, 1/2000, stays below 0.05 when it is corrected for up to a hundred claims."""


WITHOUT_LABELS: dict[Method, Method] = {"principal-component": "mean-difference"}
"""What stands in for a method that finds the same axis whatever the labels: it would give the vector itself."""
RELABELLINGS = 200
"""Of which 19 in 20 give a cosine below what is said of relabelled pairs."""


def swapped_pairs(pairs: int, count: int, seed: int) -> Tensor:
    """Which pairs change their labels in each relabelling: half of them, drawn at random.

    Args:
        pairs: how many pairs there are, at least 2.
        count: relabellings.
        seed: of the draw; the same for both models, so that their relabelled vectors belong together.

    Returns:
        `[count, pairs]` bool, each row with `pairs // 2` true.
    """
    draws = np.random.default_rng(seed).random((count, pairs)).argsort(axis=1)
    return torch.from_numpy(draws < pairs // 2)


def flipped_pairs(pairs: int, count: int, seed: int) -> Tensor:
    """Which pairs change their labels in each relabelling, each by the toss of a coin.

    Args:
        pairs: how many pairs there are.
        count: relabellings.
        seed: of the draw; the same for both models.

    Returns:
        `[count, pairs]` bool.
    """
    return torch.from_numpy(np.random.default_rng([seed, 1]).random((count, pairs)) < 0.5)


def relabelled_directions(
    states: PairStates, swapped: Tensor, method: Method, whitener: Tensor | None = None
) -> Iterator[Tensor]:
    """The direction of each relabelling, `[d]` float64, found as that of the concept itself.

    Where the method does not look at the labels, by mean differences instead (`WITHOUT_LABELS`).

    Args:
        states: of one model's layer, n pairs.
        swapped: `[count, n]` from `swapped_pairs`.
        method: how, a name of `METHODS`.
        whitener: as for `direction`.
    """
    for row in swapped:
        there = row[:, None]
        positive = torch.where(there, states.negative, states.positive)
        negative = torch.where(there, states.positive, states.negative)
        yield direction(positive, negative, WITHOUT_LABELS.get(method, method), whitener)


def highest_of_most(cosines: Sequence[float]) -> float:
    """What 19 in 20 of them stay below without their signs; 0 without any."""
    ordered = sorted(map(abs, cosines))
    return ordered[int(0.95 * len(ordered))] if ordered else 0.0
