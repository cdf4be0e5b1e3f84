"""What a hosted server has measured and packed stays within bounds, the newest of it longest."""

import os
from pathlib import Path

import pytest

from lrt_explorer.store import data_home
from lrt_explorer.workbench import tidying
from lrt_explorer.workbench.tidying import BOUNDS, SPARED_SECONDS, tidy

NOW = 1_000_000.0


def lay(name: str, size: int, age: float) -> Path:
    place = data_home() / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"x" * size)
    for path in (place, place.parent):
        os.utime(path, (NOW - age, NOW - age))
    return place


def test_the_oldest_go_until_it_fits() -> None:
    old, middle, new = (lay(f"downloads/{name}/a.csv", 40, age) for name, age in (("a", 3e4), ("b", 2e4), ("c", 1e4)))
    archive = lay("downloads/map.zip", 40, 4e4)
    tidy({"downloads/*": 100}, NOW)
    assert [place.exists() for place in (archive, old, middle, new)] == [False, False, True, True]


def test_what_is_on_its_way_to_a_visitor_stays() -> None:
    places = [lay(f"downloads/{number}.zip", 40, SPARED_SECONDS / 2) for number in range(4)]
    tidy({"downloads/*": 1}, NOW)
    assert all(place.exists() for place in places)


def test_many_small_ones_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "MOST_ITEMS", 2)
    places = [lay(f"calibrations/model/{number}.json", 1, 1e4 + number) for number in range(4)]
    tidy({"calibrations/*/*": 10**9}, NOW)
    assert [place.exists() for place in places] == [True, True, False, False]


def test_maps_are_not_among_it() -> None:
    kept = lay("maps/a--b/1-2/artifact.json", 10, 1e6)
    lay("visitors/mark/maps/x/artifact.json", 10, 1e6)
    tidy(dict.fromkeys(BOUNDS, 0), NOW)
    assert kept.exists() and not any(pattern.startswith(("maps", "visitors", "moments")) for pattern in BOUNDS)
