"""The heat map of layer pairs: computed from a click, picked from with mouse or keys, and used by the other tabs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Keys

from tests.browser.page import Page
from tests.browser.test_layout import OVERFLOW, OVERLAP, PIECES
from tests.workbench.tiny_house import MODELS

CELLS = "return document.querySelector('#layers-plot .plot')?.data?.flatMap((t) => t.customdata.flat()).length ?? 0"
NUMBERS = "return [...document.querySelectorAll('#layers-plot .annotation-text')].map((e) => e.textContent)"
PLACE = """
const plot = document.querySelector('#layers-plot .plot');
const box = plot.getBoundingClientRect();
const {xaxis, yaxis, _size} = plot._fullLayout;
return [box.left + _size.l + xaxis.d2p(arguments[0]), box.top + _size.t + yaxis.d2p(arguments[1])];
"""
TEXT = """
const trace = document.querySelector('#layers-plot .plot').data.find((t) => t.y.includes(arguments[1]));
return trace.text[trace.y.indexOf(arguments[1])][trace.x.indexOf(arguments[0])];
"""
WIDTHS = """return [...document.querySelectorAll('#layers-plot .annotation-text')]
    .map((e) => e.getBoundingClientRect().width)"""
FRAMES = """return document.querySelector('#layers-plot .plot').layout.shapes.map(
    (s) => [s.line.dash, s.x0 + 0.5, s.y0 + 0.5])"""


def look(page: Page) -> None:
    page.press("Layers", "button[role=tab]")
    page.until(lambda: page.text("#layers-caption") and not page.text("#layers-status"), "the tab")


def compute(page: Page) -> None:
    """All layer pairs. What an earlier test computed is shown at once, but its sums are in that test's own folder."""
    look(page)
    page.press("Compute all layer pairs")
    page.until(lambda: page.text("#layers-status"), "progress")
    page.until(lambda: not page.text("#layers-status"), "the end of it")
    small, large = MODELS["tiny-s"](), MODELS["tiny-l"]()
    page.until(lambda: page.js(CELLS) == small.layers * large.layers, "a cell for every layer pair")


def click(page: Page, small_layer: int, large_layer: int) -> None:
    page.js("document.querySelector('#layers-plot').scrollIntoView({block: 'center'})")
    x, y = page.js(PLACE, small_layer, large_layer)
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        event = {"type": kind, "x": x, "y": y, "button": "none" if kind == "mouseMoved" else "left", "clickCount": 1}
        page.browser.execute_cdp_cmd("Input.dispatchMouseEvent", event)


@pytest.fixture
def no_pass(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it, and from then on no model reads the text of a fit; the server runs in this process."""

    def read(*args: object, **named: object) -> None:
        raise AssertionError("a model was read")

    def forbid() -> None:
        monkeypatch.setattr("lrt_explorer.study.fitting.collect.read_paired", read)

    return forbid


def test_a_click_on_a_cell_takes_its_pair_with_its_map_at_once_and_steers_with_it(
    page: Page, no_pass: Callable[[], None]
) -> None:
    before = page.panes()
    compute(page)
    no_pass()
    click(page, 0, 1)
    page.until(lambda: ["solid", 0, 1] in page.js(FRAMES), "a frame around the cell")
    page.until_text("#layers-caption", "layer 0 → layer 1")
    page.until_text("#route", "after layer 0 of")
    assert page.js("return document.querySelector('#large-layer input').value") == "1"
    cell = page.js(TEXT, 0, 1)
    page.until(lambda: f"held-out R²\n{cell}\n" in page.figures(), f"R² {cell} at the map")
    page.press("Steer", "button[role=tab]")
    page.until_text("#added", "after layer 1")
    assert page.until_settled()["native"] != before["native"]
    assert page.errors() == []


def test_the_score_can_be_chosen_and_numbers_stand_in_the_cells(page: Page) -> None:
    compute(page)
    r2 = page.js(NUMBERS)
    assert len(r2) == page.js(CELLS)
    page.press("CKA", "#layers-score label")
    page.until_text("#layers-caption", "CKA: how similarly")
    page.until(lambda: page.js(NUMBERS) != r2, "other numbers")
    frames = page.js(FRAMES)
    assert frames[0][0] == "solid"
    assert "uggested" in page.text("#layers-caption") and "blocks remain above" in page.text("#layers-caption")


def test_cells_can_be_reached_with_the_keyboard(page: Page) -> None:
    compute(page)
    (_, small_layer, large_layer), *_ = page.js(FRAMES)
    page.js("document.querySelector('#layers-plot .plot').focus()")
    keys = ActionChains(page.browser)
    keys.send_keys(Keys.ARROW_UP).send_keys(Keys.ARROW_DOWN).send_keys(Keys.ARROW_LEFT).perform()
    page.until_text("#layers-plot", f"layer {small_layer - 1} → layer {large_layer}")
    ActionChains(page.browser).send_keys(Keys.ENTER).perform()
    page.until(lambda: page.js(FRAMES)[0][1:] == [small_layer - 1, large_layer], "the cell to the left in use")


def test_another_estimator_is_in_use_at_once(page: Page, no_pass: Callable[[], None]) -> None:
    compute(page)
    no_pass()
    page.until(page.figures, "the figures of the map, with the path below them")
    page.choose("Estimator", "Procrustes")
    page.until_text("#map-status", "Procrustes is in use")
    page.until(lambda: page.js("return document.querySelector('#path-plot .plot').childElementCount") == 0, "no path")
    page.choose("Estimator", "Reduced rank")
    page.until_text("#map-status", "Reduced rank is in use")
    page.until_text("#path-plot", "rank")
    click(page, 1, 1)
    page.until_text("#layers-caption", "layer 1 → layer 1")
    assert page.js("return document.querySelector('#method input').value") == "Reduced rank"


def test_computing_can_be_stopped_and_started_again(page: Page, tmp_path: Path) -> None:
    text = tmp_path / "own.txt"
    text.write_text("\n".join(f"Tom number {n} saw the sea and {n} cows on the long beach again." for n in range(9000)))
    look(page)
    page.press("Fit, load or save")
    page.upload("#own-text", text)
    page.until_text("#layers-caption", "Nothing is computed for these models and this text")
    assert page.js(CELLS) == 0
    page.write("#tokens input", "100000")
    page.press("Compute all layer pairs")
    page.until_text("#layers-status", "Read ")
    page.press("Stop", "#layers-stop")
    page.until_text("#layers-status", "Stopped")
    page.write("#tokens input", "2000")
    page.press("Compute all layer pairs")
    page.until(lambda: page.js(CELLS), "cells")
    page.press("Shipped text")
    page.until(lambda: "this text" in page.text("#layers-caption") or page.js(NUMBERS), "what the shipped text says")


def test_a_senseless_number_of_tokens_is_refused_in_one_sentence(page: Page) -> None:
    look(page)
    page.press("Fit, load or save")
    page.write("#tokens input", "5")
    page.press("Compute all layer pairs")
    assert page.until_text("#layers-status .notice", "tokens to fit on").count(".") <= 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_overflows_or_overlaps(open_page: Callable[..., Page], width: int, theme: str) -> None:
    page = open_page(width, 1000, theme)
    page.until_settled()
    compute(page)
    page.until(lambda: page.js("return document.querySelector('#layers-plot .main-svg').clientHeight > 200"), "height")
    assert page.js(OVERFLOW) == [0, []]
    assert page.js(OVERLAP, f"{PIECES}, #layers-plot .plot, #path-plot .plot") == []
    left, right = (page.js(PLACE, place, 0)[0] for place in (0, 1))
    assert all(width <= right - left for width in page.js(WIDTHS))


def test_the_heat_map_follows_the_theme(page: Page) -> None:
    compute(page)
    scale = "return document.querySelector('#layers-plot .plot').data.map((t) => t.colorscale.at(-1)[1]).join()"
    light = page.js(scale)
    page.js("document.body.classList.add('dark')")
    page.until(lambda: page.js(scale) != light, "other colours")
