"""Layouts that ship: taken for just the points and settings they were made of, and as good as those made here."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from lrt_explorer.defaults import SPACE_POINTS
from lrt_explorer.linear.projection import UmapSettings
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.presets import PairPreset
from lrt_explorer.study import project as project_module
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.layouts import layout_key, layout_records
from lrt_explorer.study.project import SpaceStates, computed_layout, known_layout, lay_out
from lrt_explorer.workbench.bundle import demo_pairs
from lrt_explorer.workbench.concepts import shipped_sets
from lrt_explorer.workbench.map_store import load_saved
from lrt_explorer.workbench.maps import shipped_map_folder
from lrt_explorer.workbench.session import SpaceSettings
from lrt_explorer.workbench.space import is_laid_out, read

NEAR = 15


@cache
def states_of(preset: PairPreset, number: int, points: int = SPACE_POINTS) -> SpaceStates:
    pair = Pair(small=models().get(preset.small), large=models().get(preset.large))
    saved = load_saved(shipped_map_folder(preset.small, preset.large))
    return finish(read(pair, saved, shipped_sets(pair.world)[number], points))


def near(points: np.ndarray) -> np.ndarray:
    """Which points are among the nearest of each: `[n, n]` bool."""
    apart = torch.cdist(torch.from_numpy(points), torch.from_numpy(points)).fill_diagonal_(torch.inf)
    held = torch.zeros_like(apart, dtype=torch.bool)
    return held.scatter_(1, apart.topk(NEAR, largest=False).indices, value=True).numpy()


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("preset", demo_pairs(), ids=lambda preset: f"{preset.small} {preset.large}")
def test_every_picture_of_the_demo_family_opens_without_umap(
    preset: PairPreset, dims: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this fails after a change of weights, maps, sets or texts: `lrt-explorer bundle --only layouts`."""
    monkeypatch.setattr(project_module, "umap", lambda *_: pytest.fail("laid out anew"))
    for number in (0, -1):
        states = states_of(preset, number)
        picture = lay_out(states, dims, "umap")
        assert picture.coords.shape == (2 * SPACE_POINTS, dims) and np.isfinite(picture.coords).all()
        both = torch.cat([states.large, states.mapped]).double().numpy()
        kept = (near(picture.coords) & near(both)).sum() / (NEAR * len(both))
        assert kept > 10 * NEAR / len(both), "no better than points strewn at random"
    assert is_laid_out(states_of(preset, 0), SpaceSettings("register", method="umap", dims=dims))


def test_a_layout_is_that_of_its_points_and_settings_alone() -> None:
    preset = demo_pairs()[0]
    states = states_of(preset, 0)
    assert known_layout(states, 2) is not None
    for settings in (UmapSettings(seed=1), UmapSettings(neighbours=16), UmapSettings(min_dist=0.2)):
        assert known_layout(states, 2, settings) is None
    assert known_layout(states_of(preset, 0, 500), 2) is None
    assert known_layout(states_of(demo_pairs()[1], 0), 2) is not known_layout(states, 2)
    for changed in ({"through": "another map"}, {"of": replace(states.of, fingerprint="other weights")}):
        assert known_layout(replace(states, **changed), 2) is None
    assert not is_laid_out(states, SpaceSettings("register", method="umap", seed=1))
    assert is_laid_out(states, SpaceSettings("register", method="pca", seed=1))


def test_what_ships_is_what_was_laid_out_to_a_thousandth(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    states = replace(states_of(demo_pairs()[0], 0, 40), through="a map of the test")
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path))
    monkeypatch.setattr(project_module, "umap", lambda points, k, *_: 7 * points[:, :k].float().numpy())
    made = computed_layout(states, 3)
    layout_records().ship(states.of, {layout_key(states.digest, 3, UmapSettings()): made})
    found = known_layout(states, 3)
    assert found is not None and np.abs(found - made).max() < 1e-3 * np.ptp(made)
    few = replace(states, places=states.places[1:])
    assert known_layout(few, 3) is None
