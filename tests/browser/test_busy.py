"""A hosted app that is busy: the place in line is shown and counts down, Stop works in it, limits are said in place."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome

from lrt_explorer.study.compare import Comparison, ComparisonStep
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.hosting import Hosting
from lrt_explorer.workbench.session import Session
from tests.browser.page import Page
from tests.ui.fakes import FakeEngine
from tests.ui.served import Served, served
from tests.ui.test_turns import FIT_ARGUMENTS
from tests.ui.test_turns import Page as Program

MODELS = ("tinyworld-s", "tinyworld-l")
LIMIT_SECONDS = 3
MOVE = """
const slider = document.querySelector('#strength input[type=range]');
Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(slider, arguments[0]);
slider.dispatchEvent(new Event('input', {bubbles: true}));
"""


class Busy(FakeEngine):
    """Fits last as long as they may, and texts are written slowly."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.over = threading.Event()
        self.pause = 0.0
        self.begun: list[float | None] = []
        self.written: list[float | None] = []

    def fit(self, session: Session, tokens: int, text_file: Path | None) -> Generator[Progress, None, Session]:
        while not self.over.wait(0.05):
            yield Progress(1, 2, "fitting")
        return session

    def fit_models(self, *asked: Any) -> Generator[Progress, None, Any]:
        yield from self.fit(Session(*MODELS, 2, 3, 4, 8, 96, 192), 0, None)

    def compare(self, session: Session, spec: SteerSpec) -> Generator[Progress | ComparisonStep, None, Comparison]:
        self.begun.append(spec.strength)
        study = super().compare(session, spec)
        try:
            while True:
                step = next(study)
                time.sleep(self.pause)
                yield step
        except StopIteration as stop:
            self.written.append(spec.strength)
            found: Comparison = stop.value
            return found


Opened = tuple[Busy, Served, Page]


@pytest.fixture
def opened(browser: Chrome, tmp_path: Path) -> Iterator[Callable[[float], Opened]]:
    """A hosted app with one page open, by the seconds that a job may take."""
    closing: list[Callable[[], Any]] = []

    def open_it(limit: float) -> Opened:
        engine = Busy(tmp_path)
        context = served(engine, Hosting(hosted=True, models=MODELS, time_limit=limit))
        server = context.__enter__()
        closing.append(lambda: context.__exit__(None, None, None))
        closing.append(engine.over.set)
        page = Page(browser, server.url.rstrip("/"), 1440, 1000, "light")
        page.until_settled()
        page.press("Fit, load or save")
        return engine, server, page

    yield open_it
    browser.get("about:blank")
    for close in reversed(closing):
        close()


FIT = ("Fit a map", "#map-accordion button")


def test_the_place_in_line_counts_down_and_stop_leaves_it(opened: Callable[[float], Opened]) -> None:
    _, server, page = opened(600)

    def line() -> int:
        found = server.ask("health").document["lanes"]["long"]
        return int(found["running"] + found["waiting"])

    others = [Program(server) for _ in range(5)]
    for other in others:
        other.join("fit", FIT_ARGUMENTS)
    page.until(lambda: line() == 5, "five jobs of others")
    page.press(*FIT)
    page.until_text("#map-status", "before you")
    first = int(page.text("#map-status").split()[0])
    with others[-1].messages():
        pass
    page.until(lambda: page.text("#map-status").split()[0] == str(first - 1), "a place that is one less")
    page.until_text("#crowd", "long job")
    page.press("Stop", "#map-stop")
    page.until_text("#map-status", "Stopped")
    page.until(lambda: line() == 4, "the line without this page")


def test_a_limit_is_said_where_it_was_hit(opened: Callable[[float], Opened]) -> None:
    _, _, page = opened(LIMIT_SECONDS)
    page.press(*FIT)
    assert page.until_text("#map-status .notice", f"stopped after {LIMIT_SECONDS} seconds")


def test_a_newer_slider_value_ends_what_is_written_for_the_older_one(opened: Callable[[float], Opened]) -> None:
    engine, _, page = opened(600)
    engine.pause = 0.3
    page.js(MOVE, 0.1)
    page.until(lambda: 0.1 in engine.begun, "texts for the older value")
    page.js(MOVE, 0.2)
    page.until(lambda: 0.2 in engine.written, "texts for the newer value")
    assert 0.1 not in engine.written
    page.until_settled()
