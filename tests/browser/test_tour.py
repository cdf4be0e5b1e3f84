"""The tour: asked for, at most five steps, by keyboard too, offered once, and never on a page that a link restores."""

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser.page import Page

OFFERED = "return document.querySelector('.tour-offer').getClientRects().length > 0"
CARD = "return document.querySelector('.tour')"
FOCUSED = "return document.activeElement.className"
IN_SIGHT = """const box = document.querySelector('.tour').getBoundingClientRect();
return box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth"""


@pytest.fixture(autouse=True)
def _forgotten(browser: Chrome, tiny_url: str) -> None:
    browser.get(f"{tiny_url}llms.txt")
    browser.execute_script("localStorage.clear()")


def press(page: Page, key: str) -> None:
    ActionChains(page.browser).send_keys(key).perform()


@pytest.mark.parametrize("width", [1440, 390])
def test_it_goes_through_five_steps_at_most_and_is_not_offered_again(
    browser: Chrome, tiny_url: str, width: int
) -> None:
    page = Page(browser, tiny_url, width, 844, "light")
    page.until_settled()
    assert page.js(OFFERED) and not page.js(CARD), "it does not begin by itself"
    page.press("Take the tour")
    seen = []
    while page.js(CARD):
        assert page.js(IN_SIGHT)
        assert page.js("return document.querySelectorAll('.tour-target').length") == 1
        seen.append(page.text(".tour h2"))
        page.find(".tour .next").click()
    assert 3 <= len(seen) <= 5 and len(set(seen)) == len(seen)
    assert not page.js(OFFERED)
    again = Page(browser, tiny_url, width, 844, "light")
    again.until_settled()
    assert not again.js(OFFERED)
    assert again.errors() == []


def test_it_goes_by_keyboard_and_escape_ends_it(browser: Chrome, tiny_url: str) -> None:
    page = Page(browser, tiny_url, 1440, 1000, "light")
    page.until_settled()
    page.js("document.querySelector('[data-tour=start]').focus()")
    press(page, Keys.ENTER)
    page.find(".tour")
    assert page.js(FOCUSED) == "tour"
    press(page, Keys.ARROW_RIGHT)
    assert page.text(".tour-count").startswith("2 of") and page.js(FOCUSED) == "tour"
    press(page, Keys.ARROW_LEFT)
    assert page.text(".tour-count").startswith("1 of")
    press(page, Keys.TAB)
    assert page.js("return document.activeElement.textContent") == "Skip"
    press(page, Keys.ESCAPE)
    assert not page.js(CARD) and not page.js("return document.querySelectorAll('.tour-target').length")
    assert page.js("return document.activeElement.getAttribute('role')") == "tab"


def test_it_can_be_dismissed_and_taken_later_from_about(browser: Chrome, tiny_url: str) -> None:
    page = Page(browser, tiny_url, 1440, 1000, "light")
    page.until_settled()
    page.find("[data-tour=dismiss]").click()
    assert not page.js(OFFERED)
    page.press("Space", "button[role=tab]")
    page.press("About", "#about button")
    page.press("Tour", ".tour-start")
    page.find(".tour")
    assert page.text("button[role=tab][aria-selected=true]") == "Steer"
    press(page, Keys.ESCAPE)
    assert page.js(FOCUSED) == "tour-start"


def test_a_page_that_a_link_restores_offers_none(browser: Chrome, tiny_url: str) -> None:
    page = Page(browser, tiny_url, 1440, 1000, "light")
    browser.get(f"{tiny_url}?small=tiny-s&large=tiny-l&concept=mood")
    page.until_settled()
    assert not page.js(OFFERED)
