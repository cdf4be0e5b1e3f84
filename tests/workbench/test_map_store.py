"""Maps in memory: read and decomposed once, and never taken for another map in the same folder."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lrt_explorer.errors import ArtifactError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.store import save_map
from lrt_explorer.store.artifacts import TENSORS
from lrt_explorer.study.fitting.fit import FittedMap, fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.workbench import map_store
from lrt_explorer.workbench.badges import map_badges
from lrt_explorer.workbench.map_store import MapStore
from lrt_explorer.workbench.maps import find_map, keep_map
from lrt_explorer.workbench.pair import Pair
from tests.study.tiny import CONCEPT, large, small, texts


@pytest.fixture(scope="module")
def fitted() -> FittedMap:
    return finish(fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=4000)))


def test_a_map_is_read_once_and_its_decomposition_stays_with_it(
    fitted: FittedMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = MapStore(), keep_map(fitted, tmp_path / "map")
    first = store.get(folder)
    assert torch.equal(first.map.weight, fitted.map.weight) and first.info == fitted.info
    assert (first.folder, first.layers) == (folder, (1, 2))

    def never(*_: object, **named: object) -> None:
        pytest.fail("the map was read or decomposed again")

    first.map.reachable_share(torch.ones(large().width))
    monkeypatch.setattr(map_store, "load_map", never)
    monkeypatch.setattr(torch.linalg, "svd", never)
    monkeypatch.setattr(torch.linalg, "eigh", never)
    again = store.get(folder)
    assert again is first and again.map.reachable_share(torch.ones(large().width)) > 0


def test_another_map_in_the_same_folder_is_another_map(fitted: FittedMap, tmp_path: Path) -> None:
    store, folder = MapStore(), keep_map(fitted, tmp_path / "map")
    first = store.get(folder)
    turned = AffineMap(-fitted.map.weight, fitted.map.bias)
    save_map(folder, turned, fitted.info)
    second = store.get(folder)
    assert second.digest != first.digest and torch.equal(second.map.weight, -first.map.weight)
    save_map(folder, turned, replace(fitted.info, r2=0.5))
    assert (store.get(folder).info.r2, second.info.r2) == (0.5, fitted.info.r2)


def test_a_map_that_was_damaged_since_is_not_taken_from_memory(fitted: FittedMap, tmp_path: Path) -> None:
    store, folder = MapStore(), keep_map(fitted, tmp_path / "map")
    store.get(folder)
    tensors = folder / TENSORS
    tensors.write_bytes(tensors.read_bytes()[:-8])
    with pytest.raises(ArtifactError, match="damaged"):
        store.get(folder)
    tensors.unlink()
    with pytest.raises(ArtifactError):
        store.get(folder)


def test_there_is_room_for_so_many_maps_and_numbers(fitted: FittedMap, tmp_path: Path) -> None:
    folders = [keep_map(fitted, tmp_path / str(number)) for number in range(3)]
    for store in (MapStore(capacity=2), MapStore(most_numbers=2 * fitted.map.weight.numel())):
        first, second, third = (store.get(folder) for folder in folders)
        assert store.get(folders[2]) is third and store.get(folders[1]) is second
        assert store.get(folders[0]) is not first
    # One that is too large for any room is kept while it is in use.
    store = MapStore(most_numbers=1)
    assert store.get(folders[0]) is store.get(folders[0])


def test_figures_after_a_change_of_concept_read_and_decompose_nothing(
    fitted: FittedMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_map(fitted)
    pair = Pair(small=small(), large=large())
    saved = find_map(pair, (1, 2))
    assert saved is not None
    first = map_badges(pair, saved, CONCEPT)
    taken: list[str] = []
    monkeypatch.setattr(map_store, "load_map", lambda folder: taken.append("read"))
    for name in ("svd", "eigh", "qr", "cholesky", "cholesky_ex"):
        monkeypatch.setattr(torch.linalg, name, lambda *_, name=name, **named: taken.append(name))
    again = find_map(pair, (1, 2))
    assert again is saved and map_badges(pair, again, CONCEPT) == first and taken == []
