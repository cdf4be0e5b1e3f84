"""Likelihoods are those of the model's own distributions, whatever the batch."""

import math

import pytest
import torch

from lrt_explorer.errors import PromptError, SettingsError
from lrt_explorer.lm import likelihood
from lrt_explorer.lm.likelihood import continuation_nats
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import prompt_tokens

PROMPTS = ("The old sailor", "In the morning", "A")
TEXTS = (" felt happy", " the farmer had a cow", " dog")


def test_it_is_the_mean_over_the_tokens_behind_the_prompt(llama: LanguageModel) -> None:
    found = continuation_nats(llama, PROMPTS, TEXTS)
    for prompt, text, value in zip(PROMPTS, TEXTS, found, strict=True):
        before, whole = prompt_tokens(llama, prompt), prompt_tokens(llama, prompt + text)
        assert whole[: len(before)] == before and len(whole) > len(before), "the text begins with no token of its own"
        with torch.inference_mode():
            logprobs = llama.model(torch.tensor([whole])).logits[0].log_softmax(1)
        expected = [-float(logprobs[at - 1, whole[at]]) for at in range(len(before), len(whole))]
        assert value == pytest.approx(sum(expected) / len(expected), abs=1e-4)
    assert len({round(value, 3) for value in found if value is not None}) == 3


def test_batches_make_no_difference(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    together = continuation_nats(llama, PROMPTS, TEXTS)
    monkeypatch.setattr(likelihood, "BATCH_LOGITS", 1)
    assert continuation_nats(llama, PROMPTS, TEXTS) == pytest.approx(together, abs=1e-4)


def test_nothing_said_has_no_likelihood_and_too_much_is_cut(llama: LanguageModel) -> None:
    assert continuation_nats(llama, ["The old sailor"], [""]) == [None]
    (long,) = continuation_nats(llama, ["The"], [" cow" * 500])
    assert long is not None and math.isfinite(long)
    assert continuation_nats(llama, ["The " * 200], [" cow"]) == [None]


def test_mistakes_are_refused(llama: LanguageModel) -> None:
    with pytest.raises(SettingsError, match="one per prompt"):
        continuation_nats(llama, ["a", "b"], ["c"])
    with pytest.raises(PromptError, match="empty"):
        continuation_nats(llama, [""], [""])
