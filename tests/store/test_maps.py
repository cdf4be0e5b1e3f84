import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import ArtifactError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.store import MapInfo, assets_home, check_map, load_map, save_artifact, save_map

INFO = MapInfo(
    small="tinyworld-s",
    large="tinyworld-l",
    small_fingerprint="aaa",
    large_fingerprint="bbb",
    small_layer=2,
    large_layer=5,
    method="ridge",
    lam=1e-3,
    tokens_used=100_000,
    tokens_left_out=1_234,
    coverage=0.98,
    r2=0.841,
    cka=0.9,
    corpus="demo",
    corpus_fingerprint="ccc",
    created="2025-01-01T00:00:00+00:00",
    settings={"tokens_fit": 70_000, "shuffle": None},
)


def some_map() -> AffineMap:
    generator = torch.Generator().manual_seed(0)
    return AffineMap(
        torch.randn(3, 4, generator=generator, dtype=torch.float64) / 3,
        torch.randn(4, generator=generator, dtype=torch.float64),
    )


def test_a_map_comes_back_to_the_bit_with_its_description(tmp_path: Path) -> None:
    map = some_map()
    loaded, info = load_map(save_map(tmp_path / "map", map, INFO))
    assert info == INFO
    assert torch.equal(loaded.weight, map.weight)
    assert torch.equal(loaded.bias, map.bias)


def test_a_method_without_lambda_says_none(tmp_path: Path) -> None:
    _, info = load_map(save_map(tmp_path / "map", some_map(), dataclasses.replace(INFO, method="procrustes", lam=None)))
    assert info.lam is None


SPREAD = (
    "r2_standardised",
    "cka_standardised",
    "largest_dimension_small",
    "largest_dimension_large",
    "outlier_dimensions_small",
    "outlier_dimensions_large",
    "outlier_share_small",
    "outlier_share_large",
)


def test_a_map_of_an_earlier_version_knows_nothing_of_single_dimensions(tmp_path: Path) -> None:
    held: dict[str, Any] = {name: 1 if "_dimensions_" in name else 0.5 for name in SPREAD}
    told = dataclasses.replace(INFO, **held)
    assert load_map(save_map(tmp_path / "new", some_map(), told))[1] == told
    path = save_map(tmp_path / "old", some_map(), told) / "artifact.json"
    header = json.loads(path.read_text())
    for name in SPREAD:
        del header["meta"][name]
    path.write_text(json.dumps(header))
    _, info = load_map(tmp_path / "old")
    assert {getattr(info, name) for name in SPREAD} == {None} and info.r2 == INFO.r2


def test_the_maps_that_ship_can_be_read() -> None:
    folders = list((assets_home() / "maps").iterdir())
    assert folders and all(load_map(folder)[1].r2 > 0 for folder in folders)


@pytest.mark.parametrize(
    ("small", "large", "named"),
    [("zzz", "bbb", "the small model"), ("aaa", "zzz", "the large model"), ("bbb", "aaa", "the small and the large")],
)
def test_a_map_of_other_models_is_refused_by_name(small: str, large: str, named: str) -> None:
    check_map(INFO, "aaa", "bbb")
    with pytest.raises(ArtifactError, match=f"from tinyworld-s to tinyworld-l, but {named} .*; ") as error:
        check_map(INFO, small, large)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda meta: meta.pop("small"),
        lambda meta: meta.update(unknown=1),
        lambda meta: meta.update(small=3),
        lambda meta: meta.update(r2="good"),
        lambda meta: meta.update(r2=None),
        lambda meta: meta.update(small_layer=2.5),
        lambda meta: meta.update(large_layer=-1),
        lambda meta: meta.update(tokens_used=True),
        lambda meta: meta.update(settings=[1]),
        lambda meta: meta.update(lam="0.1"),
        lambda meta: meta.update(r2_standardised="good"),
        lambda meta: meta.update(outlier_dimensions_large=-1),
        lambda meta: meta.update(outlier_dimensions_small=0.5),
        lambda meta: meta.clear(),
    ],
)
def test_a_wrong_description_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    save_map(tmp_path / "map", some_map(), INFO)
    path = tmp_path / "map" / "artifact.json"
    header = json.loads(path.read_text())
    change(header["meta"])
    path.write_text(json.dumps(header))
    with pytest.raises(ArtifactError, match=r"; fit it again$") as error:
        load_map(tmp_path / "map")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "tensors",
    [
        {"weight": torch.zeros(3, 4)},
        {"weight": torch.zeros(3, 4), "bias": torch.zeros(3)},
        {"weight": torch.zeros(12), "bias": torch.zeros(4)},
        {"weights": torch.zeros(3, 4), "bias": torch.zeros(4)},
    ],
)
def test_tensors_that_are_no_map_are_refused(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    save_artifact(tmp_path / "map", "map", dataclasses.asdict(INFO), tensors)
    with pytest.raises(ArtifactError, match="is incomplete; fit it again"):
        load_map(tmp_path / "map")


def test_another_artifact_is_no_map(tmp_path: Path) -> None:
    save_artifact(tmp_path / "moments", "moments", {}, {"count": torch.tensor(3)})
    with pytest.raises(ArtifactError, match="holds a saved moments, not a map"):
        load_map(tmp_path / "moments")


def test_a_score_that_is_not_finite_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="not valid JSON"):
        save_map(tmp_path / "map", some_map(), dataclasses.replace(INFO, r2=math.nan))
    assert not (tmp_path / "map").exists()
