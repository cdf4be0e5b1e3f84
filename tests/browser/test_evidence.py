"""The Evidence tab: a suite from one click, stopped and taken up again, sorted, read, and taken away."""

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.study.evaluation import evaluate
from lrt_explorer.workbench import evidence
from tests.browser.page import Page
from tests.browser.test_layout import OVERFLOW, OVERLAP, PIECES
from tests.study.evaluation.suite import ANIMALS
from tests.study.tiny import CONCEPT

ROWS = "return [...document.querySelectorAll('#evidence-table tbody tr')].map((row) => row.dataset.name)"
COLUMN = """return [...document.querySelectorAll('#evidence-table tbody tr')]
    .map((row) => row.cells[arguments[0]].dataset.value)"""
DRAWN = "return document.querySelectorAll(`${arguments[0]} .main-svg`).length"
NAMES = ("animals", "creatures", "mood")
PLOTS = ("#evidence-forest-plot", "#evidence-dose-plot", "#evidence-cost-plot", "#evidence-prompts-plot")


@pytest.fixture(scope="module")
def more_concepts() -> Sequence[ContrastSet]:
    return ANIMALS, replace(ANIMALS, name="creatures", prompts=CONCEPT.prompts)


@pytest.fixture(autouse=True)
def few_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server runs in this process; these models are so narrow that few tokens do."""
    monkeypatch.setattr(evidence, "CONTROL_TOKENS", 8_000)


def look(page: Page, prompts: int = 4) -> None:
    page.press("Evidence", "button[role=tab]")
    page.write("#evidence-prompts input[type=number]", str(prompts))
    page.write("#evidence-strengths input, #evidence-strengths textarea", "-0.5 0 0.5")


def finish(page: Page) -> None:
    page.press("Run", "#evidence-run")
    page.until(lambda: page.js(ROWS), "a first concept")
    page.until(lambda: len(page.js(ROWS)) == len(NAMES) and not page.text("#evidence-status"), "the whole suite")


def downloaded(page: Page, folder: Path, ending: str) -> Path:
    page.browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
    page.press("Save the", f"#evidence-{'report' if ending == 'html' else 'sheet'}")
    (file,) = page.until(lambda: list(folder.glob(f"*.{ending}")), "a file")
    return Path(file)


def test_one_click_runs_the_suite_and_shows_every_figure(page: Page) -> None:
    page.press("Evidence", "button[role=tab]")
    page.until_text("#evidence-status", "Nothing is evaluated yet")
    look(page)
    page.press("Run", "#evidence-run")
    page.until(lambda: page.js("return document.querySelector('#evidence-status .progress') !== null"), "progress")
    page.until(lambda: len(page.js(ROWS)) == len(NAMES) and not page.text("#evidence-status"), "the whole suite")
    assert sorted(page.js(ROWS)) == list(NAMES)
    for plot in PLOTS:
        page.until(partial(page.js, DRAWN, plot), f"{plot} drawn")
    assert "3 concepts" in page.text("#evidence-head")
    first = page.js(ROWS)[0]
    assert page.text("#evidence-concept .concept-head").startswith(first)
    other = page.js(ROWS)[2]
    page.press(other, "#evidence-table tbody button")
    page.until(lambda: page.text("#evidence-concept .concept-head").startswith(other), "the concept that was picked")
    page.until(
        lambda: (
            page.js("return document.querySelector('#evidence-table tr[aria-selected=true]').dataset.name") == other
        ),
        "its row marked",
    )
    assert "furthest short" in page.text("#evidence-cards")


def test_a_stopped_suite_keeps_what_is_finished_and_goes_on_from_there(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = vars(evaluate)["measure"]
    measured: list[str] = []

    def watched(*arguments: Any) -> Any:
        """The second concept does not come to its end until it is told to."""
        name = arguments[2].name
        study = measure(*arguments)
        while True:
            try:
                step = next(study)
            except StopIteration as stop:
                measured.append(name)
                return stop.value
            yield step
            while name != "animals" and "go" not in measured:
                time.sleep(0.05)
                yield step

    monkeypatch.setattr(evaluate, "measure", watched)
    look(page)
    page.press("Run", "#evidence-run")
    page.until(lambda: page.js(ROWS) == ["animals"], "the first concept while the second is measured")
    page.until_text("#evidence-status", "reatures")
    page.press("Stop", "#evidence-stop")
    page.until_text("#evidence-status", "Stopped")
    time.sleep(1)
    assert page.js(ROWS) == ["animals"] and "Stopped" in page.text("#evidence-status")
    measured.append("go")
    page.press("Run", "#evidence-run")
    page.until(lambda: len(page.js(ROWS)) == len(NAMES) and not page.text("#evidence-status"), "the whole suite")
    assert measured == ["animals", "go", "creatures", "mood"], "nothing was measured twice"


def test_the_table_sorts_by_the_header_that_is_pressed_and_keeps_its_order(page: Page) -> None:
    look(page)
    finish(page)
    page.press("concept", "#evidence-table thead button")
    assert page.js(ROWS) == list(NAMES)
    page.press("concept", "#evidence-table thead button")
    assert page.js(ROWS) == list(reversed(NAMES))
    sort = "return document.querySelectorAll('#evidence-table thead th')[arguments[0]].getAttribute('aria-sort')"
    assert page.js(sort, 0) == "descending" and page.js(sort, 2) == "none"
    page.press("mood", "#evidence-table tbody button")
    page.until(lambda: page.text("#evidence-concept .concept-head").startswith("mood"), "the concept picked")
    assert page.js(ROWS) == list(reversed(NAMES)), "the table was drawn anew in the order that was chosen"
    page.press("cost, nats", "#evidence-table thead button")
    last = page.js("return document.querySelectorAll('#evidence-table thead th').length") - 1
    costs = [float(cost) for cost in page.js(COLUMN, last)]
    assert costs == sorted(costs, reverse=True)
    page.press("retention", "#evidence-table thead button")
    retentions = page.js(COLUMN, 2)
    known = [float(value) for value in retentions if value]
    assert retentions[: len(known)] == [value for value in retentions if value], "what has no number comes last"
    assert known == sorted(known, reverse=True)


def test_report_and_numbers_are_taken_away_and_open_without_a_network(page: Page, tmp_path: Path) -> None:
    look(page)
    finish(page)
    sheet = downloaded(page, tmp_path, "csv").read_text(encoding="utf-8")
    assert {row["concept"] for row in csv.DictReader(StringIO(sheet))} == set(NAMES)
    report = downloaded(page, tmp_path, "html")
    assert page.errors() == []
    page.browser.get("about:blank")
    page.browser.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    page.browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    try:
        page.browser.get(report.as_uri())
        page.until(lambda: page.js(DRAWN, "#suite .figure"), "the first figure")
        for number in range(page.js("return document.querySelectorAll('.figure').length")):
            figure = f"document.querySelectorAll('.figure')[{number}]"
            page.js(f"{figure}.scrollIntoView({{block: 'center'}})")
            page.until(partial(page.js, f"return {figure}.querySelectorAll('.main-svg').length"), f"figure {number}")
        assert number == 3 * len(NAMES)
        assert page.js("return performance.getEntriesByType('resource').length") == 0
        assert page.js("return document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.errors() == []
    finally:
        online = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        page.browser.execute_cdp_cmd("Network.emulateNetworkConditions", online)


def test_evidence_for_other_layers_says_so(page: Page) -> None:
    look(page)
    page.choose("Concepts", "mood")
    page.press("Run", "#evidence-run")
    page.until(lambda: page.js(ROWS) == ["mood"] and not page.text("#evidence-status"), "one concept")
    # An invisible timer of the event that decides it may still stand there.
    page.until(lambda: page.text("#evidence-stale") == "", "no complaint yet")
    page.write("#large-layer input", "3")
    page.until_text("#evidence-stale", "another pair of layers is in use")
    assert page.js(ROWS) == ["mood"]
    page.write("#large-layer input", "2")
    page.until(lambda: page.text("#evidence-stale") == "", "no complaint")


def test_what_makes_no_sense_is_refused_in_one_sentence(page: Page) -> None:
    look(page)
    page.write("#evidence-strengths input, #evidence-strengths textarea", "strong")
    page.press("Run", "#evidence-run")
    page.until_text("#evidence-status .notice", "not all numbers")
    page.write("#evidence-strengths input, #evidence-strengths textarea", "0.5")
    page.press("Run", "#evidence-run")
    page.until_text("#evidence-status .notice", "at least two strengths")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_overflows_or_overlaps(open_page: Callable[..., Page], width: int, theme: str) -> None:
    page = open_page(width, 1000, theme)
    page.until_settled()
    look(page)
    page.js("document.querySelector('#evidence-texts input').click()")
    page.choose("Concepts", "mood")
    page.press("Run", "#evidence-run")
    page.until(lambda: page.js(ROWS) == ["mood"] and not page.text("#evidence-status"), "one concept")
    for plot in PLOTS:
        page.until(partial(page.js, DRAWN, plot), f"{plot} drawn")
    page.js("document.querySelectorAll('#evidence-cards details').forEach((one) => { one.open = true; })")
    assert "score" in page.text("#evidence-arms") and page.text("#evidence-cards .passage")
    page.until(lambda: page.js(OVERFLOW) == [0, []], "nothing out of bounds")
    assert page.js(OVERLAP, f"{PIECES}, {', '.join(f'{plot} .plot' for plot in PLOTS)}, .extreme") == []
