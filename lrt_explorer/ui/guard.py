"""Errors on their way to the screen: one sentence each, never a traceback, and the app goes on."""

import functools
import logging
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from lrt_explorer.errors import LRTError

P = ParamSpec("P")
Shown = TypeVar("Shown")

logger = logging.getLogger(__name__)
UNEXPECTED = "Something unexpected went wrong. The program's log has the details; you can go on."


def guarded(show: Callable[[str], Shown]) -> Callable[[Callable[P, Iterator[Shown]]], Callable[P, Iterator[Shown]]]:
    """Let a streaming handler end in one sentence when it fails.

    Args:
        show: what the handler's outputs become for a sentence.
    """

    def wrap(handler: Callable[P, Iterator[Shown]]) -> Callable[P, Iterator[Shown]]:
        @functools.wraps(handler)
        def safe(*args: P.args, **kwargs: P.kwargs) -> Iterator[Shown]:
            try:
                yield from handler(*args, **kwargs)
            except LRTError as error:
                yield show(str(error))
            except Exception:
                logger.exception("a handler of the screen failed")
                yield show(UNEXPECTED)

        return safe

    return wrap
