"""The newest that was asked for: what still runs for something older ends at its next step."""

from collections.abc import Generator, Hashable
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
    """The newest value on each page, of whatever can be compared; the pages that moved theirs last are remembered."""

    def __init__(self) -> None:
        """Begin with none."""
        self._values: BoundedCache[str, Hashable] = BoundedCache(PAGES)

    def move(self, value: Hashable) -> None:
        """Note what the page that asks wants now."""
        self._values.keep(page(), value)

    def now(self) -> Hashable:
        """What the page that asks wants now; None if that is not known."""
        return self._values.get(page())

    def watch(self, study: Generator[Step, None, Result]) -> Generator[Step, None, Result]:
        """A study that ends when the page wants something else than when it began.

        Raises:
            SupersededError: in that case.
        """
        asking = page()
        return self._while(asking, self._values.get(asking), study)

    def study(self, value: Hashable, study: Generator[Step, None, Result]) -> Generator[Step, None, Result]:
        """A study for one value, the newest from this call on, which ends when the page has moved on to another.

        Raises:
            SupersededError: in that case.
        """
        asking = page()
        self._values.keep(asking, value)
        return self._while(asking, value, study)

    def _while(
        self, asking: str, value: Hashable, study: Generator[Step, None, Result]
    ) -> Generator[Step, None, Result]:
        try:
            while True:
                step = next(study)
                # Twice: what took long to come is not shown any more, and what took long to show is not followed.
                self._check(asking, value)
                yield step
                self._check(asking, value)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        finally:
            study.close()

    def _check(self, asking: str, value: Hashable) -> None:
        if self._values.get(asking) not in (None, value):
            raise SupersededError("a newer value was asked for")
