import threading
from typing import Any

import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import ModelError, SettingsError, VectorError
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.steer import steering
from lrt_explorer.lm.tokens import encode
from tests.lm.conftest import own_hooks
from tests.lm.families import TEXTS, WIDTH, tiny_lm

PROMPTS = ("The old sailor", "In the morning")


@pytest.fixture
def vectors() -> Tensor:
    return torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(3))


def logits(lm: LanguageModel, rows: int = 2) -> Tensor:
    with torch.inference_mode():
        found: Tensor = lm.model(encode(lm, TEXTS[:rows]).ids).logits
    return found


def test_minus_the_vector_takes_the_vector_back(llama: LanguageModel, vectors: Tensor) -> None:
    unsteered = logits(llama)
    with steering(llama, 1, vectors), steering(llama, 1, -vectors):
        torch.testing.assert_close(logits(llama), unsteered, rtol=1e-4, atol=1e-5)


def test_each_row_gets_its_own_vector(llama: LanguageModel, vectors: Tensor) -> None:
    encoded = encode(llama, [TEXTS[0], TEXTS[0]])
    with steering(llama, 1, vectors):
        states = capture(llama, encoded, [1])[1]
    difference = (vectors[1] - vectors[0]).expand_as(states[0])
    torch.testing.assert_close(states[1] - states[0], difference, rtol=1e-4, atol=1e-5)


def test_the_library_s_own_hidden_states_show_the_steering(llama: LanguageModel, vectors: Tensor) -> None:
    ids = encode(llama, TEXTS[:2]).ids
    with torch.inference_mode():
        before = llama.model(ids, output_hidden_states=True).hidden_states
        with steering(llama, 0, vectors):
            after = llama.model(ids, output_hidden_states=True).hidden_states
    assert torch.equal(after[1], before[1] + vectors[:, None, :])
    assert torch.equal(after[0], before[0])


def test_blocks_that_return_a_tuple_are_steered_too(vectors: Tensor) -> None:
    lm = tiny_lm("llama")
    plain = logits(lm)
    with steering(lm, 1, vectors):
        expected = logits(lm)
    extra = object()
    as_tuple = lm.blocks[1].register_forward_hook(lambda block, inputs, output: (output, extra))
    seen: list[object] = []

    def unpack(block: object, inputs: object, output: tuple[Tensor, object]) -> Tensor:
        seen.append(output[1])
        return output[0]

    # `steering` goes in front of the hooks that are there, so the ones that imitate a tuple are moved before it.
    with steering(lm, 1, vectors):
        hooks: Any = lm.blocks[1]._forward_hooks
        hooks.move_to_end(as_tuple.id, last=False)
        unpacking = lm.blocks[1].register_forward_hook(unpack)
        assert torch.equal(logits(lm), expected)
        unpacking.remove()
    as_tuple.remove()
    assert seen == [extra]
    assert torch.equal(logits(lm), plain)


def test_blocks_that_return_something_else_are_refused(vectors: Tensor) -> None:
    lm = tiny_lm("llama")
    with pytest.raises(ModelError, match="its blocks give dict instead of hidden states"), steering(lm, 1, vectors):  # noqa: PT012
        handle = lm.blocks[1].register_forward_hook(lambda *_: {"hidden": 1}, prepend=True)
        try:
            logits(lm)
        finally:
            handle.remove()


def test_another_number_of_rows_is_refused(llama: LanguageModel, vectors: Tensor) -> None:
    with pytest.raises(SettingsError, match="2 steering vectors for a batch of 1"), steering(llama, 1, vectors):
        logits(llama, rows=1)
    with pytest.raises(SettingsError, match="1 steering vectors for a batch of 2"), steering(llama, 1, vectors[:1]):
        logits(llama, rows=2)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (torch.zeros(2, WIDTH + 1), "give one row of 32 numbers"),
        (torch.zeros(WIDTH), "give one row of 32 numbers"),
        (torch.full((2, WIDTH), float("nan")), "not finite"),
        (torch.full((2, WIDTH), float("inf")), "not finite"),
        (torch.full((2, WIDTH), 1e300, dtype=torch.float64), "too large for torch.float32"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(llama: LanguageModel, wrong: Tensor, said: str) -> None:
    with pytest.raises(VectorError, match=said), steering(llama, 1, wrong):
        raise AssertionError("steered with a wrong vector")


def test_a_layer_out_of_range_is_refused(llama: LanguageModel, vectors: Tensor) -> None:
    with pytest.raises(SettingsError, match="blocks 0 to 2"), steering(llama, 3, vectors):
        raise AssertionError("steered a layer that is not there")


def test_the_caller_s_vectors_can_change_without_effect(llama: LanguageModel, vectors: Tensor) -> None:
    with steering(llama, 1, vectors):
        expected = logits(llama)
        vectors.zero_()
        assert torch.equal(logits(llama), expected)


def test_no_hook_and_no_lock_stays_after_an_exception(llama: LanguageModel, vectors: Tensor) -> None:
    unsteered = logits(llama)
    with pytest.raises(ZeroDivisionError), steering(llama, 1, vectors):  # noqa: PT012
        assert own_hooks(llama.blocks[1])
        raise ZeroDivisionError
    assert not own_hooks(llama.blocks[1])
    assert torch.equal(logits(llama), unsteered)
    assert not llama.lock.held


def test_steering_is_undone_by_leaving_it(llama: LanguageModel, vectors: Tensor) -> None:
    unsteered = logits(llama)
    with steering(llama, 1, vectors):
        assert not torch.equal(logits(llama), unsteered)
    assert torch.equal(logits(llama), unsteered)


class Elsewhere(threading.Thread):
    """Reads the unsteered model in a second thread, with the lock (as the house does) or without."""

    def __init__(self, lm: LanguageModel, locked: bool) -> None:
        super().__init__()
        self.lm, self.locked = lm, locked
        self.started = threading.Event()
        self.result: Tensor | None = None

    def run(self) -> None:
        self.started.set()
        self.result = next_token_logprobs(self.lm, PROMPTS) if self.locked else logits(self.lm)


def test_a_second_thread_waits_until_the_steering_is_over(vectors: Tensor) -> None:
    lm = tiny_lm("llama")
    expected = next_token_logprobs(lm, PROMPTS)
    with steering(lm, 1, vectors):
        other = Elsewhere(lm, locked=True)
        other.start()
        other.started.wait()
        other.join(timeout=0.2)
        assert other.is_alive(), "the second thread did not wait"
        assert not torch.equal(next_token_logprobs(lm, PROMPTS), expected), "the first thread is not steered"
    other.join()
    assert other.result is not None
    assert torch.equal(other.result, expected)


def test_without_the_lock_a_second_thread_would_be_steered(vectors: Tensor) -> None:
    lm = tiny_lm("llama")
    unsteered = logits(lm)
    with steering(lm, 1, vectors):
        other = Elsewhere(lm, locked=False)
        other.start()
        other.join()
    assert other.result is not None
    assert not torch.equal(other.result, unsteered)
