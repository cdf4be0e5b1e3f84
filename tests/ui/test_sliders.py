"""Sliders: a number beyond their ends reaches the handler as NaN, and is named in one sentence."""

import math

import gradio as gr
import pytest

from lrt_explorer.errors import SettingsError
from lrt_explorer.ui.screen import Screen
from lrt_explorer.ui.sliders import RangeSlider, check_ends


@pytest.mark.parametrize(("typed", "given"), [(0.5, 0.5), (-1, -1), (1, 1), (1.01, None), (-55, None), (None, None)])
def test_a_number_beyond_the_ends_is_none(typed: float | None, given: float | None) -> None:
    number = RangeSlider(-1, 1, 0).preprocess(typed)  # type: ignore[arg-type]
    assert (None if math.isnan(number) else number) == given


def test_the_first_of_them_is_named() -> None:
    check_ends(strength=0.5, length=8)
    with pytest.raises(SettingsError, match="the length lies beyond the ends of its slider"):
        check_ends(strength=0.5, length=math.nan)


def test_every_slider_of_the_screen_is_such_a_one(screen: Screen) -> None:
    sliders = [block for block in screen.app.blocks.values() if isinstance(block, gr.Slider)]
    assert len(sliders) == 9 and all(type(slider).preprocess is RangeSlider.preprocess for slider in sliders)
