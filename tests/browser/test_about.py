"""The picture in About: still until its slider is moved, moved by keyboard too, and no wider than a phone."""

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from lrt_explorer.ui.about_picture import AT_REST
from lrt_explorer.ui.launch import serve
from lrt_explorer.workbench.two_clouds import opening_clouds
from tests.browser.page import Page
from tests.browser.test_layout import OVERFLOW
from tests.ui.fakes import FakeEngine

SLIDER = "#clouds-strength"
PLACES = """return [...document.querySelectorAll('.clouds [data-push]')].map((marks) => {
    const box = marks.getBoundingClientRect();
    return Math.round(box.left + box.width / 2);
})"""
OUTSIDE = """const all = [...document.querySelectorAll('.clouds svg')];
return all.filter((one) => {
    const frame = one.getBoundingClientRect();
    return [...one.querySelectorAll('path')].some((part) => {
        const box = part.getBoundingClientRect();
        return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1
            || box.bottom > frame.bottom + 1;
    });
}).length"""


@pytest.fixture(scope="module")
def fake_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app over an engine that answers at once, with the assets that ship."""
    app = serve(FakeEngine(tmp_path_factory.mktemp("fake")), "127.0.0.1", None)
    yield str(app.local_url)
    app.close()


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_the_slider_pushes_both_clouds_the_same_way(browser: Chrome, fake_url: str, width: int, theme: str) -> None:
    clouds = opening_clouds()
    assert clouds is not None
    page = Page(browser, fake_url, width, 844, theme)
    page.until_settled()
    page.press("About", "#about button")
    slider = page.find(SLIDER)
    page.js("arguments[0].scrollIntoView({block: 'center'})", slider)
    start = page.js(PLACES)
    assert len(start) == 3 and page.text(".cloud-said") == AT_REST
    page.js("arguments[0].focus()", slider)
    ActionChains(browser).send_keys(Keys.ARROW_RIGHT).perform()
    page.until_text(".cloud-said", "Strength 0.01: native ")
    ActionChains(browser).send_keys(Keys.END).perform()
    said = page.until_text(".cloud-said", f"of the way from {clouds.negative_label} to {clouds.positive_label}.")
    assert page.js("return arguments[0].getAttribute('aria-valuetext')", slider) == said
    moved = [after - before for before, after in zip(start, page.js(PLACES), strict=True)]
    assert all(step > 10 for step in moved), moved
    assert page.js(OUTSIDE) == 0, "at the end of the slider every mark is still in the picture"
    ActionChains(browser).send_keys(Keys.HOME).perform()
    page.until_text(".cloud-said", AT_REST)
    assert page.js(PLACES) == start
    assert page.js(OVERFLOW) == [0, []]
    assert page.errors() == []
