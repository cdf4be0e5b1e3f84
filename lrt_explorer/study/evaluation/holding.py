"""Where the small model holds a concept, whether ordinary text shows it, and what the best linear map would carry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from lrt_explorer.concepts.reading import PairStates, read_pairs
from lrt_explorer.concepts.relabelled import half_swapped_labels
from lrt_explorer.errors import MapError
from lrt_explorer.linear.dual_ridge import few_rows_map
from lrt_explorer.linear.scores import cosine
from lrt_explorer.study.evaluation.case import Case
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.steering.ordinary import ordinary_states

LEAST_PAIRS = 4
"""So that either half has two."""


@dataclass(frozen=True)
class Holding:
    """How the small model holds a concept.

    Attributes:
        layer: the block that its vector is read at.
        by_layer: for each block of the small model the cosine of the vectors of either half of the pairs, as mean
            differences: how clearly the block tells both sides apart.
        ordinary: variance of the block's states on ordinary text along the concept's vector, in units of that along an
            average direction: what a map that is fitted on such text sees of it.
    """

    layer: int
    by_layer: tuple[float, ...]
    ordinary: float

    @property
    def here(self) -> float:
        """How clearly the block that the vector is read at holds it."""
        return self.by_layer[self.layer]

    @property
    def best(self) -> int:
        """The block that holds it most clearly."""
        return max(range(len(self.by_layer)), key=self.by_layer.__getitem__)


def holding_document(found: Holding | None) -> dict[str, Any] | None:
    """Plain JSON values; null where it is not known."""
    if found is None:
        return None
    return {"layer": found.layer, "by_layer": list(found.by_layer), "ordinary": found.ordinary}


def read_holding(found: Mapping[str, Any] | None) -> Holding | None:
    """What `holding_document` gave; raises KeyError, TypeError or ValueError if it is something else."""
    if found is None:
        return None
    return Holding(int(found["layer"]), tuple(float(one) for one in found["by_layer"]), float(found["ordinary"]))


def holding(case: Case, vector: Tensor) -> Holding | None:
    """How the small model holds a concept; None where there are too few pairs to halve.

    Args:
        case: the concept and the models.
        vector: `[d_small]`, the small model's vector.

    Raises what `read_pairs` raises.
    """
    small, layer = case.small, case.info.small_layer
    reads = case.settings.reading or case.concept.reading
    read = read_pairs(small, case.concept, range(small.layers), reads)
    if len(read[layer].positive) < LEAST_PAIRS:
        return None
    first, second = halves(len(read[layer].positive), case.seed)
    found = []
    for at in range(small.layers):
        differences = read[at].differences
        both = differences[first].mean(0), differences[second].mean(0)
        found.append(cosine(*both) if all(bool(one.any()) for one in both) else 0.0)
    tokens = ordinary_states(small, layer, world_of(small.name, case.large.name).ordinary).tokens.double()
    centred = tokens - tokens.mean(0)
    direction = vector.double() / vector.double().norm()
    along, average = (centred @ direction).square().mean(), centred.square().mean()
    return Holding(layer, tuple(found), float(along / average))


def bound_direction(case: Case, ours: PairStates, theirs: PairStates) -> Tensor | None:
    """The best that a linear map could make of the small model's vector: fitted on the concept itself.

    A map fitted on the differences of one half of the pairs carries the vector of the other half, and the other way
    round; both are added.

    Args:
        case: the concept and the models.
        ours: states of the large model.
        theirs: those of the small one, at the same pairs.

    Returns:
        `[d_large]`; None where there are too few pairs, or the models read different ones.
    """
    pairs = len(ours.positive)
    if pairs < LEAST_PAIRS or not ours.same_pairs(theirs):
        return None
    x, y = theirs.differences, ours.differences
    first, second = halves(pairs, case.seed)
    try:
        carried = few_rows_map(x[first], y[first]).direction(x[second].mean(0))
        return carried + few_rows_map(x[second], y[second]).direction(x[first].mean(0))
    except MapError:
        return None


def halves(pairs: int, seed: int) -> tuple[Tensor, Tensor]:
    """`[pairs]` bool each: either half of the pairs, drawn at random."""
    first: Tensor = half_swapped_labels(pairs, 1, seed)[0] < 0
    return first, ~first
