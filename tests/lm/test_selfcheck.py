"""Each question of the self-check finds its fault, in a model built wrong on purpose."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from lrt_explorer.errors import ModelError
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.generate import generate_arms, generate_batch
from lrt_explorer.lm.load import wrap_model
from lrt_explorer.lm.model import LanguageModel, Traits
from lrt_explorer.lm.tokens import encode
from tests.lm.conftest import own_hooks
from tests.lm.families import CONTEXT, TEXTS, WIDTH, tiny_model, tiny_tokenizer

BAD = 1
"""The block that is built wrong."""


def blocks_of(model: PreTrainedModel) -> list[Any]:
    layers: Any = model.get_decoder().layers
    return list(layers)


def changed(change: Callable[[Tensor], Any], model: PreTrainedModel | None = None) -> PreTrainedModel:
    """A model of which one block hands on something else than it computes."""
    model = model or tiny_model("llama")
    block = blocks_of(model)[BAD]
    right = block.forward
    block.forward = lambda *args, **kwargs: change(right(*args, **kwargs))
    return model


def checked(model: PreTrainedModel, **more: Any) -> LanguageModel:
    return wrap_model("odd", model, tiny_tokenizer(), **more)


def refusal(model: PreTrainedModel, **more: Any) -> str:
    with pytest.raises(ModelError) as caught:
        checked(model, **more)
    said = str(caught.value)
    assert "\n" not in said and "odd" in said
    assert [hook for block in blocks_of(model) for hook in own_hooks(block)] == [], "hooks stay behind"
    return said


def test_a_sound_model_passes_and_is_left_as_it_was() -> None:
    model = tiny_model("llama")
    ids = torch.tensor([[5, 6, 7]])
    with torch.inference_mode():
        before = model(ids).logits
        lm = checked(model)
        assert torch.equal(model(ids).logits, before)
    assert (lm.traits, lm.width, lm.context) == (Traits(), WIDTH, CONTEXT)
    assert [hook for block in lm.blocks for hook in own_hooks(block)] == []
    assert all("forward" not in vars(block) for block in lm.blocks)


@pytest.mark.parametrize("share", [1.0, 0.1, 0.003])
def test_reading_ahead_is_found_also_where_it_does_little(share: float) -> None:
    said = refusal(changed(lambda states: states + share * states.mean(dim=1, keepdim=True)))
    assert "is not a causal language model" in said and said.endswith("choose a decoder")


def disturbed_by(sees: Callable[[Tensor], bool]) -> PreTrainedModel:
    """A model whose states change in all rows if the tokens of a batch look a certain way."""
    model = tiny_model("llama")
    seen: list[bool] = []

    def look(module: Any, inputs: tuple[Tensor, ...]) -> None:
        seen[:] = [sees(inputs[0])]

    model.get_input_embeddings().register_forward_pre_hook(look)
    return changed(lambda states: states * (1.5 if seen[0] else 1.0), model)


def test_where_padding_changes_states_texts_are_read_and_written_by_length() -> None:
    lm = checked(disturbed_by(lambda ids: bool((ids == 0).any())))
    assert lm.traits == Traits(pads_left=False, pads_right=False)
    together = capture(lm, encode(lm, TEXTS), [2])[2]
    for row, text in enumerate(TEXTS):
        alone = capture(lm, encode(lm, [text]), [2])[2][0]
        torch.testing.assert_close(together[row, : len(alone)], alone, rtol=1e-4, atol=1e-4)
    prompts = ["The", "In the morning the farmer"]
    together_written = generate_batch(lm, prompts, max_new_tokens=4)
    assert together_written == [generate_batch(lm, [prompt], max_new_tokens=4)[0] for prompt in prompts]


def test_where_padding_on_the_left_alone_changes_states_texts_are_still_read_together() -> None:
    lm = checked(disturbed_by(lambda ids: bool((ids[:, 0] == 0).any())))
    assert lm.traits == Traits(pads_left=False)


def written(lm: LanguageModel, use_cache: bool = True) -> tuple[str, ...]:
    steps = generate_arms(lm, "The sea", BAD, torch.zeros(2, WIDTH), max_new_tokens=6, use_cache=use_cache)
    return list(steps)[-1].texts


def test_where_the_cache_gives_other_states_all_is_read_again() -> None:
    model = changed(lambda states: states * (3.0 if states.shape[1] == 1 else 1.0))
    lm = checked(model)
    assert lm.traits == Traits(caches=False)
    assert written(lm) == written(lm, use_cache=False)
    trusting = wrap_model("sound", tiny_model("llama"), tiny_tokenizer())
    trusting = LanguageModel(**{**vars(trusting), "model": model, "blocks": blocks_of(model)})
    assert written(trusting) != written(lm), "the fault does not show in texts, so the test says nothing"


def test_where_rows_of_a_batch_are_mixed_when_it_goes_on_all_is_read_again() -> None:
    # As the library does it for rwkv.
    assert not checked(changed(lambda h: h + 0.5 * h.flip(0) if h.shape[:2] == (2, 1) else h)).traits.caches


def test_positions_that_a_family_counts_itself_are_not_given() -> None:
    model = tiny_model("llama")

    def count(module: Any, args: Any, kwargs: dict[str, Any]) -> None:
        if kwargs.get("position_ids") is not None:
            raise ValueError("positions are not taken")

    model.register_forward_pre_hook(count, with_kwargs=True)
    lm = checked(model)
    assert lm.traits == Traits(positions=False)
    assert written(lm) == written(checked(tiny_model("llama")))


def test_a_model_that_writes_otherwise_than_it_reads_is_refused() -> None:
    # At some lengths, and at each step from the cache.
    said = refusal(changed(lambda states: states * (1.5 if states.shape[1] in (1, 10, 11) else 1.0)))
    assert "writes otherwise than it reads" in said and said.endswith("choose another model")


@pytest.mark.parametrize(
    ("dtype", "remedy"),
    [(torch.float32, "download them again"), (torch.bfloat16, "download them again, or load it in float32")],
)
def test_states_that_are_not_finite_are_told_with_their_block(dtype: torch.dtype, remedy: str) -> None:
    model = tiny_model("llama", dtype=dtype)
    with torch.no_grad():
        blocks_of(model)[BAD].mlp.down_proj.weight[0, 0] = float("inf")
    precision = str(dtype).removeprefix("torch.")
    assert refusal(model) == (
        f"the states from block {BAD} on of odd are not finite: its weights are damaged, or overflow in {precision}; "
        f"{remedy}"
    )


def test_the_block_is_told_where_the_library_fails_because_of_it() -> None:
    model = changed(lambda states: states * float("nan"))

    def fail(*_: Any) -> None:
        raise RuntimeError("probability tensor contains nan")

    blocks_of(model)[BAD + 1].register_forward_pre_hook(fail)
    with pytest.raises(ModelError, match=f"the states from block {BAD} on of odd are not finite"):
        checked(model)


def test_logits_that_are_not_finite_are_told_apart() -> None:
    model = tiny_model("llama")
    with torch.no_grad():
        model.get_output_embeddings().weight[3] = float("nan")
    assert refusal(model).startswith("the logits (though the states of all blocks are finite) of odd are not finite")


def flattened(states: Tensor) -> Tensor:
    return states.flatten(0, 1)


def test_states_of_another_shape_are_told_with_both_shapes() -> None:
    model = changed(flattened)
    rest = blocks_of(model)[BAD + 1]
    right = rest.forward
    rest.forward = lambda states, *args, **kwargs: right(states.reshape(1, -1, WIDTH), *args, **kwargs)
    assert refusal(model) == (
        f"block {BAD} of odd outputs states of shape [4, {WIDTH}] where [1, 4, {WIDTH}] (batch, tokens, width) is "
        "needed; choose another model"
    )


def test_a_block_of_another_width_is_told() -> None:
    model = changed(lambda states: states[..., : WIDTH // 2])
    rest = blocks_of(model)[BAD + 1]
    right = rest.forward
    rest.forward = lambda states, *args, **kwargs: right(torch.cat([states, states], -1), *args, **kwargs)
    assert f"block {BAD} of odd outputs states of shape [1, 4, {WIDTH // 2}]" in refusal(model)


def test_blocks_that_give_no_states_are_told() -> None:
    model = changed(lambda states: {"states": states})
    rest = blocks_of(model)[BAD + 1]
    right = rest.forward
    rest.forward = lambda found, *args, **kwargs: right(found["states"], *args, **kwargs)
    assert "odd cannot be steered, because its blocks give dict instead of hidden states" in refusal(model)


def test_states_in_several_streams_need_an_active_one() -> None:
    model = changed(lambda states: torch.stack([states, states]))
    rest = blocks_of(model)[BAD + 1]
    right = rest.forward
    rest.forward = lambda states, *args, **kwargs: right(states[0], *args, **kwargs)
    assert "several streams of states and does not say which is the active one" in refusal(model)


def test_blocks_that_are_not_run_once_and_in_order_are_refused() -> None:
    model = tiny_model("llama")
    said = "odd does not run its 3 blocks once each and in order"
    assert said in refusal(model, blocks=blocks_of(model)[::-1])
    assert said in refusal(model, blocks=[*blocks_of(model)[:2], blocks_of(tiny_model("llama"))[2]])
    assert checked(model, blocks=blocks_of(model)).layers == 3


def test_a_model_that_cannot_be_run_says_what_the_library_says() -> None:
    model = tiny_model("llama")

    def fail(*_: Any) -> None:
        raise RuntimeError("this needs a kernel that is not here.\nTraceback of the kernel")

    model.register_forward_pre_hook(fail)
    assert refusal(model) == "odd cannot be run (this needs a kernel that is not here); choose another model"
