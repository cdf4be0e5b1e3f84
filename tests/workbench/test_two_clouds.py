"""The points of the picture in About are those of the models, and count for nothing else."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from lrt_explorer.concepts.reading import read_pairs
from lrt_explorer.lm.cache import models
from lrt_explorer.store import assets_home
from lrt_explorer.workbench import two_clouds
from lrt_explorer.workbench.bundle import demo_pairs, ship_picture
from lrt_explorer.workbench.concepts import named_concept
from lrt_explorer.workbench.map_store import SavedMap, load_saved
from lrt_explorer.workbench.maps import shipped_map_folder
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.two_clouds import (
    CLOUDS,
    Cloud,
    TwoClouds,
    clouds_file,
    opening_clouds,
    read_clouds,
    shipped_clouds,
)

PRESET = demo_pairs()[0]
SMALL, LARGE = PRESET.small, PRESET.large


def demo() -> tuple[Pair, SavedMap]:
    return Pair(small=models().get(SMALL), large=models().get(LARGE)), load_saved(shipped_map_folder(SMALL, LARGE))


def gap(cloud: Cloud) -> torch.Tensor:
    """From the middle of the texts without the behaviour to that of those with it."""
    return torch.tensor(cloud.positive).mean(0) - torch.tensor(cloud.negative).mean(0)


def test_what_ships_is_what_the_models_give() -> None:
    """If this fails after a change of weights, maps or sets: `lrt-explorer bundle --only clouds`."""
    shipped, now = opening_clouds(), read_clouds(*demo())
    assert shipped is not None, "nothing ships that fits the map and the set of this pair"
    plain = {name: value for name, value in vars(now).items() if not isinstance(value, Cloud)}
    for name, value in plain.items():
        assert getattr(shipped, name) == (pytest.approx(value, rel=1e-3) if isinstance(value, float) else value), name
    for name in ("of_small", "mapped", "of_large"):
        ours, theirs = getattr(now, name), getattr(shipped, name)
        for part in ("positive", "negative"):
            size = torch.tensor(getattr(ours, part)).abs().max()
            near = torch.tensor(getattr(ours, part)) - torch.tensor(getattr(theirs, part))
            assert float(near.abs().max() / size) < 1e-2
        assert torch.allclose(torch.tensor(ours.push), torch.tensor(theirs.push), rtol=1e-2, atol=1e-2)


def test_each_view_is_along_its_models_own_vector_and_the_map_carries_the_push_too() -> None:
    pair, saved = demo()
    clouds = read_clouds(pair, saved)
    for cloud in (clouds.of_small, clouds.of_large):
        assert cloud.push[0] > 0 and abs(cloud.push[1]) < 1e-3 * cloud.push[0]
        assert gap(cloud)[0] > 0, "the vector points to the texts with the behaviour"
    # Equally far in all dimensions, so what is left along the native vector is the cosine.
    assert clouds.mapped.push[0] / clouds.of_large.push[0] == pytest.approx(clouds.cosine, abs=1e-3)
    # A view shows a part of what lies between the texts, and along the vector of the very same texts nearly all of it.
    concept = named_concept(pair.world, clouds.concept).some_pairs(range(len(clouds.of_large.positive)))
    states = read_pairs(pair.large, concept, [clouds.layers[1]], concept.reading)[clouds.layers[1]]
    whole = float((states.positive - states.negative).mean(0).norm())
    assert 0.9 * whole < float(gap(clouds.of_large).norm()) < 1.001 * whole


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What ships, in a copy of the assets that may be spoiled."""
    shutil.copytree(assets_home(), tmp_path / "assets", ignore=shutil.ignore_patterns("models", "pictures", "vectors"))
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path / "assets"))
    assert isinstance(shipped_clouds(SMALL, LARGE), TwoClouds)
    found: dict[str, Any] = json.loads(clouds_file(SMALL, LARGE).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "another"},
        {"version": 2},
        {"map": "another"},
        {"set": "another"},
        {"concept": "unheard-of"},
        {"layers": [1]},
        {"mapped": {"positive": [], "negative": []}},
        {"of_large": {"positive": [["x", 1]], "negative": [], "push": [1, 2]}},
        {"r2": ...},
    ],
)
def test_what_fits_no_longer_is_not_shown(content: dict[str, Any], change: dict[str, Any]) -> None:
    spoiled = {name: value for name, value in (content | change).items() if value is not ...}
    clouds_file(SMALL, LARGE).write_text(json.dumps(spoiled), encoding="utf-8")
    assert shipped_clouds(SMALL, LARGE) is None


def test_a_damaged_file_or_none_is_not_shown(content: dict[str, Any]) -> None:
    file = clouds_file(SMALL, LARGE)
    assert file.parent.name == CLOUDS
    file.write_text("{", encoding="utf-8")
    assert opening_clouds() is None
    file.unlink()
    assert opening_clouds() is None and shipped_clouds("smollm2-135m", "smollm2-360m") is None


def test_bundle_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "clouds.json"
    monkeypatch.setattr(two_clouds, "clouds_file", lambda *_: place)
    assert opening_clouds() is None
    assert ship_picture() == place and opening_clouds() is not None
