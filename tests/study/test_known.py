"""Vectors are read once, shipped ones before any are read, and never those of other weights or another set."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch

from lrt_explorer.concepts.directions import METHODS, method_name
from lrt_explorer.concepts.vectors import find_vectors, mean_difference
from lrt_explorer.errors import ArtifactError
from lrt_explorer.study import known as known_module
from lrt_explorer.study.known import KnownVectors, folder_name, read_shipped, ship_vectors, shipped_folder
from tests.study.tiny import CONCEPT, large, small


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path / "assets"))
    return tmp_path / "assets"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[int]]]:
    """What is read from models while the test runs."""
    seen: list[tuple[str, list[int]]] = []
    real = known_module.read_known

    def spy(lm, contrast, layers, *how):  # type: ignore[no-untyped-def]
        seen.append((lm.name, list(layers)))
        return real(lm, contrast, layers, *how)

    monkeypatch.setattr(known_module, "read_known", spy)
    return seen


def test_what_is_known_is_what_reading_gives_and_is_read_once(reads: list[tuple[str, list[int]]]) -> None:
    vectors = KnownVectors()
    first = vectors.get(small(), CONCEPT, 1)
    assert torch.equal(first.vector.values, mean_difference(small(), CONCEPT, [1])[1].values)
    assert vectors.get(small(), CONCEPT, 1) is first
    assert set(vectors.get_all(small(), CONCEPT, [0, 1, 2])) == {0, 1, 2}
    assert reads == [("tiny-small", [1]), ("tiny-small", [0, 2])]


def test_another_reading_set_or_model_is_read_anew(reads: list[tuple[str, list[int]]]) -> None:
    vectors = KnownVectors()
    for lm, concept, reading in (
        (small(), CONCEPT, "all-tokens"),
        (small(), CONCEPT, "last-token"),
        (small(), replace(CONCEPT, pairs=CONCEPT.pairs[:5]), "all-tokens"),
        (large(), CONCEPT, "all-tokens"),
    ):
        vectors.get(lm, concept, 1, reading)
    assert len(reads) == 4


def test_each_way_to_find_a_vector_is_kept_apart(reads: list[tuple[str, list[int]]]) -> None:
    vectors = KnownVectors()
    ways = list(product(("all-tokens", "token-2"), METHODS, (False, True)))
    found = [vectors.get(small(), CONCEPT, 1, *way).vector for way in ways]
    assert len(reads) == len(ways) == 8
    for (reading, method, whiten), vector in zip(ways, found, strict=True):
        expected = find_vectors(small(), CONCEPT, [1], method=method, reading=reading, whiten=whiten)[1].vector
        assert torch.equal(vector.values, expected.values) and vector.method == method_name(method, whiten)
        assert vectors.get(small(), CONCEPT, 1, reading, method, whiten).vector is vector
    assert len({tuple(vector.values.tolist()) for vector in found}) == 8


def test_the_store_is_bounded(reads: list[tuple[str, list[int]]]) -> None:
    vectors = KnownVectors(capacity=2)
    for layer in (0, 1, 2, 0):
        vectors.get(small(), CONCEPT, layer)
    assert len(reads) == 4


def test_shipped_vectors_are_taken_without_a_look_at_the_model(reads: list[tuple[str, list[int]]]) -> None:
    ship_vectors(small(), [CONCEPT], [0, 1])
    reads.clear()
    vectors = KnownVectors()
    shipped = vectors.get(small(), CONCEPT, 1, "last-token")
    assert torch.equal(shipped.vector.values, mean_difference(small(), CONCEPT, [1], "last-token")[1].values)
    assert reads == []
    vectors.get(small(), CONCEPT, 2)
    vectors.get(small(), replace(CONCEPT, suffix=" Later"), 1)
    assert len(reads) == 2


def test_vectors_shipped_for_other_weights_are_left_alone(assets: Path) -> None:
    ship_vectors(small(), [CONCEPT], [1])
    shipped_folder("tiny-small").rename(shipped_folder("tiny-large-one"))
    assert read_shipped(large()) == {}
    assert len(read_shipped(small())) == 0


def test_damaged_shipped_vectors_are_named() -> None:
    folder = ship_vectors(small(), [CONCEPT], [1])
    (folder / "tensors.safetensors").write_bytes(b"no")
    with pytest.raises(ArtifactError, match="vectors"):
        KnownVectors().get(small(), CONCEPT, 1)


@pytest.mark.parametrize(
    ("name", "folder"),
    [("tinyworld-s", "tinyworld-s"), ("google/gemma-2-2b", "google_gemma-2-2b"), ("/a/b c/", "a_b_c"), ("/", "model")],
)
def test_any_model_name_makes_one_folder(name: str, folder: str) -> None:
    assert folder_name(name) == folder
