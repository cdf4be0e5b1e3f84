"""Token odds: what a token had where it was written, and what else might have stood there."""

import math

import pytest
import torch

from lrt_explorer.lm.generate import generate_arms
from lrt_explorer.lm.likelihood import continuation_nats
from lrt_explorer.lm.token_odds import ALTERNATIVES, token_odds
from tests.study.tiny import PROMPTS, large

PROMPT, LAYER = PROMPTS[0].text, 2


@pytest.fixture(scope="module")
def added() -> torch.Tensor:
    return 6 * torch.randn(large().width, generator=torch.Generator().manual_seed(3))


def written(addition: torch.Tensor) -> str:
    *_, last = generate_arms(large(), PROMPT, LAYER, addition[None], max_new_tokens=8)
    return last.texts[0]


def test_pieces_join_to_the_text_and_a_greedy_token_is_the_likeliest_at_its_place(added: torch.Tensor) -> None:
    text = written(added)
    odds = token_odds(large(), LAYER, PROMPT, PROMPT, text, added)
    assert "".join(one.text for one in odds) == text
    for one in odds:
        shares = [share for _, share in one.alternatives]
        assert len(shares) == ALTERNATIVES and shares == sorted(shares, reverse=True)
        assert math.exp(one.logprob) <= shares[0] + 1e-6
    firsts = [one for one in odds if abs(math.exp(one.logprob) - one.alternatives[0][1]) < 1e-4]
    assert len(firsts) >= len(odds) - 1, "but for a token that the tokenizer cuts otherwise when it is read"


def test_the_unsteered_odds_are_those_of_the_plain_model(added: torch.Tensor) -> None:
    text = " and the sea was cold"
    odds = token_odds(large(), LAYER, PROMPT, PROMPT, text, added)
    (nats,) = continuation_nats(large(), [PROMPT], [text])
    plain = [one.unsteered for one in odds if one.unsteered is not None]
    assert nats is not None and len(plain) == len(odds)
    assert -sum(plain) / len(plain) == pytest.approx(nats, rel=1e-4)
    assert any(abs(one.logprob - one.unsteered) > 0.1 for one in odds if one.unsteered is not None)


def test_without_a_vector_nothing_changes_and_nothing_gives_nothing() -> None:
    odds = token_odds(large(), LAYER, PROMPT, PROMPT, " and the sea", None)
    assert all(one.logprob == one.unsteered for one in odds) and odds
    assert token_odds(large(), LAYER, PROMPT, PROMPT, "", None) == ()


def test_words_before_the_prompt_count_where_the_text_was_written() -> None:
    asked = token_odds(large(), LAYER, PROMPT, f"Be glad. {PROMPT}", " and the sea", None)
    plain = token_odds(large(), LAYER, PROMPT, PROMPT, " and the sea", None)
    assert [one.unsteered for one in asked] == [one.logprob for one in plain]
    assert any(one.logprob != one.unsteered for one in asked)
