"""`vector` and `transfer` with every option, on tiny models."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from lrt_explorer.cli import main
from lrt_explorer.concepts.contrast import write_contrast
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.store import load_vector, read_gguf, save_map, write_gguf
from tests.concepts.test_vectors import INFO
from tests.study.tiny import CONCEPT, small


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("small")
    small().model.save_pretrained(folder)
    small().tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture
def concept(tmp_path: Path) -> str:
    write_contrast(tmp_path / "mood.jsonl", CONCEPT)
    return str(tmp_path / "mood.jsonl")


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main([*map(str, arguments), "--json"]) == 0, capsys.readouterr().err
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def fail(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([*map(str, arguments)]) == 1
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("error: ") and "this should not happen" not in line
    return line


@pytest.mark.parametrize("method", ["mean-difference", "principal-component"])
def test_the_diagnosis_stands_beside_the_vector(
    capsys: pytest.CaptureFixture[str], model: str, concept: str, method: str
) -> None:
    how = ("--method", method, "--reading", "token-2", "--whiten")
    result = run(capsys, "vector", model, "--layer", 1, "--concept", concept, *how)
    assert (result["method"], result["reading"]) == (f"{method}, whitened", "token-2")
    assert set(result["diagnosis"]) == {"agreement", "separation", "pairs", "verdict"}
    assert result["diagnosis"]["pairs"] == len(CONCEPT.pairs)
    assert load_vector(Path(result["artifact"])).method == result["method"]
    assert main(["vector", model, "--layer", "1", "--concept", concept, *how]) == 0
    assert result["diagnosis"]["verdict"] in capsys.readouterr().out


def test_vectors_go_through_a_map_as_gguf(
    capsys: pytest.CaptureFixture[str], model: str, concept: str, tmp_path: Path
) -> None:
    found = run(capsys, "vector", model, "--layer", 1, "--concept", concept, "--out", tmp_path / "v.gguf")
    assert list(read_gguf(tmp_path / "v.gguf").directions) == [1]
    map = AffineMap(torch.randn(16, 32, dtype=torch.float64), torch.ones(32))
    save_map(tmp_path / "map", map, INFO.__class__(**{**vars(INFO), "small_fingerprint": small().fingerprint}))
    transfer = ("transfer", "--map", tmp_path / "map", "--vector")
    told = run(capsys, *transfer, found["artifact"], "--out", tmp_path / "moved.gguf")
    assert map.digest[:12] in told["mapped_from"] == load_vector(tmp_path / "moved.gguf").mapped_from
    moved = load_vector(tmp_path / "moved.gguf")
    assert (moved.layer, moved.model, moved.concept) == (2, "tiny-large-one", "mood")
    assert torch.allclose(moved.values, map.direction(load_vector(tmp_path / "v.gguf").values), atol=1e-5)

    # A control vector of another program has many layers; the map says which.
    write_gguf(tmp_path / "all.gguf", "llama", {1: torch.ones(16), 2: -torch.ones(16)}, {})
    run(capsys, *transfer, tmp_path / "all.gguf", "--out", tmp_path / "moved.safetensors")
    assert torch.allclose(load_vector(tmp_path / "moved.safetensors").values, map.direction(torch.ones(16)), atol=1e-5)
    write_gguf(tmp_path / "wide.gguf", "llama", {1: torch.ones(24)}, {})
    out = ("--out", tmp_path / "none.gguf")
    assert "24 numbers where 16 are needed" in fail(capsys, *transfer, tmp_path / "wide.gguf", *out)
    write_gguf(tmp_path / "high.gguf", "llama", {7: torch.ones(16)}, {})
    assert "holds no layer 1" in fail(capsys, *transfer, tmp_path / "high.gguf", *out)


def test_any_format_is_a_concept_and_what_is_wrong_is_said(
    capsys: pytest.CaptureFixture[str], model: str, concept: str, tmp_path: Path
) -> None:
    table = tmp_path / "set.csv"
    table.write_text("text,label\nThe cook laughed.,1\nTom wept.,0\nAnna laughed.,1\nShe wept.,0\n")
    command = ("vector", model, "--layer", 1, "--concept")
    assert run(capsys, *command, table)["diagnosis"]["verdict"].startswith("Too few pairs")
    table.write_text("text,label\nThe cook laughed.,1\n,0\n")
    assert "line 3 of set.csv has nothing under 'text'" in fail(capsys, *command, table)
    assert "is not a way to read a vector; choose" in fail(capsys, *command, concept, "--reading", "middle")
    assert "no control vector at layer 0" in fail(
        capsys, "vector", model, "--layer", 0, "--concept", concept, "--out", tmp_path / "v.gguf"
    )
