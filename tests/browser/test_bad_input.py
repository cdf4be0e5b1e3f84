"""Bad input on the screen: one clear sentence, and the app goes on."""

import zipfile
from pathlib import Path

import pytest

from tests.browser.page import Page


def goes_on(page: Page) -> None:
    """Another comparison still works."""
    page.write("#prompt textarea", "Anna sat on the island and felt")
    page.press("Run")
    page.until(lambda: "Anna sat" in page.text(".pane-native"), "the new prompt in the panes")
    page.until_settled()


@pytest.mark.parametrize(
    ("prompt", "sentence"), [("", "prompt is empty"), ("word " * 10_000, "at most 20,000 characters, not 50,000")]
)
def test_an_empty_or_endless_prompt(page: Page, prompt: str, sentence: str) -> None:
    page.write("#prompt textarea", prompt)
    page.press("Run")
    assert page.until_text("#panes .notice", sentence)
    goes_on(page)


def test_an_unknown_model_and_a_folder_that_is_none(page: Page, tmp_path: Path) -> None:
    layers = page.js("return document.querySelector('#large-layer input').value")
    page.choose("Pair", "Other models")
    for name in ("no-such/model", str(tmp_path)):
        page.write("#other-small textarea, #other-small input", name)
        page.write("#other-large textarea, #other-large input", "tiny-l")
        page.press("Open these models")
        assert page.until_text("#setup-status .notice", "no model")
    assert page.js("return document.querySelector('#large-layer input').value") == layers
    goes_on(page)


def test_a_layer_out_of_range(page: Page) -> None:
    page.write("#large-layer input", "9")
    assert page.until_text("#setup-status .notice", "blocks 0 to 4")
    goes_on(page)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("", "is empty"), ('{"with": "a", "without": ""}\n{"with": "b", "without": "c"}\n', "'without'")],
)
def test_an_empty_or_one_sided_contrast_set(page: Page, tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "own.jsonl").write_text(content)
    page.press("More settings")
    page.upload("#contrast", tmp_path / "own.jsonl")
    assert page.until_text("#contrast-status .notice", sentence)
    goes_on(page)


def test_a_corrupted_and_a_foreign_map(page: Page, tmp_path: Path) -> None:
    page.press("Fit, load or save")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 and no more")
    page.upload("#map-load", broken)
    assert page.until_text("#map-status .notice", "broken.zip is damaged")
    with zipfile.ZipFile(tmp_path / "wrong.zip", "w") as bundle:
        bundle.writestr("artifact.json", "{}")
        bundle.writestr("tensors.safetensors", b"")
    page.upload("#map-load", tmp_path / "wrong.zip")
    page.until(lambda: "broken.zip" not in page.text("#map-status"), "another sentence")
    assert page.text("#map-status .notice")
    goes_on(page)


def test_a_stopped_fit_followed_by_another(page: Page) -> None:
    page.press("Fit, load or save")
    page.write("#tokens input", "1000000")
    page.press("Fit a map")
    page.until_text("#map-status", "of 1,000,000 tokens")
    page.press("Stop", "#map-stop")
    page.until_text("#map-status", "Stopped")
    page.write("#tokens input", "3000")
    page.press("Fit a map")
    page.until_text("#map-status", "Fitted and in use")
    page.until_figures("3\u2009")
    goes_on(page)


def test_a_map_goes_out_through_the_browser_and_comes_back(page: Page, tmp_path: Path) -> None:
    page.press("Fit, load or save")
    downloads = tmp_path / "downloads"
    where = {"behavior": "allow", "downloadPath": str(downloads)}
    page.browser.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    page.press("Save the map")
    (archive,) = page.until(lambda: list(downloads.glob("*.zip")), "a downloaded file")
    page.upload("#map-load", archive)
    page.until_text("#map-status", "Loaded and in use")
    goes_on(page)
