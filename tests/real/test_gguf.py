"""Real GGUF files load as the library itself loads them, are converted once, and vectors for them name their family."""

from pathlib import Path
from typing import Any

import pytest
import torch
from gguf import GGUFReader
from transformers import AutoModelForCausalLM

from lrt_explorer.lm import conversion
from lrt_explorer.lm.load import load
from lrt_explorer.lm.summary import architecture, describe
from tests.real.conftest import RealPair

TEXT = "The capital of France is Paris, and in 1984 the old town had 12 bridges."
SIZES = {"small": (134_515_008, 30, 576), "large": (268_098_176, 18, 640)}
MARKS_BEGINNING = {"small": False, "large": True}


@pytest.mark.parametrize("side", ["small", "large"])
def test_a_file_computes_what_the_library_makes_of_it(pair: RealPair, side: str) -> None:
    file: Path = getattr(pair, side)
    lm = load(str(file), device="cpu")
    assert (lm.parameters, lm.layers, lm.width) == SIZES[side]
    encoded = lm.tokenizer(TEXT, return_tensors="pt")
    ids: list[int] = encoded["input_ids"][0].tolist()
    pieces = [lm.tokenizer.decode([token]) for token in ids]
    assert (ids[0] == lm.tokenizer.bos_token_id) == MARKS_BEGINNING[side]
    # Both models were trained on numbers split into digits.
    assert [piece for piece in pieces if any(map(str.isdigit, piece))] == list("198412")
    kind: Any = AutoModelForCausalLM
    reference = kind.from_pretrained(file.parent, gguf_file=str(file), dtype=torch.float32)
    with torch.inference_mode():
        ours, theirs = (model(input_ids=encoded["input_ids"]).logits for model in (lm.model, reference))
    assert float((ours - theirs).abs().max()) < 1e-3


def test_the_second_start_converts_nothing(pair: RealPair, monkeypatch: pytest.MonkeyPatch) -> None:
    first = {name: load(name, device="cpu").fingerprint for name in pair.names}

    def refuse(*_: object) -> None:
        raise AssertionError("a model was converted or hashed again")

    monkeypatch.setattr(conversion, "_convert", refuse)
    monkeypatch.setattr("hashlib.file_digest", refuse)
    assert {name: load(name, device="cpu").fingerprint for name in pair.names} == first


def test_a_file_is_described_without_loading_it(pair: RealPair) -> None:
    for side, name in zip(SIZES, pair.names, strict=True):
        found = describe(name)
        assert (found.parameters, found.layers, found.width, found.available) == (*SIZES[side], True)
    assert [architecture(name) for name in pair.names] == ["llama", "gemma3"]


def test_our_header_reader_agrees_with_llama_cpp_s(pair: RealPair) -> None:
    assert describe(pair.names[0]).parameters == sum(int(t.n_elements) for t in GGUFReader(pair.small).tensors)
