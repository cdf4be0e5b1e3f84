"""The page begins with the texts that ship with its pair, and takes them for its own once the models are open."""

import subprocess
import sys
import threading
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.ui import launch
from lrt_explorer.ui.finished import FirstShown
from lrt_explorer.ui.screen import Screen
from lrt_explorer.ui.share_panel import Compared
from lrt_explorer.ui.strength import Tuned
from lrt_explorer.ui.work import WORK
from lrt_explorer.workbench.session import Session
from lrt_explorer.workbench.workbench import Workbench
from tests.ui.fakes import page_request


@pytest.fixture(scope="module")
def shipped() -> Screen:
    return Screen(Workbench())


@pytest.fixture
def first(shipped: Screen) -> FirstShown:
    found = shipped.steer.first
    assert found is not None
    return found


def test_they_are_there_before_a_model_is_loaded(shipped: Screen, first: FirstShown) -> None:
    steer, session = shipped.steer, first.first.session
    assert steer.panes.value == first.texts.panes and 'aria-busy="false"' in first.texts.panes
    assert all(arm.text.split(".")[0].split()[0] in first.texts.panes for arm in first.first.comparison.arms)
    assert (
        steer.said.value == first.texts.said and "nats towards" in first.texts.said and "held-out" in first.texts.said
    )
    since = f"These texts came with the pair and were written on {first.first.made}. Press Run to write them again."
    assert steer.added.value == first.texts.added and since in first.texts.added
    strength = steer.slider.strength
    assert (strength.value, strength.maximum) == (first.first.spec.strength, first.first.calibration.limit)
    assert "where text breaks" in str(steer.slider.marks.value)
    layers = (shipped.setup.small_layer.value, shipped.setup.large_layer.value)
    assert layers == (session.small_layer, session.large_layer)


def test_the_controls_ask_for_exactly_them(shipped: Screen, first: FirstShown) -> None:
    values = {name: control.value for name, control in shipped.steer.controls.items()}
    assert type(first.asked)(**values) == first.asked and first.asked.spec() == first.first.spec


def test_they_become_the_comparison_of_the_page(shipped: Screen, first: FirstShown) -> None:
    steer, session = shipped.steer, replace(first.first.session, own="a-visitor")
    shipped.stage.blank("as opening a pair does")
    shown = steer.texts.on_page_opened(session)
    compared = shown[steer.compared]
    assert compared == Compared(session, first.first.spec) and shown[steer.panes] == first.texts.panes
    assert shown[steer.pins.shown].arms == first.first.comparison.arms
    assert set(shown) <= set(steer.texts.of_page)
    tuned = steer.slider.tuned.value
    after = steer.texts.on_vectors_known(4, compared, tuned, None)
    assert after == {steer.due: 5, steer.known: tuned.key}, "the vectors are the same"
    (asked,) = steer.texts.on_texts_asked(session, shown[steer.settled], 0, compared, first.asked)
    assert asked == {steer.trouble: ""}, "nothing is written twice"
    again = steer.texts.on_texts_wanted(5, compared)[steer.compared]
    assert again != Compared(session, first.first.spec), "Run writes them again"


def test_the_slider_is_set_for_them(shipped: Screen, first: FirstShown) -> None:
    tuned = shipped.steer.slider.tuned.value
    assert isinstance(tuned, Tuned) and tuned.position == first.first.spec.strength


@pytest.mark.parametrize("change", [{"map_mark": "another"}, {"small_layer": 0}, {"small": "another"}])
def test_a_pair_that_is_not_as_it_ships_gets_none(shipped: Screen, first: FirstShown, change: dict[str, Any]) -> None:
    assert shipped.steer.texts.on_page_opened(replace(first.first.session, **change)) == {}


@pytest.mark.parametrize(
    "query", ["prompt=Anna", "strength=0.1", "concept=mood", "layers=1-2", "small=tinyworld-m&large=tinyworld-l"]
)
def test_a_link_to_something_else_shows_none(shipped: Screen, query: str) -> None:
    steps = shipped.opening.on_page_loaded(None, page_request(query))
    begun = next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert "Opening the models" in begun[shipped.steer.panes] and begun[shipped.steer.said] == ""


@pytest.mark.parametrize("query", ["", "__theme=dark", "tab=space"])
def test_the_page_itself_keeps_them_while_it_opens(
    shipped: Screen, first: FirstShown, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(_small: str, _large: str) -> Generator[Progress, None, Session]:
        yield from ()
        return first.first.session

    monkeypatch.setattr(shipped.opening.engine, "open", at_once)
    steps = list(shipped.opening.on_page_loaded(None, page_request(query)))
    panes = [step[shipped.steer.panes] for step in steps if shipped.steer.panes in step]
    assert panes == [first.texts.panes]
    assert steps[-1][shipped.session] == first.first.session and steps[-1][shipped.steer.compared].shipped
    assert finish(shipped.opening.engine.open("", "")) == first.first.session


def test_the_page_is_laid_out_without_what_only_models_and_pictures_need() -> None:
    """Else the server answers seconds later."""
    code = (
        "import sys, lrt_explorer.ui.launch; from lrt_explorer.ui.screen import Screen; "
        "from lrt_explorer.workbench.workbench import Workbench; Screen(Workbench()); "
        "print(*(name for name in ('transformers.modeling_utils', 'scipy.special', 'umap') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


class Prepared:
    """What a server prepares, in the order in which it is done."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def warm_up(self) -> None:
        self.done.append("models")

    def compile_pictures(self) -> None:
        self.done.append("pictures")


def test_nothing_is_compiled_while_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "QUIET_SECONDS", 0.2)
    engine = Prepared()
    thread = threading.Thread(target=launch.warm_up, args=(engine, 0.02), daemon=True)
    with WORK.job("steering"):
        thread.start()
        thread.join(0.6)
        assert engine.done == ["models"] and thread.is_alive()
    thread.join(30)
    assert engine.done == ["models", "pictures"]
