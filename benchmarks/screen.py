"""Speed of the screen, in headless Chromium, against the bare work of the same run.

    python -m benchmarks.screen [--rounds N] [--models SMALL LARGE]

Serves the demo pair in a process of its own, and prints one JSON object:

- *slider*: seconds from a moved slider to four finished panes (40 tokens, four arms), over those of the bare batched
  `generate` of the same tokens in this process, medians of the rounds;
- *first*: seconds from a moved slider to the first changed text, over one token of the same;
- *start*: seconds from the start of the process to four filled panes, over `python -c "import torch, transformers,
  gradio"`, medians of three;
- *space*: seconds from a click on its tab to the first picture, and from a click on another layout, view or colour to
  that picture; UMAP the first time, and once more.

With `--models` the same is done with two other models, named or by their files, which the page opens; then only the
slider is measured, since start and space are those of what ships.

Needs what `tests/browser` needs. The ratios are those of an idle machine; other work on it makes them worse.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from selenium.webdriver import Chrome

from lrt_explorer.defaults import MAX_NEW_TOKENS
from lrt_explorer.lm.cache import models
from tests.browser.page import Page, open_browser
from tests.test_served_process import process

LARGE, ARMS = "tinyworld-l", 4
OPENING_SECONDS = 900
STARTS, SETTLE_SECONDS = 3, 8
MOVE = """
const slider = document.querySelector('#strength input[type=range]');
Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(slider, arguments[0]);
window.moved = performance.now();
window.changed = window.written = null;
const before = document.querySelector('.pane-native .pane-text').textContent;
window.watch?.disconnect();
window.watch = new MutationObserver(() => {
    const text = document.querySelector('.pane-native .pane-text')?.textContent;
    const busy = document.querySelector('.panes')?.getAttribute('aria-busy');
    if (window.changed === null && text !== before) window.changed = performance.now() - window.moved;
    if (window.changed !== null && busy === 'false') window.written = performance.now() - window.moved;
});
window.watch.observe(document.querySelector('#panes'), {subtree: true, childList: true, attributes: true,
    characterData: true});
slider.dispatchEvent(new Event('input', {bubbles: true}));
slider.dispatchEvent(new Event('change', {bubbles: true}));
"""
WRITTEN = """
const route = document.querySelector('#route').innerText;
return !route.includes(arguments[0]) && !route.includes('no map')
    && document.querySelector('#opening').innerText === ''
    && document.querySelector('#sentence').innerText !== ''
    && document.querySelector('.panes').getAttribute('aria-busy') === 'false'
"""
IMPORTS = (sys.executable, "-c", "import torch, transformers, gradio")
VIEWED = """
const [label, name, value, done] = [...arguments];
const begun = performance.now();
[...document.querySelectorAll('#tabs label')].find((one) => one.offsetParent && one.innerText.trim() === label).click();
const look = () => {
    const result = document.querySelector('#space-plot [data-for], #space-plot[data-for]');
    const made = result && JSON.parse(result.dataset.for);
    const drawn = document.querySelector('#space-plot .plot .main-svg');
    if (made && made[name] === value && drawn && !result.classList.contains('stale'))
        requestAnimationFrame(() => done((performance.now() - begun) / 1000));
    else if (performance.now() - begun > 60000) done(null);
    else setTimeout(look, 5);
};
look();
"""
VIEWS = {
    "pca": ("PCA", "method", "pca"),
    "3d": ("3D", "dims", 3),
    "by_token": ("token", "colour", "token"),
    "umap_first": ("UMAP", "method", "umap"),
    "concept": ("Concept", "method", "concept"),
    "umap": ("UMAP", "method", "umap"),
}
"""What is clicked in turn: its label, the setting that it changes, and to what."""
DRAWN = "return document.querySelector('#space-plot .plot .main-svg') !== null"


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def bare_generate(name: str, prompt: str, tokens: int) -> float:
    """Seconds of the library's own `generate` for all arms in one batch."""
    lm = models().get(name)
    model: Any = lm.model
    read = lm.tokenizer([prompt] * ARMS, return_tensors="pt")
    settings = {"max_new_tokens": tokens, "min_new_tokens": tokens, "do_sample": False}
    with torch.inference_mode():
        return seconds(lambda: model.generate(**read, **settings))


def moved(page: Page, strength: float) -> tuple[float, float]:
    """Seconds to the first changed text and to the finished ones, as the page itself sees them."""
    page.js(MOVE, strength)
    page.until(lambda: page.js("return window.written"), "four panes for the new strength")
    # A run that is busy once more was only the slider's first answer.
    time.sleep(1.0)
    return page.js("return window.changed") / 1000, page.js("return window.written") / 1000


def served(home: Path, browser: Chrome, then: Callable[[Page], None] = lambda _page: None) -> tuple[float, float]:
    """Seconds from the start of a process to its first answer and to four filled panes; then whatever is to be done."""
    begun = time.perf_counter()
    environment = {"OMP_NUM_THREADS": "", "LRT_EXPLORER_HOME": str(home / "data")}
    with process(home, [sys.executable, "-m", "lrt_explorer", "serve"], environment) as (_, url):
        answered = time.perf_counter() - begun
        page = Page(browser, url, 1440, 1000, "light")
        page.until_settled()
        started = time.perf_counter() - begun
        then(page)
        browser.get("about:blank")
    return answered, started


class Slider:
    """The slider, moved again and again, with the bare work after each move.

    Attributes:
        firsts, ends: seconds to the first changed text, and to the finished ones.
        bare, one: seconds of the bare work for all tokens, and for one.
    """

    def __init__(self, large: str) -> None:
        """Measure nothing yet; `large` is the model that writes."""
        self.large = large
        self.firsts: list[float] = []
        self.ends: list[float] = []
        self.bare: list[float] = []
        self.one: list[float] = []

    def use(self, page: Page, rounds: int) -> None:
        """Move it to one strength after another, within what the page allows."""
        time.sleep(SETTLE_SECONDS)
        prompt = page.js("return document.querySelector('#prompt textarea').value")
        most = min(1.0, float(page.js("return document.querySelector('#strength input[type=range]').max")))
        for number in range(rounds):
            # Never the same strength twice: what was judged lately is not judged again.
            first, end = moved(page, round(most * (0.3 + 0.6 * number / rounds), 3))
            self.firsts.append(first)
            self.ends.append(end)
            self.bare.append(bare_generate(self.large, prompt, MAX_NEW_TOKENS))
            self.one.append(bare_generate(self.large, prompt, 1))

    @property
    def figures(self) -> dict[str, float]:
        """The ratios, and what they are made of."""
        first, end, bare, one = map(statistics.median, (self.firsts, self.ends, self.bare, self.one))
        return {
            "slider": end / bare,
            "slider_seconds": end,
            "generate_seconds": bare,
            "first": first / one,
            "first_seconds": first,
            "one_token_seconds": one,
        }


def measure_models(rounds: int, small: str, large: str) -> dict[str, Any]:
    """The slider on two models that the page opens first."""
    slider = Slider(large)

    def use(page: Page) -> None:
        page.choose("Pair", "Other models")
        page.write("#other-small textarea, #other-small input", small)
        page.write("#other-large textarea, #other-large input", large)
        page.press("Open these models")
        end = time.monotonic() + OPENING_SECONDS
        while not page.js(WRITTEN, LARGE):
            if time.monotonic() > end:
                raise RuntimeError(f"the models were not open after {OPENING_SECONDS} s: {page.text('body')[:500]}")
            time.sleep(1)
        slider.use(page, rounds)

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        browser = open_browser(home / "profile", home / "downloads")
        served(home, browser, use)
        browser.quit()
    return slider.figures


def measure(rounds: int) -> dict[str, Any]:
    """All figures."""
    middle = statistics.median
    imports = middle(seconds(lambda: subprocess.run(IMPORTS, check=True)) for _ in range(STARTS))
    pictures: list[float] = []
    views: dict[str, float] = {}
    slider = Slider(LARGE)

    def use(page: Page) -> None:
        slider.use(page, rounds)
        page.press("Space", "button[role=tab]")
        pictures.append(seconds(lambda: page.until(lambda: page.js(DRAWN), "the picture")))
        for name, clicked in VIEWS.items():
            time.sleep(1.0)
            views[name] = page.browser.execute_async_script(VIEWED, *clicked)

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        browser = open_browser(home / "profile", home / "downloads")
        starts = [served(home, browser) for _ in range(STARTS - 1)] + [served(home, browser, use)]
        browser.quit()
    answered, started = (middle(each) for each in zip(*starts, strict=True))
    return {
        **slider.figures,
        "start": started / imports,
        "answer": answered / imports,
        "start_seconds": started,
        "imports_seconds": imports,
        "space_seconds": pictures[0],
        "view_seconds": views,
    }


def main() -> None:
    """Print them."""
    parser = argparse.ArgumentParser(description="speed of the screen")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--models", nargs=2, metavar=("SMALL", "LARGE"), help="files or names of two other models")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if options.models:
        found = measure_models(options.rounds, *options.models)
    else:
        # Models this small are slower with more threads.
        torch.set_num_threads(1)
        found = measure(options.rounds)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
