"""Errors on their way to the screen: one sentence each, never a traceback, and the app goes on."""

import functools
import inspect
import logging
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import gradio as gr

from lrt_explorer.concepts.formats.source import is_text
from lrt_explorer.errors import CancelledError, LRTError
from lrt_explorer.limits import CONTRAST_SET_BYTES, JSON_DEPTH
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.memory import free_up, is_out_of_memory
from lrt_explorer.store import assets_home, data_home
from lrt_explorer.ui.newest import SupersededError
from lrt_explorer.ui.work import CANCELLED, FAILED, REFUSED, WORK

P = ParamSpec("P")
Shown = TypeVar("Shown")

logger = logging.getLogger(__name__)
UNEXPECTED = "Something unexpected went wrong. The program's log has the details; you can go on."
OUT_OF_MEMORY = "There was not enough memory for this. Ask for less: fewer tokens, a shorter text or smaller models."
UNFIT = "What was sent does not fit this control; choose another value, or load the page again."
TOO_MANY = "This page has asked for too much at once; wait until some of it is done."
FULL = "The server has too many requests just now; try again in a minute."
REQUESTS_OF_PAGE = 60
"""Events of one page that have not ended; opening the page begins about twenty."""
MOST_CHARACTERS = 600
"""Of a sentence: it may repeat what a visitor has sent."""


def guarded(show: Callable[[str], Shown]) -> Callable[[Callable[P, Iterator[Shown]]], Callable[P, Iterator[Shown]]]:
    """Let a streaming handler end in one sentence when it fails, and at its next step when the server stops.

    Args:
        show: what the handler's outputs become for a sentence.
    """

    def wrap(handler: Callable[P, Iterator[Shown]]) -> Callable[P, Iterator[Shown]]:
        @functools.wraps(handler)
        def safe(*args: P.args, **kwargs: P.kwargs) -> Iterator[Shown]:
            with WORK.job(handler.__name__) as job:
                try:
                    with closing(cast("Any", iter(handler(*args, **kwargs)))) as steps:
                        for shown in steps:
                            yield shown
                            job.go_on()
                except SupersededError:
                    job.outcome = CANCELLED
                    yield cast("Any", gr.skip())
                except LRTError as error:
                    job.outcome = CANCELLED if isinstance(error, CancelledError) else REFUSED
                    yield show(sentence_of(error))
                except Exception as error:
                    job.outcome = FAILED
                    yield show(failure(error, "a handler of the screen failed"))

        return safe

    return wrap


def sentence_of(error: LRTError) -> str:
    """What a visitor is told: no longer than a paragraph, and without the places where a server keeps things."""
    sentence = str(error)
    for folder, spoken in _places():
        sentence = sentence.replace(folder, spoken)
    return sentence if len(sentence) <= MOST_CHARACTERS else f"{sentence[: MOST_CHARACTERS - 1]}…"


def failure(error: Exception, what: str) -> str:
    """What a visitor is told of an error that is nobody's mistake; the details go to the log.

    Args:
        error: caught just now.
        what: has failed.
    """
    if is_out_of_memory(error):
        logger.warning("%s: out of memory", what)
        free_up(error)
        models().let_go_of_unused()
        return OUT_OF_MEMORY
    logger.error(what, exc_info=error)
    return UNEXPECTED


def answer_in_sentences(app: gr.Blocks) -> None:
    """Let every event of an app, whatever is sent with it, end in an answer or in one sentence.

    Gradio checks what a page sends against its controls before any handler sees it, and what fails there would end
    without a word.
    """
    preprocess, process = app.preprocess_data, app.process_api

    @functools.wraps(preprocess)
    async def checked(block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> Any:
        if len(inputs) > len(block_fn.inputs) or not is_plain(inputs):
            raise gr.Error(UNFIT, print_exception=False)
        try:
            return await preprocess(block_fn, [*inputs, *_defaults(block_fn, len(inputs))], *args, **kwargs)
        except Exception as error:
            logger.info("an event brought what its control does not take (%s)", type(error).__name__)
            raise gr.Error(UNFIT, print_exception=False) from error

    @functools.wraps(process)
    async def answered(*args: Any, **kwargs: Any) -> Any:
        try:
            return await process(*args, **kwargs)
        except gr.Error as error:
            error.print_exception = False
            raise
        except LRTError as error:
            raise gr.Error(sentence_of(error), print_exception=False) from error
        except Exception as error:
            said = failure(error, "an event of the screen failed")
            raise gr.Error(said, print_exception=False) from error

    app.preprocess_data = checked  # type: ignore[method-assign]
    app.process_api = answered  # type: ignore[method-assign]


def bound_pages(app: gr.Blocks) -> None:
    """Let no page have more than so many requests under way, so that one that asks without end keeps nobody out.

    To be called after `app.queue`.
    """
    queue = app._queue
    push = queue.push

    @functools.wraps(push)
    async def bounded(body: Any, *args: Any, **kwargs: Any) -> Any:
        if len(queue.pending_event_ids_session.get(body.session_hash, ())) >= REQUESTS_OF_PAGE:
            return False, TOO_MANY, "queue_full"
        if queue.max_size is not None and len(queue) >= queue.max_size:
            return False, FULL, "queue_full"
        return await push(body, *args, **kwargs)

    queue.push = bounded  # type: ignore[method-assign]


def is_plain(value: Any, depth: int = JSON_DEPTH) -> bool:
    """Whether a value from a page is finite, flat, no longer than a contrast set, and text where it is text."""
    if isinstance(value, str):
        return len(value) <= CONTRAST_SET_BYTES and is_text(value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return depth > 0 and all(is_plain(item, depth - 1) for item in value)
    if isinstance(value, dict):
        return depth > 0 and all(is_plain(part, depth - 1) for item in value.items() for part in item)
    return True


def _defaults(event: Any, given: int) -> list[Any]:
    """What an endpoint's function takes where a program leaves out the last arguments."""
    if event.fn is None or given >= len(event.inputs):
        return []
    left = list(inspect.signature(event.fn).parameters.values())[given : len(event.inputs)]
    return [parameter.default for parameter in left if parameter.default is not parameter.empty]


def uploads_home() -> Path:
    """Where Gradio puts what visitors bring."""
    return Path(os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir()) / "gradio")


def _places() -> list[tuple[str, str]]:
    folders = [(data_home(), "the data folder"), (assets_home(), "the assets")]
    folders.append((uploads_home(), "the uploads"))
    both = [(str(place), spoken) for folder, spoken in folders for place in (folder, folder.resolve())]
    return sorted(both, key=lambda pair: -len(pair[0]))
