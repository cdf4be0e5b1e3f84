"""Studies report how far they are: generators that yield `Progress` and return their result."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import TypeVar

Step = TypeVar("Step")
Result = TypeVar("Result")

SECONDS_TO_TELL = 1.0
"""How long a phase must have run before its pace says anything about its end."""


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps, and what is being done.

    Attributes:
        done, total: steps of any kind.
        message: what is being done.
        left: seconds until `total` is reached, as far as they can be estimated; see `timed`.
    """

    done: int
    total: int
    message: str
    left: float | None = field(default=None, kw_only=True)

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total > 0 else 0.0


def timed(
    study: Generator[Step, None, Result], clock: Callable[[], float] = time.monotonic
) -> Generator[Step, None, Result]:
    """A study whose every `Progress` says how many seconds are left, from the pace of its phase so far.

    A phase ends where the total changes or the count goes back. An estimate that the study gives itself is kept.

    Args:
        study: what runs; closed with this one.
        clock: seconds from any moment on.
    """
    total, first, begun = -1, 0, 0.0
    try:
        while True:
            step = next(study)
            if isinstance(step, Progress):
                now = clock()
                if step.total != total or step.done < first:
                    total, first, begun = step.total, step.done, now
                elapsed = now - begun
                if step.left is None and step.done > first and elapsed >= SECONDS_TO_TELL:
                    left = elapsed / (step.done - first) * max(step.total - step.done, 0)
                    step = replace(step, left=left)
            yield step
    except StopIteration as stop:
        result: Result = stop.value
        return result
    finally:
        study.close()


def retold(study: Generator[Step, None, Result], say: Callable[[Step], Progress]) -> Generator[Progress, None, Result]:
    """A study inside another one, whose steps are reported in the other one's words.

    Args:
        study: what runs; closed with this one.
        say: what to report for each of its steps.
    """
    try:
        while True:
            yield say(next(study))
    except StopIteration as stop:
        result: Result = stop.value
        return result
    finally:
        study.close()


def finish(study: Generator[object, None, Result], report: Callable[[Progress], None] | None = None) -> Result:
    """Run a study to its end and return its result; `report` is told each `Progress`, and may stop it by an error."""
    try:
        while True:
            step = next(study)
            if report is not None and isinstance(step, Progress):
                report(step)
    except StopIteration as stop:
        result: Result = stop.value
        return result
    finally:
        # An error keeps what it went through alive, and with it whatever the study holds.
        study.close()
