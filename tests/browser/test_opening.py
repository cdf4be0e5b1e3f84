"""Opening a pair of models in folders: one click from their names to four written panes, with Stop on the way."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lrt_explorer.ui import opening
from tests.browser.page import Page
from tests.browser.test_layout import OVERFLOW, OVERLAP, PIECES
from tests.workbench.tiny_house import save_models

WATCH = """
window.banners = [];
const banner = document.querySelector('#opening');
const note = () => { if (banner.innerText.trim()) window.banners.push([
    banner.innerText, !!banner.querySelector('.veil'), getComputedStyle(document.querySelector('#tabs')).opacity,
    document.querySelector('#route').innerText]) };
new MutationObserver(note).observe(banner, {subtree: true, childList: true, characterData: true});
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return save_models(tmp_path_factory.mktemp("models"))


def open_pair(page: Page, small: Path, large: Path) -> None:
    page.choose("Pair", "Other models")
    page.write("#other-small textarea, #other-small input", str(small))
    page.write("#other-large textarea, #other-large input", str(large))
    page.press("Open these models")


def test_nothing_but_open_gives_four_panes(page: Page, folders: tuple[Path, Path]) -> None:
    before = page.panes()
    page.js(WATCH)
    open_pair(page, *folders)
    page.until_text("#route", "large-one")
    assert not any(page.panes().values()) or page.panes() != before, "texts of the old pair under the new name"
    page.until_text("#route", "R²")
    assert all(page.until_settled().values())
    page.until_figures("reachable share")
    assert page.text("#opening") == "" and page.text("#setup-status") == ""
    assert page.text("#ends").startswith("← sad")
    banners = page.js("return window.banners")
    veiled = [banner for banner in banners if banner[1]]
    assert veiled and all("still tiny-s → tiny-l" in text and "tiny-s" in route for text, _, _, route in veiled)
    assert any("Fitting a first map" in text and not veil for text, veil, _, _ in banners)


def test_a_first_fit_that_is_stopped_goes_on_from_one_click(
    page: Page, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server runs in this process.
    monkeypatch.setattr(opening, "first_fit_tokens", lambda width: 1_000_000)
    monkeypatch.setattr(opening, "LONGEST_UNASKED", 1e9)
    large, small = folders
    open_pair(page, small, large)
    page.until_text("#opening", "of 1,000,000 tokens")
    page.until_text("#opening", "left …")
    page.press("Stop", ".stop")
    page.until_text("#setup-status", "is open without a map")
    page.until(lambda: page.text("#opening") == "", "no banner")
    page.until_text("#steer-trouble", "no map between these layers yet")
    page.until(lambda: set(page.finished()) == {"unsteered", "native", "random"}, "the arms that need no map")
    assert "about" in page.find("#map-accordion button", "Fit a map").text
    page.write("#tokens input", "3000")
    page.press("Fit a map", "#map-accordion button")
    page.until_text("#map-status", "Fitted and in use")
    page.until_settled()


def test_the_banner_fits_a_phone(
    open_page: Callable[..., Page], folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "first_fit_tokens", lambda width: 1_000_000)
    monkeypatch.setattr(opening, "LONGEST_UNASKED", 1e9)
    page = open_page(390, 844)
    page.until_settled()
    large, small = folders
    open_pair(page, small, large)
    page.until_text("#opening", "of 1,000,000 tokens")
    assert page.js(OVERFLOW) == [0, []]
    assert page.js(OVERLAP, f"{PIECES}, .opening") == []
    page.press("Stop", ".stop")
    page.until_text("#setup-status", "Stopped")
