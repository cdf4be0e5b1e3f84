"""The rival of an orthogonal map that has seen contrast pairs alone, and never those of the concept in question."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.concepts.reading import PairStates, read_pairs
from lrt_explorer.errors import ContrastError
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.procrustes import procrustes
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


def test_other_pairs_than_the_small_models_make_no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    def fewer(
        lm: LanguageModel, contrast: ContrastSet, layer: int, reading: Reading | None, *, whiten: bool
    ) -> PairStates:
        states = pair_states(lm, contrast, layer, reading, whiten=whiten)
        # As many pairs, but not the same: the longest did not fit into one of the models.
        return replace(states, read=states.read[1:]) if lm is small() and contrast is ANIMALS else states

    monkeypatch.setattr("lrt_explorer.study.evaluation.arms.pair_states", fewer)
    assert found(case()) == {}


def test_another_concept_that_cannot_be_read_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(
        lm: LanguageModel, contrast: ContrastSet, layer: int, reading: Reading | None, *, whiten: bool
    ) -> PairStates:
        if contrast is ANIMALS:
            raise ContrastError("there is nothing to read")
        return pair_states(lm, contrast, layer, reading, whiten=whiten)

    monkeypatch.setattr("lrt_explorer.study.evaluation.arms.pair_states", refuse)
    assert found(case()) == {} and finish(concept_arms(case())).directions
