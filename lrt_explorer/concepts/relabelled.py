"""Relabelled pairs: the same texts with labels that mean nothing.

For what is steered with, the labels of exactly half of the pairs are swapped, so that nothing of the concept is left.
Of an odd number one pair, another each time, is left out: its share of the concept would stay in every draw. For the
test that a verdict stands on, every pair is relabelled by the toss of a coin: the given labels are then one of the
draws, which makes the test exact for any number of pairs.
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


def half_swapped_labels(pairs: int, count: int, seed: int) -> Tensor:
    """The labels of each relabelling: half of them swapped, drawn at random.

    Args:
        pairs: how many pairs there are, at least 2.
        count: relabellings.
        seed: of the draw; the same for both models, so that their relabelled vectors belong together.

    Returns:
        `[count, pairs]` int8: -1 where the labels are swapped, 1 where they are as given, as often as -1, and 0 for the
        pair of an odd number that is left out.
    """
    draws = np.random.default_rng(seed).random((count, pairs)).argsort(axis=1)
    half = pairs // 2
    return torch.from_numpy(np.select([draws < half, draws < 2 * half], [-1, 1], 0).astype(np.int8))


def tossed_labels(pairs: int, count: int, seed: int) -> Tensor:
    """The labels of each relabelling, each swapped by the toss of a coin.

    Args:
        pairs: how many pairs there are.
        count: relabellings.
        seed: of the draw; the same for both models.

    Returns:
        `[count, pairs]` int8: -1 where the labels are swapped, else 1.
    """
    swapped = np.random.default_rng([seed, 1]).random((count, pairs)) < 0.5
    return torch.from_numpy(np.where(swapped, -1, 1).astype(np.int8))


def relabelled_directions(
    states: PairStates, labels: Tensor, method: Method, whitener: Tensor | None = None
) -> Iterator[Tensor]:
    """The direction of each relabelling, `[d]` float64, found as that of the concept itself.

    Where the method does not look at the labels, by mean differences instead (`WITHOUT_LABELS`).

    Args:
        states: of one model's layer, n pairs.
        labels: `[count, n]` from `half_swapped_labels` or `tossed_labels`.
        method: how, a name of `METHODS`.
        whitener: as for `direction`.
    """
    for row in labels:
        swapped, used = (row < 0)[:, None], row != 0
        positive = torch.where(swapped, states.negative, states.positive)[used]
        negative = torch.where(swapped, states.positive, states.negative)[used]
        yield direction(positive, negative, WITHOUT_LABELS.get(method, method), whitener)


def highest_of_most(cosines: Sequence[float]) -> float:
    """What 19 in 20 of them stay below without their signs; 0 without any."""
    ordered = sorted(map(abs, cosines))
    return ordered[int(0.95 * len(ordered))] if ordered else 0.0
