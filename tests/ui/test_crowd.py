"""The line that says how busy a hosted app is."""

from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest
from gradio.context import LocalContext

from lrt_explorer.ui.crowd import CrowdLine, crowd
from lrt_explorer.ui.leaving import GONE_SECONDS
from lrt_explorer.ui.screen import Screen
from lrt_explorer.workbench.hosting import Hosting
from lrt_explorer.workbench.lanes import make_lanes
from tests.ui.fakes import FakeEngine

STRANGERS = Hosting(hosted=True, models=("tinyworld-s",))


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((3, 1, 0), "3 visitors, 1 long job"),
        ((1, 0, 0), "1 visitor, 0 long jobs"),
        ((9, 2, 4), "9 visitors, 2 long jobs, 4 waiting"),
    ],
)
def test_it_is_a_few_words(numbers: tuple[int, int, int], said: str) -> None:
    assert crowd(*numbers) == said


def test_pages_are_counted_while_they_tick() -> None:
    now = 0.0
    lanes = make_lanes(STRANGERS, 2)
    with gr.Blocks():
        line = CrowdLine(lanes, lambda: now)

    def tick(page: str) -> str:
        LocalContext.request.set(cast(Any, SimpleNamespace(session_hash=page)))
        return str(line.on_tick()[line.line])

    assert "1 visitor, 0 long jobs" in tick("a")
    lanes.long.join("b", "fit")
    assert "2 visitors, 1 long job" in tick("b") and "2 visitors" in tick("b")
    now = GONE_SECONDS + 1
    assert "1 visitor," in tick("a") and line.visitors == 1
    LocalContext.request.set(None)


def test_only_strangers_are_told(tmp_path: Any) -> None:
    def has_line(hosting: Hosting) -> bool:
        app = Screen(cast(Any, FakeEngine(tmp_path)), hosting, make_lanes(hosting, 2)).app
        return any(block.elem_id == "crowd" for block in app.blocks.values() if isinstance(block, gr.HTML))

    assert has_line(STRANGERS) and not has_line(Hosting())
