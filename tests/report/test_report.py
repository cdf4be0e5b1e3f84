"""What is taken away: a page that needs nothing else, a sheet that reads back, tables that hold what was found."""

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest

from lrt_explorer.cli.evaluate import show
from lrt_explorer.errors import ArtifactError
from lrt_explorer.report import COLUMNS, arms_table, evaluation_sheet, prompt_cards, report_page, suite_table
from lrt_explorer.report.notebook import evaluation_html
from lrt_explorer.report.words import SHORT, concept_summary, suite_summary
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.prompts import prompts_by_gap, worst_and_best
from lrt_explorer.study.evaluation.statistics import Interval
from lrt_explorer.study.evaluation.verdict import VERDICTS
from tests.ui.fake_evidence import fake_evaluation

FOUND = fake_evaluation(texts=True)
MOOD = FOUND.concepts[0]


class Parsed(HTMLParser):
    """Elements with their attributes, what the scripts hold, and whether everything opened was closed."""

    VOID = frozenset({"meta", "br", "link", "img", "input", "line", "circle", "path"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes what was not open"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append((self.elements[-1][1], data))

    def data(self) -> list[str]:
        return [text for attributes, text in self.scripts if attributes.get("type") == "application/json"]


@pytest.fixture(scope="module")
def page() -> str:
    return report_page(FOUND)


@pytest.fixture(scope="module")
def parsed(page: str) -> Parsed:
    return Parsed(page)


def test_the_report_loads_nothing_from_anywhere(parsed: Parsed) -> None:
    assert parsed.open == []
    for tag, attributes in parsed.elements:
        assert "src" not in attributes and tag not in ("link", "img", "iframe", "object", "base")
        assert attributes.get("href") in (None, "#")
    (policy,) = [a["content"] for tag, a in parsed.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None and policy.startswith("default-src 'none'") and "http" not in policy


def test_the_drawing_library_is_in_it_once(page: str, parsed: Parsed) -> None:
    assert len([text for attributes, text in parsed.scripts if "plotly.js v" in text]) == 1
    assert 4_000_000 < len(page) < 8_000_000


def test_without_the_scripts_it_is_refused_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path))
    with pytest.raises(ArtifactError, match=r"plot.js, which is not in"):
        report_page(FOUND)


def test_every_figure_and_every_table_is_in_it(parsed: Parsed) -> None:
    figures = [json.loads(text) for text in parsed.data()[:-1]]
    assert len(figures) == 1 + 3 * len(FOUND.concepts)
    assert all(figure["data"] and figure["layout"]["height"] for figure in figures)
    plots = [a for tag, a in parsed.elements if a.get("class") == "plot"]
    assert len(plots) == len(figures)
    tables = [a["class"] for tag, a in parsed.elements if tag == "table"]
    assert tables == ["suite", *["suite arms"] * len(FOUND.concepts)]
    sections = [a["data-concept"] for tag, a in parsed.elements if "data-concept" in a]
    assert sections == [result.evidence.name for result in FOUND.concepts]


def test_it_holds_the_whole_document_and_says_how_it_was_made(page: str, parsed: Parsed) -> None:
    document = evaluation_document(FOUND)
    assert json.loads(parsed.data()[-1]) == document
    shown = page.split("How it was made")[1].split("</dl>")[0]
    for value in (
        FOUND.small_fingerprint,
        FOUND.large_fingerprint,
        "settings: seed",
        "settings: random_seeds",
        "c" * 8,
    ):
        assert value in shown
    for name, version in document["versions"].items():
        assert f"<dt>versions: {name}</dt><dd>{version}</dd>" in shown


def test_names_cannot_break_out_of_the_page(page: str) -> None:
    hostile = fake_evaluation(("</script><script>alert(1)</script>", "mood"))
    text = report_page(hostile)
    assert "<script>alert" not in text
    assert json.loads(Parsed(text).data()[-1])["concepts"][0]["name"].startswith("</script>")
    assert "<b>size</b>" not in page.replace("\\u003c", "")


def test_the_sheet_reads_back_as_the_document() -> None:
    rows = list(csv.DictReader(StringIO(evaluation_sheet(FOUND), newline="")))
    document = evaluation_document(FOUND)
    assert tuple(rows[0]) == COLUMNS
    expected = [
        (concept, arm, at, strength)
        for concept in document["concepts"]
        for arm in concept["arms"]
        for at, strength in enumerate(document["strengths"])
    ]
    assert len(rows) == len(expected)
    for row, (concept, arm, at, strength) in zip(rows, expected, strict=True):
        assert (row["concept"], row["arm"], float(row["strength"])) == (concept["name"], arm["name"], strength)
        assert row["verdict"] == concept["verdict"] and row["small"] == document["small"]
        for name in ("readout", "readout_low", "readout_high", "kl", "score", "perplexity", "repetition"):
            assert (float(row[name]) if row[name] else None) == arm[name][at]
        for name in ("slope", "slope_low", "retention", "retention_high", "spearman", "anti_steerable"):
            assert (float(row[name]) if row[name] else None) == arm[name]
    assert "nan" not in evaluation_sheet(FOUND).lower().replace("nats", "")


def test_the_suite_table_has_a_row_for_every_concept_the_highest_retention_first() -> None:
    html = suite_table(FOUND, "register")
    names = re.findall(r'<tr data-name="([^"]*)" aria-selected="(\w+)"', html)
    assert names == [
        ("mood", "false"),
        ("register", "true"),
        ("&lt;b&gt;size&lt;/b&gt;", "false"),
        ("weather", "false"),
    ]
    cells = re.findall(r"<t[dh] (?:scope=.row. )?data-value=", html)
    heads = re.findall(r"<th scope=.col.", html)
    assert len(cells) == len(heads) * len(FOUND.concepts)
    weather = html.split('data-name="weather"')[1]
    assert weather.count('<td data-value="">–</td>') == 2 + len(FOUND.beside()), "retention of nothing is no number"


def test_the_arms_table_shows_texts_only_where_there_are_some() -> None:
    with_texts, without = arms_table(MOOD.evidence), arms_table(fake_evaluation(("mood",)).concepts[0].evidence)
    assert "perplexity" in with_texts and "perplexity" not in without
    assert with_texts.count("<tr>") == 1 + len(MOOD.evidence.arms)
    assert "3 directions" in with_texts and "at s = −0.6 / 0.6" in with_texts


def test_worst_and_best_prompts_stand_side_by_side_with_their_texts() -> None:
    ordered = prompts_by_gap(MOOD.evidence)
    assert [one.gap for one in ordered] == sorted(one.gap for one in ordered)
    worst, best = worst_and_best(ordered, 3)
    assert worst == ordered[:3] and best == tuple(reversed(ordered[-3:]))
    assert worst_and_best(ordered[:3], 3) == (ordered[:1], ordered[2:3]), "no prompt is both"
    html = prompt_cards(MOOD.evidence)
    assert html.count('class="extreme"') == 6 and html.count("<details>") == 6
    assert html.index(f"Prompt {worst[0].number} of") < html.index(f"Prompt {best[0].number} of")
    assert "wrote &lt;native&gt;" in html and "<i>mood" not in html
    assert "<details>" not in prompt_cards(fake_evaluation(("mood",)).concepts[0].evidence)


def test_a_gap_is_counted_in_the_direction_of_the_native_vector() -> None:
    for one in prompts_by_gap(MOOD.evidence):
        assert one.gap == pytest.approx(one.transferred - one.native)
        assert one.wrong_way == (one.transferred < 0)


def test_a_readout_that_is_a_probability_is_not_said_to_be_in_nats() -> None:
    likely = replace(MOOD.evidence, readout="probability")
    assert "slope, probability per deviation" in arms_table(likely) and "nats" not in prompt_cards(likely)
    assert "nats" not in concept_summary(replace(MOOD, evidence=replace(likely, equal_cost=None)))


def test_summaries_say_what_was_found() -> None:
    said = suite_summary(FOUND)
    assert "4 concepts" in said and "tinyworld-s layer 2" in said and "models/" not in said
    assert "corrected for 4 concepts" in said and "Holm" not in suite_summary(fake_evaluation(("mood",)))
    for result in FOUND.concepts:
        assert SHORT[result.verdict.word] in concept_summary(result)
    assert set(SHORT) == set(VERDICTS)


def test_what_a_reader_must_know_stands_beside_every_verdict() -> None:
    """In the report, on the screen, on the command line and in a notebook: a number alone would say too much."""
    told = replace(
        FOUND, concepts=(replace(FOUND.concepts[0], remarks=("A <b>trivial</b> vector does as much.", "Why.")),)
    )
    escaped = "A &lt;b&gt;trivial&lt;/b&gt; vector does as much."
    summary = concept_summary(told.concepts[0])
    assert f"<li>{escaped}</li><li>Why.</li>" in summary and escaped in report_page(told)
    assert escaped in evaluation_html(told)
    printed = show({**evaluation_document(told), "out": "here"})
    name = told.concepts[0].evidence.name
    assert f"{name}: A <b>trivial</b> vector does as much.\n{name}: Why.\nsaved in here" in printed
    assert "<ul" not in concept_summary(replace(told.concepts[0], remarks=()))


def test_the_direction_cosine_stands_beside_that_of_relabelled_pairs() -> None:
    evidence = replace(MOOD.evidence, direction_cosine_relabelled=Interval(0.12, -0.31, 0.52))
    assert "of relabelled pairs 0.12 (−0.31 … 0.52)" in concept_summary(replace(MOOD, evidence=evidence))
    without = replace(MOOD.evidence, direction_cosine_relabelled=None)
    assert "of relabelled pairs" not in concept_summary(replace(MOOD, evidence=without, remarks=()))
