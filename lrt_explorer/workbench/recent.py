"""A bounded memory: what was used the longest ago goes first."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Keeps the most recently used values, at most `capacity`, and none but the last beyond `most` in all.

    Threads may share one.
    """

    def __init__(self, capacity: int, *, most: float = float("inf"), size: Callable[[Value], float] = lambda _: 0.0):
        """Start empty.

        Args:
            capacity: how many values are kept.
            most: what their sizes may add up to.
            size: of a value, in whatever unit `most` has.
        """
        self._capacity = capacity
        self._most = most
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """What is kept under a key, which is then the last to go."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Keep a value, and let go of what no longer fits beside it."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._capacity or (
                len(self._kept) > 1 and sum(map(self._size, self._kept.values())) > self._most
            ):
                self._kept.popitem(last=False)

    def items(self) -> tuple[tuple[Key, Value], ...]:
        """Everything that is kept, what was used last at the end."""
        with self._lock:
            return tuple(self._kept.items())
