"""Controls from the data: relabelled pairs, first-order slopes, prompts that count once, clusters of prompts."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lrt_explorer.concepts.contrast import ReadoutPrompt
from lrt_explorer.concepts.reading import PairStates
from lrt_explorer.concepts.readout import answer_readout, answer_tokens, settle
from lrt_explorer.concepts.relabelled import half_swapped_labels, relabelled_directions, tossed_labels
from lrt_explorer.lm.suffix import read_starts
from lrt_explorer.study.evaluation.chosen_prompts import (
    HELD_BACK,
    evaluated_prompts,
    forms,
    held_back_prompts,
    prompts_in_pairs,
)
from lrt_explorer.study.evaluation.clusters import Clusters
from lrt_explorer.study.evaluation.first_order import first_order_slopes, readout_gradients
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.evaluation.statistics import among_relabelled
from lrt_explorer.study.evaluation.verdict import doubts
from tests.study.tiny import CONCEPT, large


def prompt(text: str, form: str | None = None) -> ReadoutPrompt:
    return ReadoutPrompt(text, (" yes",), (" no",), form=form)


def test_half_of_the_pairs_change_their_labels_each_time_in_another_way() -> None:
    for pairs in (2, 3, 8, 9):
        labels = half_swapped_labels(pairs, 200, seed=1)
        assert labels.shape == (200, pairs)
        assert all(row.count(-1) == row.count(1) == pairs // 2 for row in labels.tolist())
        assert bool((labels.abs().sum(0) > 0).all()), "no pair is always left out"
    assert len({tuple(row) for row in labels.tolist()}) > 50
    assert torch.equal(labels, half_swapped_labels(9, 200, seed=1))
    assert not torch.equal(labels, half_swapped_labels(9, 200, seed=2))


@pytest.mark.parametrize("pairs", [4, 5, 45])
def test_nothing_of_the_concept_is_left_in_relabelled_pairs(pairs: int) -> None:
    # Every pair holds the concept alike. A pair that is one too many on either side would leave its share of it.
    states = PairStates(torch.ones(pairs, 2).double(), torch.zeros(pairs, 2).double())
    found = [*relabelled_directions(states, half_swapped_labels(pairs, 50, seed=0), "mean-difference")]
    assert all(not bool(one.any()) for one in found)


def test_a_relabelled_direction_is_that_of_the_swapped_texts() -> None:
    # Four pairs with differences 1, 2, 4 and 8 along one axis.
    states = PairStates(torch.tensor([[1.0], [2.0], [4.0], [8.0]]).double(), torch.zeros(4, 1).double())
    labels = torch.tensor([[-1, -1, 1, 1], [1, -1, 1, -1], [0, -1, 1, 0]])
    found = torch.stack(list(relabelled_directions(states, labels, "mean-difference")))
    assert found[:, 0].tolist() == [(-1 - 2 + 4 + 8) / 4, (1 - 2 + 4 - 8) / 4, (-2 + 4) / 2]


def p_of_pairs(differences: torch.Tensor, seed: int = 0) -> float:
    """The p value of pairs whose readout slopes are their own differences along one axis."""
    states = PairStates(differences[:, None].double(), torch.zeros(len(differences), 1).double())
    tossed = tossed_labels(len(differences), 1999, seed)
    relabelled = torch.stack(list(relabelled_directions(states, tossed, "mean-difference")))
    directions = torch.cat([differences.double().mean().reshape(1, 1), relabelled])
    return among_relabelled(first_order_slopes(torch.ones(1, 1).double(), directions).numpy())


def test_pairs_that_differ_in_nothing_but_the_concept_are_no_chance() -> None:
    # Relabelled vectors point along the concept too, but they are short.
    assert p_of_pairs(1 + 0.3 * torch.randn(40, generator=torch.Generator().manual_seed(0))) == 1 / 2000
    assert p_of_pairs(torch.ones(4)) == pytest.approx(1 / 8, abs=0.03), "four pairs cannot say more"


def test_pairs_whose_labels_mean_nothing_stand_out_as_often_as_chance_has_it() -> None:
    generator = torch.Generator().manual_seed(1)
    signs = torch.randint(0, 2, (400, 24), generator=generator) * 2 - 1
    sizes = 1 + torch.rand(400, 24, generator=generator)
    found = [p_of_pairs(row, seed) for seed, row in enumerate(signs * sizes)]
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_the_permutation_p_value_counts_the_vector_itself() -> None:
    assert among_relabelled(np.array([3.0, 1.0, -2.0, 0.5])) == 1 / 4
    assert among_relabelled(np.array([-3.0, 1.0, 3.5, 0.5])) == 2 / 4, "either side counts"
    assert among_relabelled(np.array([3.0])) == 1.0


def test_where_labels_mean_nothing_the_p_value_is_uniform() -> None:
    rng = np.random.default_rng(0)
    found = [among_relabelled(rng.normal(size=100)) for _ in range(2000)]
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.015)


def test_a_claim_must_beat_relabelled_pairs_and_shuffled_maps() -> None:
    rng = np.random.default_rng(0)
    native, transferred = 2 + 0.1 * rng.normal(size=30), 1.9 + 0.1 * rng.normal(size=30)
    shuffled = 0.05 * rng.normal(size=8)
    good = np.array([[5.0, *rng.normal(size=99)], [5.0, *rng.normal(size=99)]])
    beaten = doubts(native, transferred, shuffled, good)
    assert beaten.native == 0.01 and beaten.transferred == 0.01
    weak = good.copy()
    weak[1, 0] = 0.1
    assert doubts(native, transferred, shuffled, weak).transferred > 0.5, "one more of the relabelled"
    assert doubts(native, transferred, 60 * shuffled, good).transferred > 0.3, "one more of the shuffled maps"
    weak[0, 0] = 0.1
    assert doubts(native, transferred, shuffled, weak).native > 0.5


def test_the_first_order_slope_is_the_slope_of_a_small_step() -> None:
    lm, layer = large(), 2
    prompts = settle(lm, CONCEPT.prompts[:4])
    starts = read_starts(lm, layer, [one.text for one in prompts])
    gradients = readout_gradients(lm, starts, answer_tokens(lm, prompts), "log-odds")
    directions = torch.randn(3, lm.width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    directions /= directions.norm(dim=1, keepdim=True)
    step = 1e-2
    for direction, slope in zip(directions, first_order_slopes(gradients, directions), strict=True):
        up, down = (
            float(answer_readout(lm, prompts, layer, (sign * step * direction).float().expand(4, -1)).double().mean())
            for sign in (1, -1)
        )
        assert float(slope) == pytest.approx((up - down) / (2 * step), rel=2e-2, abs=2e-3)


def test_a_prompt_counts_once_and_the_last_ones_are_kept_back() -> None:
    many = tuple(prompt(f"Sentence {number} ends") for number in range(30))
    concept = replace(CONCEPT, prompts=(*many, *many[:10]))
    assert evaluated_prompts(concept, 60) == many[: 30 - HELD_BACK]
    assert held_back_prompts(concept, 60) == many[30 - HELD_BACK :]
    assert evaluated_prompts(concept, 5) == many[:5] and held_back_prompts(concept, 5) == many[5:]
    few = replace(CONCEPT, prompts=many[:10])
    assert evaluated_prompts(few, 60) == many[:10] and held_back_prompts(few, 60) == ()


def test_prompts_that_stand_in_the_pairs_are_named() -> None:
    concept = replace(CONCEPT, pairs=(("The cook laughed loudly.", "She wept."), ("a", "b")))
    assert prompts_in_pairs(concept, [prompt("The cook"), prompt("The baker")]) == ("The cook",)


def test_prompts_that_fill_one_gap_are_of_one_form() -> None:
    texts = ("I saw the film", "I saw the play", "We saw the play", "Nothing like it", "It rained")
    assert forms([prompt(text) for text in texts]) == (texts[0], texts[0], texts[0], texts[3], texts[4])
    assert forms([prompt("A b", "letter"), prompt("A c", "diary")]) == ("letter", "diary"), "what the set says counts"


def test_few_forms_are_clusters_and_many_are_not() -> None:
    few = Clusters.of(["a", "a", "a", "b"], 4)
    assert few.count == 2 and few.means(np.array([1.0, 2.0, 3.0, 10.0])).tolist() == [2.0, 10.0]
    many = Clusters.of(["a", "a", "b", "c"], 4)
    assert many.count == 4
    values = np.array([1.0, 2.0, 3.0, 10.0])
    assert many.means(values) is values
    assert Clusters.of(["a", "a"], 2).count == 2, "one form alone has no spread"


def test_a_grid_holds_the_opposite_of_each_of_its_strengths() -> None:
    assert EvaluationSettings(strengths=(0.1, 0.2)).strengths == (-0.2, -0.1, 0.1, 0.2)
    assert EvaluationSettings(strengths=(-0.5, 0.0, 0.5)).strengths == (-0.5, 0.0, 0.5)
