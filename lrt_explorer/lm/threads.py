"""How many threads a pass takes: the cores are shared by the jobs at once, and small models gain nothing from many."""

from functools import cache
from types import TracebackType

import torch

from lrt_explorer.lm.fair_lock import FairLock

ONE_THREAD = 20_000_000
"""Weights up to which a pass takes one thread. `benchmarks/threads.py` has the measurements."""
PER_THREAD = 20_000_000
"""Weights of a larger model for which each further thread is worth its waiting for the others."""


def use_threads(jobs: int) -> int:
    """Let what this thread computes from now on use its share of the cores; gives how many threads that is.

    Torch keeps the number for each thread of the program, so every step of a job says it again. Setting it takes
    less than a microsecond.

    Args:
        jobs: how many run at once, this one included.
    """
    threads = max(1, _most() // max(1, jobs))
    torch.set_num_threads(threads)
    return threads


def useful_threads(parameters: int) -> int:
    """The most threads that a pass of a model gains from.

    Args:
        parameters: weights of the model.
    """
    return 1 if parameters <= ONE_THREAD else 1 + parameters // PER_THREAD


class PassLock(FairLock):
    """The lock of a model: within it torch takes no more threads than its passes gain from."""

    def __init__(self, parameters: int) -> None:
        """Begin free.

        Args:
            parameters: weights of the model.
        """
        super().__init__()
        self._useful = useful_threads(parameters)
        self._outside = 0

    def __enter__(self) -> None:
        """Wait for one's turn, then limit the threads."""
        super().__enter__()
        if self.depth == 1:
            self._outside = torch.get_num_threads()
            if self._useful < self._outside:
                torch.set_num_threads(self._useful)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give back the threads, then hand it on."""
        if self.depth == 1 and self._useful < self._outside:
            torch.set_num_threads(self._outside)
        super().__exit__(kind, error, trace)


@cache
def _most() -> int:
    """What torch takes by itself: all cores, or what OMP_NUM_THREADS says."""
    return torch.get_num_threads()
