"""Calibrate: which strengths suit a vector, by what they cost the model on neutral text."""

import hashlib
import math
from bisect import bisect_left
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.concepts.methods import METHODS, Method
from lrt_explorer.concepts.vectors import SteeringVector, addition
from lrt_explorer.defaults import NEUTRAL_PROMPTS
from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.suffix import Start, read_starts
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.ground.records import Json, Records
from lrt_explorer.study.steering.deviation import unit_of
from lrt_explorer.study.steering.neutral import costs, neutral_prompts

COSTS = (0.1, 0.3, 1.0)
"""Nats of KL(steered ‖ unsteered) on neutral text whose strengths are shown."""
FIRST_COST = 0.1
"""What the first text costs: clearly steered and fluent in two real models (docs/method.md, section 6)."""
BREAKING_COST = 1.0
"""Where text breaks: more than half of the texts were no longer fluent there."""
BEYOND = 1.5
"""The slider goes this many times farther than where text breaks, so that it can be seen to."""
GRID_STEPS = 3
"""Strengths of the evidence on each side of 0."""
FIRST_TRIED = tuple(0.05 * 2**step for step in range(6))
FARTHEST = 100.0
"""Strengths are sought up to here and down to its inverse, in typical deviations."""
KIND = "calibrations"
VERSION = 1


@dataclass(frozen=True)
class CostCurve:
    """What a direction costs at the strengths tried.

    Attributes:
        strengths: those tried, from the lowest up, above 0.
        positive: for each of them the mean KL(steered ‖ unsteered) over the neutral prompts, in nats.
        negative: the same at minus these strengths.
    """

    strengths: tuple[float, ...]
    positive: tuple[float, ...]
    negative: tuple[float, ...]

    def cost(self, strength: float) -> float:
        """The cost of a strength of either sign, interpolated in logarithms; that of the nearest tried beyond them."""
        if strength == 0:
            return 0.0
        side, size = self.positive if strength > 0 else self.negative, abs(strength)
        at = bisect_left(self.strengths, size)
        if at == len(self.strengths):
            return side[-1]
        if at == 0:
            # Near 0 the divergence grows as the square of what is added.
            return side[0] * (size / self.strengths[0]) ** 2
        share = math.log(size / self.strengths[at - 1]) / math.log(self.strengths[at] / self.strengths[at - 1])
        low, high = max(side[at - 1], _LEAST), max(side[at], _LEAST)
        return float(low * (high / low) ** share)

    def strength(self, cost: float, sign: int = 0, *, beyond: bool = False) -> float:
        """The lowest strength that reaches a cost; where none does, the highest one tried, or one beyond it.

        Args:
            cost: in nats, above 0.
            sign: 1 or -1 for one side; 0 for whichever side is the more costly.
            beyond: whether to go past the highest strength tried, as if the cost went on growing as the square.
        """
        sides = {1: self.positive, -1: self.negative, 0: tuple(map(max, self.positive, self.negative))}
        side = sides[sign]
        if side[0] >= cost:
            return self.strengths[0] * math.sqrt(cost / side[0])
        for (before, low), (after, high) in pairwise(zip(self.strengths, side, strict=True)):
            if high >= cost:
                share = math.log(cost / max(low, _LEAST)) / math.log(high / max(low, _LEAST))
                return float(before * (after / before) ** share)
        return self.strengths[-1] * (math.sqrt(cost / max(side[-1], _LEAST)) if beyond else 1.0)


_LEAST = 1e-9


@dataclass(frozen=True)
class Calibration:
    """The strengths that suit a vector, in typical deviations, rounded to two digits.

    Attributes:
        costs: 0.1, 0.3 and 1 nat.
        strengths: for each of them the strength that costs so much, on whichever side costs more.
        breaks: where text breaks.
        first: where the slider begins.
        limit: where the slider ends, on both sides.
        grid: strengths for the evidence, evenly spread about 0.
        curve: what was measured.
    """

    costs: tuple[float, ...]
    strengths: tuple[float, ...]
    breaks: float
    first: float
    limit: float
    grid: tuple[float, ...]
    curve: CostCurve


def calibrate(
    large: LanguageModel,
    layer: int,
    vector: Tensor,
    typical_deviation: TypicalDeviation | float,
    ordinary: str,
) -> Generator[Progress, None, Calibration]:
    """Find the strengths that suit a vector, or take them from an earlier run.

    The cost of a strength is KL(steered ‖ unsteered) of the next token after neutral prompts, taken on the side that
    costs more: then a strength is safe whichever way the slider goes.

    Args:
        large: the model that is steered.
        layer: the block whose output is steered.
        vector: `[d]`, of any length.
        typical_deviation: of this layer (see `unit_of`).
        ordinary: name of the corpus whose beginnings are the neutral prompts (see `World.ordinary`).

    Raises:
        VectorError: if the vector has no length.
        SettingsError: if there is no such layer or corpus.
    """
    return calibration_of((yield from cost_curve(large, layer, vector, typical_deviation, ordinary)))


def calibrate_concept(
    pair: Pair,
    layer: int,
    concept: ContrastSet,
    *,
    reading: Reading | None = None,
    method: Method = METHODS.default,
    whiten: bool = False,
    large_vector: SteeringVector | None = None,
) -> Generator[Progress, None, Calibration]:
    """The strengths that suit a concept in a pair: `calibrate` for the native vector, as `compare` finds it.

    Args:
        pair: the models.
        layer: the block whose output is steered.
        concept: the concept.
        reading: where its vector is read; None for what the concept prefers.
        method: how it is found.
        whiten: whether it is found in whitened activations.
        large_vector: a vector in its place.

    Raises what `find_vectors` and `calibrate` raise.
    """
    large, ordinary = pair.large, pair.world.ordinary
    yield Progress(0, 3, f"reading {concept.name} in {large.name}")
    vector = large_vector or known_vectors().get(large, concept, layer, reading, method, whiten=whiten).vector
    return (yield from calibrate(large, layer, vector.values, unit_of(large, layer, ordinary), ordinary))


def cost_curve(
    large: LanguageModel,
    layer: int,
    vector: Tensor,
    typical_deviation: TypicalDeviation | float,
    ordinary: str,
) -> Generator[Progress, None, CostCurve]:
    """What a vector costs over strengths; arguments and errors as `calibrate`."""
    prompts = neutral_prompts(NEUTRAL_PROMPTS, ordinary)
    key = curve_key(large, layer, vector, typical_deviation, prompts)
    known = curve_records().get(large, key)
    if known is not None:
        return known
    curve = yield from measure_curve(large, layer, vector, typical_deviation, prompts)
    curve_records().keep(large, key, curve)
    return curve


def measure_curve(
    large: LanguageModel,
    layer: int,
    vector: Tensor,
    typical_deviation: TypicalDeviation | float,
    prompts: Sequence[str],
) -> Generator[Progress, None, CostCurve]:
    """`cost_curve` on prompts that are given, always measured.

    First over a coarse grid, lengthened until it reaches both ends, then once more where each cost is expected.
    """
    if not prompts:
        raise SettingsError("there is no neutral prompt to measure the coherence cost on; give at least one")
    yield Progress(0, 3, "calibrating the strength: reading neutral text")
    starts = read_starts(large, layer, prompts)
    found: dict[float, tuple[float, float]] = {}

    def try_out(strengths: Sequence[float]) -> None:
        found.update(_tried(large, starts, vector, typical_deviation, strengths))

    yield Progress(1, 3, "calibrating the strength: measuring its cost")
    try_out(FIRST_TRIED)
    while max(found[min(found)]) > COSTS[0] and min(found) > 1 / FARTHEST:
        try_out([min(found) / 4, min(found) / 2])
    while max(found[max(found)]) < BREAKING_COST and max(found) < FARTHEST:
        try_out([max(found) * 2, max(found) * 4])
    yield Progress(2, 3, "calibrating the strength: finding where text breaks")
    coarse = _curve(found)
    try_out(sorted({coarse.strength(cost) for cost in (*COSTS, FIRST_COST, BREAKING_COST)} - set(found)))
    return _curve(found)


def calibration_of(curve: CostCurve) -> Calibration:
    """The strengths that suit a vector with this curve."""
    first = two_digits(curve.strength(FIRST_COST))
    breaks = two_digits(curve.strength(BREAKING_COST))
    steps = range(-GRID_STEPS, GRID_STEPS + 1)
    return Calibration(
        costs=COSTS,
        strengths=tuple(two_digits(curve.strength(cost)) for cost in COSTS),
        breaks=breaks,
        first=first,
        limit=two_digits(BEYOND * breaks),
        grid=tuple(two_digits(first * step / GRID_STEPS) for step in steps),
        curve=curve,
    )


def two_digits(number: float) -> float:
    """A number rounded to two significant digits."""
    return float(f"{number:.2g}")


def curve_key(
    large: LanguageModel,
    layer: int,
    vector: Tensor,
    typical_deviation: TypicalDeviation | float,
    prompts: Sequence[str],
) -> str:
    """A hash of all that a curve depends on beside the model's weights."""
    unit = TypicalDeviation.of(typical_deviation)
    digest = hashlib.sha256(vector.detach().float().cpu().contiguous().numpy().tobytes())
    digest.update(repr((layer, unit, str(large.model.dtype), tuple(prompts))).encode())
    return digest.hexdigest()[:24]


@cache
def curve_records() -> Records[CostCurve]:
    """The curves that all studies of this process share."""
    return Records(KIND, VERSION, asdict, _from_json)


def equal_strengths(
    large: LanguageModel,
    layer: int,
    vectors: Sequence[Tensor],
    strength: float,
    typical_deviation: TypicalDeviation | float,
    ordinary: str,
) -> tuple[float, ...]:
    """The strength at which each vector costs as much as the first of them does at a given one, on the same side.

    Args:
        large: the model that is steered.
        layer: the block whose output is steered.
        vectors: `[d]` each, of any length.
        strength: of the first vector.
        typical_deviation: of this layer.
        ordinary: as for `calibrate`.

    Raises what `calibrate` raises.
    """
    if strength == 0:
        return (0.0,) * len(vectors)
    cost = what_it_costs(large, layer, vectors[0], strength, typical_deviation, ordinary)
    others = (
        strength_of_cost(large, layer, vector, cost, strength, typical_deviation, ordinary) for vector in vectors[1:]
    )
    return (strength, *others)


def what_it_costs(
    large: LanguageModel,
    layer: int,
    vector: Tensor,
    strength: float,
    typical_deviation: TypicalDeviation | float,
    ordinary: str,
) -> float:
    """Nats for each token of neutral text that a vector costs at a strength; arguments as for `equal_strengths`."""
    return finish(cost_curve(large, layer, vector, typical_deviation, ordinary)).cost(strength)


def strength_of_cost(
    large: LanguageModel,
    layer: int,
    vector: Tensor,
    cost: float,
    side: float,
    typical_deviation: TypicalDeviation | float,
    ordinary: str,
) -> float:
    """The strength at which a vector costs so much; arguments as for `equal_strengths`.

    Args:
        large: the model that is steered.
        layer: the block whose output is steered.
        vector: `[d]`, of any length.
        cost: in nats for each token of neutral text.
        side: any number with the sign of the strength that is sought.
        typical_deviation: of this layer.
        ordinary: as for `calibrate`.

    Raises what `calibrate` raises.
    """
    curve, sign = finish(cost_curve(large, layer, vector, typical_deviation, ordinary)), 1 if side > 0 else -1
    return sign * curve.strength(max(cost, _LEAST), sign)


def _tried(
    large: LanguageModel,
    starts: list[Start],
    vector: Tensor,
    typical_deviation: TypicalDeviation | float,
    strengths: Sequence[float],
) -> dict[float, tuple[float, float]]:
    """Mean cost of each strength, with its sign and against it."""
    if not strengths:
        return {}
    both = [sign * strength for sign in (1, -1) for strength in strengths]
    added = torch.stack([addition(vector, strength, typical_deviation) for strength in both])
    means = costs(large, starts, added).mean(1).tolist()
    half = len(strengths)
    return {strength: (means[at], means[half + at]) for at, strength in enumerate(strengths)}


def _curve(found: dict[float, tuple[float, float]]) -> CostCurve:
    tried = sorted(found)
    return CostCurve(tuple(tried), tuple(found[s][0] for s in tried), tuple(found[s][1] for s in tried))


def _from_json(record: Json) -> CostCurve:
    return CostCurve(*(tuple(float(x) for x in record[name]) for name in ("strengths", "positive", "negative")))
