"""The work that goes on for visitors: each job is counted, timed, and told to whoever listens; all end at a stop."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lrt_explorer.errors import CancelledError

DONE, REFUSED, FAILED, CANCELLED = OUTCOMES = ("done", "refused", "failed", "cancelled")


@dataclass(frozen=True)
class Finished:
    """A job that has ended.

    Attributes:
        job: what was asked for, never with what.
        seconds: how long it took.
        outcome: one of `OUTCOMES`.
    """

    job: str
    seconds: float
    outcome: str


class Job:
    """A job that goes on."""

    def __init__(self, work: "Work") -> None:
        """Begin; a job that nothing is said about ends well."""
        self.outcome = DONE
        self.begun = time.monotonic()
        self._work = work

    def go_on(self) -> None:
        """To be called between steps.

        Raises:
            CancelledError: if the server stops.
        """
        if self._work.stopping:
            raise CancelledError("the server is stopping; ask again when it is back")


class Work:
    """All jobs of a server."""

    def __init__(self) -> None:
        """Begin with none."""
        self._changed = threading.Condition()
        self._running = 0
        self._stopping = threading.Event()
        self._listeners: list[Callable[[Finished], None]] = []

    @property
    def stopping(self) -> bool:
        """Whether jobs are to end."""
        return self._stopping.is_set()

    @property
    def running(self) -> int:
        """How many jobs go on."""
        with self._changed:
            return self._running

    def listen(self, listener: Callable[[Finished], None]) -> None:
        """Tell of every job that ends from now on."""
        self._listeners.append(listener)

    @contextmanager
    def job(self, name: str) -> Iterator[Job]:
        """A job goes on within the block; its closing before the end is a cancellation."""
        job = Job(self)
        with self._changed:
            self._running += 1
        try:
            yield job
        except GeneratorExit:
            job.outcome = CANCELLED
            raise
        except BaseException:
            job.outcome = FAILED if job.outcome == DONE else job.outcome
            raise
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()
            finished = Finished(name, time.monotonic() - job.begun, job.outcome)
            for listener in self._listeners:
                listener(finished)

    def begin(self) -> None:
        """Take jobs again after a stop."""
        self._stopping.clear()

    def end_all(self, patience: float) -> bool:
        """Have every job end at its next step; whether all have within so many seconds."""
        self._stopping.set()
        with self._changed:
            return self._changed.wait_for(lambda: self._running == 0, patience)


WORK = Work()
"""That of this process: the handlers of the screen are plain functions and have no other place to tell it."""
