"""The short way through a model gives what the whole model gives, for every family, and leaves nothing behind."""

from typing import Any

import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import PromptError, SettingsError, VectorError
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.suffix import read_starts, suffix_logits
from tests.lm.conftest import own_hooks
from tests.lm.families import FAMILIES, WIDTH, tiny_lm

LAYER = 1
PROMPTS = ("The", "In the morning the farmer had a cow", "A € sign", "Está en la montaña y canta")
# Log-odds of these two sets of tokens are the readouts compared below.
POSITIVE, NEGATIVE = [40, 41, 290], [50, 60]


@pytest.fixture(scope="module", params=list(FAMILIES))
def lm(request: pytest.FixtureRequest) -> LanguageModel:
    return tiny_lm(request.param)


@pytest.fixture
def additions() -> Tensor:
    vectors = 2 * torch.randn(5, WIDTH, generator=torch.Generator().manual_seed(1))
    vectors[0] = 0
    return vectors


def readouts(logits: Tensor) -> Tensor:
    return logits[:, POSITIVE].logsumexp(1) - logits[:, NEGATIVE].logsumexp(1)


def whole(lm: LanguageModel, prompt: str, layer: int, additions: Tensor) -> Tensor:
    return next_token_logprobs(lm, [prompt] * len(additions), layer, additions)


def test_it_equals_steering_the_whole_model(lm: LanguageModel, additions: Tensor) -> None:
    for start, prompt in zip(read_starts(lm, LAYER, PROMPTS), PROMPTS, strict=True):
        assert start.short
        logits = suffix_logits(lm, start, additions, batch_rows=3)
        expected = whole(lm, prompt, LAYER, additions)
        torch.testing.assert_close(readouts(logits), readouts(expected), rtol=0, atol=1e-4)
        torch.testing.assert_close(logits.log_softmax(1), expected, rtol=1e-4, atol=1e-4)
        # The negative control: the additions matter, and so does the layer they are made to.
        assert (readouts(logits)[1:] - readouts(logits)[0]).abs().max() > 1e-2
        elsewhere = readouts(whole(lm, prompt, LAYER - 1, additions))
        assert (readouts(logits) - elsewhere)[1:].abs().max() > 1e-2


def test_at_the_last_layer_it_is_the_direct_path(lm: LanguageModel, additions: Tensor) -> None:
    last = lm.layers - 1
    ran: list[int] = []
    starts = read_starts(lm, last, PROMPTS[1:2])
    handles = [
        module.register_forward_hook(lambda *_: ran.append(1)) for block in lm.blocks for module in block.children()
    ]
    try:
        logits = suffix_logits(lm, starts[0], additions)
    finally:
        for handle in handles:
            handle.remove()
    assert ran == [], "a part of a block was run"
    expected = whole(lm, PROMPTS[1], last, additions)
    torch.testing.assert_close(logits.log_softmax(1), expected, rtol=1e-4, atol=1e-4)
    assert (readouts(logits) - readouts(whole(lm, PROMPTS[1], LAYER, additions)))[1:].abs().max() > 1e-2


def test_the_blocks_below_are_not_run_again(llama: LanguageModel, additions: Tensor) -> None:
    (start,) = read_starts(llama, LAYER, PROMPTS[:1])
    ran: list[int] = []
    handles = [
        block.get_submodule("self_attn").register_forward_hook(lambda *_, i=index: ran.append(i))
        for index, block in enumerate(llama.blocks)
    ]
    try:
        suffix_logits(llama, start, additions)
    finally:
        for handle in handles:
            handle.remove()
    assert ran == list(range(LAYER + 1, llama.layers))


def test_nothing_stays_on_the_model(llama: LanguageModel, additions: Tensor) -> None:
    before = next_token_logprobs(llama, PROMPTS)
    (start,) = read_starts(llama, LAYER, PROMPTS[1:2])
    suffix_logits(llama, start, additions)
    llama.blocks[-1].register_forward_pre_hook(_broken)
    try:
        with pytest.raises(RuntimeError, match="on purpose"):
            suffix_logits(llama, start, additions)
    finally:
        llama.blocks[-1]._forward_pre_hooks.clear()
    assert [hook for block in llama.blocks for hook in own_hooks(block)] == []
    assert not any("forward" in vars(block) for block in llama.blocks)
    assert torch.equal(next_token_logprobs(llama, PROMPTS), before)


def test_a_forward_that_somebody_put_on_a_block_is_there_again(additions: Tensor) -> None:
    lm = tiny_lm("llama", seed=3)
    own = lm.blocks[0].forward
    lm.blocks[0].forward = own
    (start,) = read_starts(lm, LAYER, PROMPTS[1:2])
    suffix_logits(lm, start, additions)
    assert vars(lm.blocks[0])["forward"] is own


def test_a_model_whose_blocks_speak_past_each_other_is_run_whole(additions: Tensor) -> None:
    lm = tiny_lm("llama", seed=4)
    first, last = lm.blocks[0], lm.blocks[-1]
    heard: list[Tensor] = []
    first.register_forward_hook(lambda block, inputs, output: heard.append(output))

    def also_hears(block: Any, inputs: Any, output: Tensor) -> Tensor:
        return output + heard[-1].roll(1, -1) ** 2

    last.register_forward_hook(also_hears)
    (start,) = read_starts(lm, LAYER, PROMPTS[1:2])
    assert not start.short
    expected = whole(lm, PROMPTS[1], LAYER, additions)
    torch.testing.assert_close(suffix_logits(lm, start, additions).log_softmax(1), expected, rtol=1e-4, atol=1e-4)


def test_mistakes_are_refused(llama: LanguageModel, additions: Tensor) -> None:
    with pytest.raises(SettingsError, match="blocks 0 to 2"):
        read_starts(llama, 3, PROMPTS)
    with pytest.raises(PromptError, match="empty"):
        read_starts(llama, 1, ["The", " "])
    (start,) = read_starts(llama, 1, ["The"])
    with pytest.raises(VectorError, match="not finite"):
        suffix_logits(llama, start, additions.log())
    assert read_starts(llama, 1, []) == []


def _broken(block: Any, inputs: Any) -> None:
    raise RuntimeError("on purpose")
