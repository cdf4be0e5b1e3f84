"""Letters and chosen words, against log-probabilities taken by hand."""

import pytest
import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ReadoutPrompt
from lrt_explorer.concepts.readout import answer_readout, answer_tokens, settle
from lrt_explorer.concepts.readouts import choice_prompt, word_probability, word_prompt
from lrt_explorer.errors import ContrastError
from lrt_explorer.lm.model import LanguageModel
from tests.study.tiny import other, small

QUESTION = "Which do you choose?\n (A) a cow\n (B) a hen\nAnswer:"


def logits(lm: LanguageModel, ids: list[int]) -> Tensor:
    with torch.inference_mode():
        found: Tensor = lm.model(torch.tensor([ids])).logits[0, -1].float()
    return found


@pytest.mark.parametrize("matching", [(" (A)", " (B)"), (" (B)", " (A)")])
@pytest.mark.parametrize("lm", [small(), other()], ids=lambda lm: lm.name)
def test_letters_are_read_where_they_differ(lm: LanguageModel, matching: tuple[str, str]) -> None:
    whole, against = (lm.tokenizer(QUESTION + answer)["input_ids"] for answer in matching)
    at = next(place for place, (a, b) in enumerate(zip(whole, against, strict=True)) if a != b)
    scores = logits(lm, whole[:at])
    by_hand = float(scores[whole[at]] - scores[against[at]])
    moved = choice_prompt(QUESTION, *matching)
    raw = ReadoutPrompt(QUESTION, (matching[0],), (matching[1],))
    for prompt in (moved, raw):
        assert float(answer_readout(lm, [prompt])) == pytest.approx(by_hand, abs=1e-4)


def test_a_shared_beginning_is_moved_and_what_is_clear_is_left() -> None:
    raw = ReadoutPrompt(QUESTION, (" (A)",), (" (B)",))
    with pytest.raises(ContrastError, match="begins with a token of its own"):
        answer_tokens(small(), [raw])
    clear = ReadoutPrompt("She felt", (" glad",), (" tearful",))
    settled = settle(small(), [clear, raw, clear])
    assert settled[0] == settled[2] == clear
    assert settled[1].text == QUESTION + " ("
    assert answer_tokens(small(), settled)


def test_a_token_that_reaches_across_takes_its_beginning_back() -> None:
    """A prompt that ends within a token is read from before it."""
    whole = ReadoutPrompt("She felt", (" glad",), (" tearful",))
    cut = ReadoutPrompt("She felt ", ("glad",), ("tearful",))
    with pytest.raises(ContrastError, match="begins with a token of its own"):
        answer_tokens(small(), [cut])
    assert settle(small(), [cut, whole]) == [whole, whole]
    assert torch.equal(answer_readout(small(), [cut]), answer_readout(small(), [whole]))


def test_what_no_shift_helps_is_still_refused() -> None:
    same = ReadoutPrompt("She felt", (" glad",), (" glad",))
    assert settle(small(), [same]) == [same]
    with pytest.raises(ContrastError, match="begins with a token of its own"):
        answer_readout(small(), [same])


def test_chosen_words_are_read_against_everything_else() -> None:
    text, words = "The cook ran and felt", (" glad", " cheerful")
    ids = small().tokenizer(text)["input_ids"]
    chosen = [small().tokenizer(word)["input_ids"][0] for word in words]
    probability = float(logits(small(), ids).softmax(0)[chosen].sum())
    assert float(word_probability(small(), [text], words)) == pytest.approx(probability, rel=1e-4)
    odds = torch.logit(torch.tensor(probability))
    assert float(answer_readout(small(), [word_prompt(text, words)])) == pytest.approx(float(odds), abs=1e-3)
    with pytest.raises(ContrastError, match="no word to look for"):
        word_probability(small(), [text], ())


def test_steering_moves_what_is_read() -> None:
    text, words = "The cook ran and felt", (" glad",)
    towards = torch.randn(1, small().width, generator=torch.Generator().manual_seed(0))
    plain = word_probability(small(), [text], words)
    assert torch.equal(word_probability(small(), [text], words, 1, 0 * towards), plain)
    assert not torch.allclose(word_probability(small(), [text], words, 1, 3 * towards), plain)
