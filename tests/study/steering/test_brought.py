"""A vector file finds its model, and whatever does not fit is said in one sentence."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lrt_explorer.concepts.vectors import SteeringVector, mean_difference
from lrt_explorer.errors import SettingsError, VectorError
from lrt_explorer.store import save_vector, write_gguf
from lrt_explorer.store.vectors import KIND
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.steering.brought import Side, bring_vector, bring_vectors, possible_sides, take_vectors
from lrt_explorer.study.steering.sides import GivenFile, given_file
from tests.study.tiny import CONCEPT, large, small


def bring(
    path: Path, small_layer: int = 1, large_layer: int = 2, side: Side | None = None
) -> tuple[Side, SteeringVector]:
    return bring_vector(path, Pair(small=small(), large=large()), (small_layer, large_layer), side)


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
    side, vector = bring(path, side="large")
    assert (side, vector.layer, vector.model, float(vector.values[0])) == ("large", 2, large().name, 2.0)
    with pytest.raises(VectorError, match=r"^happy.gguf holds several layers; choose one of its layers 1, 2, 3$"):
        bring(path, 0, 4, "large")


def foreign(path: Path, width: int, layer: int = 2) -> Path:
    """A control vector of another program, which says nothing of weights."""
    return write_gguf(path, "llama", {layer: torch.ones(width)}, {})


def test_a_file_that_does_not_say_whose_it_is_is_asked_about(tmp_path: Path) -> None:
    path, pair = foreign(tmp_path / "happy.gguf", 32), Pair(small=small(), large=large())
    assert possible_sides(path, pair, (1, 2)) == ("large", "transferred")
    with pytest.raises(VectorError) as refused:
        bring(path)
    assert str(refused.value) == (
        "happy.gguf does not say whose vector it is, and it may be large (the large model’s own), transferred (mapped "
        "into the large model); say which, as in transferred=happy.gguf"
    )
    # A bare file of this program, saved from such a one, says no more.
    bare = save_vector(tmp_path / "bare.safetensors", replace(_native(), fingerprint="", model="llama"))
    assert possible_sides(bare, pair, (1, 2)) == ("large", "transferred")
    assert possible_sides(save_vector(tmp_path / "own.gguf", _native()), pair, (1, 2)) == ("large",)


def test_of_a_width_that_only_the_small_model_has_nobody_is_asked(tmp_path: Path) -> None:
    path = foreign(tmp_path / "narrow.gguf", 16, 1)
    assert possible_sides(path, Pair(small=small(), large=large()), (1, 2)) == ("small",)
    side, vector = bring(path)
    assert (side, vector.model, vector.fingerprint) == ("small", small().name, "")


def test_between_two_models_of_one_width_no_layer_decides(tmp_path: Path) -> None:
    path, twins = foreign(tmp_path / "one.gguf", 16), Pair(small=small(), large=small())
    for layers in ((2, 1), (1, 2), (2, 2)):
        assert possible_sides(path, twins, layers) == ("small", "large", "transferred")
    # What a file says of its weights fits both places of one model; then the layer that it says is its word.
    own = save_vector(tmp_path / "own.gguf", mean_difference(small(), CONCEPT, [2])[2])
    assert possible_sides(own, twins, (2, 1)) == ("small",) and possible_sides(own, twins, (1, 2)) == ("large",)
    # A mapped vector without a fingerprint may live on either side, but it is nobody's native one.
    mapped = save_vector(tmp_path / "m.gguf", replace(mean_difference(small(), CONCEPT, [2])[2], fingerprint="",
                                                      mapped_from=MAPPED))  # fmt: skip
    assert possible_sides(mapped, twins, (2, 2)) == ("small", "transferred")


@pytest.mark.parametrize("ending", ["safetensors", "gguf"])
@pytest.mark.parametrize("side", ["small", "large", "transferred"])
def test_the_answer_is_kept_and_is_in_what_is_saved_again(tmp_path: Path, side: Side, ending: str) -> None:
    lm, layer = (small(), 1) if side == "small" else (large(), 2)
    found, vector = bring(foreign(tmp_path / "happy.gguf", lm.width, layer), side=side)
    assert (found, vector.model, vector.fingerprint) == (side, lm.name, lm.fingerprint)
    assert vector.mapped_from == ("tiny-small by an unnamed map" if side == "transferred" else "")
    again, same = bring(save_vector(tmp_path / f"again.{ending}", vector))
    assert again == side and torch.equal(same.values, vector.values) and same.mapped_from == vector.mapped_from


@pytest.mark.parametrize(
    ("change", "side", "sentence"),
    [
        ({"mapped_from": MAPPED}, "large", "own: it came through a map, from tiny-small layer 1 by a ridge map; give "
         "it as transferred$"),
        ({}, "transferred", "is not mapped into the large model: it says that it was found in tiny-large-one; give it "
         "as large$"),
        ({}, "small", "is not the small model’s own: it has 32 numbers where tiny-small has 16; give it as large$"),
        ({"fingerprint": ""}, "small", "has 32 numbers where tiny-small has 16; give it as large or transferred$"),
    ],
)  # fmt: skip
def test_what_a_file_says_is_not_talked_out_of(
    tmp_path: Path, change: dict[str, str], side: Side, sentence: str
) -> None:
    path = save_vector(tmp_path / "v.gguf", replace(_native(), **change))  # type: ignore[arg-type]
    with pytest.raises(VectorError, match=sentence):
        bring(path, side=side)


def test_several_files_are_brought_with_what_was_said_of_them(tmp_path: Path) -> None:
    path, pair = foreign(tmp_path / "happy.gguf", 32), Pair(small=small(), large=large())
    both = [GivenFile(path, "large"), GivenFile(path, "transferred")]
    found = bring_vectors(both, pair, (1, 2))
    assert set(found) == {"large", "transferred"}
    with pytest.raises(VectorError, match=r"happy.gguf and happy.gguf are both mapped ones; give one of them"):
        bring_vectors([both[1], both[1]], pair, (1, 2))


def test_a_mapped_vector_in_memory_is_not_taken_as_native_either() -> None:
    mapped = replace(_native(), mapped_from=MAPPED)
    assert take_vectors({"transferred": mapped}) == {"transferred": mapped}
    with pytest.raises(VectorError, match="came through a map, from tiny-small layer 1 by a ridge map, so it is not"):
        take_vectors({"large": mapped})


def test_a_file_is_written_with_its_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert given_file("a/b.gguf") == GivenFile(Path("a/b.gguf"))
    assert given_file("transferred=a/b=c.gguf") == GivenFile(Path("a/b=c.gguf"), "transferred")
    assert given_file("./small=x.gguf") == GivenFile(Path("small=x.gguf"))
    (tmp_path / "native=x.gguf").write_text("")
    assert given_file("native=x.gguf") == GivenFile(Path("native=x.gguf")), "a file that is there is meant"
    with pytest.raises(SettingsError) as refused:
        given_file("native=y.gguf")
    assert str(refused.value) == (
        "'native' does not say whose vector y.gguf is; write small=, large= or transferred= before the file"
    )


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
