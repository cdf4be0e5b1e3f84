from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from lrt_explorer.errors import VectorError
from lrt_explorer.store import VectorFile, load_vector, save_vector

METADATA = {
    "kind": "lrt-vector",
    "version": "1",
    "model": "tinyworld-s",
    "fingerprint": "aaa",
    "layer": "2",
    "concept": "mood",
    "method": "mean-difference",
    "reading": "all-tokens",
}


def some_vector(values: Tensor | None = None) -> VectorFile:
    return VectorFile(
        values=torch.linspace(-1, 1, 8) if values is None else values,
        model="tinyworld-s",
        fingerprint="aaa",
        layer=2,
        concept="mood · Stimmung",
        method="mean-difference",
        reading="all-tokens",
    )


def one_sentence(error: pytest.ExceptionInfo[Exception]) -> None:
    assert "\n" not in str(error.value)
    assert str(error.value).count(";") == 1, "what is wrong; what to do"


def test_a_vector_comes_back_to_the_bit(tmp_path: Path) -> None:
    vector = some_vector()
    loaded = load_vector(save_vector(tmp_path / "deep" / "mood.safetensors", vector))
    assert torch.equal(loaded.values, vector.values)
    assert {**vars(loaded), "values": None} == {**vars(vector), "values": None}


def test_the_file_is_plain_safetensors_with_its_description(tmp_path: Path) -> None:
    save_vector(tmp_path / "mood.safetensors", some_vector())
    with safe_open(tmp_path / "mood.safetensors", framework="pt") as file:
        assert list(file.keys()) == ["values"]
        assert file.metadata() == METADATA | {"concept": "mood · Stimmung"}


def test_saving_again_replaces_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "out" / "mood.safetensors"
    save_vector(path, some_vector())
    loaded = load_vector(path)
    save_vector(path, some_vector(torch.ones(3)))
    assert torch.equal(load_vector(path).values, torch.ones(3))
    assert torch.equal(loaded.values, some_vector().values)
    assert [entry.name for entry in path.parent.iterdir()] == ["mood.safetensors"]


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out" / "mood.safetensors"
    save_vector(path, some_vector())

    def full_disk(tensors: dict[str, Tensor], place: Path, metadata: dict[str, str]) -> None:
        place.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr("lrt_explorer.store.vectors.save_file", full_disk)
    with pytest.raises(VectorError, match="no space left") as error:
        save_vector(path, some_vector(torch.ones(3)))
    one_sentence(error)
    assert torch.equal(load_vector(path).values, some_vector().values)
    assert [entry.name for entry in path.parent.iterdir()] == ["mood.safetensors"]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_widths_of_numbers_become_float32(tmp_path: Path, dtype: torch.dtype) -> None:
    save_file({"values": torch.ones(4, dtype=dtype)}, tmp_path / "v.safetensors", METADATA)
    assert load_vector(tmp_path / "v.safetensors").values.dtype == torch.float32


def test_nothing_outside_can_change_a_vector() -> None:
    values = torch.ones(4)
    vector = some_vector(values)
    values.zero_()
    assert torch.equal(vector.values, torch.ones(4))


BAD_VALUES = {
    "NaN": (torch.tensor([1.0, float("nan")]), "not finite"),
    "infinite": (torch.tensor([1.0, float("inf")]), "not finite"),
    "too large for float32": (torch.tensor([1e300], dtype=torch.float64), "not finite"),
    "two rows": (torch.ones(2, 3), "shaped \\[2, 3\\]"),
    "one row in two dimensions": (torch.ones(1, 3), "shaped \\[1, 3\\]"),
    "a number": (torch.tensor(1.0), "shaped \\[\\]"),
    "nothing": (torch.zeros(0), "shaped \\[0\\]"),
    "whole numbers": (torch.ones(3, dtype=torch.int64), "int64"),
    "zero": (torch.zeros(3), "has no direction"),
}


@pytest.mark.parametrize("bad", BAD_VALUES)
def test_values_that_are_no_vector_are_refused_in_memory_and_in_files(tmp_path: Path, bad: str) -> None:
    values, expected = BAD_VALUES[bad]
    with pytest.raises(VectorError, match=expected) as error:
        some_vector(values)
    one_sentence(error)
    save_file({"values": values}, tmp_path / "v.safetensors", METADATA)
    with pytest.raises(VectorError, match=expected) as error:
        load_vector(tmp_path / "v.safetensors")
    one_sentence(error)


BAD_METADATA: dict[str, tuple[dict[str, str] | None, str]] = {
    "none": (None, "not one steering vector"),
    "another kind": (METADATA | {"kind": "pt"}, "not one steering vector"),
    "a later format": (METADATA | {"version": "2"}, "has format 2"),
    "no model": ({name: text for name, text in METADATA.items() if name != "model"}, "which model and layer"),
    "no layer": ({name: text for name, text in METADATA.items() if name != "layer"}, "which model and layer"),
    "layer in words": (METADATA | {"layer": "two"}, "which model and layer"),
    "a negative layer": (METADATA | {"layer": "-1"}, "names layer -1"),
}


@pytest.mark.parametrize("bad", BAD_METADATA)
def test_files_that_do_not_say_what_they_are_are_refused(tmp_path: Path, bad: str) -> None:
    metadata, expected = BAD_METADATA[bad]
    save_file({"values": torch.ones(3)}, tmp_path / "v.safetensors", metadata)
    with pytest.raises(VectorError, match=expected) as error:
        load_vector(tmp_path / "v.safetensors")
    one_sentence(error)


def test_a_file_with_other_tensors_is_refused(tmp_path: Path) -> None:
    for tensors in ({"weight": torch.ones(3)}, {"values": torch.ones(3), "more": torch.ones(3)}):
        save_file(tensors, tmp_path / "v.safetensors", METADATA)
        with pytest.raises(VectorError, match="not one steering vector"):
            load_vector(tmp_path / "v.safetensors")


@pytest.mark.parametrize("keep", [0.0, 0.01, 0.3, 0.99])
def test_a_file_cut_off_is_refused(tmp_path: Path, keep: float) -> None:
    path = save_vector(tmp_path / "v.safetensors", some_vector())
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(VectorError, match="cut off") as error:
        load_vector(path)
    one_sentence(error)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x04\x95pickle", b"GGUF" + bytes(64), b"\xff" * 200])
def test_files_of_another_kind_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v.safetensors").write_bytes(content)
    with pytest.raises(VectorError, match="is cut off or not a safetensors file") as error:
        load_vector(tmp_path / "v.safetensors")
    one_sentence(error)


def test_a_path_without_a_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing", tmp_path / "no" / "where"):
        with pytest.raises(VectorError, match="no vector file") as error:
            load_vector(path)
        one_sentence(error)


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(VectorError, match="cannot be written") as error:
        save_vector(tmp_path / "file" / "v.safetensors", some_vector())
    one_sentence(error)


def test_a_negative_layer_is_refused() -> None:
    with pytest.raises(VectorError, match="layers count from 0"):
        replace(some_vector(), layer=-1)
