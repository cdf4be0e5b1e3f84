"""Why a concept does not come over whole: where it is held, what any linear map could carry, and the sentence."""

from dataclasses import replace

import pytest
import torch

from lrt_explorer.concepts.reading import PairStates
from lrt_explorer.study.evaluation.case import Case, Controls
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.evaluation.finding import finding
from lrt_explorer.study.evaluation.holding import Holding, bound_direction, halves, holding
from lrt_explorer.study.evaluation.statistics import Interval
from lrt_explorer.study.ground.known import known_vectors
from tests.study.evaluation.suite import ANIMALS, SETTINGS, evaluation, maps
from tests.study.tiny import CONCEPT, large, small


def case() -> Case:
    (map, info), controls = maps()
    return Case(small(), large(), map, info, Controls(controls), CONCEPT, (ANIMALS,), SETTINGS)


def test_a_layer_holds_a_concept_as_far_as_its_halves_agree() -> None:
    vector = known_vectors().get(small(), CONCEPT, 1).vector.values
    found = holding(case(), vector)
    assert found is not None and found.layer == 1 and len(found.by_layer) == small().layers
    assert all(-1 <= one <= 1 for one in found.by_layer) and found.ordinary > 0
    assert found.best == found.by_layer.index(max(found.by_layer)) and found.here == found.by_layer[1]
    few = replace(CONCEPT, pairs=CONCEPT.pairs[:3])
    assert holding(replace(case(), concept=few), vector) is None


def states(differences: torch.Tensor) -> PairStates:
    return PairStates(differences, torch.zeros_like(differences))


def test_the_bound_is_what_a_map_of_the_other_half_makes_of_either_half() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 6, generator=generator, dtype=torch.float64) + 1
    weight = torch.randn(6, 9, generator=generator, dtype=torch.float64)
    carried = bound_direction(case(), states(x @ weight), states(x))
    assert carried is not None
    # Where a linear map holds exactly, the bound is the native direction itself.
    assert float(torch.cosine_similarity(carried, (x @ weight).mean(0), dim=0)) > 0.999
    strange = torch.randn(40, 9, generator=generator, dtype=torch.float64)
    lost = bound_direction(case(), states(strange), states(x - 1))
    assert lost is not None and abs(float(torch.cosine_similarity(lost, strange.mean(0), dim=0))) < 0.9
    assert bound_direction(case(), states(x[:3] @ weight), states(x[:3])) is None
    assert bound_direction(case(), states(x @ weight), states(x[:30])) is None, "other pairs"
    first, second = halves(40, 1)
    assert int(first.sum()) == int(second.sum()) == 20 and not bool((first & second).any())


@pytest.fixture(scope="module")
def measured() -> ConceptEvidence:
    return evaluation().concepts[0].evidence


def told(
    evidence: ConceptEvidence, retention: float | None, bound: float | None, held: tuple[float, ...], seen: float = 1.0
) -> str:
    values = {"transferred": retention, "fitted on the concept": bound}
    arms = tuple(
        replace(arm, retention=None if (value := values[arm.name]) is None else Interval(value, 0.0, 2.0))
        if arm.name in values
        else arm
        for arm in evidence.arms
    )
    return finding(replace(evidence, arms=arms, holding=Holding(1, held, seen)))


def test_the_sentence_names_what_keeps_the_retention_down(measured: ConceptEvidence) -> None:
    said = told(measured, 0.3, 0.9, (0.2, 0.3, 0.8))
    assert "hardly holds it at layer 1" in said and "cosine of 0.3)" in said.replace("0.30", "0.3")
    assert "layer 2 holds it more clearly" in said
    assert "more clearly" not in told(measured, 0.3, 0.9, (0.2, 0.3, 0.35))
    said = told(measured, 0.3, 0.4, (0.2, 0.9, 0.9))
    assert "not even a map between these layers that was fitted on half of its own pairs carries" in said
    assert "0.4" in said
    assert told(measured, 0.5, 0.4, (0.2, 0.9, 0.9)) == "", "a map that carries less is no bound"
    said = told(measured, 0.3, 0.95, (0.2, 0.9, 0.9))
    assert "the map loses it" in said and "ordinary text" not in said
    assert "ordinary text varies along its direction only" in told(measured, 0.3, 0.95, (0.2, 0.9, 0.9), seen=0.1)


def test_nothing_is_said_where_nothing_is_missing_or_known(measured: ConceptEvidence) -> None:
    assert told(measured, 0.9, 0.95, (0.2, 0.9, 0.9)) == ""
    assert told(measured, None, 0.95, (0.2, 0.9, 0.9)) == ""
    assert told(measured, 0.3, None, (0.2, 0.9, 0.9)) == ""
    assert finding(replace(measured, holding=None)) == ""
