"""The whole app by keyboard: every stop is seen when it has the focus, in reading order, and does what it is for."""

import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from lrt_explorer.study.compare import Comparison, ComparisonStep
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.ui.launch import serve
from lrt_explorer.workbench.session import Session
from tests.browser.page import Page
from tests.ui.fakes import FakeEngine

MOST_STOPS, LAST = 120, "Settings"
FOCUSED = """
const e = document.activeElement;
if (!e || e === document.body) return null;
window.lastStop = e;
// What is drawn for a control may be a part around it, such as the frame of a dropdown.
const framed = (x) => { const s = getComputedStyle(x); return [s.outlineStyle, s.outlineWidth, s.outlineColor,
  s.boxShadow, s.borderColor, s.backgroundColor, s.textDecorationLine].join('|'); };
const around = [];
for (let x = e; x && around.length < 4; x = x.parentElement) around.push(x);
const seen = around.map(framed);
e.blur();
const unseen = around.map(framed);
e.focus({preventScroll: true, focusVisible: true});
const box = e.getBoundingClientRect();
const id = e.closest('[id]')?.id || '';
return {
  name: (e.getAttribute('aria-label') || e.innerText || e.value || '').trim().split('\\n')[0].slice(0, 40),
  tag: e.tagName, id, shown: seen.some((look, at) => look !== unseen[at]),
  inSight: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
};
"""

SETUP = """return [...document.querySelectorAll('#setup button, #setup input')].filter((e) => e.offsetParent)
    .map((e) => (e.getAttribute('aria-label') || e.innerText) + (e.disabled ? ' (disabled)' : ''))"""
FROM_THE_TOP = """
const top = document.querySelector('#top-of-page') || document.createElement('span');
top.id = 'top-of-page'; top.tabIndex = -1; document.body.prepend(top); top.focus(); window.scrollTo(0, 0)"""


class Counting(FakeEngine):
    """Counts what leaving a list must not ask for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.counted: list[str] = []

    def open(self, small: str, large: str) -> Generator[Progress, None, Session]:
        self.counted.append("open")
        return (yield from super().open(small, large))

    def with_method(self, session: Session, method: str) -> Session:
        self.counted.append("with_method")
        return super().with_method(session, method)

    def compare(self, session: Session, spec: SteerSpec) -> Generator[Progress | ComparisonStep, None, Comparison]:
        self.counted.append("compare")
        return (yield from super().compare(session, spec))


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Counting:
    return Counting(tmp_path_factory.mktemp("fake"))


@pytest.fixture(scope="module")
def fake_url(counting: Counting) -> Iterator[str]:
    app = serve(counting, "127.0.0.1", None)
    yield str(app.local_url)
    app.close()


@pytest.fixture
def page(browser: Chrome, fake_url: str) -> Page:
    # The tour is offered until it was taken, perhaps by a test before this one on the same port.
    kept = {"origin": fake_url.rstrip("/"), "storageTypes": "local_storage"}
    browser.execute_cdp_cmd("Storage.clearDataForOrigin", kept)
    page = Page(browser, fake_url, 1440, 1000, "light")
    page.until_settled()
    page.js(
        "const style = document.createElement('style'); style.textContent = '* { transition: none !important; }';"
        "document.head.append(style)"
    )
    return page


def press(page: Page, *keys: str) -> None:
    ActionChains(page.browser).send_keys(*keys).perform()


def until_quiet(page: Page) -> None:
    """Wait until nothing is put on the page any more, which would take the focus away."""

    def same() -> bool:
        before = page.js("return document.body.innerHTML.length")
        time.sleep(1)
        return bool(before == page.js("return document.body.innerHTML.length"))

    page.until(same, "a page at rest")


def stops(page: Page, landmarks: Sequence[str]) -> list[dict[str, Any]]:
    """Everything that Tab reaches, from the first on, until it leaves the page.

    A part of the page that is drawn anew while it has the focus loses it, or is passed by. Then the way is begun again:
    what can never be reached is missing every time.
    """
    for _ in range(3):
        until_quiet(page)
        page.until(page.find("button", "Suggest layers").is_enabled, "an open pair")
        found = _way(page)
        names = {stop["name"] for stop in found}
        if names.issuperset(landmarks) and found[-1]["name"] == LAST:
            break
    return found


def _way(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    lost = 0
    page.js(FROM_THE_TOP)
    for _ in range(MOST_STOPS):
        press(page, Keys.TAB)
        stop = page.js(FOCUSED)
        if stop is None and found and found[-1]["name"] != LAST and lost < 3:
            # What was reached went away at this moment: from the stop before it once more.
            lost += 1
            time.sleep(0.5)
            page.js("window.lastStop.focus()")
            continue
        if stop is None or (found and stop == found[0]):
            break
        found.append(stop)
    return found


@pytest.mark.parametrize("tab", ["Steer", "Space", "Layers", "Evidence", "Concepts"])
def test_tab_goes_through_what_is_seen_in_reading_order(page: Page, tab: str) -> None:
    page.press(tab, "button[role=tab]")
    page.until(page.find("button", "Suggest layers").is_enabled, "an open pair")
    if tab == "Space":
        page.until(lambda: page.js("return document.querySelectorAll('#space-plot .modebar-btn').length"), "a plot")
    landmarks = ["Take the tour", "Pair", "Suggest layers", tab, "Share", "About"]
    found = stops(page, landmarks)
    assert 12 < len(found) < MOST_STOPS, f"the way ends at {found[-1]}; {page.js(SETUP)}"
    assert [stop for stop in found if not stop["inSight"]] == []
    assert [stop for stop in found if not stop["shown"]] == []
    assert [stop for stop in found if not stop["name"] and stop["tag"] != "INPUT"] == []
    names = [stop["name"] for stop in found]
    assert [name for name in names if name in landmarks] == landmarks


def test_a_list_that_is_only_left_does_nothing(page: Page, counting: Counting) -> None:
    """Gradio tells of an input whenever a list loses the focus; what followed it took the focus from the next stop."""
    page.until(page.find("button", "Suggest layers").is_enabled, "an open pair")
    until_quiet(page)
    page.js(
        "window.redrawn = []; const noted = (one) => window.redrawn.push(one.target.id || one.target.textContent);"
        "const watch = new MutationObserver((changes) => changes.forEach(noted));"
        "for (const button of document.querySelectorAll('#setup button'))"
        " watch.observe(button, {attributes: true, attributeFilter: ['disabled']});"
        "watch.observe(document.querySelector('#examples'), {childList: true, subtree: true})"
    )
    before = list(counting.counted)
    for place in ("#pair input", "#method input", "#concept input"):
        page.js("document.querySelector(arguments[0]).focus()", place)
        press(page, Keys.TAB)
    until_quiet(page)
    assert (counting.counted, page.js("return window.redrawn")) == (before, [])


def test_a_concept_a_strength_and_a_tab_can_be_chosen(page: Page) -> None:
    page.js("document.querySelector('#concept input').focus()")
    before = page.text("#added")
    chosen = page.js("return document.activeElement.value")
    press(page, Keys.ARROW_DOWN, Keys.ENTER)
    page.until(lambda: page.js("return document.querySelector('#concept input').value") != chosen, "another concept")
    page.until(lambda: page.text("#added") != before, "its strength")
    page.until_settled()
    before = page.text("#added")
    page.js("document.querySelector('#strength input[type=range]').focus()")
    press(page, Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    page.until(lambda: page.text("#added") != before, "another strength")
    page.js("document.querySelector('#tabs button[role=tab]').focus()")
    press(page, Keys.TAB, Keys.ENTER)
    page.until(lambda: page.text("button[role=tab][aria-selected=true]") == "Space", "the next tab")
    page.js("document.querySelector('#about button').focus()")
    press(page, Keys.ENTER)
    page.until_text("#about", "tinyworld")
