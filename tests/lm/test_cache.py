import threading
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lrt_explorer.errors import ModelError, SettingsError
from lrt_explorer.lm import cache
from lrt_explorer.lm.cache import ModelCache, models, place_models
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.placement import Placement


class Loader:
    """Counts what it loads, and takes its time where told to."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.wait = threading.Event()
        self.wait.set()
        self.fails = False

    def __call__(self, name: str) -> LanguageModel:
        self.loaded.append(name)
        if name == "slow":
            self.wait.wait(timeout=20)
        if self.fails:
            raise ModelError(f"{name} is broken")
        return cast(LanguageModel, SimpleNamespace(name=name, parameters=1000 if name.startswith("large") else 10))


@pytest.fixture
def loader() -> Loader:
    return Loader()


def test_a_model_is_loaded_once(loader: Loader) -> None:
    cache = ModelCache(2, loader)
    first = cache.get("a")
    assert first.name == "a"
    assert cache.get("a") is first
    assert loader.loaded == ["a"]


def test_the_one_used_longest_ago_makes_room(loader: Loader) -> None:
    cache = ModelCache(2, loader)
    for name in ("a", "b", "a", "c"):
        cache.get(name)
    assert cache.names() == ("a", "c")
    cache.get("b")
    assert cache.names() == ("c", "b")
    assert loader.loaded == ["a", "b", "c", "b"]


def test_large_models_make_room_for_each_other_but_a_pair_stays(loader: Loader) -> None:
    cache = ModelCache(5, loader, parameters=1500)
    for name in ("a", "b", "large-1", "c"):
        cache.get(name)
    assert cache.names() == ("a", "b", "large-1", "c")
    cache.get("large-2")
    assert cache.names() == ("c", "large-2")
    cache.get("large-3")
    assert cache.names() == ("large-2", "large-3")


def test_many_who_ask_at_once_share_one_load(loader: Loader) -> None:
    cache = ModelCache(2, loader)
    loader.wait.clear()
    found: list[LanguageModel] = []
    threads = [threading.Thread(target=lambda: found.append(cache.get("slow"))) for _ in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    loader.wait.set()
    for thread in threads:
        thread.join()
    assert loader.loaded == ["slow"]
    assert len({id(model) for model in found}) == 1
    assert len(found) == 5


def test_a_load_keeps_nobody_from_another_model(loader: Loader) -> None:
    cache = ModelCache(2, loader)
    loader.wait.clear()
    thread = threading.Thread(target=lambda: cache.get("slow"))
    thread.start()
    while "slow" not in loader.loaded:
        time.sleep(0.001)
    assert cache.get("quick").name == "quick"
    assert thread.is_alive()
    loader.wait.set()
    thread.join()
    assert cache.names() == ("quick", "slow")


def test_a_failed_load_is_told_and_not_kept(loader: Loader) -> None:
    cache = ModelCache(2, loader)
    loader.fails = True
    with pytest.raises(ModelError, match="a is broken"):
        cache.get("a")
    loader.fails = False
    assert cache.get("a").name == "a"


def test_all_who_wait_for_a_failed_load_are_told(loader: Loader) -> None:
    cache = ModelCache(2, loader)
    loader.fails = True
    loader.wait.clear()
    told: list[str] = []

    def ask() -> None:
        try:
            cache.get("slow")
        except ModelError as error:
            told.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    loader.wait.set()
    for thread in threads:
        thread.join()
    assert told == ["slow is broken"] * 3


def test_no_room_is_refused(loader: Loader) -> None:
    with pytest.raises(SettingsError, match="at least 1"):
        ModelCache(0, loader)


def test_the_program_has_one_cache() -> None:
    assert models() is models()


def test_the_program_s_models_are_loaded_where_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, str]] = []

    def load(name: str, **where: str) -> object:
        asked.append(where)
        return SimpleNamespace(name=name, parameters=1)

    shared = ModelCache(2, lambda name: cast(Any, SimpleNamespace(name=name, parameters=1)))
    monkeypatch.setattr(cache, "_MODELS", shared)
    monkeypatch.setattr(cache, "_placed", Placement())
    monkeypatch.setattr(cache, "load", load)
    shared.get("a")
    place_models()
    assert shared.names() == ("a",), "nothing was asked for, so all stays"
    place_models("cpu", "bfloat16")
    shared.get("a")
    place_models("cpu", "bfloat16")
    assert shared.names() == ("a",)
    place_models()
    shared.get("a")
    assert asked == [
        {"device": "cpu", "dtype": "bfloat16", "device_map": ""},
        {"device": "auto", "dtype": "auto", "device_map": ""},
    ]
    with pytest.raises(ModelError, match="is not a device"):
        place_models("nonsense")


def test_a_bound_in_bytes_counts_four_for_each_weight() -> None:
    cache = ModelCache(5, lambda name: cast(Any, SimpleNamespace(name=name, parameters=1_000_000)))
    cache.bound(0.0125)
    for name in ("a", "b", "c", "d"):
        cache.get(name)
    assert cache.names() == ("b", "c", "d")
