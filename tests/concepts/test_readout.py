"""Readouts against log-probabilities taken by hand."""

import pytest
import torch

from lrt_explorer.concepts.contrast import ReadoutPrompt
from lrt_explorer.concepts.readout import answer_readout, answer_tokens, pooled_prompt
from lrt_explorer.errors import ContrastError, SettingsError
from tests.study.tiny import PROMPTS, small


def token(text: str) -> int:
    return int(small().tokenizer(text)["input_ids"][0])


def test_the_readout_is_the_difference_of_pooled_log_probabilities() -> None:
    prompt = ReadoutPrompt("The cook ran and felt", (" glad", " cheerful"), (" tearful",))
    assert len({token(answer) for answer in (" glad", " cheerful", " tearful")}) == 3
    ids = torch.tensor([small().tokenizer(prompt.text)["input_ids"]])
    with torch.inference_mode():
        probabilities = small().model(ids).logits[0, -1].softmax(-1)
    by_hand = (probabilities[token(" glad")] + probabilities[token(" cheerful")]).log() - probabilities[
        token(" tearful")
    ].log()
    assert float(answer_readout(small(), [prompt])) == pytest.approx(float(by_hand), abs=1e-4)


def test_turned_sides_change_the_sign() -> None:
    turned = [ReadoutPrompt(p.text, p.negative, p.positive) for p in PROMPTS]
    assert torch.allclose(answer_readout(small(), PROMPTS), -answer_readout(small(), turned))


def test_many_prompts_give_what_each_gives_alone() -> None:
    together = answer_readout(small(), PROMPTS * 8)
    alone = torch.cat([answer_readout(small(), [prompt]) for prompt in PROMPTS])
    assert torch.allclose(together, alone.repeat(8), atol=1e-4)


def test_adding_nothing_changes_nothing_and_adding_something_does() -> None:
    nothing = torch.zeros(len(PROMPTS), small().width)
    unsteered = answer_readout(small(), PROMPTS)
    assert torch.equal(answer_readout(small(), PROMPTS, 1, nothing), unsteered)
    assert not torch.allclose(answer_readout(small(), PROMPTS, 1, nothing + 1), unsteered, atol=1e-2)
    with pytest.raises(SettingsError, match="1 additions for 12 prompts"):
        answer_readout(small(), PROMPTS, 1, nothing[:1])


def test_a_first_token_of_both_sides_counts_for_neither() -> None:
    (tokens,) = answer_tokens(small(), [ReadoutPrompt("She felt", (" glad", " merry"), (" tearful", " glad to go"))])
    assert tokens.positive == (token(" merry"),)
    assert tokens.negative == (token(" tearful"),)


def test_sides_that_begin_alike_are_refused() -> None:
    with pytest.raises(ContrastError, match="no positive answer to 'She felt' begins with a token of its own"):
        answer_tokens(small(), [ReadoutPrompt("She felt", (" glad",), (" glad and merry", " sad"))])


def test_a_free_text_is_read_out_with_all_known_answers() -> None:
    prompts = [ReadoutPrompt("x", (" a", " b"), (" c",)), ReadoutPrompt("y", (" b",), (" d",))]
    assert pooled_prompt("Once", prompts) == ReadoutPrompt("Once", (" a", " b"), (" c", " d"))
    assert pooled_prompt("Once", []) is None
    words = [ReadoutPrompt("x", (" a",), ()), ReadoutPrompt("y", (" b",), ())]
    assert pooled_prompt("Once", words) == ReadoutPrompt("Once", (" a", " b"), ())
