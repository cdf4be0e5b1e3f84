"""A vector file finds its model, and whatever does not fit is said in one sentence."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lrt_explorer.concepts.vectors import SteeringVector, mean_difference
from lrt_explorer.errors import VectorError
from lrt_explorer.store import save_vector, write_gguf
from lrt_explorer.store.vectors import KIND
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.steering.brought import Side, bring_vector
from tests.study.tiny import CONCEPT, large, small


def bring(path: Path, small_layer: int = 1, large_layer: int = 2) -> tuple[Side, SteeringVector]:
    return bring_vector(path, Pair(small=small(), large=large()), (small_layer, large_layer))


@pytest.mark.parametrize("ending", ["safetensors", "gguf"])
def test_a_file_saved_here_comes_back_for_its_model(tmp_path: Path, ending: str) -> None:
    for side, vector in (("small", mean_difference(small(), CONCEPT, [1])[1]), ("large", _native())):
        found = bring(save_vector(tmp_path / f"{side}.{ending}", vector))
        assert found[0] == side and torch.equal(found[1].values, vector.values)
        assert (found[1].concept, found[1].layer, found[1].method) == ("mood", vector.layer, "mean-difference")


MAPPED = "tiny-small layer 1 by a ridge map"


@pytest.mark.parametrize("ending", ["safetensors", "gguf"])
def test_a_vector_that_came_through_a_map_is_never_the_large_models_own(tmp_path: Path, ending: str) -> None:
    mapped = replace(_native(), mapped_from=MAPPED)
    for number, vector in enumerate((mapped, 2 * mapped, -mapped, mapped + _native(), _native() - 0.5 * mapped)):
        side, found = bring(save_vector(tmp_path / f"{number}.{ending}", vector))
        assert side == "transferred" and found.mapped_from == MAPPED
        assert torch.equal(found.values, vector.values)
    assert bring(save_vector(tmp_path / f"own.{ending}", 2 * _native()))[0] == "large"


@pytest.mark.parametrize("how", ["mapped", "mapped as in the paper"])
def test_a_file_from_before_says_it_in_how_it_was_found(tmp_path: Path, how: str) -> None:
    vector = replace(_native(), method=f"mean-difference {how} from tiny-small layer 1")
    texts = {name: str(getattr(vector, name)) for name in ("model", "fingerprint", "concept", "method", "reading")}
    save_file({"values": vector.values}, tmp_path / "old.safetensors", {
        "kind": KIND, "version": "1", "layer": str(vector.layer), **texts,
    })  # fmt: skip
    side, found = bring(tmp_path / "old.safetensors")
    assert (side, found.mapped_from) == ("transferred", "tiny-small layer 1")


def test_of_a_control_vector_of_another_program_the_layer_in_use_is_taken(tmp_path: Path) -> None:
    rows = {layer: torch.full((32,), float(layer)) for layer in (1, 2, 3)}
    path = write_gguf(tmp_path / "happy.gguf", "llama", rows, {})
    side, vector = bring(path)
    assert (side, vector.layer, vector.model, float(vector.values[0])) == ("large", 2, large().name, 2.0)
    with pytest.raises(VectorError, match=r"^happy.gguf holds several layers; choose one of its layers 1, 2, 3$"):
        bring(path, 0, 4)


def test_between_two_models_of_one_width_the_layer_in_use_decides(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "one.gguf", "llama", {2: torch.ones(16)}, {})
    assert bring_vector(path, Pair(small=small(), large=small()), (2, 1))[0] == "small"
    assert bring_vector(path, Pair(small=small(), large=small()), (1, 2))[0] == "large"


def _native() -> SteeringVector:
    return mean_difference(large(), CONCEPT, [2])[2]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"layer": 1}, "belongs to layer 1 of tiny-large-one, but layer 2 is in use; choose layer 1"),
        ({"fingerprint": "another"}, "holds a vector of other weights, but tiny-small has 16 and tiny-large-one 32"),
        ({"values": torch.ones(7), "fingerprint": ""}, "holds a vector of 7 numbers, but tiny-small has 16"),
    ],
)
@pytest.mark.parametrize("ending", ["safetensors", "gguf"])
def test_a_vector_that_lives_elsewhere_is_refused(
    tmp_path: Path, change: dict[str, object], sentence: str, ending: str
) -> None:
    path = save_vector(tmp_path / f"v.{ending}", replace(_native(), **change))  # type: ignore[arg-type]
    with pytest.raises(VectorError, match=sentence) as refused:
        bring(path)
    assert str(tmp_path) not in str(refused.value)


def test_damaged_files_are_refused_without_their_folder(tmp_path: Path) -> None:
    texts = {"model": "m", "fingerprint": "", "concept": "joy", "method": "x", "reading": "y"}
    meta = {"kind": KIND, "version": "1", "layer": "2", **texts}
    save_file({"values": torch.tensor([1.0, torch.nan])}, tmp_path / "nan.safetensors", meta)
    save_file({"values": torch.ones(32)}, tmp_path / "bare.safetensors")
    for name, content in (("cut.safetensors", b"\x10"), ("html.gguf", b"<html>"), ("empty.gguf", b"")):
        (tmp_path / name).write_bytes(content)
    for name, sentence in {
        "nan.safetensors": "the vector of joy for m holds numbers that are not finite",
        "bare.safetensors": "^bare.safetensors holds tensors, but not one steering vector",
        "cut.safetensors": "^cut.safetensors is cut off or not a safetensors file",
        "html.gguf": "^html.gguf is no GGUF file",
        "empty.gguf": "^empty.gguf is no GGUF file",
    }.items():
        with pytest.raises(VectorError, match=sentence) as refused:
            bring(tmp_path / name)
        assert str(tmp_path) not in str(refused.value)
