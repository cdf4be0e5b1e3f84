"""The laws that hold for every family of models, on tiny random ones."""

from typing import Any

import pytest
import torch
from torch import Tensor

from lrt_explorer.lm.blocks import find_blocks
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.generate import generate_arms, generate_batch, next_token_logprobs
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.steer import steering
from lrt_explorer.lm.tokens import encode, prompt_tokens
from tests.lm.families import FAMILIES, TEXTS, WIDTH, WINDOW, tiny_lm

LAYER = 1
PROMPT = "The old sailor looked"
# Of different lengths, and longer with the new tokens than a sliding window.
PROMPTS = ("The", "In the morning the farmer had a cow", "A € sign", "Está en la montaña y canta")
NEW_TOKENS = 2 * WINDOW + 1
# What these have in place of keys and values cannot be passed on, and they have hidden states of their own counting.
RECURRENT = {"mamba"}
# One of each way to know positions: rotary, a table, a table behind an offset, biases, a mask of the context's size.
BY_POSITION = {"llama", "gpt2", "opt", "mpt", "gpt_neo"}


@pytest.fixture(scope="module", params=[family for family in FAMILIES if family not in RECURRENT])
def lm(request: pytest.FixtureRequest) -> LanguageModel:
    return tiny_lm(request.param)


@pytest.fixture
def additions() -> Tensor:
    """Four arms: an unsteered one, and three steered hard in different directions."""
    vectors = 2 * torch.randn(4, WIDTH, generator=torch.Generator().manual_seed(1))
    vectors[0] = 0
    return vectors


def family(lm: LanguageModel) -> str:
    return lm.name.removeprefix("tiny-")


def logits(lm: LanguageModel, ids: Tensor) -> Tensor:
    with lm.lock, torch.inference_mode():
        found: Tensor = lm.model(ids).logits
    return found


def last_texts(lm: LanguageModel, additions: Tensor, use_cache: bool = True) -> tuple[str, ...]:
    steps = generate_arms(lm, PROMPT, LAYER, additions, max_new_tokens=NEW_TOKENS, use_cache=use_cache)
    return list(steps)[-1].texts


def test_blocks_are_all_of_them_in_order(lm: LanguageModel) -> None:
    config = FAMILIES[family(lm)].config
    expected = next(config[key] for key in ("num_hidden_layers", "n_layer", "n_layers", "num_layers") if key in config)
    assert lm.blocks == find_blocks(lm.model)
    assert len(lm.blocks) == lm.layers == expected
    assert lm.layers > LAYER + 1, "no block above the steered one"
    order: list[int] = []
    handles = [
        block.register_forward_hook(lambda *_, i=index: order.append(i)) for index, block in enumerate(lm.blocks)
    ]
    try:
        logits(lm, encode(lm, TEXTS[:1]).ids)
    finally:
        for handle in handles:
            handle.remove()
    assert order == list(range(lm.layers))


def test_capture_is_what_the_library_calls_hidden_states(lm: LanguageModel) -> None:
    encoded = encode(lm, TEXTS[:1])
    states = capture(lm, encoded, range(lm.layers))
    # Under the lock, so that both passes take as many threads: sums differ in their last digit with the number.
    with torch.inference_mode(), lm.lock:
        hidden = lm.model(encoded.ids, output_hidden_states=True).hidden_states
    for layer in range(lm.layers - 1):
        assert torch.equal(states[layer], hidden[layer + 1])


def test_capture_of_the_last_block_is_before_the_final_norm(lm: LanguageModel) -> None:
    encoded = encode(lm, TEXTS[:1])
    last = capture(lm, encoded, [lm.layers - 1])[lm.layers - 1]
    with torch.inference_mode():
        final = lm.model(encoded.ids, output_hidden_states=True).hidden_states[-1]
        normed = lm.model.get_submodule(FAMILIES[family(lm)].norm)(last)
    torch.testing.assert_close(normed, final, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(last, final, atol=1e-2)


def test_a_text_is_captured_alike_alone_and_in_a_padded_batch(lm: LanguageModel) -> None:
    together = capture(lm, encode(lm, TEXTS), range(lm.layers))
    for row, text in enumerate(TEXTS):
        alone = capture(lm, encode(lm, [text]), range(lm.layers))
        for layer, states in alone.items():
            torch.testing.assert_close(together[layer][row, : states.shape[1]], states[0], rtol=1e-4, atol=1e-4)


def test_a_vector_of_zeros_leaves_every_bit_as_it_was(lm: LanguageModel) -> None:
    ids = encode(lm, TEXTS).ids
    vectors = torch.randn(len(ids), WIDTH, generator=torch.Generator().manual_seed(2))
    for layer in range(lm.layers):
        unsteered = logits(lm, ids)
        with steering(lm, layer, torch.zeros(len(ids), WIDTH)):
            assert torch.equal(logits(lm, ids), unsteered)
        with steering(lm, layer, vectors):
            assert not torch.allclose(logits(lm, ids), unsteered, atol=1e-3)
        assert torch.equal(logits(lm, ids), unsteered)


def test_steering_adds_the_row_s_own_vector_at_every_position_and_nothing_else(
    lm: LanguageModel, additions: Tensor
) -> None:
    encoded = encode(lm, TEXTS[:4])
    before = capture(lm, encoded, range(LAYER + 1))
    with steering(lm, LAYER, additions):
        after = capture(lm, encoded, range(LAYER + 1))
    assert torch.equal(after[LAYER], before[LAYER] + additions[:, None, :])
    for layer in range(LAYER):
        assert torch.equal(after[layer], before[layer])


def test_greedy_text_is_that_of_the_library(lm: LanguageModel) -> None:
    encoded = encode(lm, [PROMPT])
    model: Any = lm.model
    expected = model.generate(
        encoded.ids, attention_mask=encoded.mask, max_new_tokens=NEW_TOKENS, do_sample=False, eos_token_id=2
    )[0, encoded.ids.shape[1] :].tolist()
    steps = list(generate_arms(lm, PROMPT, LAYER, torch.zeros(1, WIDTH), max_new_tokens=NEW_TOKENS))
    written = [token for step in steps for token in step.token_ids if token is not None]
    assert written == [token for token in expected if token != 2]


def test_steered_text_is_the_same_with_and_without_a_cache(lm: LanguageModel, additions: Tensor) -> None:
    cached = last_texts(lm, additions)
    assert cached == last_texts(lm, additions, use_cache=False)
    assert len(set(cached)) > 1, "the vectors changed nothing, so the test says nothing"


def test_an_arm_writes_the_same_in_a_batch_and_alone(lm: LanguageModel, additions: Tensor) -> None:
    assert last_texts(lm, additions) == tuple(last_texts(lm, additions[arm : arm + 1])[0] for arm in range(4))


def test_a_padded_prompt_is_continued_as_if_alone(lm: LanguageModel, additions: Tensor) -> None:
    together = generate_batch(lm, PROMPTS, LAYER, additions, max_new_tokens=NEW_TOKENS)
    alone = [
        generate_batch(lm, [prompt], LAYER, additions[row : row + 1], max_new_tokens=NEW_TOKENS)[0]
        for row, prompt in enumerate(PROMPTS)
    ]
    assert together == alone
    assert together != generate_batch(lm, PROMPTS, max_new_tokens=NEW_TOKENS)


def test_log_probabilities_of_a_padded_prompt_are_those_of_the_prompt_alone(
    lm: LanguageModel, additions: Tensor
) -> None:
    together = next_token_logprobs(lm, PROMPTS, LAYER, additions)
    for row, prompt in enumerate(PROMPTS):
        encoded = encode(lm, [prompt])
        with steering(lm, LAYER, additions[row : row + 1]):
            expected = torch.log_softmax(logits(lm, encoded.ids)[0, -1], dim=0)
        torch.testing.assert_close(together[row], expected, rtol=1e-4, atol=1e-4)


def test_nothing_is_said_on_the_terminal(lm: LanguageModel, capfd: pytest.CaptureFixture[str]) -> None:
    capture(lm, encode(lm, TEXTS), [0])
    generate_batch(lm, PROMPTS, max_new_tokens=2)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("family", sorted(BY_POSITION))
def test_rows_that_fill_the_context_do_not_depend_on_their_neighbours(family: str) -> None:
    lm = tiny_lm(family)
    prompts = ["The", PROMPT * 10, "In the morning"]
    room = lm.context - len(prompt_tokens(lm, prompts[1]))
    together = generate_batch(lm, prompts, max_new_tokens=room + 5)
    assert together == [generate_batch(lm, [prompt], max_new_tokens=room + 5)[0] for prompt in prompts]
    assert together[1] == generate_batch(lm, prompts[1:2], max_new_tokens=room)[0]


@pytest.mark.parametrize("family", sorted(RECURRENT))
def test_a_model_without_keys_and_values_is_read_anew_at_every_step(family: str, additions: Tensor) -> None:
    lm = tiny_lm(family)
    texts = last_texts(lm, additions[:2])
    assert texts == tuple(last_texts(lm, additions[arm : arm + 1])[0] for arm in range(2))
    assert texts[0] != texts[1]
