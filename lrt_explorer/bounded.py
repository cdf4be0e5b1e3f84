"""A bounded cache, shared by threads, in which the longest unused makes room."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class BoundedCache(Generic[Key, Value]):
    """Values by key, at most `capacity` of them.

    Every method is atomic. Nothing is computed under its lock: look a value up, make it if there is none, and keep it.
    Two threads may then make the same one, and the later one stays.
    """

    def __init__(self, capacity: int, fits: Callable[[Collection[Value]], bool] = lambda _: True) -> None:
        """Start empty.

        Args:
            capacity: Values to hold, at least 1.
            fits: Whether these values may stay together, if they are to be bounded by more than their number. It is
                called under the cache's lock.

        Raises:
            ValueError: If there is no room for a single value.
        """
        if capacity < 1:
            raise ValueError(f"a cache needs room for at least 1 value, not {capacity}; give it more")
        self.capacity = capacity
        self._fits = fits
        self._lock = threading.Lock()
        self._held: OrderedDict[Key, Value] = OrderedDict()

    def __len__(self) -> int:
        """How many values are held."""
        with self._lock:
            return len(self._held)

    def get(self, key: Key) -> Value | None:
        """The value under a key, which counts as its use; None if there is none."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def keep(self, key: Key, value: Value) -> None:
        """Hold a value as the one used last, in place of any other under its key; others make room."""
        with self._lock:
            self._held[key] = value
            self._held.move_to_end(key)
            while len(self._held) > self.capacity or (len(self._held) > 1 and not self._fits(self._held.values())):
                self._held.popitem(last=False)

    def items(self) -> tuple[tuple[Key, Value], ...]:
        """All keys with their values, longest unused first; a copy, and no use of them."""
        with self._lock:
            return tuple(self._held.items())

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._held.clear()
