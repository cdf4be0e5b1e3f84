"""Nothing overflows, overlaps or is cut off, in both themes and down to the width of a phone."""

from collections.abc import Callable

import pytest

from tests.browser.page import Page

OVERFLOW = """
const wide = document.documentElement.scrollWidth - window.innerWidth;
const out = [...document.querySelectorAll('main *')].filter((e) => {
  const box = e.getBoundingClientRect();
  if (!box.width || !box.height || e.closest('svg, .scroll, .plot, .plot-away')
      || e.matches('.visually-hidden, .gr-accordion')) {
    return false;
  }
  const style = getComputedStyle(e);
  const cut = style.overflowX !== 'visible' && style.textOverflow !== 'ellipsis' && e.scrollWidth > e.clientWidth + 2
    && !['INPUT', 'TEXTAREA'].includes(e.tagName) && e.innerText;
  return box.right > window.innerWidth + 1 || box.left < -1 || cut;
}).map((e) => `${e.tagName}.${e.className} ${(e.innerText || '').slice(0, 40)}`);
return [wide, out];
"""
OVERLAP = """
const boxes = [...document.querySelectorAll(arguments[0])]
  .filter((e) => e.offsetParent && !e.closest('.visually-hidden') && e.checkVisibility({visibilityProperty: true}))
  .map((e) => [e, e.getBoundingClientRect()]).filter(([, b]) => b.width && b.height);
const pairs = [];
const called = (e) => `${e.tagName} ${(e.innerText || e.id || '').slice(0, 30)}`;
for (const [e, a] of boxes) for (const [f, b] of boxes) {
  if (e === f || e.contains(f) || f.contains(e)) continue;
  if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) {
    pairs.push(`${called(e)} / ${called(f)}`);
  }
}
return pairs;
"""
PIECES = (
    "h1, h2, h3, button, .route .stop, .pane, .badges > div, .chips, .slider-ends, .notice, .added, input, textarea"
)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1100, 1440])
def test_nothing_overflows_overlaps_or_is_cut_off(open_page: Callable[..., Page], width: int, theme: str) -> None:
    page = open_page(width, 1000, theme)
    page.until_settled()
    for tab in ("Steer", "Space", "Layers", "Concepts"):
        page.press(tab, "button[role=tab]")
        if tab == "Space":
            page.until(lambda: page.js("return document.querySelectorAll('#space-plot .main-svg').length"), "a plot")
        assert page.js(OVERFLOW) == [0, []]
        assert page.js(OVERLAP, PIECES) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_moves_when_the_path_of_the_vector_comes(open_page: Callable[..., Page], width: int) -> None:
    page = open_page(width)
    page.until_settled()
    place = "return document.querySelector('#columns').getBoundingClientRect().top"
    there = page.js(place)
    page.js("document.querySelector('#route').replaceChildren()")
    assert abs(page.js(place) - there) <= 2


def test_a_phone_shows_every_tab(open_page: Callable[..., Page]) -> None:
    page = open_page(390)
    page.until_settled()
    shown = "return [...document.querySelectorAll('button[role=tab]')].map((tab) => tab.innerText.trim())"
    assert page.js(shown) == ["Steer", "Space", "Layers", "Evidence", "Concepts"]


def test_panes_stand_side_by_side_on_a_desk_and_stack_on_a_phone(open_page: Callable[..., Page]) -> None:
    places = "return [...document.querySelectorAll('.pane')].map((e) => Math.round(e.getBoundingClientRect().left))"
    for width, columns in ((1440, 4), (900, 2), (390, 1)):
        page = open_page(width)
        page.until_settled()
        assert len(set(page.js(places))) == columns


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_its_ground(open_page: Callable[..., Page], theme: str) -> None:
    page = open_page(theme=theme)
    page.until_settled()
    code = """
    const parse = (c) => c.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const linear = (v) => v <= 10.02 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
    const light = (c) => { const [r, g, b] = parse(c).map(linear); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$|transparent/.test(c) && !c.startsWith('color')) return c; } return 'rgb(255,255,255)'; };
    return [...document.querySelectorAll(arguments[0])].filter((e) => e.offsetParent).map((e) => {
      const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), e.innerText.slice(0, 30)]; }).filter(([ratio]) => ratio < 4.5);"""
    pieces = (
        ".masthead p, .route small, .pane p, .pane h3, .meter span, .badges dd, .badges dt, .added, label span, button"
    )
    assert page.js(code, pieces) == []


def test_everything_that_is_loaded_comes_from_this_machine(page: Page) -> None:
    addresses = page.js("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert addresses and [name for name in addresses if not name.startswith(page.js("return location.origin"))] == []


def test_every_control_has_a_label(page: Page) -> None:
    code = """return [...document.querySelectorAll('input, textarea, select')].filter((e) => e.offsetParent
      && !e.labels?.length && !e.ariaLabel && !e.closest('label')).map((e) => e.outerHTML.slice(0, 120))"""
    assert page.js(code) == []
