from itertools import pairwise

from tests.browser.page import Page

POINTS = "return document.querySelectorAll('#space-plot path.point').length"
SIZE = "const p = document.querySelector('#space-plot .plot'); return [p.clientWidth, p.clientHeight]"


def look(page: Page) -> None:
    page.press("Space", "button[role=tab]")
    page.until(lambda: page.js(POINTS), "points in the plot")


def test_the_projection_has_height_and_points(page: Page) -> None:
    look(page)
    width, height = page.js(SIZE)
    assert width > 600 and height > 400
    drawn = page.js("return document.querySelector('#space-plot .main-svg').getBoundingClientRect().height")
    assert drawn > 400
    assert page.js(POINTS) >= 1200
    assert "600 tokens" in page.text("#space-caption")


def test_colours_lines_and_directions_can_be_chosen(page: Page) -> None:
    look(page)
    assert "transferred direction" in page.text("#space-plot")
    page.press("Steering directions", "label")
    page.until(lambda: "transferred direction" not in page.text("#space-plot"), "no arrows")
    page.press("Join partners", "label")
    page.until_text("#space-plot", "partners")
    page.press("concept", "label")
    page.until_text("#space-plot", "happy, large model")
    page.press("error", "label")
    page.until_text("#space-plot", "error")


def test_three_dimensions_are_drawn(page: Page) -> None:
    look(page)
    page.press("3D", "label")
    page.until(lambda: page.js("return !!document.querySelector('#space-plot .gl-container canvas')"), "a 3D plot")


def test_a_click_lists_the_token_in_its_sentence(page: Page) -> None:
    look(page)
    page.js("document.querySelector('#space-plot .plot').emit('plotly_click', {points: [{customdata: 3}]})")
    page.until_text("#space-listing", "1 point selected")
    assert page.js("return document.querySelectorAll('#space-listing mark').length") == 1


def test_a_lasso_lists_what_it_holds(page: Page) -> None:
    look(page)
    box = page.js("return document.querySelector('#space-plot .nsewdrag').getBoundingClientRect().toJSON()")
    left, top, right, bottom = box["left"] + 5, box["top"] + 5, box["right"] - 5, box["bottom"] - 5
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top + 20)]

    def mouse(kind: str, x: float, y: float) -> None:
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
        page.browser.execute_cdp_cmd("Input.dispatchMouseEvent", event)

    mouse("mousePressed", *corners[0])
    for (x0, y0), (x1, y1) in pairwise(corners):
        for step in range(1, 5):
            mouse("mouseMoved", x0 + (x1 - x0) * step / 4, y0 + (y1 - y0) * step / 4)
    mouse("mouseReleased", *corners[-1])
    listed = page.until_text("#space-listing", "points selected")
    assert int(listed.split(" points")[0]) > 1000


def test_a_plot_drawn_before_follows_the_theme(page: Page) -> None:
    look(page)
    ink = "return getComputedStyle(document.querySelector('#space-plot .legendtext')).fill"
    light = page.js(ink)
    page.js("document.body.classList.add('dark')")
    page.until(lambda: page.js(ink) != light, "other colours")
