"""The models in memory: shared by all visitors, bounded, each loaded once."""

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from weakref import WeakValueDictionary

from lrt_explorer.errors import ModelError, SettingsError
from lrt_explorer.lm.classify import Classifier, load_classifier
from lrt_explorer.lm.load import load
from lrt_explorer.lm.memory import free_memory, gigabytes, needed_memory
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.placement import Placement, placement
from lrt_explorer.lm.summary import describe

CAPACITY = 6
SHARE = 0.8
"""Of the memory that the machine has for them, what models take where nothing else is said."""
BOUNDLESS = 2**62
CLASSIFIER = "classifier:"
"""How the name of a text classifier begins in the cache."""

Held = LanguageModel | Classifier


def _nothing_known(_: str) -> int | None:
    return None


class ModelCache:
    """Keeps the models that were used last: at most `capacity`, and at most `memory` bytes of weights.

    While a model is being loaded, others in memory are available, and a second request for the same one waits for that
    one load. A model that someone uses is never dropped: room is made from the others, the longest unused first, and
    what does not fit even so is refused before it is loaded.
    """

    def __init__(
        self,
        capacity: int,
        loader: Callable[[str], LanguageModel] = load,
        *,
        memory: int | None = None,
        need: Callable[[str], int | None] = _nothing_known,
    ) -> None:
        """Start empty.

        Args:
            capacity: models to keep.
            loader: loads one by its name.
            memory: bytes of weights in all; None for a share of what the machine has.
            need: bytes of weights that a name stands for, asked before it is loaded; None where that is not known.

        Raises:
            SettingsError: if there is no room for a single model.
        """
        if capacity < 1:
            raise SettingsError(f"a model cache needs room for at least 1 model, not {capacity}; give it more")
        self.capacity = capacity
        self.memory = memory
        self._loader, self._need = loader, need
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Held] = OrderedDict()
        # All that are alive: what is not kept any more is here for as long as someone holds it.
        self._alive: WeakValueDictionary[str, Held] = WeakValueDictionary()
        self._loading: dict[str, Future[Held]] = {}
        self._reserved: dict[str, int] = {}

    def get(self, name: str) -> LanguageModel:
        """The model of this name, loaded if it is not in memory.

        Raises what the loader raises, to all who wait for that load; the next call tries again.

        Raises:
            ModelError: if it does not fit beside what is in use.
        """
        found = self._get(name, lambda: self._loader(name), lambda: self._need(name))
        assert not isinstance(found, Classifier)
        return found

    def classifier(self, name: str) -> Classifier:
        """The text classifier of this name, likewise."""
        found = self._get(CLASSIFIER + name, lambda: load_classifier(name), lambda: _classifier_need(name))
        assert isinstance(found, Classifier)
        return found

    def _get(self, key: str, load_it: Callable[[], Held], need: Callable[[], int | None]) -> Held:
        with self._lock:
            if (held := self._alive.get(key)) is not None:
                self._keep(key, held)
                return held
            under_way = self._loading.get(key)
            if under_way is None:
                ours = self._loading[key] = Future()
        if under_way is not None:
            return under_way.result()
        try:
            self._reserve(key, need() or 0)
            model = load_it()
        except BaseException as error:
            with self._lock:
                del self._loading[key]
                self._reserved.pop(key, None)
            ours.set_exception(error)
            raise
        with self._lock:
            del self._loading[key]
            self._reserved.pop(key, None)
            self._keep(key, model)
            self._make_room(0)
        ours.set_result(model)
        return model

    def bound(self, memory_gb: float) -> None:
        """Hold at most so many 10⁹ bytes of weights."""
        self.memory = int(memory_gb * 1e9)

    def load_by(self, loader: Callable[[str], LanguageModel]) -> None:
        """Load by another loader from now on, and let go of the models in memory."""
        with self._lock:
            self._loader = loader
            self._kept.clear()
            self._alive = WeakValueDictionary()

    def names(self) -> tuple[str, ...]:
        """What is kept, least recently used first; classifiers begin with `CLASSIFIER`."""
        with self._lock:
            return tuple(self._kept)

    def let_go_of_unused(self) -> None:
        """Drop every model that nothing uses just now, because memory is needed."""
        with self._lock:
            for key in tuple(self._kept):
                self._drop(key)

    def _keep(self, key: str, model: Held) -> None:
        self._kept[key] = self._alive[key] = model
        self._kept.move_to_end(key)

    def _reserve(self, key: str, need: int) -> None:
        with self._lock:
            most = self._most()
            if need <= most:
                self._make_room(need)
            if need > most - self._used():
                raise ModelError(
                    f"{key.removeprefix(CLASSIFIER)} takes {gigabytes(need)}, but models may take {gigabytes(most)} "
                    f"here and those in use take {gigabytes(self._used())}; choose a smaller model, or try again later"
                )
            self._reserved[key] = need

    def _make_room(self, need: int) -> None:
        """Drop the longest unused, but for the last one, until so many bytes fit and there are few enough."""
        most = self._most()
        for key in tuple(self._kept)[: None if need else -1]:
            if len(self._kept) + bool(need) <= self.capacity and self._used() + need <= most:
                return
            self._drop(key)

    def _drop(self, key: str) -> None:
        place = tuple(self._kept).index(key)
        del self._kept[key]
        if key in self._alive:
            # Models may hold themselves in a circle.
            gc.collect()
        if (used := self._alive.get(key)) is not None:
            self._kept[key] = used
            for later in tuple(self._kept)[place:-1]:
                self._kept.move_to_end(later)

    def _used(self) -> int:
        return sum(model.memory for model in self._alive.values()) + sum(self._reserved.values())

    def _most(self) -> int:
        if self.memory is not None:
            return self.memory
        place = _where()
        free = None if place.device_map else free_memory(place.target)
        return BOUNDLESS if free is None else int(SHARE * (free + self._used()))


def _weights(name: str) -> int | None:
    """Bytes of a model's weights as they will lie in memory, as far as its files tell."""
    need = needed_memory(describe(name), _where().weights)
    return None if need is None else need.weights


def _where() -> Placement:
    """Where models go that are loaded now; nothing that was said leaves it to the environment."""
    return placement() if _placed == Placement() else _placed


def _classifier_need(name: str) -> int | None:
    need = needed_memory(name, None)
    return None if need is None else need.weights


_placed = Placement()
_MODELS = ModelCache(CAPACITY, need=_weights)


def models() -> ModelCache:
    """The cache that the whole program shares."""
    return _MODELS


def place_models(device: str | None = None, dtype: str | None = None, device_map: str | None = None) -> None:
    """Say where the program's models go from now on, as for `load`; models placed otherwise are let go.

    Raises:
        ModelError: if one of these is not known.
    """
    global _placed
    placed = placement(device, dtype, device_map)
    if placed != _placed:
        _MODELS.load_by(partial(load, device=placed.device, dtype=placed.dtype, device_map=placed.device_map))
        _placed = placed
