"""Vectors are read once, shipped ones before any are read, and never those of other weights or another set."""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
import torch

from lrt_explorer.concepts import reading as reading_module
from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.directions import METHODS, method_name
from lrt_explorer.concepts.vectors import find_vectors, mean_difference
from lrt_explorer.defaults import FEW_PAIRS
from lrt_explorer.errors import ArtifactError
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import Encoded
from lrt_explorer.store.artifacts import read_meta
from lrt_explorer.study.ground import kept_vectors as kept
from lrt_explorer.study.ground import known as known_module
from lrt_explorer.study.ground.known import (
    KnownVectors,
    few_pairs,
    first_reading,
    folder_name,
    known_vectors,
    read_shipped,
    ship_vectors,
    shipped_folder,
)
from lrt_explorer.study.ground.progress import Progress, finish
from tests.study.tiny import CONCEPT, large, rough, small


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path / "assets"))
    return tmp_path / "assets"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[int]]]:
    """What is read from models while the test runs."""
    seen: list[tuple[str, list[int]]] = []
    real = known_module.reading_known

    def spy(lm, contrast, layers, *how, **named):  # type: ignore[no-untyped-def]
        seen.append((lm.name, list(layers)))
        return real(lm, contrast, layers, *how, **named)

    monkeypatch.setattr(known_module, "reading_known", spy)
    return seen


def test_what_is_known_is_what_reading_gives_and_is_read_once(reads: list[tuple[str, list[int]]]) -> None:
    vectors = KnownVectors()
    first = vectors.get(small(), CONCEPT, 1)
    assert torch.equal(first.vector.values, mean_difference(small(), CONCEPT, [1])[1].values)
    assert vectors.get(small(), CONCEPT, 1) is first
    assert set(vectors.get_all(small(), CONCEPT, [0, 1, 2])) == {0, 1, 2}
    assert reads == [("tiny-small", [1]), ("tiny-small", [0, 2])]


def test_each_text_goes_through_the_model_once_for_all_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []

    def spy(lm: LanguageModel, encoded: Encoded, layers: Sequence[int]) -> Any:
        passes.append(len(encoded.ids))
        return capture(lm, encoded, layers)

    monkeypatch.setattr(reading_module, "capture", spy)
    KnownVectors().get_all(small(), CONCEPT, [0, 1])
    assert sum(passes) == 2 * len(CONCEPT.pairs)


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


def test_each_precision_is_read_for_itself_and_what_ships_serves_all(reads: list[tuple[str, list[int]]]) -> None:
    fine, coarse = (KnownVectors().get(lm, CONCEPT, 1).vector.values for lm in (small(), rough(small())))
    assert len(reads) == 2 and not torch.equal(fine, coarse), "on disk"
    vectors = KnownVectors()
    for lm, expected in ((small(), fine), (rough(small()), coarse)):
        assert torch.equal(vectors.get(lm, CONCEPT, 1).vector.values, expected)
    assert len(reads) == 2, "in memory"
    ship_vectors(small(), [CONCEPT], [1])
    shipped = KnownVectors()
    assert torch.equal(shipped.get(rough(small()), CONCEPT, 1).vector.values, fine)


def test_each_way_to_find_a_vector_is_kept_apart(reads: list[tuple[str, list[int]]]) -> None:
    vectors = KnownVectors()
    ways = list(product(("all-tokens", "token-2"), METHODS, (False, True)))
    found = [vectors.get(small(), CONCEPT, 1, *way, whiten=whiten).vector for *way, whiten in ways]
    assert len(reads) == len(ways) == 8
    for (reading, method, whiten), vector in zip(ways, found, strict=True):
        expected = find_vectors(small(), CONCEPT, [1], method=method, reading=reading, whiten=whiten)[1].vector
        assert torch.equal(vector.values, expected.values) and vector.method == method_name(method, whiten=whiten)
        assert vectors.get(small(), CONCEPT, 1, reading, method, whiten=whiten).vector is vector
    assert len({tuple(vector.values.tolist()) for vector in found}) == 8


def test_the_memory_is_bounded(reads: list[tuple[str, list[int]]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "keep_vectors", lambda *_: None)
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


# Few pairs first


def test_a_few_pairs_are_spread_evenly_over_a_set() -> None:
    whole = replace(CONCEPT, pairs=tuple((f"with {n}", f"without {n}") for n in range(120)))
    few = few_pairs(whole)
    places = [whole.pairs.index(pair) for pair in few.pairs]
    assert len(few.pairs) == FEW_PAIRS and places == sorted(set(places))
    assert {b - a for a, b in pairwise(places)} == {3, 4} and places[0] == 0 and places[-1] >= 116
    assert few.prompts == whole.prompts and few_pairs(few) is few
    assert [pair[0] for pair in few_pairs(whole, 4).pairs] == ["with 0", "with 30", "with 60", "with 90"]


def test_the_whole_set_is_read_first_only_where_it_is_known(reads: list[tuple[str, list[int]]]) -> None:
    whole = replace(CONCEPT, pairs=tuple((f"Tom ran {n}", f"Tom sat {n}") for n in range(40)))
    places = [(small(), 1), (large(), 2)]
    assert first_reading(places, whole) == few_pairs(whole)
    known_vectors().get(small(), whole, 1)
    assert first_reading(places, whole) == few_pairs(whole), "known in one model alone"
    known_vectors().get(large(), whole, 2)
    assert first_reading(places, whole) is whole
    assert [name for name, _ in reads] == ["tiny-small", "tiny-large-one"], "asking reads nothing"


def test_reading_tells_how_far_it_is_and_what_is_known_takes_no_step() -> None:
    steps: list[Progress] = []
    finish(KnownVectors().reading(small(), CONCEPT, [1]), steps.append)
    texts = 2 * len(CONCEPT.pairs)
    assert [step.done for step in steps][:1] == [0] and steps[-1].done == steps[-1].total == texts
    assert f"{len(CONCEPT.pairs)} pairs of {CONCEPT.name}" in steps[0].message
    steps.clear()
    finish(KnownVectors().reading(small(), CONCEPT, [1]), steps.append)
    assert steps == []


# Kept on disk


def test_another_start_takes_what_was_read_from_disk(reads: list[tuple[str, list[int]]]) -> None:
    first = KnownVectors().get_all(small(), CONCEPT, [0, 1], "last-token", "principal-component", whiten=True)
    later = KnownVectors()
    again = later.get_all(small(), CONCEPT, [1, 0], "last-token", "principal-component", whiten=True)
    assert len(reads) == 1
    for layer, known in first.items():
        assert torch.equal(again[layer].vector.values, known.vector.values)
        labels = [{**vars(one.vector), "values": None} for one in (again[layer], known)]
        assert labels[0] == labels[1]
    later.get_all(small(), CONCEPT, [1, 2], "last-token", "principal-component", whiten=True)
    assert reads[1:] == [("tiny-small", [2])], "a layer more is kept beside the others"
    found = KnownVectors().get_all(small(), CONCEPT, [0, 1, 2], "last-token", "principal-component", whiten=True)
    assert found and len(reads) == 2


def test_what_is_kept_belongs_to_one_model_set_reading_method_and_number_of_pairs(
    reads: list[tuple[str, list[int]]],
) -> None:
    KnownVectors().get(small(), CONCEPT, 1)
    for lm, concept, reading, method in (
        (large(), CONCEPT, None, METHODS.default),
        (small(), few_pairs(CONCEPT, 5), None, METHODS.default),
        (small(), CONCEPT, "last-token", METHODS.default),
        (small(), CONCEPT, None, "principal-component"),
    ):
        KnownVectors().get(lm, concept, 1, reading, method)
    assert len(reads) == 5


@pytest.mark.parametrize("harm", ["cut", "numbers", "key"])
def test_damaged_files_are_read_again_and_said(
    harm: str, reads: list[tuple[str, list[int]]], caplog: pytest.LogCaptureFixture
) -> None:
    whole = KnownVectors().get(small(), CONCEPT, 1)
    (folder,) = kept.vectors_home().iterdir()
    tensors, header = folder / "tensors.safetensors", folder / "artifact.json"
    content = json.loads(header.read_text())
    if harm == "cut":
        tensors.write_bytes(tensors.read_bytes()[:-8])
    elif harm == "numbers":
        tensors.write_bytes(tensors.read_bytes()[:-4] + b"\x00\x00\x80\x3f")
    else:
        content["meta"] = {**content["meta"], "key": {"1": "strong"}}
        header.write_text(json.dumps(content))
    with caplog.at_level(logging.WARNING):
        again = KnownVectors().get(small(), CONCEPT, 1)
    assert torch.equal(again.vector.values, whole.vector.values) and len(reads) == 2
    assert "read again" in caplog.text and str(folder) in caplog.text
    caplog.clear()
    assert KnownVectors().get(small(), CONCEPT, 1) and len(reads) == 2 and not caplog.text, "and kept again"


def test_the_disk_is_bounded_and_the_longest_unused_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SETS", 2)
    for number, reading in enumerate(("token-1", "token-2", "token-1", "token-3")):
        KnownVectors().get(small(), CONCEPT, 1, reading)
        for age, folder in enumerate(sorted(kept.vectors_home().iterdir(), key=lambda f: f.stat().st_mtime)):
            os.utime(folder, (1000 * number + age,) * 2)
    readings = {read_meta(folder, kept.KIND)["key"]["reading"] for folder in kept.vectors_home().iterdir()}
    assert readings == {"token-1", "token-3"}


def test_a_disk_that_cannot_be_written_only_costs_the_keeping(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LRT_EXPLORER_HOME", str(tmp_path / "file"))
    assert KnownVectors().get(small(), CONCEPT, 1).vector.layer == 1
    assert "not kept" in caplog.text


def test_a_set_is_hashed_as_often_for_many_layers_as_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    real = ContrastSet.fingerprint

    def counted(contrast: ContrastSet) -> str:
        hashed.append(contrast.name)
        return real(contrast)

    monkeypatch.setattr(ContrastSet, "fingerprint", counted)
    counts = []
    for layers in ([0], [0, 1, 2]):
        hashed.clear()
        vectors = KnownVectors()
        vectors.get_all(small(), replace(CONCEPT, name=f"hashed {len(layers)}"), layers)
        counts.append(len(hashed))
    assert counts[0] == counts[1] > 0
