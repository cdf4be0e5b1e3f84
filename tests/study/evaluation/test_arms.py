"""The directions of a concept: what they are held against is made as they are."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from lrt_explorer.concepts.contrast import ContrastSet, ReadoutPrompt
from lrt_explorer.concepts.relabelled import tossed_labels
from lrt_explorer.concepts.vectors import SteeringVector
from lrt_explorer.linear.scores import cosine
from lrt_explorer.study.evaluation.arms import ConceptArms, concept_arms
from lrt_explorer.study.evaluation.case import Case, Controls
from lrt_explorer.study.evaluation.chosen_prompts import HELD_BACK, forms, held_back_prompts
from lrt_explorer.study.evaluation.statistics import among_relabelled
from lrt_explorer.study.fitting.rivals import Rival
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.arms import EMBEDDINGS, VOCABULARY
from tests.study.evaluation.suite import ANIMALS, SETTINGS, maps
from tests.study.tiny import CONCEPT, large, small


def case(concept: ContrastSet = CONCEPT, **more: Any) -> Case:
    (map, info), controls = maps()
    return Case(small(), large(), map, info, Controls(controls), concept, (), replace(SETTINGS, **more))


def arms(asked: Case) -> ConceptArms:
    return finish(concept_arms(asked))


def test_labels_that_are_drawn_as_they_are_count_as_ties() -> None:
    four = replace(ANIMALS, pairs=ANIMALS.pairs[:4])
    found = arms(asked := case(four)).relabelled
    assert found is not None
    tossed = tossed_labels(4, len(found.native) - 1, asked.seed)
    same = [True, *(len(set(row.tolist())) == 1 for row in tossed)]
    assert sum(same) > 200, "one draw in eight"
    for directions in (found.native, found.mapped):
        # Along any gradient the given labels, and all of them turned round, move a readout exactly as far.
        for seed in range(20):
            generator = torch.Generator().manual_seed(seed)
            gradient = torch.randn(directions.shape[1], dtype=torch.float64, generator=generator)
            assert among_relabelled((directions.double() @ gradient).numpy()) >= sum(same) / len(same)


def test_the_vector_under_test_heads_those_of_relabelled_pairs() -> None:
    found = arms(case())
    assert found.relabelled is not None
    of_arm = {one.arm: one.values for one in found.directions}
    torch.testing.assert_close(found.relabelled.native[0].float(), of_arm["native"].float())
    torch.testing.assert_close(found.relabelled.mapped[0].float(), of_arm["transferred"].float())
    other = known_vectors().get(large(), ANIMALS, 2).vector
    brought = case()
    brought = replace(brought, controls=replace(brought.controls, vectors={"large": other}))
    found = arms(brought)
    assert found.relabelled is not None
    assert cosine(found.relabelled.native[0], other.values) == pytest.approx(1.0)


def test_a_method_that_does_not_look_at_labels_has_other_relabelled_vectors() -> None:
    found = arms(case(method="principal-component"))
    own = next(one.values for one in found.directions if one.arm == "native")
    relabelled = [one.values for one in found.directions if one.arm == "permuted labels, native"]
    assert relabelled and all(abs(cosine(one, own)) < 0.99 for one in relabelled)


def test_maps_of_shuffled_pairs_add_their_bias_where_the_map_does() -> None:
    (_, _), controls = maps()
    vector = known_vectors().get(small(), CONCEPT, 1).vector.values
    plain, with_bias = (
        next(one.values for one in arms(case(as_in_paper=how)).directions if one.arm == "shuffled map")
        for how in (False, True)
    )
    torch.testing.assert_close(plain, controls[0].direction(vector))
    torch.testing.assert_close(with_bias, controls[0].direction(vector) + controls[0].bias, check_dtype=False)


def test_another_way_across_takes_the_vector_that_was_brought() -> None:
    (map, _), controls = maps()
    own = known_vectors().get(small(), ANIMALS, 1).vector
    brought: SteeringVector = replace(own, values=own.values * 2)
    rivals = (Rival(VOCABULARY, small(), 1, map), Rival(EMBEDDINGS, large(), 2, map))
    asked = case()
    asked = replace(asked, controls=Controls(controls, rivals[:1], {"small": brought}))
    found = {one.arm: one.values for one in arms(asked).directions}
    assert cosine(found[VOCABULARY], map.direction(own.values)) == pytest.approx(1.0)
    assert cosine(found[VOCABULARY], found["transferred"]) == pytest.approx(1.0)


def test_a_prompt_that_is_not_evaluated_stops_nothing() -> None:
    alike = ReadoutPrompt("They met a", (" cow",), (" cow",))
    many = tuple(replace(ANIMALS.prompts[0], text=f"{number} times Tom saw the") for number in range(3 * HELD_BACK))
    asked = replace(ANIMALS, prompts=(*many, alike))
    assert alike in held_back_prompts(asked, SETTINGS.prompts)
    assert "answer embeddings" in {one.arm for one in arms(case(asked)).directions}


def test_the_message_is_a_part_of_a_prompts_form() -> None:
    asks = ("What is a cat?", "Who wrote this letter?", "Where do you live?")
    replies = [ReadoutPrompt("Sure, it", (" a",), (" b",), ask=ask) for ask in asks]
    assert len(set(forms(replies))) == 3
    assert len(set(forms([replace(replies[0], ask=f"What is a {what}?") for what in ("cat", "dog", "cow")]))) == 1
    assert len(set(forms([ReadoutPrompt(word, (" a",), (" b",)) for word in ("Yes", "No")]))) == 2
