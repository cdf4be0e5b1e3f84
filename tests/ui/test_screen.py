import re
from pathlib import Path

import gradio as gr
import pytest

from lrt_explorer.ui.api import compared
from lrt_explorer.ui.screen import create_app, panes_without_models
from lrt_explorer.ui.setup_panel import PARALLEL
from lrt_explorer.ui.theme import make_theme
from lrt_explorer.workbench.session import Session, SteerSettings
from tests.ui.fakes import FakeEngine


@pytest.fixture
def app(tmp_path: Path) -> gr.Blocks:
    return create_app(FakeEngine(tmp_path))


def test_other_programs_see_the_studies_and_nothing_else(app: gr.Blocks) -> None:
    endpoints = app.get_api_info()["named_endpoints"]
    assert set(endpoints) == {"/compare", "/pairs"}
    names = [parameter["parameter_name"] for parameter in endpoints["/compare"]["parameters"]]
    assert names[:5] == ["small", "large", "concept", "prompt", "strength"]
    assert all(endpoint["description"] for endpoint in endpoints.values())


def test_everything_that_runs_a_model_waits_in_one_queue(app: gr.Blocks) -> None:
    working = [fn for fn in app.fns.values() if fn.concurrency_id == "model"]
    assert len(working) >= 9
    assert {fn.concurrency_limit for fn in working} == {PARALLEL}


def test_there_are_only_tabs_that_work(app: gr.Blocks) -> None:
    tabs = [block.label for block in app.blocks.values() if isinstance(block, gr.Tab)]
    assert tabs == ["Steer", "Space", "Layers", "Evidence", "Concepts"]


def test_every_control_has_a_label_and_most_a_help(app: gr.Blocks) -> None:
    kinds = (gr.Dropdown, gr.Textbox, gr.Slider, gr.Number, gr.Radio, gr.Checkbox)
    controls = [block for block in app.blocks.values() if isinstance(block, kinds) and block.visible]
    assert len(controls) >= 15
    assert all(control.label and control.info for control in controls)


def test_the_look_needs_no_outside_address() -> None:
    theme = make_theme()
    assert theme._stylesheets == []
    style = (Path(__file__).parents[2] / "assets" / "style.css").read_text()
    assert re.findall(r"https?:|@import|url\(", style) == []


def test_a_comparison_as_json(tmp_path: Path) -> None:
    settings = SteerSettings("mood", "Once", 0.5, 3, 0.0, 8, "all-tokens", False)
    answer = compared(FakeEngine(tmp_path), "tinyworld-s", "tinyworld-l", settings)
    assert answer["strength"] == 0.5 and answer["seed"] == 3
    assert [arm["name"] for arm in answer["arms"]] == ["unsteered", "native", "transferred", "random"]
    assert set(answer["arms"][0]) == {"name", "text", "score", "readout", "strength", "coefficient"}


def test_an_error_is_one_sentence_for_programs_too(tmp_path: Path) -> None:
    settings = SteerSettings("mood", "", 0.5, 3, 0.0, 8, "all-tokens", False)
    with pytest.raises(gr.Error, match="the prompt is empty"):
        compared(FakeEngine(tmp_path), "tinyworld-s", "tinyworld-l", settings)
    with pytest.raises(gr.Error, match="no model"):
        compared(FakeEngine(tmp_path), "no-such", "tinyworld-l", settings)


def test_panes_say_why_they_stay_empty_when_the_first_pair_does_not_open() -> None:
    assert "could not be opened" in panes_without_models(None)
    assert panes_without_models(Session("a", "b", 0, 0, 1, 1, 1, 1)) == {"__type__": "update"}
