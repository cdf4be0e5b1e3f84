"""How handlers are wired: many controls handed over as one value, and one place for every Stop button of the screen."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr

SETTLE_SECONDS = 0.5
"""Seconds after a stop in which what was on its way to the page has arrived."""


def from_controls(handler: Callable[..., Iterator[Any]], kind: type, first: int) -> Callable[..., Iterator[Any]]:
    """A handler as Gradio calls it, with the value of every control in a place of its own.

    Args:
        handler: takes the first values, then one value of `kind`.
        kind: holds the values of the other controls, its fields in their order.
        first: how many values come before them.
    """

    def handle(*values: Any) -> Iterator[Any]:
        yield from handler(*values[:first], kind(*values[first:]))

    return handle


def wire_stop(
    button: gr.Button,
    runs: Sequence[Any],
    status: gr.components.Component,
    say: Callable[..., str],
    inputs: Sequence[gr.components.Component] = (),
    emptied: Sequence[gr.components.Component] = (),
) -> None:
    """Let a button stop a study, and say so where its progress stood.

    A last word of progress may be on its way already and would stand there for ever, so it is said again soon after.

    Args:
        button: stops.
        runs: the running events, to be cancelled.
        status: where progress is shown.
        say: gives what stands there after a stop, from the values of `inputs`.
        inputs: what it needs to know.
        emptied: what else shows progress, and nothing after a stop.
    """
    quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    shown = [status, *emptied]

    def stop(*values: Any) -> Any:
        # What is written to a single component must not be a tuple.
        return (say(*values), *[""] * len(emptied)) if emptied else say(*values)

    stopping = button.click(stop, list(inputs), shown, cancels=list(runs), api_visibility="private", queue=False)
    stopping.then(lambda: time.sleep(SETTLE_SECONDS), None, None, **quick).then(stop, list(inputs), shown, **quick)
