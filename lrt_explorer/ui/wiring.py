"""How a study is stopped: one place for every Stop button of the screen."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

AFTERWARDS = 0.5
"""Seconds after a stop in which what was on its way to the page has arrived."""


def clock_first(inputs: int) -> str:
    """JavaScript that puts the page's clock in place of the first of so many inputs.

    Stops and starts are ordered by it, because a busy server may take up clicks in another order. Gradio takes what
    the function returns as the value itself where there is one input, as a list of values where there are more.
    """
    return "() => Date.now()" if inputs == 1 else f"(...values) => [Date.now(), ...values.slice(1, {inputs})]"


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
    begun, stopped_at, clock = gr.State(0), gr.State(0), gr.Number(visible=False)
    at_once: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
    gr.on(list(starts), lambda now: now, clock, begun, js=clock_first(1), **at_once)

    def stop(now: float, *values: Any) -> tuple[Any, ...]:
        return now, say(*values), *[""] * len(emptied)

    def stop_again(latest: float, stopped: float, *values: Any) -> Any:
        said = stop(stopped, *values)[1:] if latest <= stopped else (gr.skip(),) * (1 + len(emptied))
        # What is written to a single component must not be a tuple.
        return said if emptied else said[0]

    shown = [status, *emptied]
    button.click(
        stop, [clock, *inputs], [stopped_at, *shown], cancels=list(runs), js=clock_first(1 + len(inputs)), **at_once
    ).then(lambda: time.sleep(AFTERWARDS), None, None, **at_once).then(
        stop_again, [begun, stopped_at, *inputs], shown, **at_once
    )
