"""Calibrations: planted costs come back, what is measured is the divergence, and nothing is measured twice."""

import math

import pytest
import torch

from lrt_explorer.concepts.vectors import addition, mean_difference
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering import calibrate as calibrate_module
from lrt_explorer.study.steering.calibrate import (
    BREAKING_COST,
    COSTS,
    FIRST_COST,
    CostCurve,
    calibrate,
    calibrate_concept,
    calibration_of,
    cost_curve,
    curve_records,
    equal_strengths,
    measure_curve,
    two_digits,
)
from lrt_explorer.study.steering.deviation import unit_of
from lrt_explorer.study.steering.neutral import neutral_prompts
from tests.study.tiny import CONCEPT, large, small

LAYER = 2
TRIED = tuple(0.05 * 2**step for step in range(8))


@pytest.fixture(autouse=True)
def fresh_records() -> None:
    curve_records.cache_clear()


def vector() -> torch.Tensor:
    return mean_difference(large(), CONCEPT, [LAYER])[LAYER].values


def square(factor: float) -> tuple[float, ...]:
    return tuple(factor * s**2 for s in TRIED)


def test_on_a_curve_that_grows_as_a_square_every_cost_is_met_exactly() -> None:
    curve = CostCurve(TRIED, square(1.0), square(2.0))
    for cost in (0.001, 0.1, 0.7, 3.0):
        assert curve.strength(cost, 1) == pytest.approx(math.sqrt(cost))
        assert curve.strength(cost, -1) == pytest.approx(math.sqrt(cost / 2))
        assert curve.strength(cost) == curve.strength(cost, -1), "the side that costs more"
        assert curve.cost(math.sqrt(cost)) == pytest.approx(cost)
        assert curve.cost(-math.sqrt(cost)) == pytest.approx(2 * cost)
    assert curve.cost(0.0) == 0.0
    assert curve.strength(1e9) == TRIED[-1]
    assert curve.strength(1e6, 1, beyond=True) == pytest.approx(1e3), "past the last one tried on the same square"


def test_slider_and_grid_follow_from_the_curve() -> None:
    found = calibration_of(CostCurve(TRIED, square(1.0), square(1.0)))
    assert found.costs == COSTS
    assert found.strengths == tuple(two_digits(math.sqrt(cost)) for cost in COSTS)
    assert found.first == two_digits(math.sqrt(FIRST_COST)) and found.breaks == two_digits(math.sqrt(BREAKING_COST))
    assert 0 < found.first < found.breaks < found.limit
    assert found.grid[0] == -found.first and found.grid[-1] == found.first and found.grid[3] == 0.0
    assert found.grid == tuple(-s for s in reversed(found.grid))


def test_what_is_measured_is_the_divergence_on_both_sides() -> None:
    unit, prompts = unit_of(large(), LAYER, "everyday"), neutral_prompts(2, "everyday")
    curve = finish(measure_curve(large(), LAYER, vector(), unit, prompts))
    plain = next_token_logprobs(large(), prompts)
    for side, sign in ((curve.positive, 1), (curve.negative, -1)):
        at = 3
        added = addition(vector(), sign * curve.strengths[at], unit).expand(len(prompts), -1)
        steered = next_token_logprobs(large(), prompts, LAYER, added)
        expected = torch.nn.functional.kl_div(plain, steered, log_target=True, reduction="batchmean")
        assert side[at] == pytest.approx(float(expected), abs=1e-5)


def test_a_calibrated_strength_costs_what_it_says() -> None:
    unit, prompts = unit_of(large(), LAYER, "everyday"), neutral_prompts(16, "everyday")
    found = finish(calibrate(large(), LAYER, vector(), unit, "everyday"))
    assert min(found.curve.strengths) < found.strengths[0] and max(found.curve.positive) > 0
    plain = next_token_logprobs(large(), prompts)
    for cost, strength in zip(found.costs, found.strengths, strict=True):
        spent = []
        for sign in (1, -1):
            added = addition(vector(), sign * strength, unit).expand(len(prompts), -1)
            steered = next_token_logprobs(large(), prompts, LAYER, added)
            spent.append(float(torch.nn.functional.kl_div(plain, steered, log_target=True, reduction="batchmean")))
        assert max(spent) == pytest.approx(cost, rel=0.15)


def test_nothing_is_measured_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    first = finish(calibrate_concept(Pair(small=small(), large=large()), LAYER, CONCEPT))
    monkeypatch.setattr(calibrate_module, "measure_curve", lambda *_: pytest.fail("measured again"))
    assert finish(calibrate_concept(Pair(small=small(), large=large()), LAYER, CONCEPT)) == first
    curve_records.cache_clear()
    assert finish(calibrate_concept(Pair(small=small(), large=large()), LAYER, CONCEPT)) == first, (
        "from the data folder"
    )
    with pytest.raises(pytest.fail.Exception):
        finish(calibrate_concept(Pair(small=small(), large=large()), LAYER, CONCEPT, reading="token-2"))


def test_a_longer_vector_calibrates_alike() -> None:
    unit = unit_of(large(), LAYER, "everyday")
    curves = [finish(cost_curve(large(), LAYER, factor * vector(), unit, "everyday")) for factor in (1.0, 7.0)]
    assert curves[0].positive == pytest.approx(curves[1].positive, rel=1e-3, abs=1e-6)


def test_equal_strengths_are_equal_for_one_vector_and_opposite_sides_swap() -> None:
    unit = unit_of(large(), LAYER, "everyday")
    same = equal_strengths(large(), LAYER, [vector(), 2 * vector()], 0.3, unit, "everyday")
    assert same == pytest.approx((0.3, 0.3), rel=1e-3)
    own, turned = equal_strengths(large(), LAYER, [vector(), -vector()], 0.3, unit, "everyday")
    back = equal_strengths(large(), LAYER, [-vector(), vector()], turned, unit, "everyday")[1]
    assert own == 0.3 and back == pytest.approx(0.3, rel=0.02)
    assert equal_strengths(large(), LAYER, [vector(), -vector()], 0.0, unit, "everyday") == (0.0, 0.0)


def test_two_digits() -> None:
    assert [two_digits(x) for x in (0.0, 0.12345, -0.0567, 12.6)] == [0.0, 0.12, -0.057, 13.0]
