"""Take the pictures that the README shows: `python -m tests.browser.screenshots [ADDRESS]`.

Without an address the app is started with what ships; with one, a running app is used.
"""

import sys
import tempfile
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from lrt_explorer.concepts.contrast import shipped_concepts
from tests.browser.app_process import ROOT, running_app
from tests.browser.page import Page, open_browser

PICTURES = ROOT / "assets" / "pictures"
DRAWN = "return document.querySelectorAll('#space-plot path.point').length"
SUITE = f"return document.querySelectorAll('#evidence-table tbody tr').length === {len(shipped_concepts())}"
CELLS = "return document.querySelectorAll('#layers-plot .annotation-text').length"
DESK, PHONE = (1440, 1000), (390, 844)


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
            page = Page(browser, url, *PHONE, "light")
            page.until_settled()
            taken.append(_save(page, folder / "phone.png"))
        finally:
            browser.quit()
    return taken


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
