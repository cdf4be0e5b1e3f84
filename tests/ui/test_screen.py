import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from lrt_explorer.ui.screen import Screen, create_app
from lrt_explorer.ui.theme import make_theme
from lrt_explorer.ui.wiring import nothing
from lrt_explorer.workbench.session import Session
from tests.ui.fakes import FakeEngine


@pytest.fixture
def app(tmp_path: Path) -> gr.Blocks:
    return create_app(FakeEngine(tmp_path))


def test_other_programs_see_the_studies_and_nothing_else(app: gr.Blocks) -> None:
    endpoints = app.get_api_info()["named_endpoints"]
    about_steering = {"/compare", "/evaluate", "/calibrate", "/check", "/vector", "/transfer"}
    about_layers = {"/fit", "/suggest_layers", "/basis", "/space"}
    assert set(endpoints) == {"/choices", "/pairs"} | about_steering | about_layers
    names = [parameter["parameter_name"] for parameter in endpoints["/compare"]["parameters"]]
    assert names[:5] == ["small", "large", "concept", "prompt", "strength"]
    assert all(endpoint["description"] for endpoint in endpoints.values())


def test_what_runs_a_model_is_begun_at_once_and_waits_in_its_lane(app: gr.Blocks) -> None:
    begun = [fn.name for fn in app.fns.values() if fn.concurrency_limit is None]
    assert len(begun) >= 15
    assert {"on_fit_clicked", "on_texts_asked", "on_page_loaded", "evaluate"} <= set(begun)


def test_there_are_only_tabs_that_work(app: gr.Blocks) -> None:
    tabs = [block.label for block in app.blocks.values() if isinstance(block, gr.Tab)]
    assert tabs == ["Steer", "Space", "Layers", "Evidence", "Concepts"]


def test_every_control_has_a_label_and_most_a_help(app: gr.Blocks) -> None:
    kinds = (gr.Dropdown, gr.Textbox, gr.Slider, gr.Number, gr.Radio, gr.Checkbox)
    controls = [block for block in app.blocks.values() if isinstance(block, kinds) and block.visible is True]
    assert len(controls) >= 15
    assert all(control.label and control.info for control in controls)


def test_the_look_needs_no_outside_address() -> None:
    theme = make_theme()
    assert theme._stylesheets == []
    style = (Path(__file__).parents[2] / "assets" / "style.css").read_text()
    assert re.findall(r"https?:|@import|url\(", style) == []


def after_has(selector: str) -> str:
    """What stands in a selector behind its first `:has(…)`."""
    at = selector.index(":has(") + len(":has(")
    depth = 1
    while depth:
        depth += {"(": 1, ")": -1}.get(selector[at], 0)
        at += 1
    return selector[at:]


def test_no_style_depends_on_what_lies_within_something_before_it() -> None:
    """With a few such rules every change of the page took 9.6 ms to lay out, not 0.3, and a figure makes hundreds."""
    style = re.sub(r"/\*.*?\*/", "", (Path(__file__).parents[2] / "assets" / "style.css").read_text(), flags=re.DOTALL)
    selectors = [part for rule in re.findall(r"([^{}]+)\{", style) for part in re.split(r",(?![^(]*\))", rule)]
    asking = [selector.strip() for selector in selectors if ":has(" in selector]
    assert len(asking) > 3 and after_has("#a:has(.b) ~ c") == " ~ c"
    assert [selector for selector in asking if re.search(r"[\s>~+]\S", after_has(selector).rstrip())] == [], (
        "let assets/stale.js give a class instead"
    )


def test_the_page_keeps_no_status_of_what_runs(app: gr.Blocks) -> None:
    """Gradio would look up every component that it keeps one for in the whole page, at every message."""
    events = app.get_config_file()["dependencies"]
    assert len(events) > 100 and all(event["show_progress_on"] == [] for event in events)


def endpoint(app: gr.Blocks, name: str) -> Callable[..., dict[str, Any]]:
    """The function that answers programs under a name."""
    (found,) = [fn.fn for fn in app.fns.values() if fn.api_name == name]
    assert found is not None
    return found


ASKED = {"strength": 0.5, "seed": 3, "temperature": 0.0, "max_new_tokens": 8}


def test_a_comparison_as_json(app: gr.Blocks) -> None:
    answer = endpoint(app, "compare")("tinyworld-s", "tinyworld-l", "mood", "Once", **ASKED)
    assert answer["strength"] == 0.5 and answer["seed"] == 3
    assert [arm["name"] for arm in answer["arms"]] == ["unsteered", "native", "transferred", "random"]
    figures = {"score", "readout", "strength", "coefficient", "repetition", "perplexity"}
    assert set(answer["arms"][0]) == {"name", "text", "remark"} | figures


def test_an_error_is_one_sentence_for_programs_too(app: gr.Blocks) -> None:
    compare = endpoint(app, "compare")
    with pytest.raises(gr.Error, match="the prompt is empty"):
        compare("tinyworld-s", "tinyworld-l", "mood", "", **ASKED)
    with pytest.raises(gr.Error, match="no model"):
        compare("no-such", "tinyworld-l", "mood", "Once", **ASKED)
    with pytest.raises(gr.Error, match="not a way to read a vector"):
        compare("tinyworld-s", "tinyworld-l", "mood", "Once", reading="backwards")


def test_panes_say_why_they_stay_empty_when_the_first_pair_does_not_open(screen: Screen) -> None:
    assert "could not be opened" in screen.on_first_pair_opened(None)[screen.steer.panes]
    assert screen.on_first_pair_opened(Session("a", "b", 0, 0, 1, 1, 1, 1)) == nothing()
