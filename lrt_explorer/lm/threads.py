"""How many threads a pass takes: the cores are shared by the jobs that run at once."""

from functools import cache

import torch


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


@cache
def _most() -> int:
    """What torch takes by itself: all cores, or what OMP_NUM_THREADS says."""
    return torch.get_num_threads()
