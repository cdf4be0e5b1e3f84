"""A lock that is handed on in the order in which it was asked for."""

import threading
from collections import deque
from types import TracebackType


class FairLock:
    """A reentrant lock that goes to whoever has waited longest.

    Python's own locks may be taken again at once by the thread that lets go of them. A job that runs one pass after
    another would then keep a job that needs a pass for each token waiting for as long as it runs.
    """

    def __init__(self) -> None:
        """Begin free."""
        self._state = threading.Lock()
        self._waiting: deque[tuple[int, threading.Lock]] = deque()
        self._owner: int | None = None
        self._depth = 0

    @property
    def held(self) -> bool:
        """Whether someone holds it."""
        return self._owner is not None

    @property
    def depth(self) -> int:
        """How many times its owner has entered it."""
        return self._depth

    def __enter__(self) -> None:
        """Wait for one's turn."""
        thread = threading.get_ident()
        with self._state:
            if self._owner in (None, thread):
                self._owner = thread
                self._depth += 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append((thread, turn))
        turn.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hand it on."""
        with self._state:
            self._depth -= 1
            if self._depth:
                return
            self._owner = None
            if self._waiting:
                self._owner, turn = self._waiting.popleft()
                self._depth = 1
                turn.release()
