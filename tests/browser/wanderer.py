"""A visitor who does things at random, and looks at every moment whether what the page shows is what it says it is."""

import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    StaleElementReferenceException,
)
from selenium.webdriver import Keys

from tests.browser.page import FIND, SEEN, Page

# What the controls show, read from the page itself and not as the app does it: a value, or the words that a label
# holds. What is not on the page yet, or is being typed, is left out.
SHOWN = """
const box = (selector) => document.querySelector(selector);
const number = (selector) => {
  const field = box(selector);
  return field && field.value !== '' ? Number(field.value) : null;
};
const checked = (selector) => box(selector)?.checked;
const shown = {
  small_layer: number('#small-layer input'), large_layer: number('#large-layer input'),
  strength: number('#strength input[type=number]'), prompt: box('#prompt textarea')?.value,
  seed: number('#seed input'), temperature: number('#temperature input[type=number]'),
  length: number('#length input[type=number]'), equal_cost: checked('#equal-cost input'),
  points: number('#space-points input[type=number]'), prompts: number('#evidence-prompts input[type=number]'),
  texts: box('#evidence-texts input') && [...document.querySelectorAll('#evidence-texts input:checked')]
    .map((one) => one.name).sort(),
  other_layers: box('#other-layers input, #other-layers textarea')?.value,
  also_strength: number('#also-1-strength input[type=number]'),
  also_2_strength: number('#also-2-strength input[type=number]'),
  strengths: box('#evidence-strengths input, #evidence-strengths textarea')?.value,
};
const named = {pair: box('#pair input')?.value, concept: box('#concept input')?.value};
"""
# Every result on the page: where it is, its settings, whether it is dimmed, and what of it differs from what is shown.
RESULTS = (
    """
const done = arguments[arguments.length - 1];
requestAnimationFrame(() => requestAnimationFrame(() => {"""
    + SHOWN
    + """
  done([...document.querySelectorAll('[data-for]')].map((result) => {
    const made = JSON.parse(result.dataset.for), said = JSON.parse(result.dataset.said);
    const differ = Object.keys(made).filter((name) => {
      if (name in named) return named[name] && named[name] !== 'Other models …' && !named[name].includes(said[name]);
      return shown[name] !== undefined && shown[name] !== null
        && JSON.stringify(shown[name]) !== JSON.stringify(made[name]);
    });
    return {place: result.closest('[id]:not([id^=html-])').id, made, stale: result.classList.contains('stale'),
      line: result.dataset.line || '', faint: Number(getComputedStyle(result.firstElementChild).opacity) < 0.9,
      seen: !!result.offsetParent, differ: differ.map((name) => [name, said[name]])};
  }));
}));
"""
)
TEXTS = """return [...document.querySelectorAll('[data-for]')].map((e) => e.dataset.for + e.innerText).join('|')
    + (document.querySelector('.panes')?.getAttribute('aria-busy') ?? '')
    + document.querySelector('#setup-status').innerText"""
QUIET_SECONDS, PATIENCE = 1.2, 60
GRACE_SECONDS = 1.0
"""What differs is dimmed that soon, with the words for it, on a machine that runs models beside the browser."""
TABS = ("Steer", "Space", "Layers", "Evidence", "Concepts")
STORY = ("Tom walked", "Anna sat on the island", "She looked at the cow", "The cook")


class Wanderer:
    """One visitor with a seed of their own.

    Attributes:
        done: what was done, for the message of a failure.
        dimmed: how often something was seen dimmed.
    """

    def __init__(self, page: Page, seed: int, pairs: tuple[str, ...], concepts: tuple[str, ...]) -> None:
        self.page, self.dice, self.pairs, self.concepts = page, random.Random(seed), pairs, concepts
        self.done: list[str] = []
        self.dimmed = 0

    def act(self) -> None:
        """Do one thing, and look a few times while the page follows."""
        ways: list[Callable[[], str]] = [
            *(self.move_slider, self.press_key, self.type_number, self.set_back, self.write_prompt, self.pick_example)
            * 2,
            *(self.choose_concept, self.choose_pair, self.change_layer, self.tick, self.choose_way),
            *(self.open_tab, self.press_run, self.choose_estimator, self.press_stop, self.choose_beside),
            *(self.write_other_layers, self.press_work, self.find_words),
        ]
        for _ in range(20):
            with suppress(
                ElementClickInterceptedException, ElementNotInteractableException, StaleElementReferenceException
            ):
                if what := self.dice.choice(ways)():
                    self.done.append(what)
                    break
        for _ in range(self.dice.randrange(3)):
            self.look()
            time.sleep(self.dice.uniform(0, 0.3))

    def look(self) -> list[dict[str, Any]]:
        """Whatever differs from what the controls show is dimmed and says for which settings it is."""
        # The page may have changed right before it was looked at.
        end = time.monotonic() + GRACE_SECONDS
        while (wrong := _unsaid(found := self._results())) and time.monotonic() < end:
            time.sleep(0.05)
        assert not wrong, f"{wrong} after {self.done}"
        self.dimmed += sum(result["stale"] for result in found)
        return found

    def _results(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.page.browser.execute_async_script(RESULTS)
        return found

    def until_quiet(self) -> list[dict[str, Any]]:
        """Wait until nothing changes any more; what every result is then."""
        end, before, since = time.monotonic() + PATIENCE, "", time.monotonic()
        while time.monotonic() < end:
            if (now := str(self.page.js(TEXTS))) != before:
                before, since = now, time.monotonic()
            if time.monotonic() - since > QUIET_SECONDS and not self.busy():
                return self.look()
            time.sleep(0.1)
        raise AssertionError(f"the page never came to rest: {self._unrest()} after {self.done}")

    def _unrest(self) -> str:
        """What still goes on, for the message of a failure."""
        code = """return [`panes busy: ${document.querySelector('.panes')?.getAttribute('aria-busy')}`,
            ...[...document.querySelectorAll('.progress')].map((bar) =>
                `${bar.closest('[id]:not([id^=html-])')?.id} (seen: ${!!bar.offsetParent}): ${bar.textContent}`)]"""
        return "; ".join(self.page.js(code))

    def busy(self) -> bool:
        return bool(
            self.page.js(
                "return document.querySelector('.panes')?.getAttribute('aria-busy') === 'true'"
                " || document.querySelector('.progress') !== null"
            )
        )

    def _visible(self, selector: str) -> Any:
        found = self.page.js(f"{SEEN} return [...document.querySelectorAll(arguments[0])].filter(seen)", selector)
        return self.dice.choice(found) if found else None

    def move_slider(self) -> str:
        slider = self._visible("#strength input[type=range]:not(:disabled), #temperature input[type=range]")
        if slider is None:
            return ""
        low, high = float(slider.get_attribute("min")), float(slider.get_attribute("max"))
        value = round(self.dice.uniform(low, high), 2)
        self.page.js(
            """const [slider, value] = arguments;
            Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(slider, value);
            slider.dispatchEvent(new Event('input', {bubbles: true}));""",
            slider,
            str(value),
        )
        return f"slider to {value}"

    def press_key(self) -> str:
        slider = self._visible("input[type=range]:not(:disabled)")
        if slider is None:
            return ""
        slider.send_keys(self.dice.choice((Keys.ARROW_LEFT, Keys.ARROW_RIGHT, Keys.PAGE_UP)))
        return f"key on {slider.get_attribute('aria-label')}"

    def type_number(self) -> str:
        field = self._visible(
            "#strength input[type=number]:not(:disabled), #seed input, #length input[type=number], #space-points"
            " input[type=number], #evidence-prompts input[type=number]"
        )
        if field is None:
            return ""
        text = self.dice.choice(("0.2", "7", "11", "12", "500", "-1", ""))
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text or Keys.DELETE, self.dice.choice((Keys.ENTER, Keys.TAB)))
        return f"{text!r} in {field.get_attribute('aria-label')}"

    def write_other_layers(self) -> str:
        field = self._visible("#other-layers input, #other-layers textarea")
        if field is None:
            return ""
        text = self.dice.choice(("0-1", "2, 2", "9-9", "x", ""))
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text or Keys.DELETE, self.dice.choice((Keys.ENTER, Keys.TAB)))
        return f"other layers {text!r}"

    def set_back(self) -> str:
        arrow = self._visible(".reset-button:not(:disabled)")
        if arrow is None:
            return ""
        arrow.click()
        return "reset arrow"

    def write_prompt(self) -> str:
        field = self._visible("#prompt textarea")
        if field is None:
            return ""
        text = self.dice.choice(STORY)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text, *self.dice.choice(((), (Keys.ENTER,), (Keys.TAB,))))
        return f"prompt {text!r}"

    def pick_example(self) -> str:
        chip = self._visible("#examples button")
        if chip is None:
            return ""
        chip.click()
        return "example"

    def choose_concept(self) -> str:
        return self._choose("Concept", self.dice.choice(self.concepts))

    def choose_beside(self) -> str:
        label = self.dice.choice(("Also steered by", "And by"))
        return self._choose(label, self.dice.choice(("nothing else", *self.concepts)))

    def choose_pair(self) -> str:
        return self._choose("Pair", self.dice.choice(self.pairs))

    def _choose(self, label: str, option: str) -> str:
        if self._visible(f"input[aria-label='{label}']") is None:
            return ""
        self.page.choose(label, option)
        return f"{label} {option}"

    def change_layer(self) -> str:
        field = self._visible("#small-layer input, #large-layer input")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text := self.dice.choice(("1", "2", "2", "9")), Keys.TAB)
        return f"layer {text}"

    def tick(self) -> str:
        box = self._visible("#more input[type=checkbox], #more input[type=radio], .view input[type=checkbox]")
        if box is None:
            self.page.js("document.querySelector('#more button.label-wrap:not(.open)')?.click()")
            return ""
        box.click()
        return "tick"

    def choose_way(self) -> str:
        choice = self._visible(".choices label")
        if choice is None:
            return ""
        choice.click()
        return f"choice {choice.text}"

    def open_tab(self) -> str:
        name = self.dice.choice(TABS)
        self.page.press(name, "button[role=tab]")
        return f"tab {name}"

    def press_run(self) -> str:
        button = self._visible("#run:not(:disabled), #layers-compute:not(:disabled), #check:not(:disabled)")
        if button is None:
            return ""
        button.click()
        return f"pressed {button.text}"

    def press_work(self) -> str:
        """What takes a while, or keeps something."""
        self.page.js("document.querySelector('#map-accordion button.label-wrap:not(.open)')?.click()")
        button = self._visible("#evidence-run:not(:disabled), #vectors-make:not(:disabled), #pin:not(:disabled)")
        words = self.dice.choice(("", "Suggest layers", "Fit a map"))
        if words and (found := self.page.js(FIND, "#setup button:not(:disabled)", words)):
            button = found
        if button is None:
            return ""
        said = button.text
        button.click()
        return f"pressed {said}"

    def find_words(self) -> str:
        field = self._visible("#space-find input, #space-find textarea")
        if field is None:
            return ""
        words = self.dice.choice(("Tom", "nobody", ""))
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(words or Keys.DELETE, Keys.ENTER)
        return f"find {words!r}"

    def press_stop(self) -> str:
        stops = ("#stop", "#space-stop", "#evidence-stop", "#layers-stop", "#map-stop", "#vectors-stop", ".stop")
        button = self._visible(", ".join(f"{one}:not(:disabled)" for one in stops))
        if button is None:
            return ""
        button.click()
        return "stop"

    def choose_estimator(self) -> str:
        return self._choose("Estimator", self.dice.choice(("Ridge", "Procrustes")))


def made_by(result: dict[str, Any]) -> str:
    """A result's settings, for messages."""
    return json.dumps(result["made"], ensure_ascii=False)


def _unsaid(results: list[dict[str, Any]]) -> list[str]:
    """What differs from what the controls show and is not dimmed, or does not say in what it differs."""
    return [
        f"{result['place']} differs in {result['differ']}: {result['line']!r}"
        for result in results
        if result["differ"] and not (result["stale"] and all(words in result["line"] for _, words in result["differ"]))
    ]
