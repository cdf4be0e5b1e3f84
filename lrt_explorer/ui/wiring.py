"""How handlers are wired: values in and out by name instead of by position, and one way to run, stop and save."""

import functools
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import gradio as gr
from gradio.blocks import Block

from lrt_explorer.study.ground.progress import timed
from lrt_explorer.ui.cards import notice, progress_bar
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.newest import Newest

P = ParamSpec("P")
Part = TypeVar("Part")
Step = TypeVar("Step")
Result = TypeVar("Result")

Outputs = dict[Block, Any]
"""What a handler gives: the new value of each component that changes. What it leaves out stays as it is."""

QUICK: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "always_last"}
"""How an event is wired that runs no model. Through the queue: a State that changes outside it tells no listener.

What happens while it runs is not lost, as it would be by Gradio's default: the last of it follows.
"""
EVERY_TIME: dict[str, Any] = {**QUICK, "trigger_mode": "multiple"}
"""The same for an event that brings data: Gradio would follow with the data of the first."""
ONLY_ONCE: dict[str, Any] = {**QUICK, "trigger_mode": "once"}
"""The same for a press that would do its work twice if it came twice."""
AT_ONCE: dict[str, Any] = {**EVERY_TIME, "queue": False}
"""How an event is wired that waits for nothing, to tell what is running that something newer is asked for."""
MODEL_WORK: dict[str, Any] = {**QUICK, "concurrency_limit": None}
"""How an event is wired that runs a model: Gradio starts all of them, and they wait in lanes (see `turns.py`)."""
SETTLE_SECONDS = 0.5
"""Seconds after a stop in which what was on its way to the page has arrived."""
BEGUN, STOPPED = "begun", "stopped"
"""What a page wants: that a run goes on; nothing."""


class WithStatus(Protocol):
    """A part of the screen that shows progress and errors in one place."""

    @property
    def status(self) -> gr.HTML:
        """Where they are shown."""


def to_status(part: WithStatus, sentence: str) -> Outputs:
    """Show an error where the part shows its progress."""
    return {part.status: notice(sentence)}


def guarded_by(
    show: Callable[[Any, str], Outputs],
) -> Callable[[Callable[Concatenate[Part, P], Iterator[Outputs]]], Callable[Concatenate[Part, P], Iterator[Outputs]]]:
    """`guarded` for handlers that are methods of a part of the screen.

    Args:
        show: what a handler's outputs become for a sentence, given the part.
    """

    def wrap(
        handler: Callable[Concatenate[Part, P], Iterator[Outputs]],
    ) -> Callable[Concatenate[Part, P], Iterator[Outputs]]:
        @functools.wraps(handler)
        def safe(part: Part, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Outputs]:
            bound = functools.update_wrapper(functools.partial(handler, part), handler)
            yield from guarded(functools.partial(show, part))(bound)(*args, **kwargs)

        return safe

    return wrap


def left(field: gr.Textbox | gr.Number) -> list[Any]:
    """The events of a field whose text is meant: Enter, and leaving it."""
    return [field.submit, field.blur]


def nothing() -> Outputs:
    """Leave every component as it is. An empty dict would be an error to Gradio."""
    unchanged: Outputs = gr.skip()
    return unchanged


def run_study(
    study: Generator[Step, None, Result], show: Callable[[Step], Outputs]
) -> Generator[Outputs, None, Result]:
    """Run a study inside a handler, which gets its result by `yield from`.

    Args:
        study: yields how far it is; closed when the handler is.
        show: what the screen shows for each step.
    """
    running = timed(study)
    try:
        while True:
            yield show(next(running))
    except StopIteration as stop:
        result: Result = stop.value
        return result
    finally:
        running.close()


def progress_in(status: gr.HTML) -> Callable[[Any], Outputs]:
    """Show each step of a study as a progress bar in one place."""
    return lambda step: {status: progress_bar(step)}


def from_controls(
    handler: Callable[..., Iterator[Outputs]], kind: type, first: int
) -> Callable[..., Iterator[Outputs]]:
    """A handler as Gradio calls it, with the value of every control in a place of its own.

    Args:
        handler: takes the first values, then one value of `kind`.
        kind: holds the values of the other controls, its fields in their order.
        first: how many values come before them.
    """

    def handle(*values: Any) -> Iterator[Outputs]:
        yield from handler(*values[:first], kind(*values[first:]))

    # Only the name: a signature of two values would make Gradio warn about the others.
    handle.__name__ = handler.__name__
    return handle


def at_once_from_controls(handler: Callable[[Any], None], kind: type) -> Callable[..., None]:
    """The same for a handler that takes nothing else and shows nothing."""

    def handle(*values: Any) -> None:
        handler(kind(*values))

    handle.__name__ = handler.__name__
    return handle


def wire_run(
    run: gr.Button,
    stop: gr.Button,
    handler: Callable[..., Iterator[Outputs]],
    inputs: Sequence[Block],
    outputs: Sequence[Block],
    status: gr.HTML,
    stopped: Callable[[], str],
) -> None:
    """Let one button run a study and another one stop it.

    Args:
        run: starts the study.
        stop: stops it.
        handler: runs it and shows its progress in `status`.
        inputs: what the handler takes.
        outputs: what it writes to, `status` among them.
        status: where progress is shown.
        stopped: gives what stands there after a stop.
    """
    once = {**MODEL_WORK, "trigger_mode": "once"}
    last = Newest()
    running = run.click(with_stop(handler, run, stop, last), list(inputs), [*outputs, run, stop], **once)
    # After every end, a stop's too: until then Gradio drops a click on the button, and says nothing.
    running.then(partial(on_run_changed, False, run, stop), None, [run, stop], **QUICK)
    wire_stop(stop, [running], status, stopped, last)
    stop.click(partial(on_busy_changed, False), None, stop, **QUICK)


def with_stop(
    handler: Callable[..., Iterator[Outputs]], run: gr.Button, stop: gr.Button, last: Newest
) -> Callable[..., Iterator[Outputs]]:
    """The handler with its two buttons: from its first step on, one cannot be pressed again and the other can.

    The buttons change with the handler's own first step: an event of its own could arrive after the last of them.
    """

    def handle(*values: Any) -> Iterator[Outputs]:
        last.move(BEGUN)
        begun = False
        for step in handler(*values):
            # What leaves every component as it is has no component among its keys.
            shown = step if any(isinstance(key, Block) for key in step) else {}
            yield step if begun else {**shown, **on_run_changed(True, run, stop)}
            begun = True

    handle.__name__ = handler.__name__
    return handle


def noted(handler: Callable[..., Iterator[Outputs]], last: Newest) -> Callable[..., Iterator[Outputs]]:
    """The handler, with a note for `wire_stop` when it begins."""

    def handle(*values: Any) -> Iterator[Outputs]:
        last.move(BEGUN)
        yield from handler(*values)

    handle.__name__ = handler.__name__
    return handle


def on_run_changed(busy: bool, run: gr.Button, stop: gr.Button) -> Outputs:
    """Two buttons of which only one does something: start while nothing runs, stop while something does."""
    return {run: gr.Button(interactive=not busy), stop: on_busy_changed(busy)}


def on_busy_changed(busy: bool) -> gr.Button:
    """A stop button, which can be pressed only while there is something to stop."""
    return gr.Button(interactive=busy)


def wire_stop(
    button: gr.Button,
    runs: Sequence[Any],
    status: gr.HTML,
    stopped: Callable[..., str],
    last: Newest,
    inputs: Sequence[Block] = (),
    emptied: Sequence[Block] = (),
) -> None:
    """Let a button stop running events.

    The last progress may already be on its way to the page and would stay there, so the notice is shown twice; not
    if something has begun in between, which would be overwritten.

    Args:
        button: stops.
        runs: the running events, which are cancelled.
        status: where progress is shown.
        stopped: gives what stands there after a stop, from the values of `inputs`.
        last: what the page asked for last; moved here by a stop, and by whatever begins.
        inputs: what it needs to know.
        emptied: what else shows progress, and is empty after a stop.
    """
    outputs = [status, *emptied]

    def on_stop_clicked(*values: Any) -> Outputs:
        # Before the page shows it, so that what is asked for after that is newer.
        last.move(STOPPED)
        return {status: stopped(*values), **dict.fromkeys(emptied, "")}

    def on_stop_shown() -> None:
        time.sleep(SETTLE_SECONDS)

    def on_stop_settled(*values: Any) -> Outputs:
        return on_stop_clicked(*values) if last.now() == STOPPED else nothing()

    at_once: dict[str, Any] = {"api_visibility": "private", "queue": False}
    stopping = button.click(on_stop_clicked, list(inputs), outputs, cancels=list(runs) or None, **at_once)
    stopping.then(on_stop_shown, None, None, **QUICK).then(on_stop_settled, list(inputs), outputs, **QUICK)


def wire_save(
    button: gr.Button,
    make_file: Callable[..., Path],
    inputs: Sequence[Block],
    status: gr.HTML,
    *,
    wired: dict[str, Any] = QUICK,
) -> None:
    """Let a button hand a file to the browser.

    Args:
        button: saves; it has an id on the page.
        make_file: writes the file from the values of `inputs`.
        inputs: what it takes.
        status: where the file's name, or an error, is shown.
        wired: `QUICK`, or `MODEL_WORK` where a model must run first.
    """
    download_id = f"{button.elem_id}-file"
    download = gr.DownloadButton(visible="hidden", elem_id=download_id)

    def failed(sentence: str) -> Outputs:
        return {status: notice(sentence)}

    @guarded(failed)
    def on_save_clicked(*values: Any) -> Iterator[Outputs]:
        file = make_file(*values)
        yield {download: gr.DownloadButton(value=str(file)), status: notice(f"Saved as {file.name}.", "good")}

    saved = button.click(on_save_clicked, list(inputs), [download, status], **wired)
    saved.success(None, js=f"() => document.querySelector('#{download_id}').click()", api_visibility="private")
