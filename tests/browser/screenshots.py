"""Take the pictures that the README shows: `python -m tests.browser.screenshots [ADDRESS]`.

Without an address the app is started with what ships; with one, a running app is used.
"""

import io
import sys
import tempfile
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from PIL import Image

from lrt_explorer.concepts.contrast import shipped_concepts
from lrt_explorer.numerals import signed
from tests.browser.app_process import ROOT, running_app
from tests.browser.page import Page, open_browser

PICTURES = ROOT / "assets" / "pictures"
DRAWN = "return document.querySelectorAll('#space-plot path.point').length"
SUITE = f"return document.querySelectorAll('#evidence-table tbody tr').length === {len(shipped_concepts())}"
CELLS = "return document.querySelectorAll('#layers-plot .annotation-text').length"
DESK, PHONE = (1440, 1000), (390, 844)
MOVING, STRENGTHS = (1440, 1100), (0.0, 0.2, 0.4, 0.5, 0.6, 0.66, 0.73, 0.4, 0.0, -0.4)
FRAME_MS, MOVED_WIDTH, COLOURS = 1200, 960, 96
SHOWN = """
const boxes = ['.dose', '#sentence', '#panes'].map((one) => document.querySelector(one).getBoundingClientRect());
return [boxes[0].left - 8, boxes[0].top - 8, boxes[0].right + 8, boxes[2].bottom + 8];
"""
"""What the moving picture shows: the slider, the sentence and the texts."""


def take(url: str, folder: Path) -> list[Path]:
    """All tabs in both themes, and the phone."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = open_browser(Path(profile), Path(profile))
        try:
            for theme in ("light", "dark"):
                page = Page(browser, url, *DESK, theme)
                page.until_settled()
                page.until(partial(page.text, "#map-figures"), "the figures of the map")
                taken.append(_save(page, folder / f"steer-{theme}.png"))
                page.press("Space", "button[role=tab]")
                page.until(partial(page.js, DRAWN), "points in the plot")
                taken.append(_save(page, folder / f"space-{theme}.png"))
                page.press("Layers", "button[role=tab]")
                page.until(partial(page.text, "#layers-caption"), "what the tab says")
                if not page.js(CELLS):
                    page.press("Compute all layer pairs")
                page.until(partial(page.js, CELLS), "cells in the heat map")
                taken.append(_save(page, folder / f"layers-{theme}.png"))
                page.press("Evidence", "button[role=tab]")
                # It ships, so nothing has to be run.
                page.until(partial(page.js, SUITE), "all concepts")
                taken.append(_save(page, folder / f"evidence-{theme}.png"))
            taken.append(_moving(Page(browser, url, *MOVING, "light"), folder / "slider.gif"))
            page = Page(browser, url, *PHONE, "light")
            page.until_settled()
            taken.append(_save(page, folder / "phone.png"))
        finally:
            browser.quit()
    return taken


def _moving(page: Page, file: Path) -> Path:
    """The texts while the slider is moved: one frame for each strength, once everything on the page belongs to it."""
    page.until_settled()
    frames = []
    for strength in STRENGTHS:
        page.write("#strength input[type=range]", str(strength))
        page.until_text(*(("#added", f"s = {signed(strength, 2)}") if strength else ("#sentence", "At strength 0")))
        page.until_settled()
        page.js("document.querySelector('.dose').scrollIntoView(); window.scrollBy(0, -24)")
        whole = Image.open(io.BytesIO(page.browser.get_screenshot_as_png())).convert("RGB")
        frames.append((page.js(SHOWN), whole))
    left, top, right = (round(end) for end in frames[0][0][:3])
    bottom = min(round(max(box[3] for box, _ in frames)), frames[0][1].height)
    size = (MOVED_WIDTH, round(MOVED_WIDTH * (bottom - top) / (right - left)))
    shown = [whole.crop((left, top, right, bottom)).resize(size, Image.Resampling.LANCZOS) for _, whole in frames]
    # One palette for all frames, so that nothing flickers.
    palette = shown[len(shown) // 2].quantize(COLOURS)
    first, *others = (one.quantize(palette=palette, dither=Image.Dither.NONE) for one in shown)
    first.save(file, save_all=True, append_images=others, duration=FRAME_MS, loop=0, optimize=True)
    return file


def _save(page: Page, file: Path) -> Path:
    page.js("window.scrollTo(0, 0); document.activeElement?.blur()")
    page.browser.save_screenshot(str(file))
    return file


def main() -> None:
    """Take all pictures and say where they are."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        given = sys.argv[1:2]
        with nullcontext(given[0]) if given else running_app(Path(home)) as url:
            for file in take(url, PICTURES):
                print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
