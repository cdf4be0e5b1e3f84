"""Studies report how far they are: generators that yield `Progress` and return their result."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

Step = TypeVar("Step")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps, and what is being done."""

    done: int
    total: int
    message: str

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total > 0 else 0.0


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
    """Run a study to its end and return its result; `report` is told each `Progress` on the way."""
    while True:
        try:
            step = next(study)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        if report is not None and isinstance(step, Progress):
            report(step)
