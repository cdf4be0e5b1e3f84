"""How a plain function says how far it is: not at all, by a bar, or to a function of the caller's."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm.auto import tqdm

from lrt_explorer.study.ground.progress import Progress, Result, finish, timed

Report = bool | Callable[[Progress], None] | None
"""None or False: silent. True: a bar, in a terminal or a notebook. A function: it is called with each `Progress`."""


def run(study: Generator[Any, None, Result], progress: Report = None) -> Result:
    """Run a study to its end and give its result; whatever stops it closes it, so that it keeps what it has.

    Raises what the study raises, and whatever `progress` raises.
    """
    try:
        if progress is None or progress is False:
            return finish(study)
        if progress is True:
            with _bar() as report:
                return finish(study, report)
        return finish(timed(study), progress)
    finally:
        study.close()


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    """A bar that begins again with every phase of a study."""
    with tqdm(leave=False, bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}") as bar:

        def report(step: Progress) -> None:
            if step.total != bar.total or step.done < bar.n:
                bar.reset(total=step.total)
            bar.set_description_str(step.message, refresh=False)
            bar.update(step.done - bar.n)
            bar.refresh()

        yield report
