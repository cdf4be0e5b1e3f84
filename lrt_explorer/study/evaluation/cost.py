"""What an effect costs: native and transferred vector compared where they disturb the model equally."""

from dataclasses import dataclass

import numpy as np

from lrt_explorer.study.evaluation.statistics import Array, Interval, ratio_interval


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
    paths = _paths(strengths, effects, kl)
    cost = min(costs.max() for costs, _ in paths)
    if cost <= 0:
        return None
    native, transferred = (float(_first_at(*path, cost)) for path in paths)
    return EqualCost(float(cost), native, transferred)


def retention_at_equal_cost(strengths: Array, effects: Array, kl: Array) -> Interval | None:
    """Effect of the transferred vector over that of the native one, where both cost as in `at_equal_cost`.

    Args:
        strengths: `[s]`.
        effects: `[2, s, prompts]` change of the readout against unsteered, native first.
        kl: `[2, s]` their costs.

    Returns:
        The ratio of the mean effects with Fieller's interval over the prompts; None where the native effect may be 0,
        or a vector costs nothing.
    """
    paths = _paths(strengths, effects, kl)
    cost = min(costs.max() for costs, _ in paths)
    if cost <= 0:
        return None
    native, transferred = (_first_at(*path, cost) for path in paths)
    return ratio_interval(transferred, native)


def _paths(strengths: Array, effects: Array, kl: Array) -> list[tuple[Array, Array]]:
    """For each vector its costs `[sizes]` and effects `[sizes, ...]` along growing |s|, from nothing on."""
    sizes = np.unique(np.abs(strengths[strengths != 0]))
    towards = np.sign(strengths).reshape(-1, *[1] * (effects.ndim - 2))
    paths = []
    for own_effects, own_costs in zip(towards * effects, kl, strict=True):
        sides = [np.abs(strengths) == size for size in sizes]
        nothing = np.zeros((1, *own_effects.shape[1:]))
        costs = np.array([0.0, *(own_costs[at].mean() for at in sides)])
        paths.append((costs, np.concatenate([nothing, [own_effects[at].mean(0) for at in sides]])))
    return paths


def _first_at(costs: Array, effects: Array, cost: float) -> Array:
    """The effect where a path first reaches a cost that it does reach."""
    after = int(np.argmax(costs >= cost))
    share = (cost - costs[after - 1]) / (costs[after] - costs[after - 1])
    found: Array = effects[after - 1] + share * (effects[after] - effects[after - 1])
    return found
