"""What an effect costs: native and transferred vector compared where they disturb the model equally."""

from dataclasses import dataclass

import numpy as np

from lrt_explorer.study.statistics import Array


@dataclass(frozen=True)
class EqualCost:
    """Two effects at one coherence cost.

    Attributes:
        kl: the cost, mean KL(steered ‖ unsteered) of the next token on neutral prompts, in nats: the highest that both
            vectors reach within the grid.
        native: change of the readout, in the direction of the strength, that the native vector makes at this cost, in
            nats.
        transferred: the same of the transferred vector.
    """

    kl: float
    native: float
    transferred: float


def at_equal_cost(strengths: Array, effects: Array, kl: Array) -> EqualCost | None:
    """Compare two vectors where they cost the same; None where one of them costs nothing.

    Along each vector's path of growing |s|, effect and cost are means of both signs of s, as far as the grid has both,
    the effect counted in the direction of s; in between they are interpolated.

    Args:
        strengths: `[s]`.
        effects: `[2, s]` change of the mean readout against unsteered, native first.
        kl: `[2, s]` their costs.
    """
    sizes = np.unique(np.abs(strengths[strengths != 0]))
    signed = np.sign(strengths) * effects
    paths = []
    for own_effects, own_costs in zip(signed, kl, strict=True):
        path = [(0.0, 0.0)]
        for size in sizes:
            at = np.abs(strengths) == size
            path.append((float(own_costs[at].mean()), float(own_effects[at].mean())))
        paths.append(path)
    cost = min(max(point[0] for point in path) for path in paths)
    if cost <= 0:
        return None
    native, transferred = (_first_at(path, cost) for path in paths)
    return EqualCost(cost, native, transferred)


def _first_at(path: list[tuple[float, float]], cost: float) -> float:
    """The effect where a path of (cost, effect) first reaches a cost that it does reach."""
    for (before, low), (after, high) in zip(path, path[1:], strict=False):
        if after >= cost:
            return low + (high - low) * (cost - before) / (after - before)
    raise ValueError("the path never reaches this cost")
