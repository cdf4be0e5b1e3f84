import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, cast

import pytest
import torch

from lrt_explorer.errors import ModelError, SettingsError
from lrt_explorer.lm import cache
from lrt_explorer.lm.cache import ModelCache, models, place_models
from lrt_explorer.lm.classify import Classifier
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.placement import Placement
from tests.lm.families import tiny_lm


class Fake:
    def __init__(self, name: str, memory: int) -> None:
        self.name, self.memory = name, memory


class Weights:
    """A model of 480 bytes."""

    def parameters(self) -> list[torch.Tensor]:
        return [torch.zeros(100)]

    def buffers(self) -> list[torch.Tensor]:
        return [torch.zeros(20)]


class Loader:
    """Counts what it loads, and takes its time where told to."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.wait = threading.Event()
        self.wait.set()
        self.fails = False
        self.room: Callable[[], int] | None = None
        self.beside: dict[str, int] = {}

    def need(self, name: str) -> int:
        return {"large": 1000, "big": 100}.get(name.split("-")[0], 10)

    def __call__(self, name: str) -> LanguageModel:
        self.loaded.append(name)
        if self.room is not None:
            self.beside[name] = self.room()
        if name == "slow":
            self.wait.wait(timeout=20)
        if self.fails:
            raise ModelError(f"{name} is broken")
        return cast(LanguageModel, Fake(name, 1000 if name.startswith("large") else 10))


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


def test_models_make_room_by_their_bytes_before_another_is_loaded(loader: Loader) -> None:
    cache = ModelCache(5, loader, memory=1025, need=loader.need)
    for name in ("a", "b", "large-1", "c"):
        loader.room = cache._used
        cache.get(name)
    assert cache.names() == ("b", "large-1", "c")
    cache.get("large-2")
    assert cache.names() == ("c", "large-2")
    assert loader.beside["large-2"] <= 1025, "room was made before it was loaded"


def test_what_cannot_fit_is_refused_before_it_is_loaded_and_nothing_goes(loader: Loader) -> None:
    cache = ModelCache(5, loader, memory=500, need=loader.need)
    cache.get("a")
    with pytest.raises(ModelError, match=r"large takes 0.000 GB, but models may take 0.000 GB here and those in use"):
        cache.get("large")
    assert loader.loaded == ["a"] and cache.names() == ("a",)


def test_what_is_in_use_is_never_dropped(loader: Loader) -> None:
    cache = ModelCache(5, loader, memory=1005, need=loader.need)
    used = cache.get("a")
    with pytest.raises(ModelError, match="those in use take"):
        cache.get("large")
    assert cache.names() == ("a",) and cache.get("a") is used
    del used
    cache.get("large")
    assert cache.names() == ("large",)


def test_too_many_models_wait_for_their_users_before_they_go(loader: Loader) -> None:
    cache = ModelCache(2, loader)
    used = [cache.get(name) for name in "abc"]
    assert cache.names() == ("a", "b", "c")
    del used
    cache.get("d")
    assert cache.names() == ("c", "d")


def test_a_model_that_is_let_go_while_it_is_used_is_not_loaded_twice(loader: Loader) -> None:
    cache = ModelCache(2, loader)
    used = cache.get("a")
    cache.get("b")
    cache.let_go_of_unused()
    assert cache.names() == ("a",) and cache.get("a") is used
    assert loader.loaded == ["a", "b"]


def test_two_loads_at_once_do_not_share_the_same_room(loader: Loader) -> None:
    cache = ModelCache(5, loader, memory=1005, need=lambda name: 1000 if name == "slow" else loader.need(name))
    loader.wait.clear()
    thread = threading.Thread(target=lambda: cache.get("slow"))
    thread.start()
    while "slow" not in loader.loaded:
        time.sleep(0.001)
    with pytest.raises(ModelError, match="those in use"):
        cache.get("a")
    loader.wait.set()
    thread.join()
    assert cache.get("a").name == "a", "it was smaller than it said"


def test_the_bound_follows_from_the_machine_where_none_is_given(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "free_memory", lambda _: 1000)
    shared = ModelCache(5, loader, need=loader.need)
    shared.get("a")
    with pytest.raises(ModelError):
        shared.get("large")
    monkeypatch.setattr(cache, "free_memory", lambda _: 2000)
    assert shared.get("large").name == "large"


def test_classifiers_count_too(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = cast(Any, Classifier("c", ("no", "yes"), False, 10, "", cast(Any, Weights()), cast(Any, None)))
    monkeypatch.setattr(cache, "load_classifier", lambda _: classifier)
    shared = ModelCache(5, loader, memory=500, need=loader.need)
    assert shared.classifier("c") is classifier
    assert shared.names() == ("classifier:c",)
    with pytest.raises(ModelError, match="those in use take"):
        shared.get("big")


def test_a_real_model_is_counted_by_its_weights_and_let_go() -> None:
    held = ModelCache(2, lambda _: tiny_lm("llama"))
    model = weakref.ref(held.get("a"))
    found = model()
    assert found is not None and found.memory == sum(p.nbytes for p in found.model.parameters()) + sum(
        b.nbytes for b in found.model.buffers()
    )
    del found
    held.let_go_of_unused()
    assert held.names() == () and model() is None


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
        return Fake(name, 1)

    shared = ModelCache(2, lambda name: cast(Any, Fake(name, 1)))
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


def test_a_bound_in_gigabytes_is_one_in_bytes(loader: Loader) -> None:
    held = ModelCache(5, loader, need=loader.need)
    held.bound(25e-9)
    for name in ("a", "b", "c"):
        held.get(name)
    assert held.names() == ("b", "c")
