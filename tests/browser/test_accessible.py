"""No tab has a serious or critical fault by axe-core: everything open, in both themes, on a desk and on a phone."""

from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome

from lrt_explorer.ui.launch import serve
from tests.browser.page import Page
from tests.ui.fakes import FakeEngine

SIZES = ((1440, 1000), (390, 844))
THEMES = ("light", "dark")
NOT_OURS: dict[str, dict[str, str]] = {}
"""What is Gradio's own and cannot be mended from outside: by rule and selector, with the reason."""
RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ['violations']}).then((found) => done(found.violations
  .filter((fault) => ['serious', 'critical'].includes(fault.impact))
  .flatMap((fault) => fault.nodes.map((node) => ({
    rule: fault.id, target: node.target.flat().join(' '), html: node.html.slice(0, 200), why: node.failureSummary,
    known: (arguments[0][fault.id] || []).some((selector) => document.querySelector(node.target.flat().join(' '))
      ?.matches(selector)),
  }))).filter((fault) => !fault.known)), (error) => done([{rule: 'axe failed', why: String(error)}]));
"""
STILL = "*, *::before, *::after { transition: none !important; animation: none !important; }"
CLOSED = """return [...document.querySelectorAll('.label-wrap:not(.open)')].filter((e) => e.offsetParent)"""


def axe_script() -> str:
    """axe-core, from a package that carries it; nothing else of the package is used."""
    found = find_spec("axe_playwright_python")
    assert found is not None and found.submodule_search_locations, "axe-playwright-python is not installed"
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def fake_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app over an engine that answers at once, so that every part of the page has something to show."""
    app = serve(FakeEngine(tmp_path_factory.mktemp("fake")), "127.0.0.1", None)
    yield str(app.local_url)
    app.close()


@pytest.fixture(scope="module")
def page(browser: Chrome, fake_url: str) -> Page:
    """One for all tests, since each opens another part of it."""
    page = Page(browser, fake_url, *SIZES[0], "light")
    page.until_settled()
    page.js(
        "const style = document.createElement('style'); style.textContent = arguments[0]; document.head.append(style)",
        STILL,
    )
    page.js(axe_script())
    return page


def faults(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds, in all sizes and themes."""
    found = []
    known = {rule: list(selectors) for rule, selectors in NOT_OURS.items()}
    for width, height in SIZES:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for theme in THEMES:
            page.js("document.body.classList.toggle('dark', arguments[0])", theme == "dark")
            for fault in page.browser.execute_async_script(RUN, known):
                found.append({"at": f"{theme}, {width} px", **fault})
    desk = {"width": SIZES[0][0], "height": SIZES[0][1], "deviceScaleFactor": 1, "mobile": False}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", desk)
    return found


def open_all(page: Page) -> None:
    """Open every accordion that is seen."""
    for label in page.js(CLOSED):
        page.js("arguments[0].click()", label)
    page.until(lambda: not page.js(CLOSED), "every accordion open")


def go_to(page: Page, tab: str) -> None:
    page.press(tab, "button[role=tab]")
    if tab == "Space":
        page.until(partial(page.js, "return document.querySelectorAll('#space-plot .main-svg').length"), "a plot")
    if tab == "Layers":
        page.press("Compute all layer pairs")
        page.until(
            partial(page.js, "return document.querySelectorAll('#layers-plot .annotation-text').length"), "cells"
        )
    if tab == "Evidence":
        page.press("Run", "#evidence-run")
        page.until(lambda: not page.text("#evidence-status"), "the end of the run")
    if tab == "Concepts":
        page.press("Check this set")
        page.until(partial(page.text, "#check-findings"), "what the check found")
    open_all(page)


@pytest.mark.parametrize("tab", ["Steer", "Space", "Layers", "Evidence", "Concepts"])
def test_no_tab_has_a_serious_fault(page: Page, tab: str) -> None:
    go_to(page, tab)
    assert faults(page) == []


def test_the_tour_has_none_and_axe_finds_what_is_wrong(page: Page) -> None:
    page.press("Take the tour")
    page.find(".tour")
    assert faults(page) == []
    page.js("document.querySelector('.tour .next').textContent = ''")
    assert {fault["rule"] for fault in faults(page)} == {"button-name"}
