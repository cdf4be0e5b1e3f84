"""Several vectors at once: every arm adds the sum of its own directions, each at its strength."""

from dataclasses import replace

import pytest
import torch

from lrt_explorer.concepts.vectors import addition, random_vector
from lrt_explorer.errors import SettingsError, VectorError
from lrt_explorer.study.compare import Comparison, compare
from lrt_explorer.study.fitting.fit import FittedMap, fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.sentence import sentence
from lrt_explorer.study.steering.also import check_also, read_also, spelled_also, told_also
from lrt_explorer.study.steering.calibrate import cost_curve
from lrt_explorer.study.steering.compared import NO_SOURCES, compared_directions
from lrt_explorer.study.steering.deviation import unit_of
from lrt_explorer.study.steering.several import length_of, together
from lrt_explorer.study.steering.steer_spec import SteerSpec
from tests.study.evaluation.suite import ANIMALS
from tests.study.tiny import CONCEPT, PROMPTS, large, small, texts

ARMS = ("native", "transferred", "random", "no map", "as in the paper", "prompt")


@pytest.fixture(scope="module")
def fitted() -> FittedMap:
    return finish(fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=4000)))


def asked(strength: float = 0.5, beside: float = -0.3, **more: object) -> SteerSpec:
    spec = SteerSpec(concept=CONCEPT, prompt=PROMPTS[0].text, strength=strength, max_new_tokens=6, temperature=0.0)
    return replace(spec, also=((ANIMALS, beside),), **more)  # type: ignore[arg-type]


def run(fitted: FittedMap, spec: SteerSpec) -> Comparison:
    return finish(compare(Pair(small=small(), large=large()), fitted, spec))


def test_an_arm_adds_its_direction_of_every_concept_at_its_own_strength(fitted: FittedMap) -> None:
    pair, spec = Pair(small=small(), large=large()), asked(arms=ARMS[:3])
    unit = unit_of(large(), 2, pair.world.ordinary)
    first = compared_directions(pair, fitted, spec, CONCEPT, NO_SOURCES).of_arm
    sums = together(pair, fitted, spec, NO_SOURCES, first, unit, 0.5)

    def both(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return addition(one, 0.5, unit) + addition(other, -0.3, unit)

    def vector(concept: object, lm: object, layer: int) -> torch.Tensor:
        return known_vectors().get(lm, concept, layer).vector.values  # type: ignore[arg-type]

    native = both(vector(CONCEPT, large(), 2), vector(ANIMALS, large(), 2))
    mapped = both(*(fitted.map.direction(vector(one, small(), 1)) for one in (CONCEPT, ANIMALS)))
    width = large().width
    expected = {"native": native, "transferred": mapped, "random": both(*(random_vector(width, n) for n in (0, 1)))}
    assert set(sums) == set(expected)
    for name, values in expected.items():
        torch.testing.assert_close(sums[name], values)
    arms = {arm.name: arm for arm in run(fitted, spec).arms}
    for name, values in expected.items():
        assert arms[name].strength == pytest.approx(unit.length(values) / unit.value, rel=1e-5)


def test_beside_a_concept_at_no_strength_there_is_nothing(fitted: FittedMap) -> None:
    spec = asked(beside=0.0)
    assert spec.also == ()
    assert run(fitted, spec) == run(fitted, replace(spec, also=()))


def test_the_concept_itself_beside_it_is_the_concept_at_the_sum_of_both_strengths(fitted: FittedMap) -> None:
    twice = run(fitted, replace(asked(0.3), also=((CONCEPT, 0.2),), arms=("native", "transferred")))
    once = run(fitted, replace(asked(0.5), also=(), arms=("native", "transferred")))
    for one, other in zip(twice.arms, once.arms, strict=True):
        assert one.readout == pytest.approx(other.readout, abs=1e-4)
        assert one.strength == pytest.approx(other.strength, rel=1e-5)


def test_vectors_that_take_each_other_away_are_refused(fitted: FittedMap) -> None:
    with pytest.raises(VectorError, match="take each other away; choose other strengths"):
        run(fitted, replace(asked(0.3), also=((CONCEPT, -0.3),)))
    with pytest.raises(VectorError, match="take each other away"):
        length_of(torch.zeros(4), unit_of(large(), 2, "everyday"), "native")


def test_at_equal_cost_the_sums_cost_the_same(fitted: FittedMap) -> None:
    spec = asked(equal_cost=True, arms=("native", "transferred"))
    pair = Pair(small=small(), large=large())
    arms, ordinary = {arm.name: arm for arm in run(fitted, spec).arms}, pair.world.ordinary
    unit = unit_of(large(), 2, ordinary)
    first = compared_directions(pair, fitted, spec, CONCEPT, NO_SOURCES).of_arm
    sums = together(pair, fitted, spec, NO_SOURCES, first, unit, 0.5)
    assert arms["native"].strength == pytest.approx(length_of(sums["native"], unit, "native"))
    native, mapped = (
        finish(cost_curve(large(), 2, sums[name], unit, ordinary)).cost(arms[name].strength)
        for name in ("native", "transferred")
    )
    assert mapped == pytest.approx(native, rel=1e-3)


def test_what_is_beside_is_told(fitted: FittedMap) -> None:
    found = run(fitted, asked())
    assert found.settings["also"] == "animals:-0.3"
    assert "Every arm was also steered by animals −0.30." in sentence(found)
    assert "also" not in run(fitted, asked(beside=0.0)).settings


def test_what_is_beside_is_spelled_and_read_back() -> None:
    also = (("mood", 0.1 + 0.2), ("own:set", -1e-7))
    assert read_also(spelled_also(also)) == also
    assert read_also("") == () and told_also((("mood", 0.2), (ANIMALS, -0.1))) == "mood +0.20 and animals −0.10"
    for wrong in ("mood", "mood:", ":0.2", "mood:much", "a:1,b"):
        with pytest.raises(SettingsError, match=r"is not a concept with a strength; write it as in mood:0\.2"):
            read_also(wrong)
    with pytest.raises(SettingsError, match="the number of concepts beside the first must be 0 to 2, not 3"):
        read_also("a:1,b:1,c:1")
    with pytest.raises(SettingsError, match="the strength must be"):
        check_also((("a", float("nan")),))


def test_python_may_steer_by_more_than_the_page_offers_and_is_told_of_all(fitted: FittedMap) -> None:
    third = replace(ANIMALS, name="farm, or sea")
    spec = replace(asked(), also=((ANIMALS, 0.1), (CONCEPT, 0.2), (third, -0.1)))
    assert "steered by animals +0.10 and mood +0.20 and farm, or sea −0.10." in sentence(run(fitted, spec))
