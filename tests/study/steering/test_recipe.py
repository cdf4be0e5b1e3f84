"""Vectors by a recipe are what the parts make of them, and what makes none is said."""

import math
from dataclasses import replace

import pytest
import torch

from lrt_explorer.concepts.arithmetic import orthogonalise
from lrt_explorer.concepts.vectors import find_vectors
from lrt_explorer.errors import SettingsError, VectorError
from lrt_explorer.linear.scores import cosine
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.steering.recipe import Recipe, make_vectors
from tests.study.tiny import CONCEPT, large, small

PLACE = replace(
    CONCEPT,
    name="place",
    pairs=tuple((f"{who} went to the harbour.", f"{who} went to the forest.") for who in ("Tom", "Anna", "The cook")),
    prompts=(),
    suffix=None,
)


def test_a_plain_recipe_gives_what_find_vectors_gives() -> None:
    recipe = Recipe("principal-component", "last-token", whiten=True)
    made = finish(make_vectors(Pair(small=small(), large=large()), CONCEPT, None, recipe, (1, 2)))
    for vector, lm, layer in ((made.small, small(), 1), (made.large, large(), 2)):
        found = find_vectors(lm, CONCEPT, [layer], method="principal-component", reading="last-token", whiten=True)
        assert torch.equal(vector.values, found[layer].vector.values)
        assert (vector.method, vector.fingerprint) == ("principal-component, whitened", lm.fingerprint)


def test_the_part_along_another_concept_is_removed_in_both_models() -> None:
    made = finish(make_vectors(Pair(small=small(), large=large()), CONCEPT, PLACE, Recipe(), (1, 2)))
    for vector, lm, layer in ((made.small, small(), 1), (made.large, large(), 2)):
        mood, place = (find_vectors(lm, each, [layer])[layer].vector for each in (CONCEPT, PLACE))
        assert abs(cosine(vector.values, place.values)) < 1e-6 < abs(cosine(mood.values, place.values))
        assert torch.equal(vector.values, orthogonalise(mood, [place]).values)
        assert vector.concept == "mood without place"


def test_another_concept_is_added_and_the_sum_is_scaled() -> None:
    recipe = Recipe(together="add", factor=-0.5, times=3)
    made = finish(make_vectors(Pair(small=small(), large=large()), CONCEPT, PLACE, recipe, (1, 2)))
    mood, place = (find_vectors(small(), each, [1])[1].vector.values for each in (CONCEPT, PLACE))
    assert torch.allclose(made.small.values, 3 * (mood - 0.5 * place), atol=1e-5)
    assert made.small.concept == "3·mood − 1.5·place"


def test_progress_counts_the_texts_of_both_concepts_and_models() -> None:
    steps: list[Progress] = []
    finish(make_vectors(Pair(small=small(), large=large()), CONCEPT, PLACE, Recipe(), (1, 2)), steps.append)
    assert steps[-1].done == steps[-1].total == 4 * (12 + 3)
    assert [step.done for step in steps] == sorted(step.done for step in steps)


@pytest.mark.parametrize("recipe", [Recipe(times=0), Recipe(factor=math.nan), Recipe(times=math.inf)])
def test_a_number_that_makes_no_vector_is_refused(recipe: Recipe) -> None:
    with pytest.raises(SettingsError, match="a finite number other than 0"):
        finish(make_vectors(Pair(small=small(), large=large()), CONCEPT, PLACE, recipe, (1, 2)))


def test_a_concept_without_itself_is_refused() -> None:
    with pytest.raises(SettingsError, match="the other concept is mood itself"):
        finish(make_vectors(Pair(small=small(), large=large()), CONCEPT, CONCEPT, Recipe(), (1, 2)))
    with pytest.raises(VectorError, match="nothing is left of mood after removing mood"):
        finish(
            make_vectors(Pair(small=small(), large=large()), CONCEPT, replace(CONCEPT, prompts=()), Recipe(), (1, 2))
        )
