"""Arms are switched on and off, and results are pinned; by mouse, by keyboard, and on a phone."""

from collections.abc import Callable

from selenium.webdriver.common.keys import Keys

from lrt_explorer.ui.kept_pins import STORAGE_KEY
from tests.browser.page import Page

PINNED_TEXT = "return [...document.querySelectorAll('#pins .pin')].at(-1).querySelector('dl').innerText"
CARDS = "return [...document.querySelectorAll('#pins .pin')].map((card) => card.querySelector('h4').innerText)"


def tick(page: Page, arm: str) -> None:
    """Switch an arm on or off."""
    if not page.js("return document.querySelector('#more button.label-wrap.open') !== null"):
        page.press("More settings", "#more button")
    page.find("#arms label", arm).click()


def until_written(page: Page, *arms: str) -> dict[str, str]:
    def written() -> dict[str, str] | None:
        found = page.finished()
        return found if tuple(found) == arms else None

    written_out: dict[str, str] = page.until(written, f"the arms {arms}")
    return written_out


def test_an_arm_is_added_and_taken_away_and_the_others_stay_as_they_are(page: Page) -> None:
    before = page.panes()
    tick(page, "Prompt")
    more = until_written(page, "unsteered", "native", "transferred", "random", "prompt")
    assert {name: more[name] for name in before} == before
    tick(page, "Transferred")
    tick(page, "Random control")
    less = until_written(page, "unsteered", "native", "prompt")
    assert less == {name: more[name] for name in less}
    assert "asking in words" in page.text("#sentence") and "“" in page.text("#sentence")
    page.press("Share", "#share button")
    page.until_text("#share-python", 'arms=["native", "prompt"]')
    page.until_text("#share-command", "--arms=native,prompt")


def test_the_arm_at_other_layers_asks_where(page: Page) -> None:
    before = page.panes()
    assert page.text("#other-layers") == ""
    tick(page, "Other layers")
    arms = ("unsteered", "native", "transferred", "random", "other layers")
    lower = until_written(page, *arms)
    assert {name: lower[name] for name in before} == before
    page.write("#other-layers input", "9-9", submit=True)
    page.until_text("#steer-trouble", "Layer 9 is not in")
    page.write("#other-layers input", "2, 2", submit=True)
    page.until(lambda: page.text("#steer-trouble") == "", "the sentence goes")
    until_written(page, *arms)
    page.press("Share", "#share button")
    page.until_text("#share-python", "other_layers=(2, 2)")
    page.until_text("#share-command", "--other-layers=2-2")


def test_every_finished_text_says_how_it_reads_to_the_keyboard_too(page: Page) -> None:
    summary = page.find(".pane-unsteered .reads summary")
    assert "perplexity" in str(summary.get_attribute("title"))
    summary.send_keys(Keys.ENTER)
    page.until_text(".pane-unsteered .reads p", "perplexity")


def test_a_pin_stays_beside_what_is_shown_until_it_is_removed(page: Page) -> None:
    page.press("Pin", "#pin")
    first, pinned = page.until(lambda: len(found := page.js(CARDS)) == 2 and found, "a pin beside what is shown")
    assert first == f"Now: {pinned}"
    page.until(lambda: not page.find("#pin").is_enabled(), "a result is pinned once")
    page.write("#strength input[type=range]", "-0.5")
    page.until_text("#added", "s = −0.50")
    _, kept = page.until(lambda: "s = −0.50" in (found := page.js(CARDS))[0] and found, "the new result beside it")
    assert kept == pinned
    page.press("Pin", "#pin")
    page.until(lambda: len(page.js(CARDS)) == 3, "two pins")
    assert page.js("return document.querySelector('#pins a').getAttribute('href')").startswith("?small=tiny-s")
    page.press("Remove", "#pins button")
    page.until(lambda: len(page.js(CARDS)) == 2, "one pin less")
    page.press("Remove", "#pins button")
    page.until(lambda: not page.js(CARDS), "no pins")


def test_pins_are_there_again_after_a_reload_until_they_are_removed(page: Page) -> None:
    page.press("Pin", "#pin")
    _, pinned = page.until(lambda: len(found := page.js(CARDS)) == 2 and found, "a pin beside what is shown")
    text = page.js(PINNED_TEXT)
    page.until(lambda: page.js("return localStorage.getItem(arguments[0])", STORAGE_KEY), "a pin in the browser")
    page.browser.refresh()
    page.until_settled()
    again = page.until(lambda: len(found := page.js(CARDS)) == 2 and found, "the pin after the reload")
    assert again == [f"Now: {pinned}", pinned] and page.js(PINNED_TEXT) == text
    page.until(lambda: not page.find("#pin").is_enabled(), "what is pinned is not pinned twice")
    page.press("Remove", "#pins button")
    page.until(lambda: not page.js(CARDS), "no pins")
    page.browser.refresh()
    page.until_settled()
    assert not page.js(CARDS)


def test_pins_and_five_panes_fit_on_a_phone(open_page: Callable[..., Page]) -> None:
    page = open_page(390, 844)
    page.until_settled()
    tick(page, "As in paper")
    until_written(page, "unsteered", "native", "transferred", "random", "as in the paper")
    page.press("Pin", "#pin")
    page.until(lambda: len(page.js(CARDS)) == 2, "a pin")
    assert page.js("return document.documentElement.scrollWidth") <= 390
