from functools import partial
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


KINDS = "return document.querySelector('#space-plot .plot')?.data?.map((trace) => trace.type) ?? []"
BARS = """return [...document.querySelectorAll('#space-plot .modebar')].filter(
    (bar) => bar.checkVisibility({visibilityProperty: true})).length"""


def drawn_as(page: Page, kind: str) -> bool:
    return kind in page.js(KINDS)


def test_three_dimensions_are_drawn_and_the_flat_picture_comes_back(page: Page) -> None:
    look(page)
    assert "scatter3d" not in page.js(KINDS)
    for label, kind in (("3D", "scatter3d"), ("2D", "scatter"), ("3D", "scatter3d")):
        page.press(label, "label")
        page.until(partial(drawn_as, page, kind), f"a picture in {label}")
        assert page.js("return !!document.querySelector('#space-plot .plot .gl-container canvas')") == (label == "3D")
        assert page.js(BARS) == 1, "the other picture is out of sight, with all that belongs to it"


def test_a_click_lists_the_token_in_its_sentence(page: Page) -> None:
    look(page)
    page.js("document.querySelector('#space-plot .plot').emit('plotly_click', {points: [{customdata: 3}]})")
    page.until_text("#space-listing", "1 point selected")
    assert page.js("return document.querySelector('#space-listing table').querySelectorAll('mark').length") == 1


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
    assert int(listed.split(" points")[0].replace(",", "")) > 1000


def test_a_plot_drawn_before_follows_the_theme(page: Page) -> None:
    look(page)
    ink = "return getComputedStyle(document.querySelector('#space-plot .legendtext')).fill"
    light = page.js(ink)
    page.js("document.body.classList.add('dark')")
    page.until(lambda: page.js(ink) != light, "other colours")


RINGS = """
const marked = document.querySelector('#space-plot .plot').data.find((trace) => trace.name === 'marked');
return marked.x.map((x, at) => [x, marked.y[at]])
"""
PLACES = """
const clouds = document.querySelector('#space-plot .plot').data.filter((trace) => trace.customdata);
const numbers = (trace, axis) => trace[axis]._inputArray ?? trace[axis];
return arguments[0].map((wanted) => clouds.flatMap((trace) => trace.customdata.flatMap(
    (index, at) => index === wanted ? [[numbers(trace, 'x')[at], numbers(trace, 'y')[at]]] : []))[0])
"""
LISTED = (
    "return [...document.querySelectorAll('#space-listing button[data-point]')].map((e) => Number(e.dataset.point))"
)


def test_a_point_is_ringed_with_its_partner_and_its_neighbours_can_be_followed(page: Page) -> None:
    look(page)
    page.js("document.querySelector('#space-plot .plot').emit('plotly_click', {points: [{customdata: 3}]})")
    page.until_text("#space-listing", "Nearest to it among the points of the small model, mapped")
    page.until(lambda: len(page.js(RINGS)) == 2, "two rings")
    assert page.js(RINGS) == page.js(PLACES, [3, 603])
    listed = page.js(LISTED)
    assert listed[0] == 3 and all(index >= 600 for index in listed[1:])
    page.js("document.querySelectorAll('#space-listing button[data-point]')[2].click()")
    page.until_text("#space-listing", "Nearest to it among the points of the large model")
    page.until(lambda: page.js(RINGS) == page.js(PLACES, [listed[2] - 600, listed[2]]), "its own two rings")


def test_what_is_found_is_ringed_in_every_layout(page: Page) -> None:
    look(page)
    page.write("#space-find input, #space-find textarea", "The")
    said = page.until_text("#space-listing", "points with the token “The”")
    count = int(said.split()[0])
    page.until(lambda: len(page.js(RINGS)) == count, "all of them ringed")
    before = page.js(RINGS)
    page.press("PCA", "label")
    page.until(lambda: page.js(RINGS) not in ([], before), "the rings of the new layout")
    assert len(page.js(RINGS)) == count
    page.write("#space-find input, #space-find textarea", "")
    page.until_text("#space-listing", "find a word")
    page.until(lambda: page.js(RINGS) == [], "no rings")


def test_the_settings_of_umap_are_seen_with_it(page: Page) -> None:
    look(page)
    seen = "return document.querySelector('#umap-seed').offsetParent !== null"
    assert not page.js(seen)
    page.press("UMAP", "label")
    page.until(lambda: page.js(seen), "the settings of UMAP")
    page.until_text("#space-caption", "Laid out by UMAP")
    page.press("PCA", "label")
    page.until(lambda: not page.js(seen), "none of it")


def test_twenty_thousand_points_are_drawn_and_can_be_picked(page: Page) -> None:
    look(page)
    page.write("#space-points input[type=number]", "10000", submit=True)
    page.until_text("#space-caption", "10,000 tokens")
    drawn = "return document.querySelector('#space-plot .plot').data.filter((t) => t.type === 'scattergl')"
    assert sum(page.js(f"{drawn}.map((trace) => trace.customdata.length)")) == 20_000
    page.js("document.querySelector('#space-plot .plot').emit('plotly_click', {points: [{customdata: 12345}]})")
    page.until_text("#space-listing", "Nearest to it among the points of the large model")
    assert page.js(RINGS) == page.js(PLACES, [2345, 12345])
