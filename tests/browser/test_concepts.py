"""Contrast sets and vectors of one's own: written, imported, checked, used; and nobody sees those of others."""

import time
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from lrt_explorer.store import write_gguf
from lrt_explorer.store.vectors import KIND
from lrt_explorer.study.ground.progress import timed
from lrt_explorer.ui import wiring
from tests.browser.page import Page
from tests.browser.test_layout import OVERFLOW, OVERLAP, PIECES

PAIRS = "\n".join(
    f"{who} shouted on the {where} | {who} whispered on the {where}"
    for who in ("Tom", "Anna", "She")
    for where in ("beach", "island", "meadow")
)
OPTIONS = """return [...document.querySelectorAll('ul[role=listbox] li')].map(
    (entry) => entry.innerText.replace('✓', '').trim())"""


@pytest.fixture
def tab(page: Page) -> Page:
    page.press("Concepts", "button[role=tab]")
    page.until_text("#set-pairs", "mood")
    return page


def write_set(page: Page, name: str, pairs: str = PAIRS) -> None:
    page.press("Write or import a set")
    for field, text in (("name", name), ("high", "loud"), ("low", "quiet"), ("pairs", pairs)):
        page.write(f"#draft-{field} textarea, #draft-{field} input", text)
    page.press("Keep this set", "#draft-keep")


def options(page: Page, label: str) -> list[str]:
    field = page.find(f"input[aria-label='{label}']")
    field.click()
    shown: list[str] = page.until(lambda: page.js(OPTIONS), f"what {label} offers")
    page.js("document.activeElement.blur()")
    return shown


def steers(page: Page, change: Callable[[], None]) -> None:
    """The Steer tab writes other texts after a change, on its own prompt."""
    before = page.panes()
    change()
    page.until(lambda: page.panes()["native"] != before["native"], "another native text")
    page.until_settled()


def test_a_set_is_written_checked_and_used_in_steer(tab: Page) -> None:
    write_set(tab, "noise")
    tab.until_text("#set-status", "Kept as “noise”")
    assert (
        "9 pairs" in tab.text("#set-pairs") and tab.js("return document.querySelectorAll('.pairs mark').length") == 18
    )
    tab.press("Check this set", "#check")
    said = tab.until_text("#check-findings", "Through the map")
    assert "tiny-small, layer 1" in said and "tiny-large-one, layer 2" in said and "9 pairs" in said
    lines = "return document.querySelectorAll(`#${arguments[0]}-plot .lines path.js-line`).length === 2"
    for plot in ("agreement", "separation", "stability"):
        tab.until(partial(tab.js, lines, plot), f"two lines over {plot}")
    steers(tab, lambda: tab.press("Use in Steer", "#set-use"))
    tab.until_text("#ends", "loud →")
    assert tab.text("button[role=tab][aria-selected=true]") == "Steer"
    steers(tab, lambda: tab.write("#prompt textarea", "She went to the island and", submit=True))
    tab.until_figures("native noise vector")


def test_a_malformed_file_gets_a_sentence_with_its_line_and_a_good_one_follows(tab: Page, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"with": "a b", "without": "c d"}\n{"with": "only one side"}\n')
    (tmp_path / "facts.csv").write_text("statement,label\nIce is cold,1\nIce is hot,0\nFire is hot,1\nFire is cold,0\n")
    tab.press("Write or import a set")
    tab.upload("#set-import", tmp_path / "bad.jsonl")
    assert tab.until_text("#set-status .notice.bad", "ine 2 of bad.jsonl has no text under 'without'")
    tab.upload("#set-import", tmp_path / "facts.csv")
    tab.until_text("#set-status", "Kept as “facts”")
    assert "2 pairs" in tab.text("#set-pairs") and "Ice is cold" in tab.text("#set-pairs")
    write_on = tab.find("#draft-preview")
    write_on.click()
    assert tab.until_text("#set-status .notice.bad", "has no name")


def test_a_stopped_check_can_be_followed_by_another(tab: Page) -> None:
    def slowly(study: Generator[Any, None, Any]) -> Generator[Any, None, Any]:
        """A check of models this small ends before anyone could stop it."""
        running = timed(study)
        while True:
            try:
                step = next(running)
            except StopIteration as stop:
                return stop.value
            yield step
            time.sleep(0.5)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "timed", slowly)
        tab.press("Check this set", "#check")
        tab.press("Stop", "#check-stop")
        tab.until_text("#check-status", "Stopped")
    tab.press("Check this set", "#check")
    tab.until_text("#check-findings", "Through the map")


def test_vectors_are_made_saved_loaded_and_steered_with(tab: Page, tmp_path: Path) -> None:
    write_set(tab, "noise")
    tab.until_text("#set-status", "Kept as “noise”")
    tab.choose("Another set", "mood")
    tab.press("Make vectors", "#vectors-make")
    tab.until_text("#vectors-table", "noise without mood")
    steers(tab, lambda: tab.press("Steer with these", "#vectors-steer"))
    tab.press("Concepts", "button[role=tab]")
    downloads = tmp_path / "downloads"
    where = {"behavior": "allow", "downloadPath": str(downloads)}
    tab.browser.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    tab.press("GGUF", "label")
    tab.press("Save the vector", "#vector-save")
    (file,) = tab.until(lambda: list(downloads.glob("*.gguf")), "a downloaded file")
    assert file.name == "noise_without_mood-tiny-small-1.gguf"
    tab.upload("#vector-load", file)
    tab.until_text("#vectors-status", f"{file.name} fits")
    tab.press("Steer", "button[role=tab]")
    assert any(entry.startswith(file.name) for entry in options(tab, "Vectors"))
    steers(tab, lambda: tab.choose("Vectors", "from the concept"))


def test_a_vector_of_another_program_is_asked_about_before_it_is_used(tab: Page, tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "happy.gguf", "llama", {2: torch.linspace(-1, 1, 32)}, {})
    tab.upload("#vector-load", file)
    asked = tab.until_text("#vector-question", "Whose vector is this?")
    assert "large model’s own (native)" in asked and "small model’s own" not in asked
    assert "happy.gguf does not say" in tab.text("#vectors-status") and not tab.text("#vectors-table")
    tab.press("Load it as this", "#vector-answer")
    tab.until_text("#vectors-status .notice.bad", "say whose vector this is")
    tab.press("mapped into the large model", "#vector-question label")
    tab.press("Load it as this", "#vector-answer")
    assert "mapped (transferred)" in tab.until_text("#vectors-table", "happy")
    assert not tab.text("#vector-question")


def test_a_vector_of_numbers_that_are_none_gets_a_sentence_and_the_app_goes_on(tab: Page, tmp_path: Path) -> None:
    texts = {"model": "m", "fingerprint": "", "concept": "joy", "method": "x", "reading": "y", "layer": "1"}
    values = torch.full((16,), torch.nan)
    save_file({"values": values}, tmp_path / "nan.safetensors", {"kind": KIND, "version": "1", **texts})
    tab.upload("#vector-load", tmp_path / "nan.safetensors")
    assert tab.until_text("#vectors-status .notice.bad", "holds numbers that are not finite")
    (tmp_path / "page.gguf").write_text("<html>")
    tab.upload("#vector-load", tmp_path / "page.gguf")
    assert tab.until_text("#vectors-status .notice.bad", "page.gguf is no GGUF file")
    tab.press("Make vectors", "#vectors-make")
    tab.until_text("#vectors-table", "mood")


def test_two_visitors_do_not_see_each_others_sets(tab: Page, open_page: Callable[..., Page]) -> None:
    write_set(tab, "secret")
    tab.until_text("#set-status", "Kept as “secret”")
    assert "secret (own)" in options(tab, "Contrast set")
    mine = tab.browser.current_window_handle
    tab.browser.switch_to.new_window("tab")
    other = open_page()
    other.until_settled()
    assert "secret" not in " ".join(options(other, "Concept"))
    other.press("Concepts", "button[role=tab]")
    shown = options(other, "Contrast set")
    assert "mood" in shown and "secret" not in " ".join(shown)
    other.browser.close()
    tab.browser.switch_to.window(mine)
    assert "secret (own)" in options(tab, "Another set")


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1100, "dark")])
def test_all_of_it_fits_onto_the_page(open_page: Callable[..., Page], width: int, theme: str) -> None:
    page = open_page(width, 1000, theme)
    page.until_settled()
    page.press("Concepts", "button[role=tab]")
    write_set(page, "noise")
    page.until_text("#set-status", "Kept as “noise”")
    page.press("Check this set", "#check")
    page.until_text("#check-findings", "Through the map")
    page.press("Make vectors", "#vectors-make")
    page.until_text("#vectors-table", "noise")
    page.until(lambda: page.js("return document.querySelectorAll('#stability-plot .main-svg').length"), "a plot")
    assert page.js(OVERFLOW) == [0, []]
    assert page.js(OVERLAP, PIECES + ", .finding, .small-plots .plot, .scroll") == []
