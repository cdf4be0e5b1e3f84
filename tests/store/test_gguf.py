"""GGUF control vectors: what the gguf package writes is read, what is written it reads, and nothing else passes."""

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import VectorError
from lrt_explorer.store import VectorFile, load_vector, read_gguf, save_vector, write_gguf

gguf = pytest.importorskip("gguf")

VECTOR = VectorFile(torch.linspace(-1, 1, 7), "tinyworld-s", "aaa", 3, "mood · Stimmung", "mean-difference", "token-2")
DIRECTIONS = {layer: torch.randn(7, generator=torch.Generator().manual_seed(layer)) for layer in (11, 2, 1)}


def by_package(path: Path, directions: dict[int, np.ndarray], architecture: str = "controlvector") -> Path:
    """As repeng writes them."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_string(f"{architecture}.model_hint", "llama")
    writer.add_uint32(f"{architecture}.layer_count", len(directions))
    writer.add_array("some.words", ["a", "bc"])
    writer.add_array("some.numbers", [1, 2, 3])
    for layer, values in directions.items():
        writer.add_tensor(f"direction.{layer}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_the_package_reads_what_is_written(tmp_path: Path) -> None:
    write_gguf(tmp_path / "v.gguf", "qwen2", DIRECTIONS, {"lrt_explorer.concept": "mood"})
    reader = gguf.GGUFReader(tmp_path / "v.gguf")
    assert reader.get_field("general.architecture").contents() == "controlvector"
    assert reader.get_field("controlvector.model_hint").contents() == "qwen2"
    assert reader.get_field("controlvector.layer_count").contents() == 3
    assert reader.get_field("lrt_explorer.concept").contents() == "mood"
    assert {tensor.name: tensor.shape.tolist() for tensor in reader.tensors} == {
        f"direction.{layer}": [7] for layer in (1, 2, 11)
    }
    for tensor in reader.tensors:
        assert tensor.tensor_type == gguf.GGMLQuantizationType.F32
        assert tensor.data_offset % 32 == 0
        assert np.array_equal(tensor.data, DIRECTIONS[int(tensor.name.split(".")[1])].numpy())


def test_what_the_package_writes_is_read(tmp_path: Path) -> None:
    path = by_package(tmp_path / "repeng.gguf", {layer: values.numpy() for layer, values in DIRECTIONS.items()})
    found = read_gguf(path)
    assert (found.model_hint, list(found.directions)) == ("llama", [1, 2, 11])
    assert all(torch.equal(found.directions[layer], values) for layer, values in DIRECTIONS.items())
    vector = load_vector(path, layer=11, width=7)
    assert torch.equal(vector.values, DIRECTIONS[11])
    assert (vector.model, vector.fingerprint, vector.layer, vector.concept) == ("llama", "", 11, "repeng")
    with pytest.raises(VectorError, match="holds several layers; choose one of its layers 1, 2, 11"):
        load_vector(path)
    with pytest.raises(VectorError, match="holds no layer 3; choose one of its layers"):
        load_vector(path, layer=3)


def test_a_vector_comes_back_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    loaded = load_vector(save_vector(tmp_path / "deep" / "v.GGUF", VECTOR))
    assert torch.equal(loaded.values, VECTOR.values)
    assert {**vars(loaded), "values": None} == {**vars(VECTOR), "values": None}
    assert [entry.name for entry in (tmp_path / "deep").iterdir()] == ["v.GGUF"]


@pytest.mark.parametrize("suffix", ["gguf", "safetensors"])
def test_layer_and_width_are_checked_on_load(tmp_path: Path, suffix: str) -> None:
    path = save_vector(tmp_path / f"v.{suffix}", VECTOR)
    assert load_vector(path, 3, 7).layer == 3
    with pytest.raises(VectorError, match=r"layer 3, not 2|holds no layer 2") as refusal:
        load_vector(path, 2)
    one_sentence(refusal)
    with pytest.raises(VectorError, match="holds a vector of 7 numbers where 16 are needed") as refusal:
        load_vector(path, width=16)
    one_sentence(refusal)


def test_what_llama_cpp_would_refuse_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(VectorError, match="no control vector at layer 0"):
        save_vector(tmp_path / "v.gguf", replace(VECTOR, layer=0))
    for directions, said in (({}, "no direction"), ({1: torch.ones(2), 2: torch.ones(3)}, "one row of one width")):
        with pytest.raises(VectorError, match=said):
            write_gguf(tmp_path / "v.gguf", "llama", directions, {})
    (tmp_path / "file").write_text("")
    with pytest.raises(VectorError, match="cannot be written"):
        save_vector(tmp_path / "file" / "v.gguf", VECTOR)
    assert not (tmp_path / "v.gguf").exists()
    assert load_vector(by_package(tmp_path / "zero.gguf", {0: np.ones(3, np.float32)})).layer == 0


BAD: dict[str, tuple[dict[int, Tensor], str]] = {
    "NaN": ({1: torch.tensor([1.0, torch.nan])}, "not finite at layer 1"),
    "infinite": ({2: torch.tensor([1.0, torch.inf])}, "not finite at layer 2"),
    "half precision": ({1: torch.ones(4, dtype=torch.float16)}, "in another precision"),
    "two rows": ({1: torch.ones(2, 3)}, "of 2 dimensions"),
    "two widths": ({1: torch.ones(2), 2: torch.ones(3)}, "one row of one width"),
    "zero": ({1: torch.zeros(3)}, "has no direction"),
}


@pytest.mark.parametrize("bad", BAD)
def test_directions_that_are_no_vectors_are_refused(tmp_path: Path, bad: str) -> None:
    directions, said = BAD[bad]
    path = by_package(tmp_path / "v.gguf", {layer: values.numpy() for layer, values in directions.items()})
    with pytest.raises(VectorError, match=said) as refusal:
        load_vector(path, next(iter(directions)))
    one_sentence(refusal)


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    path = by_package(tmp_path / "m.gguf", {1: np.ones(3, np.float32)}, "llama")
    with pytest.raises(VectorError, match="holds 'llama', not a control vector"):
        load_vector(path)
    for content in (b"", b"hello", b"\x80\x04\x95pickle", b"GGU"):
        path.write_bytes(content)
        with pytest.raises(VectorError, match="is no GGUF file") as refusal:
            load_vector(path)
        one_sentence(refusal)
    path.write_bytes(b"GGUF" + struct.pack("<I", 9) + bytes(64))
    with pytest.raises(VectorError, match="GGUF version 9"):
        load_vector(path)
    for absent in (tmp_path, tmp_path / "absent.gguf"):
        with pytest.raises(VectorError, match="no vector file"):
            load_vector(absent)


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    path = save_vector(tmp_path / "v.gguf", VECTOR)
    content = path.read_bytes()
    whole = len(content) - (-4 * 7) % 32
    for length in range(4, whole, 3):
        path.write_bytes(content[:length])
        with pytest.raises(VectorError) as refusal:
            load_vector(path)
        one_sentence(refusal)


def test_false_counts_cost_nothing(tmp_path: Path) -> None:
    """A few bytes that promise 2⁶⁰ entries, or a list of as many, are refused at once."""
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"a"
    bombs = [
        b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60),
        *(head + struct.pack("<IIQ", 9, kind, 2**60) + bytes(64) for kind in (0, 6, 8, 9, 77)),
        head + struct.pack("<IQ", 8, 2**60) + bytes(64),
    ]
    for content in bombs:
        (tmp_path / "v.gguf").write_bytes(content)
        with pytest.raises(VectorError) as refusal:
            read_gguf(tmp_path / "v.gguf")
        one_sentence(refusal)


def one_sentence(refusal: pytest.ExceptionInfo[VectorError]) -> None:
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).count(";") == 1, "what is wrong; what to do"


def test_the_hint_names_the_architecture_where_it_is_known(tmp_path: Path) -> None:
    assert read_gguf(save_vector(tmp_path / "a.gguf", VECTOR, "gemma3")).model_hint == "gemma3"
    assert read_gguf(save_vector(tmp_path / "b.gguf", VECTOR)).model_hint == "tinyworld-s"
