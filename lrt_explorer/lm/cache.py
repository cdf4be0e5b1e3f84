"""The models in memory: shared by all visitors, bounded, each loaded once."""

import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from functools import partial

from lrt_explorer.bounded import BoundedCache
from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.load import load
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.placement import Placement, placement

CAPACITY = 6
# About 24 GB in float32: two models of three thousand million weights, or any number of small ones.
PARAMETERS = 6_000_000_000
PAIR = 2
WEIGHT_BYTES = 4


class ModelCache:
    """Keeps the most recently used models: at most `capacity`, and none but the last two beyond `parameters` in all.

    While a model is being loaded, others in memory are available, and a second request for the same one waits for that
    one load. A model that is dropped lives on for as long as someone uses it.
    """

    def __init__(
        self, capacity: int, loader: Callable[[str], LanguageModel] = load, parameters: int = PARAMETERS
    ) -> None:
        """Start empty.

        Raises:
            SettingsError: if there is no room for a single model.
        """
        if capacity < 1:
            raise SettingsError(f"a model cache needs room for at least 1 model, not {capacity}; give it more")
        self.capacity = capacity
        self.parameters = parameters
        self._loader = loader
        self._lock = threading.Lock()
        self._models: BoundedCache[str, LanguageModel] = BoundedCache(capacity, self._fit)
        self._loading: dict[str, Future[LanguageModel]] = {}

    def get(self, name: str) -> LanguageModel:
        """The model of this name, loaded if it is not in memory.

        Raises what the loader raises, to all who wait for that load; the next call tries again.
        """
        with self._lock:
            if (held := self._models.get(name)) is not None:
                return held
            under_way = self._loading.get(name)
            if under_way is None:
                ours = self._loading[name] = Future()
        if under_way is not None:
            return under_way.result()
        try:
            model = self._loader(name)
        except BaseException as error:
            with self._lock:
                del self._loading[name]
            ours.set_exception(error)
            raise
        with self._lock:
            del self._loading[name]
            self._models.keep(name, model)
        ours.set_result(model)
        return model

    def bound(self, memory_gb: float) -> None:
        """Hold no more weights than fit into so many 10⁹ bytes, each taken for one of float32, the widest there is."""
        self.parameters = int(memory_gb * 1e9 / WEIGHT_BYTES)

    def load_by(self, loader: Callable[[str], LanguageModel]) -> None:
        """Load by another loader from now on, and let go of the models in memory."""
        with self._lock:
            self._loader = loader
            self._models.clear()

    def names(self) -> tuple[str, ...]:
        """The models in memory, least recently used first."""
        return tuple(name for name, _ in self._models.items())

    def _fit(self, models: Collection[LanguageModel]) -> bool:
        # A pair stays together, however large, because a comparison uses both.
        return len(models) <= PAIR or sum(model.parameters for model in models) <= self.parameters


_MODELS = ModelCache(CAPACITY)
_placed = Placement()


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
