"""The rival of an orthogonal map that has seen contrast pairs alone, and never those of the concept in question."""

from collections.abc import Mapping, Sequence

import pytest
import torch

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.concepts.reading import PairStates, read_pairs
from lrt_explorer.errors import ContrastError
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.procrustes import between_differences, procrustes
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.evaluation.arms import concept_arms
from lrt_explorer.study.evaluation.case import Case, Controls
from lrt_explorer.study.evaluation.pair_states import pair_states
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.arms import OTHER_PAIRS
from tests.study.evaluation.suite import ANIMALS, SETTINGS, maps
from tests.study.tiny import CONCEPT, large, small


def case(concept: ContrastSet = CONCEPT, others: Sequence[ContrastSet] = (ANIMALS,)) -> Case:
    (map, info), controls = maps()
    return Case(small(), large(), map, info, Controls(controls), concept, others, SETTINGS)


def found(asked: Case) -> dict[str, torch.Tensor]:
    return {one.arm: one.values for one in finish(concept_arms(asked)).directions if one.arm == OTHER_PAIRS}


def test_it_is_the_vector_turned_by_the_pairs_of_other_concepts() -> None:
    asked = case()
    sides = []
    for lm, layer in ((small(), asked.info.small_layer), (large(), asked.info.large_layer)):
        states = read_pairs(lm, ANIMALS, [layer], ANIMALS.reading)[layer]
        difference = states.positive - states.negative
        sides.append(torch.cat([difference, -difference]))
    moments = CrossMoments(small().width, large().width)
    moments.update(*sides)
    own = known_vectors().get(small(), CONCEPT, asked.info.small_layer).vector.values
    wanted = procrustes(moments).map.direction(own)
    torch.testing.assert_close(found(asked)[OTHER_PAIRS], wanted)


def test_without_other_concepts_there_is_none() -> None:
    assert found(case(others=())) == {}


def without(monkeypatch: pytest.MonkeyPatch, contrast: ContrastSet, left_out: Mapping[int, set[int]]) -> None:
    """Let pairs of a set be too long for a model, by its width."""

    def fewer(
        lm: LanguageModel, asked: ContrastSet, layer: int, reading: Reading | None, *, whiten: bool
    ) -> PairStates:
        states = pair_states(lm, asked, layer, reading, whiten=whiten)
        return states.of(set(states.read) - left_out[lm.width]) if asked is contrast else states

    monkeypatch.setattr("lrt_explorer.study.evaluation.arms.pair_states", fewer)


def test_only_pairs_that_both_models_read_make_a_map(monkeypatch: pytest.MonkeyPatch) -> None:
    assert small().width != large().width
    # As many pairs are left in both, but not the same ones.
    without(monkeypatch, ANIMALS, {small().width: {0}, large().width: {5}})
    both = [
        pair_states(lm, ANIMALS, layer, None, whiten=False).of({1, 2, 3, 4}).differences
        for lm, layer in ((small(), 1), (large(), 2))
    ]
    own = known_vectors().get(small(), CONCEPT, 1).vector.values
    torch.testing.assert_close(found(case())[OTHER_PAIRS], between_differences(*both).direction(own))


def test_without_two_pairs_that_both_read_there_is_no_map_and_no_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, ANIMALS, {small().width: {0, 1, 2}, large().width: {3, 4}})
    assert found(case()) == {}
    with pytest.raises(ContrastError, match="both whole"):
        finish(concept_arms(case(ANIMALS, ())))


def test_another_concept_that_cannot_be_read_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(
        lm: LanguageModel, contrast: ContrastSet, layer: int, reading: Reading | None, *, whiten: bool
    ) -> PairStates:
        if contrast is ANIMALS:
            raise ContrastError("there is nothing to read")
        return pair_states(lm, contrast, layer, reading, whiten=whiten)

    monkeypatch.setattr("lrt_explorer.study.evaluation.arms.pair_states", refuse)
    assert found(case()) == {} and finish(concept_arms(case())).directions
