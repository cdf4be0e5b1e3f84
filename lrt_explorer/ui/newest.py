"""The newest value of a slider: what still runs for an older one ends at its next step."""

from collections.abc import Generator
from typing import TypeVar

from lrt_explorer.bounded import BoundedCache
from lrt_explorer.errors import CancelledError
from lrt_explorer.ui.asker import page

Step = TypeVar("Step")
Result = TypeVar("Result")
PAGES = 2000


class SupersededError(CancelledError):
    """A newer value was asked for; the page asks again by itself, so nothing needs to be said."""


class Newest:
    """The newest value on each page; the pages that moved theirs last are remembered."""

    def __init__(self) -> None:
        """Begin with none."""
        self._values: BoundedCache[str, float] = BoundedCache(PAGES)

    def move(self, value: float) -> None:
        """Note where the slider of the page that asks stands now."""
        self._values.keep(page(), value)

    def study(self, value: float, study: Generator[Step, None, Result]) -> Generator[Step, None, Result]:
        """A study for one value, which ends when the page has moved on to another.

        Raises:
            SupersededError: in that case.
        """
        asking = page()
        self._values.keep(asking, value)
        try:
            while True:
                step = next(study)
                yield step
                if self._values.get(asking) not in (None, value):
                    raise SupersededError("a newer value was asked for")
        except StopIteration as stop:
            result: Result = stop.value
            return result
        finally:
            study.close()
