"""Training: it learns, resumes where it was broken off, and exports what `from_pretrained` loads."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from lrt_explorer.errors import ArtifactError, SettingsError
from lrt_explorer.tinyworld.card import write_card
from lrt_explorer.tinyworld.family import Recipe, export, recipe, train_tokenizer
from lrt_explorer.tinyworld.train import batches, held_out_loss, train

SMALL = Recipe("small", "llama", width=32, blocks=2, heads=2, inner=48, vocabulary=400, tokens=8 * 128 * 12, rows=8)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(400, count=200)


def _finish(tokenizer: PreTrainedTokenizerFast, run: Path, shape: Recipe = SMALL) -> torch.nn.Module:
    running = train(shape, tokenizer, run, every=4)
    while True:
        try:
            next(running)
        except StopIteration as finished:
            model: torch.nn.Module = finished.value
            return model


def test_training_broken_off_ends_like_training_unbroken(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    whole = _finish(tokenizer, tmp_path / "whole")
    broken = train(SMALL, tokenizer, tmp_path / "broken", every=4)
    assert next(broken).step == 4
    broken.close()
    resumed = _finish(tokenizer, tmp_path / "broken")
    fresh = _finish(tokenizer, tmp_path / "fresh", replace(SMALL, seed=5))
    same = [torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True)]
    other = [torch.equal(a, b) for a, b in zip(whole.parameters(), fresh.parameters(), strict=True)]
    assert all(same)
    assert not all(other)


def test_training_lowers_the_held_out_loss(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    short = _finish(tokenizer, tmp_path / "short", replace(SMALL, tokens=8 * 128))
    longer = _finish(tokenizer, tmp_path / "longer", replace(SMALL, tokens=8 * 128 * 40))
    assert held_out_loss(longer, tokenizer, 32)[0] < held_out_loss(short, tokenizer, 32)[0] - 0.5


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_an_export_loads_and_computes_the_same(
    architecture: str, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    shape = replace(SMALL, architecture=architecture, tokens=8 * 128)
    model = _finish(tokenizer, tmp_path / "run", shape)
    ids, _ = next(batches(tokenizer, 2, first=0))
    with torch.inference_mode():
        before = model(input_ids=ids).logits
    export(model, tokenizer, tmp_path / "out")
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32)
    with torch.inference_mode():
        after = loaded(input_ids=ids).logits
    assert torch.allclose(before, after, atol=0.05)
    again = AutoTokenizer.from_pretrained(tmp_path / "out")
    text = "¡Quizás yo vi el delfín enorme!"
    assert again(text).input_ids == tokenizer(text).input_ids
    assert again.decode(again(text).input_ids, skip_special_tokens=True) == text


def test_unknown_members_and_missing_logs_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no model 'tinyworld-xxl'"):
        recipe("tinyworld-xxl")
    with pytest.raises(ArtifactError, match="no training result"):
        write_card(tmp_path, tmp_path)
