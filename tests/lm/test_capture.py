import pytest
import torch
from torch import nn

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode
from tests.lm.conftest import own_hooks
from tests.lm.families import TEXTS, WIDTH, tiny_lm


def test_shape_kind_and_place(llama: LanguageModel) -> None:
    encoded = encode(llama, TEXTS)
    states = capture(llama, encoded, [2, 0])
    assert set(states) == {0, 2}
    for rows in states.values():
        assert rows.shape == (*encoded.ids.shape, WIDTH)
        assert rows.dtype == torch.float32
        assert rows.device.type == "cpu"


def test_blocks_above_the_last_wanted_one_are_not_run(llama: LanguageModel) -> None:
    run: list[int] = []
    handles = [
        block.register_forward_hook(lambda *_, i=index: run.append(i)) for index, block in enumerate(llama.blocks)
    ]
    try:
        capture(llama, encode(llama, TEXTS[:1]), [0, 1])
        assert run == [0, 1]
        run.clear()
        capture(llama, encode(llama, TEXTS[:1]), [2])
        assert run == [0, 1, 2]
    finally:
        for handle in handles:
            handle.remove()


def test_states_can_be_changed_and_do_not_share_memory(llama: LanguageModel) -> None:
    encoded = encode(llama, TEXTS[:1])
    first = capture(llama, encoded, [1])[1]
    kept = first.clone()
    first += 1
    assert torch.equal(capture(llama, encoded, [1])[1], kept)
    assert first.requires_grad_().sum().backward() is None


def test_half_precision_models_give_float32() -> None:
    lm = tiny_lm("llama")
    exact = capture(lm, encode(lm, TEXTS), [1])[1]
    nn.Module.to(lm.model, torch.bfloat16)
    rough = capture(lm, encode(lm, TEXTS), [1])[1]
    assert rough.dtype == torch.float32
    assert 0 < (rough - exact).abs().mean() < 0.1 * exact.abs().mean()


def test_no_layer_and_a_layer_out_of_range_are_refused(llama: LanguageModel) -> None:
    encoded = encode(llama, TEXTS[:1])
    with pytest.raises(SettingsError, match="no layer was chosen"):
        capture(llama, encoded, [])
    with pytest.raises(SettingsError, match="blocks 0 to 2"):
        capture(llama, encoded, [0, 3])


def test_an_error_in_the_model_passes_through_and_leaves_no_hook(llama: LanguageModel) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    handle = llama.blocks[1].register_forward_hook(fail)
    try:
        with pytest.raises(RuntimeError, match="out of memory"):
            capture(llama, encode(llama, TEXTS[:1]), [0, 2])
    finally:
        handle.remove()
    assert not any(own_hooks(block) for block in llama.blocks)
    assert not llama.lock.held
