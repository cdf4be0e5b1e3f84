"""How a study is stopped: one place for every Stop button of the screen."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

AFTERWARDS = 0.5
"""Seconds after a stop in which what was on its way to the page has arrived."""


def wire_stop(
    button: gr.Button,
    starts: Sequence[Any],
    runs: Sequence[Any],
    status: gr.components.Component,
    say: Callable[..., str],
    inputs: Sequence[gr.components.Component] = (),
    emptied: Sequence[gr.components.Component] = (),
) -> None:
    """Let a button stop a study, and say so where its progress stood.

    A last word of progress may be on its way already and would stand there for ever, so it is said again a moment
    later, unless another run has begun by then.

    Args:
        button: stops.
        starts: the events that begin a run, such as `run.click`.
        runs: the running events, to be cancelled.
        status: where progress is shown.
        say: gives what stands there after a stop, from the values of `inputs`.
        inputs: what it needs to know.
        emptied: what else shows progress, and nothing after a stop.
    """
    begun, stopped_at = gr.State(0), gr.State(0)
    at_once: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
    gr.on(list(starts), lambda count: count + 1, begun, begun, **at_once)

    def stop(count: int, *values: Any) -> tuple[Any, ...]:
        return count, say(*values), *[""] * len(emptied)

    def stop_again(count: int, before: int, *values: Any) -> tuple[Any, ...]:
        return stop(count, *values)[1:] if count == before else (gr.skip(),) * (1 + len(emptied))

    shown = [status, *emptied]
    button.click(stop, [begun, *inputs], [stopped_at, *shown], cancels=list(runs), **at_once).then(
        lambda: time.sleep(AFTERWARDS), None, None, **at_once
    ).then(stop_again, [begun, stopped_at, *inputs], shown, **at_once)
