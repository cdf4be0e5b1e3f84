"""The app as it ships: what a stranger sees who opens it for the first time."""

import time
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from lrt_explorer.ui.verdicts import MARKS
from lrt_explorer.workbench.concepts import concept_cards
from lrt_explorer.workbench.shipped import evidence_of
from tests.browser.app_process import ROOT, running_app
from tests.browser.page import Page

SETTLE_SECONDS = 3
LISTED = """const shown = [...document.querySelectorAll('ul[role=listbox] li')].map((one) => one.innerText.trim());
return shown.length ? shown.map((text) => text.replace(/^✓\\s*/, '')) : null"""
READOUTS = """return Object.entries(Object.fromEntries([...document.querySelectorAll('.pane')].map(
    (pane) => [pane.dataset.arm, pane.querySelector('.readout b')?.innerText])))"""


@pytest.fixture(scope="module")
def demo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_app(tmp_path_factory.mktemp("demo")) as url:
        yield url


@pytest.fixture
def demo(browser: Chrome, demo_url: str) -> Iterator[Page]:
    page = Page(browser, demo_url, 1440, 1000, "light")
    yield page
    assert page.errors() == []
    browser.get("about:blank")


def readouts(page: Page) -> dict[str, float]:
    return {arm: float(shown.replace("−", "-")) for arm, shown in page.js(READOUTS)}


def test_it_opens_with_a_working_result(demo: Page) -> None:
    panes = demo.until_settled()
    assert set(panes) == {"unsteered", "native", "transferred", "random"}
    demo.until_text("#route", "tinyworld-s")
    demo.until_figures("reachable share")
    assert panes["native"] != panes["unsteered"] and panes["transferred"] != panes["unsteered"]
    demo.until(demo.find("#setup button", "Suggest").is_enabled, "an open pair")
    time.sleep(SETTLE_SECONDS)
    assert "These texts came with the pair" in demo.text("#added"), "nothing is written twice"


def test_every_concept_of_the_list_says_how_its_evidence_came_out_before_it_is_chosen(demo: Page) -> None:
    demo.until_settled()
    demo.until(demo.find("#setup button", "Suggest").is_enabled, "an open pair")
    shipped = evidence_of("tinyworld-s", "tinyworld-l")
    assert shipped is not None
    field = demo.find("#concept input")
    field.click()
    listed = demo.until(lambda: demo.js(LISTED), "the list of concepts")
    said = {card.title: MARKS[shipped.verdicts[card.name]] for card in concept_cards("tinyworld-s", "tinyworld-l")}
    assert len(listed) == len(said) > 10 and set(said.values()) > {"●"}
    for option in listed:
        title = next(title for title in said if title in option)
        assert option.startswith(said[title]), option
        assert ("· transfers" in option) == (said[title] == "●")


def test_the_slider_steers_with_the_native_and_the_transferred_vector_and_leaves_the_unsteered_pane(demo: Page) -> None:
    before = demo.until_settled()
    seen = []
    for strength, shown in ((-0.6, "s = −0.60"), (0.6, "s = +0.60")):
        demo.write("#strength input[type=range]", str(strength))
        demo.until_text("#added", shown)
        assert demo.until_settled()["unsteered"] == before["unsteered"]
        seen.append(readouts(demo))
    low, high = seen
    effect = {arm: high[arm] - low[arm] for arm in low}
    assert effect["unsteered"] == 0
    assert effect["native"] > 1 and effect["transferred"] > 1
    assert abs(effect["random"]) < effect["transferred"]


def test_the_space_shows_both_models(demo: Page) -> None:
    demo.until_settled()
    demo.press("Space", "button[role=tab]")
    points = "return document.querySelectorAll('#space-plot path.point').length"
    assert demo.until(lambda: demo.js(points), "points in the plot") >= 1200
    assert demo.js("return document.querySelector('#space-plot .main-svg').clientHeight") > 400


def test_every_concept_and_pair_that_ships_can_be_chosen(demo: Page) -> None:
    demo.until_settled()
    before = demo.panes()
    demo.choose("Concept", "happy ↔ sad")
    demo.until_text("#ends", "happy →")
    demo.until(lambda: demo.panes()["native"] != before["native"], "another text")
    demo.until_settled()
    demo.choose("Pair", "tinyworld-g → tinyworld-l")
    demo.until_text("#route", "tinyworld-g")
    demo.until_settled()
    assert demo.until(lambda: "coverage" in demo.figures(), "the figures of the map")


def test_a_map_of_other_models_is_refused_in_one_sentence(demo: Page) -> None:
    before = demo.until_settled()
    demo.press("Fit, load or save")
    demo.upload("#map-load", *sorted((ROOT / "assets" / "maps" / "tinyworld-m--tinyworld-l").iterdir()))
    shown = demo.until_text("#map-status .notice", "the most for this part of a map of these two models")
    assert "tensors.safetensors" in shown and shown.count(".") <= 1
    demo.write("#strength input[type=range]", "0.3")
    demo.until_text("#added", "s = +0.30")
    assert demo.until_settled()["unsteered"] == before["unsteered"]
