from pathlib import Path

import pytest
import torch

from lrt_explorer.lm.fingerprint import fingerprint
from lrt_explorer.lm.load import load
from tests.lm.families import tiny_model, tiny_tokenizer


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_one_checkpoint_has_one_fingerprint_however_it_is_loaded(tmp_path: Path, dtype: torch.dtype) -> None:
    tiny_model("llama", dtype=dtype).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    found = {load(str(tmp_path), dtype=kind).fingerprint for kind in (None, None, torch.float32, dtype)}
    assert len(found) == 1


def test_every_weight_counts() -> None:
    before = fingerprint(tiny_model("llama"))
    for name, _ in tiny_model("llama").named_parameters():
        model = tiny_model("llama")
        with torch.no_grad():
            model.get_parameter(name).mul_(1.1)
        assert fingerprint(model) != before, name


def test_a_slight_training_shows() -> None:
    before = fingerprint(tiny_model("llama"))
    model = tiny_model("llama")
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(1.0005)
    assert fingerprint(model) != before


def test_the_same_weights_in_another_model_do_not_pass_for_this_one() -> None:
    model = tiny_model("llama")
    before = fingerprint(model)
    model.config.num_attention_heads = 2
    assert fingerprint(model) != before


def test_models_of_other_seeds_and_families_differ() -> None:
    found = [fingerprint(tiny_model(family, seed)) for family in ("llama", "mistral", "gpt2") for seed in (0, 1)]
    assert len(set(found)) == len(found)


def test_the_fingerprint_does_not_change_with_the_library() -> None:
    """Maps carry it: if this fails, every saved map belongs to nobody any more."""
    model = tiny_model("llama")
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_((torch.arange(weight.numel()) % 97).reshape(weight.shape))
    assert fingerprint(model) == "6203572b9f4e7c2a9266bd7aa229612af86979cbba696894dc007deeabce1d20"
