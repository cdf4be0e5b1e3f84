"""Nothing stale: what the page shows belongs to the settings shown, or is dimmed and says for which settings it is."""

import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from selenium.webdriver import Chrome, Keys

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.numerals import change
from lrt_explorer.plots import space_figure
from lrt_explorer.study.compare import Comparison, ComparisonStep
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.steering.other_layers import asked_layers
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.ui.result_key import session_values
from lrt_explorer.ui.strength import writable
from lrt_explorer.workbench.session import Session, SpaceSettings
from tests.browser.page import Page
from tests.browser.sequences import ACTIONS, SEQUENCES
from tests.browser.wanderer import Wanderer, made_by
from tests.study.evaluation.suite import ANIMALS
from tests.ui.fakes import PAIRS, FakeEngine
from tests.ui.served import served
from tests.workbench.tiny_house import TinyEngine

Step = TypeVar("Step")
Result = TypeVar("Result")

SCORES = """return Object.fromEntries([...document.querySelectorAll('.pane')].map((pane) => [pane.dataset.arm,
    [pane.querySelector('.score span')?.innerText ?? null, pane.querySelector('.score b')?.innerText ?? null]]))"""
LINE = "return document.querySelector(arguments[0])?.dataset.line ?? ''"


@pytest.fixture(scope="module")
def more_concepts() -> Sequence[ContrastSet]:
    return (ANIMALS,)


def session_of(engine: TinyEngine, made: dict[str, Any]) -> Session:
    """The session that a key tells of, by whichever map has its mark."""
    opened = finish(engine.open(*made["models"]))
    at = engine.at_layers(opened, made["small_layer"], made["large_layer"])
    if not made["map"]:
        return replace(at, map_folder="", map_mark="")
    for session in (at, *(engine.with_method(at, method) for method in engine.methods().at_once)):
        if session_values(session)["map"] == made["map"]:
            return session
    raise AssertionError(f"no map is the one of {made}")


def check_texts(page: Page, engine: TinyEngine, made: dict[str, Any]) -> None:
    """Texts, scores and readouts are what the library gives for the settings of the key."""
    session = session_of(engine, made)
    spec = SteerSpec(
        concept=made["concept"],
        prompt=made["prompt"],
        strength=made["strength"],
        seed=int(made["seed"]),
        temperature=made["temperature"],
        max_new_tokens=int(made["length"]),
        reading=made["reading"],
        as_in_paper=made["as_in_paper"],
        equal_cost=made["equal_cost"],
        arms=writable(session, made["arms"]),
        also=tuple((made[name], made[f"{name}_strength"]) for name in ("also", "also_2") if made[name]),
        ask=made["ask"],
        per_token=made["per_token"],
        other_layers=asked_layers(made["other_layers"]),
    )
    done = finish(engine.compare(session, spec))
    # A browser makes one line break of every kind, and leaves out what random models write beside letters.
    texts = {arm.name: arm.text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n") for arm in done.arms}
    assert page.panes() == texts, made
    for name, (label, shown) in page.js(SCORES).items():
        arm = next(arm for arm in done.arms if arm.name == name)
        score = "–" if arm.score is None else f"{arm.score:.2f}"
        readout = "–" if arm.readout is None else change(arm.readout)
        assert shown == (readout if label.startswith("readout") else score), (name, made)


def check_picture(page: Page, engine: TinyEngine, made: dict[str, Any]) -> None:
    settings = SpaceSettings(made["concept"], int(made["points"]), made["method"], made["dims"])
    picture = finish(engine.picture(session_of(engine, made), settings))
    figure = space_figure(picture, colour_by=made["colour"], partner_lines=made["lines"], directions=made["arrows"])
    traces = json.loads(figure.to_json())["data"]
    # The page itself adds a trace of rings.
    drawn = page.js(
        """return document.querySelector('#space-plot .plot').data.filter((trace) => trace.name !== 'marked').map(
            (trace) => [trace.name ?? null, trace.x?.bdata ?? null])"""
    )
    numbers = [trace["x"].get("bdata") if isinstance(trace["x"], dict) else None for trace in traces]
    assert drawn == [[trace.get("name"), x] for trace, x in zip(traces, numbers, strict=True)], made


@pytest.mark.timeout(120 + 100 * SEQUENCES)
@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_random_actions_leave_nothing_stale(open_page: Callable[..., Page], seed: int) -> None:
    page, engine = open_page(), TinyEngine()
    page.until_settled()
    visitor = Wanderer(page, seed, tuple(card.name for card in engine.pairs()), ("happy ↔ sad", "farm ↔ sea"))
    for _ in range(ACTIONS):
        visitor.act()
    page.press("Steer", "button[role=tab]")
    if page.js("return document.querySelector('#seed input')?.value === ''"):
        page.write("#seed input", "3", submit=True)
    results = visitor.until_quiet()
    bad_number = page.text("#steer-trouble .notice.bad") or page.text("#setup-status .notice.bad")
    stopped = "Stopped" in page.text("#added")
    for result in results:
        # Why layers were suggested stays beside another map between them, dimmed, until somebody asks again.
        asked_once = result["place"] == "suggestion" and not result["differ"]
        if result["seen"] and not (bad_number or stopped or asked_once):
            assert not result["stale"], f"{result['place']} is still {result['line']} after {visitor.done}"
            assert not result["faint"], f"{result['place']} is dimmed without a reason after {visitor.done}"
    shown = next((one for one in results if one["place"] == "panes" and not one["stale"]), None)
    if shown is not None and not stopped:
        check_texts(page, engine, shown["made"])
    page.press("Space", "button[role=tab]")
    picture = next((one for one in visitor.until_quiet() if one["place"] == "space-plot"), None)
    said = page.text("#space-status")
    if picture is not None and "There is no map" in said:
        assert picture["stale"], "what another map gave stays, and is dimmed"
    elif picture is not None and not bad_number and "Stopped" not in said:
        assert not picture["stale"], f"{made_by(picture)} {picture['line']} after {visitor.done}"
        check_picture(page, engine, picture["made"])


class Slow(FakeEngine):
    """Everything takes a moment, so that what is shown meanwhile can be looked at."""

    pause = 0.0
    opened: tuple[str, ...] = ()

    def open(self, small: str, large: str) -> Generator[Progress, None, Session]:
        self.opened += (small,)
        return (yield from self._slowly(super().open(small, large), 8))

    def compare(self, session: Session, spec: SteerSpec) -> Generator[Progress | ComparisonStep, None, Comparison]:
        time.sleep(10 * self.pause)
        return (yield from self._slowly(super().compare(session, spec), 1))

    def _slowly(self, study: Generator[Step, None, Result], times: int) -> Generator[Step, None, Result]:
        try:
            while True:
                step = next(study)
                time.sleep(times * self.pause)
                yield step
        except StopIteration as stop:
            result: Result = stop.value
            return result


@dataclass(frozen=True)
class Opened:
    page: Page
    engine: Slow


@pytest.fixture
def slow(browser: Chrome, tmp_path: Path) -> Iterator[Opened]:
    engine = Slow(tmp_path)
    with served(engine) as server:
        page = Page(browser, server.url.rstrip("/"), 1440, 1000, "light")
        page.until_settled()
        page.until(lambda: page.text("#badges") or page.js(LINE, "#panes [data-for]") == "", "the figures")
        time.sleep(1)
        engine.pause = 0.1
        yield Opened(page, engine)
        engine.pause = 0.0
        assert page.errors() == []
        browser.get("about:blank")


def line(page: Page) -> str:
    return str(page.js(LINE, "#panes [data-for]"))


def test_what_is_left_of_another_strength_is_dimmed_and_says_so(slow: Opened) -> None:
    page = slow.page
    page.write("#strength input[type=range]", "-0.5")
    said = page.until(lambda: line(page), "a line over the panes")
    assert said.startswith("for s = +")
    over = "return getComputedStyle(document.querySelector('#panes [data-for]'), '::after').content"
    assert page.js(over) == f'"{said}"'
    faint = "return Number(getComputedStyle(document.querySelector('#sentence [data-for] > *')).opacity)"
    page.until(lambda: page.js(faint) < 0.5, "a sentence that is dimmed")
    page.until(lambda: line(page) == "", "the new texts")
    assert "s = −0.50" in page.until_text("#added", "s = ")
    page.until(lambda: page.js(faint) == 1, "the new sentence")


def left(page: Page, selector: str, text: str, key: str) -> None:
    field = page.find(selector)
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(text, key)


FIELDS = {
    "#prompt textarea": "Once more",
    "#seed input": "5",
    "#strength input[type=number]": "0.2",
    "#temperature input[type=number]": "0.5",
    "#length input[type=number]": "12",
}
"""Fields, each with something else than what stands there."""


@pytest.mark.parametrize("key", [Keys.ENTER, Keys.TAB], ids=["Enter", "leaving"])
def test_a_field_acts_by_enter_and_by_leaving_it(slow: Opened, key: str) -> None:
    page = slow.page
    page.press("More settings")
    for selector, text in FIELDS.items():
        left(page, selector, text, key)
        page.until(lambda: line(page), f"a line over the texts from before {selector}")
        page.until(lambda: line(page) == "", f"the texts after {selector}")


def test_a_slider_acts_by_key_and_by_its_arrow(slow: Opened) -> None:
    page = slow.page
    page.press("More settings")
    for name in ("strength", "temperature", "length"):
        page.find(f"#{name} input[type=range]").send_keys(Keys.ARROW_RIGHT)
        page.until(lambda: line(page), f"a line over the texts from before a key on {name}")
        page.until(lambda: line(page) == "", f"the texts after a key on {name}")
        page.find(f"#{name} .reset-button").click()
        page.until(lambda: line(page), f"a line over the texts from before the arrow of {name}")
        page.until(lambda: line(page) == "", f"the texts after the arrow of {name}")


@pytest.mark.parametrize(
    ("selector", "text", "sentence"),
    [
        ("#seed input", "1.5", "seed as a whole number"),
        ("#seed input", "-3", "The seed must be 0 to"),
        ("#strength input[type=number]", "55", "beyond the ends of its slider"),
    ],
)
def test_a_bad_number_gets_one_sentence_and_changes_nothing(
    slow: Opened, selector: str, text: str, sentence: str
) -> None:
    page = slow.page
    slow.engine.pause = 0
    page.press("More settings")
    before = page.panes()
    field = page.find(selector)
    field.send_keys(Keys.CONTROL, "a")
    page.js("arguments[0].value = ''", field)
    field.send_keys(text)
    page.until_text("#steer-trouble", sentence)
    assert all(page.panes().values()) and (page.panes() == before or text == "1.5")
    assert line(page).startswith("for ")
    assert page.text(".toast-wrap") == ""


def test_a_pair_chosen_while_another_one_is_opened_is_not_dropped(slow: Opened) -> None:
    page, engine = slow.page, slow.engine
    page.choose("Pair", PAIRS[1].name)
    page.until_text("#opening", "Opening tinyworld-m")
    assert "for tinyworld-s → tinyworld-l" in line(page)
    page.choose("Pair", PAIRS[2].name)
    page.until_text("#opening", "Opening gemma-2-2b")
    page.until_text("#route", "gemma-2-2b")
    engine.pause = 0
    page.until_settled()
    time.sleep(1)
    assert "gemma-2-2b" in page.text("#route") and "tinyworld-m" not in page.text("#route")
    assert page.js("return document.querySelector('#pair input').value").startswith(PAIRS[2].name)
    assert engine.opened[-1] == PAIRS[2].small and line(page) == ""


def test_the_pair_that_is_open_keeps_its_texts_when_it_is_chosen_again(slow: Opened) -> None:
    page = slow.page
    before, opened = page.panes(), slow.engine.opened
    page.choose("Pair", PAIRS[0].name)
    time.sleep(1)
    page.until(lambda: page.text("#opening") == "" and line(page) == "", "a page at rest")
    assert page.until_settled() == before
    assert slow.engine.opened == opened, "nothing is opened that is open"


def test_after_a_stop_the_list_shows_the_pair_that_is_open(slow: Opened) -> None:
    page = slow.page
    page.choose("Pair", PAIRS[1].name)
    page.until_text("#opening", "Opening tinyworld-m")
    page.press("Stop", "#setup .stop")
    page.until_text("#setup-status", "tinyworld-s → tinyworld-l is open")
    page.until(lambda: line(page) == "", "texts that are no longer dimmed")
    assert page.js("return document.querySelector('#pair input').value") == PAIRS[0].name


def test_the_dimmed_state_keeps_its_place(slow: Opened) -> None:
    """The line lies over the results: nothing below moves."""
    page = slow.page
    place = "return document.querySelector('.pane-text').getBoundingClientRect().top"
    before = page.js(place)
    page.write("#prompt textarea", "Another beginning")
    page.until(lambda: line(page), "a line over the panes")
    assert page.js(place) == before
