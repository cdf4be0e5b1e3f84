"""How an endpoint answers: arguments held to their types, progress on the way, one sentence where it fails."""

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import gradio as gr

from lrt_explorer.errors import CancelledError, LRTError
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.ui.arguments import checked
from lrt_explorer.ui.asker import check_still_there
from lrt_explorer.ui.guard import failure, sentence_of
from lrt_explorer.ui.work import CANCELLED, FAILED, REFUSED, WORK, Job

Endpoint = Callable[..., dict[str, Any]]
"""A typed function with a docstring that says what it and each of its arguments is, and JSON as its result."""

_JOB: ContextVar[Job] = ContextVar("job")


def going_on(step: Progress) -> None:
    """Between the steps of a study: tell who asked, and let it end if the server stops or the page is closed."""
    _JOB.get().go_on()
    check_still_there()
    gr.Progress()((step.done, step.total), desc=step.message)


def in_sentences(function: Endpoint) -> Endpoint:
    """The function as an endpoint: wrong arguments, and all that fails, end in the sentence that people would see.

    Raises:
        gr.Error: with that sentence.
    """
    call = checked(function)

    @functools.wraps(function)
    def endpoint(*args: Any, **kwargs: Any) -> dict[str, Any]:
        with WORK.job(f"/{function.__name__}") as job:
            _JOB.set(job)
            try:
                return call(*args, **kwargs)
            except LRTError as error:
                job.outcome = CANCELLED if isinstance(error, CancelledError) else REFUSED
                raise gr.Error(sentence_of(error), print_exception=False) from error
            except Exception as error:
                job.outcome = FAILED
                raise gr.Error(failure(error, "an endpoint failed"), print_exception=False) from error

    return endpoint
