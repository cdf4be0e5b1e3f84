"""Files of strangers: what is too large, or is no file, is refused before it is read."""

import os
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lrt_explorer.concepts.contrast import import_contrast
from lrt_explorer.errors import ArtifactError, ContrastError, LRTError, VectorError
from lrt_explorer.limits import VECTOR_BYTES, VECTOR_HEADER_BYTES
from lrt_explorer.store import load_artifact, load_vector, save_artifact
from lrt_explorer.store.gguf_cursor import MAGIC
from lrt_explorer.store.reading import read_whole


def sparse(path: Path, length: int) -> Path:
    with path.open("wb") as file:
        file.truncate(length)
    return path


def gguf_text(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def test_a_file_that_grows_while_it_is_read_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "grown"
    path.write_bytes(b"x" * 100)
    assert read_whole(path, 100, ArtifactError, "this") == b"x" * 100
    monkeypatch.setattr("lrt_explorer.store.reading.check_size", lambda *_: None)
    with pytest.raises(ArtifactError, match="grown is larger than 99 bytes, the most for this; choose another file"):
        read_whole(path, 99, ArtifactError, "this")


@pytest.mark.parametrize("name", ["v.safetensors", "v.gguf"])
def test_a_large_vector_file_is_refused_unread(tmp_path: Path, name: str) -> None:
    path = sparse(tmp_path / name, VECTOR_BYTES + 1)
    with pytest.raises(VectorError, match="larger than 50 MB"):
        load_vector(path)


def test_a_long_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.safetensors"
    save_file({"values": torch.ones(3)}, path, {"kind": "x" * VECTOR_HEADER_BYTES})
    with pytest.raises(VectorError, match="describes itself in 1 MB"):
        load_vector(path)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("name", ["p.jsonl", "p.safetensors", "p.gguf"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(LRTError):
        (import_contrast if name.endswith("jsonl") else load_vector)(tmp_path / name)


def test_rows_of_a_control_vector_cannot_share_their_bytes(tmp_path: Path) -> None:
    width, rows = 20_000, 2_000
    head = MAGIC + struct.pack("<IQQ", 3, rows, 1)
    head += gguf_text("general.architecture") + struct.pack("<I", 8) + gguf_text("controlvector")
    for layer in range(rows):
        head += gguf_text(f"direction.{layer}") + struct.pack("<IQIQ", 1, width, 0, 0)
    path = tmp_path / "v.gguf"
    path.write_bytes(head + bytes(-len(head) % 32) + bytes(4 * width))
    with pytest.raises(VectorError, match="cut off or damaged"):
        load_vector(path, 1)


def test_a_control_vector_of_endless_metadata_is_refused(tmp_path: Path) -> None:
    pairs = 2 * VECTOR_HEADER_BYTES // 20
    head = MAGIC + struct.pack("<IQQ", 3, 0, pairs)
    head += b"".join(gguf_text(f"{number:04x}") + struct.pack("<II", 4, 0) for number in range(pairs))
    path = tmp_path / "v.gguf"
    path.write_bytes(head)
    with pytest.raises(VectorError, match="cut off or damaged"):
        load_vector(path)


@pytest.mark.parametrize(
    "spoil", [lambda text: text.replace("{", '{"x": ' + "[" * 40 + "]" * 40 + ", ", 1), lambda text: "[" * 100_000]
)
def test_an_artifact_whose_description_is_nested_too_deep_is_damaged(tmp_path: Path, spoil) -> None:  # type: ignore[no-untyped-def]
    folder = save_artifact(tmp_path / "a", "map", {"x": 1}, {"t": torch.ones(2)})
    header = folder / "artifact.json"
    header.write_text(spoil(header.read_text()))
    with pytest.raises(ArtifactError, match="is not valid JSON"):
        load_artifact(folder, "map")


def test_a_table_of_many_columns_with_one_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",".join(f"c{number}" for number in range(300_000)) + ",c299999\n1,2\n")
    with pytest.raises(ContrastError, match="names the column 'c299999' twice"):
        import_contrast(path)
