"""Texts on their way to the page: a few times a second, however fast they are written.

Every step that a handler yields is encoded, sent and drawn. A small model writes a token in less time than that takes,
so a step for each token would make the page wait for pictures that nobody sees.
"""

import math
import time
from collections.abc import Callable, Generator
from typing import TypeVar

from lrt_explorer.study.compare import ComparisonStep

Step = TypeVar("Step")
Result = TypeVar("Result")

PACE_SECONDS = 0.15
"""Between two states of the texts that are shown."""


def paced(
    study: Generator[Step, None, Result], clock: Callable[[], float] = time.monotonic
) -> Generator[Step, None, Result]:
    """A study whose texts are passed on at once when they begin, then a few times a second.

    Whatever else it reports is passed on. The last state is not, since the result holds the texts to their end, and
    the page would draw the same twice.

    Args:
        study: what runs; closed with this one.
        clock: seconds from any moment on.
    """
    shown = -math.inf
    try:
        while True:
            step = next(study)
            if isinstance(step, ComparisonStep):
                if step.last or (now := clock()) - shown < PACE_SECONDS:
                    continue
                shown = now
            yield step
    except StopIteration as stop:
        result: Result = stop.value
        return result
    finally:
        study.close()
