"""Sliders whose number can be typed too: what lies beyond their ends is told to the handler, and leaving them acts."""

import math
from abc import ABCMeta
from typing import Any

import gradio as gr

from lrt_explorer.errors import SettingsError
from lrt_explorer.ui.wiring import QUICK

_SETTLED = "() => []"
"""Asks nothing of the server: Gradio tells of a number that was left before it is moved between the ends."""


def _known_number(slider: gr.Slider, payload: float | None) -> float:
    low, high = float(slider.minimum), float(slider.maximum)
    return payload if payload is not None and low <= payload <= high else math.nan


# Gradio also writes a stub beside the file of every such class, unless its metaclass is bypassed.
RangeSlider: type[gr.Slider] = ABCMeta.__new__(
    type(gr.Slider), gr.Slider.__name__, (gr.Slider,), {"preprocess": _known_number}
)
"""A slider that gives NaN for a number beyond its ends; Gradio's own ends in an error that no handler sees."""


def check_ends(**values: float) -> None:
    """Refuse numbers beyond the ends of their sliders.

    Args:
        values: what sliders gave, by what they set.

    Raises:
        SettingsError: naming the first.
    """
    for name, value in values.items():
        if math.isnan(value):
            raise SettingsError(f"the {name} lies beyond the ends of its slider; choose one between them")


def wire_left(slider: gr.Slider, count: gr.State) -> None:
    """Let a count go up when a slider is let go, its number is left, or its arrow sets it back.

    Args:
        slider: one whose `input` is wired too, which is all that a key on it fires.
        count: read by whatever acts, which must bear to be asked twice for the same.
    """
    settled: Any = slider.release(None, None, None, js=_SETTLED, api_visibility="private", show_progress="hidden")
    settled.then(on_slider_left, count, count, **QUICK)


def on_slider_left(count: int) -> int:
    """Count."""
    return count + 1
