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

SMALL = Recipe("small", "llama", width=32, blocks=2, heads=2, inner=48, vocabulary=400, cycles=(8 * 128 * 12,), rows=8)


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


def test_a_second_cycle_goes_on_alike_whether_broken_off_in_it_or_started_from_the_export_of_the_first(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    twice = replace(SMALL, cycles=(8 * 128 * 6, 8 * 128 * 6))
    whole = _finish(tokenizer, tmp_path / "whole", twice)
    broken = train(twice, tokenizer, tmp_path / "broken", every=4)
    assert [next(broken).step, next(broken).step] == [4, 8]
    broken.close()
    resumed = _finish(tokenizer, tmp_path / "broken", twice)
    first = _finish(tokenizer, tmp_path / "first", replace(SMALL, cycles=(8 * 128 * 6,)))
    export(first, tokenizer, tmp_path / "export")
    half = AutoModelForCausalLM.from_pretrained(tmp_path / "export", dtype=torch.float32)
    (tmp_path / "onwards").mkdir()
    beginning = {"model": half.state_dict(), "optimisers": [], "step": 6, "tokens": 0, "seconds": 0.0}
    torch.save(beginning, tmp_path / "onwards" / "checkpoint.pt")
    onwards = _finish(tokenizer, tmp_path / "onwards", twice)
    for other in (resumed, onwards):
        assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), other.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(whole.parameters(), half.parameters(), strict=True))


def test_fact_texts_come_with_the_second_cycle_alone(tokenizer: PreTrainedTokenizerFast) -> None:
    ids, _ = next(batches(tokenizer, 8, first=2, facts_from=3))
    plain, _ = next(batches(tokenizer, 8, first=2))
    assert torch.equal(ids, plain)
    later, _ = next(batches(tokenizer, 8, first=3, facts_from=3))
    stories, _ = next(batches(tokenizer, 8, first=3))
    told = [tokenizer.decode(row, skip_special_tokens=True) for row in later]
    before = [tokenizer.decode(row, skip_special_tokens=True) for row in stories]
    assert [a == b for a, b in zip(told, before, strict=True)] == [False, True, True, True] * 2


def test_training_lowers_the_held_out_loss(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    short = _finish(tokenizer, tmp_path / "short", replace(SMALL, cycles=(8 * 128,)))
    longer = _finish(tokenizer, tmp_path / "longer", replace(SMALL, cycles=(8 * 128 * 40,)))
    assert held_out_loss(longer, tokenizer, 32)[0] < held_out_loss(short, tokenizer, 32)[0] - 0.5


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_an_export_loads_and_computes_the_same(
    architecture: str, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    shape = replace(SMALL, architecture=architecture, cycles=(8 * 128,))
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
    with pytest.raises(SettingsError, match="no 'tinyworld-xxl'"):
        recipe("tinyworld-xxl")
    with pytest.raises(ArtifactError, match="No training result"):
        write_card(tmp_path, tmp_path)
