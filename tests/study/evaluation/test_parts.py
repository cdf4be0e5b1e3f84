"""Cost, baseline and repetition: planted truths come back."""

import numpy as np
import pytest

from lrt_explorer.lm.tokens import prompt_tokens
from lrt_explorer.study.evaluation.baseline import baseline_prompt
from lrt_explorer.study.evaluation.cost import at_equal_cost, retention_at_equal_cost
from lrt_explorer.study.evaluation.written import repeated_share
from tests.study.tiny import CONCEPT, large

GRID = np.array([-0.4, -0.2, 0.0, 0.2, 0.4])


def test_effects_are_compared_where_both_cost_the_same() -> None:
    size = np.abs(GRID)
    # The second makes half the effect at twice the cost; both costs grow with |s|.
    found = at_equal_cost(GRID, np.stack([10 * GRID, 5 * GRID]), np.stack([size, 2 * size]))
    assert found is not None
    assert (found.kl, found.native, found.transferred) == pytest.approx((0.4, 4.0, 1.0))


def test_between_two_strengths_the_effect_is_interpolated_and_the_first_crossing_counts() -> None:
    size = np.abs(GRID)
    cost = np.where(size == 0.2, 3.0, np.where(size == 0.4, 1.0, 0.0))  # falls again
    found = at_equal_cost(GRID, np.stack([GRID, GRID]), np.stack([size / 0.4, cost]))
    assert found is not None
    assert (found.kl, found.native) == pytest.approx((1.0, 0.4))
    assert found.transferred == pytest.approx(0.2 / 3)


def test_retention_at_equal_cost_is_the_ratio_of_effects_there() -> None:
    prompts = np.linspace(0.9, 1.1, 12)
    effects = np.stack([10 * GRID[:, None] * prompts, 5 * GRID[:, None] * prompts])
    size = np.abs(GRID)
    found = retention_at_equal_cost(GRID, effects, np.stack([size, 2 * size]))
    assert found is not None and found.value == pytest.approx(0.25), "half the effect at twice the cost"
    assert found.low == pytest.approx(0.25) == found.high, "the same on every prompt"
    same = retention_at_equal_cost(GRID, effects, np.stack([size, size]))
    assert same is not None and same.value == pytest.approx(0.5), "at equal cost and equal strength alike"
    assert retention_at_equal_cost(GRID, effects, np.stack([size, 0 * size])) is None
    nothing = np.stack([np.random.default_rng(0).normal(0, 1, effects[0].shape), effects[1]])
    assert retention_at_equal_cost(GRID, nothing, np.stack([size, size])) is None


def test_a_grid_of_one_sign_counts_that_sign_alone() -> None:
    grid = np.array([0.0, 0.3, 0.6])
    found = at_equal_cost(grid, np.stack([2 * grid, grid]), np.stack([grid, grid]))
    assert found is not None and (found.native, found.transferred) == pytest.approx((1.2, 0.6))


def test_what_costs_nothing_cannot_be_compared() -> None:
    assert at_equal_cost(GRID, np.stack([GRID, GRID]), np.stack([np.abs(GRID), 0 * GRID])) is None


def test_repetition_counts_runs_of_words_that_come_again() -> None:
    assert repeated_share("a b c d e") == 0.0
    assert repeated_share("a b c a b c") == pytest.approx(1 / 4)
    assert repeated_share("go go go go go") == pytest.approx(2 / 3)
    assert repeated_share("") == 0.0 == repeated_share("two words")


def test_the_baseline_puts_whole_sentences_before_the_prompt_as_far_as_they_fit() -> None:
    prompt = CONCEPT.prompts[0].text
    asked = baseline_prompt(large(), CONCEPT, prompt, examples=2)
    first, second = (positive for positive, _ in CONCEPT.pairs[:2])
    assert asked == f"{first} {second} {prompt}"
    room = large().context - len(prompt_tokens(large(), f"{second} {prompt}")) - 3
    assert baseline_prompt(large(), CONCEPT, prompt, examples=2, room=room) == f"{second} {prompt}"
    assert baseline_prompt(large(), CONCEPT, prompt, examples=2, room=large().context) == prompt


def test_a_model_that_follows_instructions_is_given_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large().tokenizer, "chat_template", "{{ messages }}")
    assert baseline_prompt(large(), CONCEPT, "Well,", 3) == "Answer in the manner of: happy.\n\nWell,"
