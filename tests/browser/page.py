"""The page as a test sees it: what is shown, what can be pressed, and waits that end in a clear sentence."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webelement import WebElement

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--enable-unsafe-swiftshader",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PANES = """[...document.querySelectorAll('.pane')].map((pane) => {
    const text = pane.querySelector('.pane-text').cloneNode(true);
    text.querySelector('.prompt')?.remove();
    return [pane.dataset.arm, text.textContent];
})"""
WRITTEN = "document.querySelector('.panes')?.getAttribute('aria-busy') === 'false'"
AT_REST = f"{WRITTEN} && !document.querySelector('#panes [data-for].stale, #panes[data-for].stale')"
# Of all elements in one look: to ask for each button of the page by itself took seconds.
SEEN = """const seen = (one) => {
    const box = one.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && one.checkVisibility({opacityProperty: true, visibilityProperty: true});
};"""
FIND = f"""{SEEN}
return [...document.querySelectorAll(arguments[0])].find(
    (one) => seen(one) && (arguments[1] === null || one.innerText.trim().startsWith(arguments[1]))) ?? null"""
PATIENCE = 90
"""Seconds that anything may take on a slow machine before a test gives up."""
PAUSE = 0.05
"""Seconds between two looks at the page."""


def open_browser(profile: Path, downloads: Path) -> Chrome:
    """Start Chromium. Raises if there is none."""
    options = ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    binary, driver = _find(*BROWSERS), _find("chromedriver")
    options.binary_location = binary
    return Chrome(options=options, service=Service(driver))


def _find(*names: str) -> str:
    for name in names:
        if found := shutil.which(name):
            return found
    raise FileNotFoundError(f"none of {', '.join(names)} is installed; on Debian: apt-get install chromium-driver")


class Page:
    """One freshly opened page of the app."""

    def __init__(self, browser: Chrome, url: str, width: int, height: int, theme: str) -> None:
        self.browser = browser
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get_log("browser")  # type: ignore[no-untyped-call]
        browser.get(f"{url}?__theme={theme}")

    def js(self, code: str, *arguments: Any) -> Any:
        return self.browser.execute_script(code, *arguments)

    def until(self, holds: Callable[[], Any], what: str) -> Any:
        """Wait until something holds and return it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if value := holds():
                return value
            time.sleep(PAUSE)
        raise AssertionError(f"after {PATIENCE} s still not: {what}; the page shows\n{self.text('body')[:2000]}")

    def text(self, selector: str) -> str:
        return str(self.js("return document.querySelector(arguments[0])?.innerText ?? ''", selector))

    def until_text(self, selector: str, part: str) -> str:
        return str(self.until(lambda: part in (shown := self.text(selector)) and shown, f"{part!r} in {selector}"))

    def panes(self) -> dict[str, str]:
        """What each arm has written after the prompt."""
        return dict(self.js(f"return {PANES}"))

    def finished(self) -> dict[str, str]:
        """The same once they are written to their end and belong to the settings shown; nothing before.

        In one look: between two the page may have begun to write.
        """
        return dict(self.js(f"return {AT_REST} ? {PANES} : []"))

    def until_settled(self) -> dict[str, str]:
        """Wait until all four arms are written to their end."""

        def written() -> dict[str, str] | None:
            panes = dict(self.js(f"return {WRITTEN} ? {PANES} : []"))
            return panes if len(panes) == 4 and all(panes.values()) else None

        found: dict[str, str] = self.until(written, "four filled panes")
        return found

    def find(self, selector: str, text: str | None = None) -> WebElement:
        """The first visible element, with a text that begins so."""

        def there() -> WebElement | None:
            element: WebElement | None = self.js(FIND, selector, text)
            return element

        found: WebElement = self.until(there, f"an element {selector} {text or ''}")
        return found

    def press(self, text: str, selector: str = "button") -> None:
        element = self.find(selector, text)
        # A button that does nothing yet is disabled.
        self.until(element.is_enabled, f"{text} can be pressed")
        self.js("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def write(self, selector: str, text: str, *, submit: bool = False) -> None:
        """Put a text into a field, as typing it would; long ones without waiting for every key."""
        field = self.find(selector)
        self.js(
            """const [field, text] = arguments;
            const kind = field.tagName === 'TEXTAREA' ? HTMLTextAreaElement : HTMLInputElement;
            Object.getOwnPropertyDescriptor(kind.prototype, 'value').set.call(field, text);
            field.dispatchEvent(new Event('input', {bubbles: true}));
            field.dispatchEvent(new Event('change', {bubbles: true}));""",
            field,
            text,
        )
        if submit:
            self.js(
                "arguments[0].dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));"
                "arguments[0].dispatchEvent(new KeyboardEvent('keypress', {key: 'Enter', bubbles: true}))",
                field,
            )

    def upload(self, selector: str, *files: Path) -> None:
        # Gradio puts the field that takes the files right before the button that people see. What an accordion
        # holds is drawn only after it was opened. Before it can be pressed, it takes none.
        self.until(
            lambda: self.js("return document.querySelector(arguments[0])?.disabled === false", selector), selector
        )
        code = "return document.querySelector(arguments[0])?.previousElementSibling"
        field = self.until(lambda: self.js(code, selector), f"a field for files in {selector}")
        field.send_keys("\n".join(str(file) for file in files))

    def choose(self, label: str, option: str) -> None:
        """Choose an entry of a dropdown by a part of what it says."""
        field = self.find(f"input[aria-label='{label}']")
        field.click()
        code = """return [...document.querySelectorAll('ul[role=listbox] li')]
            .find((item) => item.innerText.includes(arguments[0]))"""
        self.until(lambda: self.js(code, option), f"an entry {option!r}").click()

    def figures(self) -> str:
        """The figures of the map, which are folded into one line until asked for."""
        if not self.js("return document.querySelector('#map-figures .label-wrap.open') !== null"):
            self.press("held-out", "#map-figures button")
        return str(self.until(lambda: self.text("#badges"), "the figures of the map"))

    def until_figures(self, part: str) -> str:
        """Wait until the figures of the map hold a text."""
        return str(self.until(lambda: part in (shown := self.figures()) and shown, f"{part!r} in the figures"))

    def errors(self) -> list[str]:
        """What the browser's console complained of.

        A stream that the page itself closed, on a stop or a cancel, is logged by gradio as aborted, now and then.
        """
        closed_by_page = ("AbortError: signal is aborted", "Connection errored out")
        log = self.browser.get_log("browser")  # type: ignore[no-untyped-call]
        messages = [entry["message"] for entry in log if entry["level"] == "SEVERE"]
        return [message for message in messages if not any(words in message for words in closed_by_page)]
