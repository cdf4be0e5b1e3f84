"""A link restores what it was made of, in a page that knows nothing else."""

import os
import random
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from selenium.webdriver import Chrome

from tests.browser.page import Page

LINK = "return document.querySelector('#share-link textarea, #share-link input')?.value ?? ''"
STATES = int(os.environ.get("LINK_STATES", "3"))
"""Random states that go through a link; `LINK_STATES=30` for a measurement."""
CONTROLS = """return ['#seed input', '#temperature input[type=number]', '#length input[type=number]',
    '#strength input[type=number]', '#prompt textarea'].map((place) => document.querySelector(place).value)"""


def shared(page: Page) -> str:
    """The link to the page."""
    if not page.js(LINK):
        page.press("Share", "#share button")
    return str(page.until(lambda: page.js(LINK), "a link"))


def test_a_page_shares_its_link_and_its_code(page: Page) -> None:
    link = shared(page)
    assert link.startswith(page.js("return location.origin")) and "small=tiny-s&large=tiny-l" in link
    assert "lrt.compare(" in page.until_text("#share-python", '"mood"')
    assert (
        page.until_text("#share-command", "--concept=mood").splitlines()[-1].startswith("lrt-explorer compare tiny-s")
    )


@pytest.mark.parametrize("seed", range(STATES))
def test_a_link_round_trip_restores_the_numbers(
    open_page: Callable[..., Page], browser: Chrome, tiny_url: str, seed: int
) -> None:
    dice = random.Random(seed)
    asked = {
        "small": "tiny-s",
        "large": "tiny-l",
        "layers": "1-2",
        "concept": "mood",
        "prompt": dice.choice(("Tom & Anna", 'She said: "no"', "ümlaut <b>")),
        "strength": round(dice.uniform(-0.4, 0.4), 3),
        "seed": dice.randrange(100),
        "temperature": 0.7,
        "tokens": dice.randrange(8, 20),
        "equal_cost": 1,
        "arms": dice.choice(("native,transferred,random", "transferred,prompt,random")),
        "also": dice.choice(("mood:0.15", "mood:-0.1,mood:0.25")),
        "reading": dice.choice(("all-tokens", "last-token", "token-2")),
        "as_in_paper": dice.choice((0, 1)),
        "per_token": dice.choice((0, 1)),
    }
    page = open_page()
    seen = []
    address = f"{tiny_url}?{urlencode(asked)}"
    for _ in range(2):
        browser.get("about:blank")
        # As somebody else's browser would: it has nothing of this page.
        browser.delete_all_cookies()
        browser.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": tiny_url, "storageTypes": "all"})
        browser.get(address)
        texts = page.until_settled()
        page.until_text("#added", f"s = {asked['strength']:+.2f}"[:7].replace("-", "−"))
        seen.append((texts, page.text("#sentence"), page.text("#added")))
        address = shared(page)
    assert seen[0] == seen[1]
    assert "Every arm was also steered by mood" in seen[0][1]
    wanted = [*(float(asked[name]) for name in ("seed", "temperature", "tokens", "strength")), asked["prompt"]]
    page.press("More settings", "#more button")
    page.until(lambda: page.js("return document.querySelector('#seed input') !== null"), "the settings")
    *numbers, prompt = page.js(CONTROLS)
    assert [*map(float, numbers), prompt] == wanted


def test_a_link_that_cannot_be_opened_says_so_and_the_page_opens(browser: Chrome, page: Page, tiny_url: str) -> None:
    browser.get(f"{tiny_url}?small=/etc&large=tiny-l&tab=layers")
    assert "cannot open here" in page.until_text("#linked", "link")
    page.until_settled()
    assert page.text("button[role=tab][aria-selected=true]") == "Layers"
