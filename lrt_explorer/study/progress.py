"""Studies report how far they are: generators that yield `Progress` and return their result."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

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
