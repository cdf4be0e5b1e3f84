"""The concept that is worked by hand, as it is shown: sheet, tables, sentences and figures hold its numbers."""

import csv
import json
import re
from io import StringIO
from typing import Any

import plotly.graph_objects as go
import pytest

from lrt_explorer.plots import cost_figure, dose_figure, forest_figure, prompts_figure
from lrt_explorer.report import arms_table, evaluation_sheet, suite_table
from lrt_explorer.report.words import concept_summary
from lrt_explorer.study.evaluation.evaluate import ConceptResult
from tests.study.evaluation import by_hand
from tests.study.evaluation.by_hand import ARMS, KL, STRENGTHS
from tests.study.evaluation.worked_out import PERPLEXITY, expected_arms, expected_concept

EXPECTED = expected_concept()
EXPECTED_ARMS = {arm["name"]: arm for arm in expected_arms()}
BESIDE = ("random", "shuffled map", "permuted labels", "other concept", "answer embeddings", "native, half")
"""The arms whose retention stands beside that of the transferred vector, from top to bottom."""
COLUMNS = (
    "concept,arm,strength,readout,readout_low,readout_high,kl,score,perplexity,repetition,slope,slope_low,slope_high,"
    "retention,retention_low,retention_high,off_answers,off_answers_low,off_answers_high,spearman,anti_steerable,directions,prompts,readout_kind,verdict,p_native,"
    "p_partly,p_transfers,pearson_r,pearson_r_random,pearson_r_effect,retention_at_equal_cost,"
    "retention_at_equal_cost_low,retention_at_equal_cost_high,small,large,small_layer,large_layer,small_fingerprint,"
    "large_fingerprint"
)


def assert_shown(html: str, *numbers: float) -> None:
    """Whether a piece of HTML shows just these numbers, each as well as its decimals allow."""
    found = re.findall(r"[−+]?\d+(?:\.\d+)?", re.sub(r"<[^>]*>", " ", html))
    assert len(found) == len(numbers), html
    for text, number in zip(found, numbers, strict=True):
        half_a_digit = 0.51 * 10.0 ** -len(text.partition(".")[2])
        assert float(text.replace("−", "-")) == pytest.approx(number, abs=half_a_digit), html


def interval(document: dict[str, Any], name: str) -> tuple[float, float, float]:
    return document[name], document[f"{name}_low"], document[f"{name}_high"]


def mood() -> ConceptResult:
    return by_hand.evaluation().concepts[1]


def traces(figure: go.Figure) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(figure.to_json())["data"]
    return found


def test_every_number_of_the_sheet_stands_in_its_column() -> None:
    text = evaluation_sheet(by_hand.evaluation())
    assert text.partition("\r\n")[0] == COLUMNS
    rows = [row for row in csv.DictReader(StringIO(text, newline="")) if row["concept"] == "mood"]
    assert [(row["arm"], float(row["strength"])) for row in rows] == [(a, s) for a in EXPECTED_ARMS for s in STRENGTHS]
    of_strength = ("readout", "readout_low", "readout_high", "kl", "score", "perplexity", "repetition")
    of_concept = (
        "p_native", "p_partly", "p_transfers", "pearson_r", "pearson_r_random", "pearson_r_effect",
        "retention_at_equal_cost", "retention_at_equal_cost_low", "retention_at_equal_cost_high",
    )  # fmt: skip
    of_arm = (
        "slope", "slope_low", "slope_high", "retention", "retention_low", "retention_high", "off_answers",
        "off_answers_low", "off_answers_high", "spearman", "anti_steerable",
    )  # fmt: skip
    for number, row in enumerate(rows):
        arm = EXPECTED_ARMS[row["arm"]]
        expected = {
            **{name: arm[name][number % 5] for name in of_strength},
            **{name: arm[name] for name in of_arm},
            **{name: EXPECTED[name] for name in of_concept},
            "directions": len(ARMS.get(row["arm"], ())), "prompts": 4, "small_layer": 1, "large_layer": 2,
        }  # fmt: skip
        for name, value in expected.items():
            found = float(row[name]) if row[name] else None
            assert found == (None if value is None else pytest.approx(value, abs=1e-9)), (row["arm"], name)
        words = ("verdict", "readout_kind", "small", "large")
        assert [row[name] for name in words] == ["transfers", "log-odds", "tiny-small", "tiny-large-one"]


def test_every_number_of_the_table_of_concepts() -> None:
    first, second = re.findall(r"<tr data-name.*?</tr>", suite_table(by_hand.evaluation()))
    assert 'data-name="mood"' in first and 'data-name="faint"' in second, "the higher retention comes first"
    cells = re.findall(r'<td data-value="([^"]*)">(.*?)</td>', first)
    shown = [
        interval(EXPECTED, "retention"),
        interval(EXPECTED, "retention_at_equal_cost"),
        *(interval(EXPECTED_ARMS[name], "retention") for name in BESIDE),
        (1.0,),
        (0.0,),
        (EXPECTED["pearson_r"], EXPECTED["pearson_r_random"]),
        (10.0, 11.0),  # the transferred vector's cost at s = 2, below it the native one's
    ]
    assert cells[0][0] == "4" and ">transfers<" in cells[0][1]
    assert len(cells) == 1 + len(shown)
    for (value, html), numbers in zip(cells[1:], shown, strict=True):
        assert float(value) == pytest.approx(numbers[0], abs=1e-5)
        assert_shown(html, *numbers)
    assert [value for value, _ in re.findall(r'<td data-value="([^"]*)">(–)</td>', second)] == [""] * 8


def test_every_number_of_the_table_of_arms() -> None:
    html = arms_table(mood().evidence)
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)[1:]]
    assert [len(row) for row in rows] == [9] * 19 and "at s = −2 / 2" in html
    for cells, (name, arm) in zip(rows, EXPECTED_ARMS.items(), strict=True):
        if name in ARMS:
            assert_shown(cells[0], *interval(arm, "slope"))
            assert_shown(cells[1], *interval(arm, "retention"))
            assert_shown(cells[2], *interval(arm, "off_answers"))
            assert_shown(cells[3], arm["spearman"])
            assert_shown(cells[4], 100 * arm["anti_steerable"])
            assert_shown(cells[5], KL[name][0], KL[name][4])
        else:
            assert cells[:6] == ["–"] * 6
        for cell, what in zip(cells[6:], ("score", "perplexity", "repetition"), strict=True):
            ends = (arm[what][0], arm[what][4])
            assert_shown(cell, *(() if None in ends else ends))


def test_every_number_of_the_sentence() -> None:
    html = concept_summary(mood())
    claims = html.partition("Corrected p values:")[2].partition("</small>")[0]
    assert re.sub(r"[\d.]+", "", claims).split() == ["native", ",", "partly", ",", "transfers"]
    assert_shown(claims.rstrip("."), EXPECTED["p_native"], EXPECTED["p_partly"], EXPECTED["p_transfers"])
    rows = re.findall(r'<dt>(.*?)</dt><dd>(.*?)</dd><dd class="hint">(.*?)</dd>', html)
    shown = {name: f"{value} {hint}" for name, value, hint in rows}
    for name, numbers in {
        "retention": interval(EXPECTED, "retention"),
        "sample-wise r": (EXPECTED["pearson_r"], EXPECTED["pearson_r_random"]),
        "r of the changes": (EXPECTED["pearson_r_effect"],),
        "direction cosine": (0.75, *interval(EXPECTED, "direction_cosine_relabelled")),
        "reachable share": (62.5,),
        "prompt baseline": interval(EXPECTED, "prompt_effect"),
        "at equal cost": (17.875, 10.125 + 5 / 7 * 10.25, 8.0),
        "retention at equal cost": interval(EXPECTED, "retention_at_equal_cost"),
    }.items():
        assert_shown(shown.pop(name), *numbers)
    assert not shown


def test_every_number_of_the_dose_response() -> None:
    drawn = traces(dose_figure(mood().evidence))
    for name, arm in EXPECTED_ARMS.items():
        band, line = (trace for trace in drawn if trace["legendgroup"] == name)
        assert (band["x"], line["x"]) == ([*STRENGTHS, *reversed(STRENGTHS)], list(STRENGTHS))
        assert band["y"] == pytest.approx([*arm["readout_high"], *reversed(arm["readout_low"])])
        assert line["y"] == pytest.approx(arm["readout"])
        for at, text in enumerate(line["text"]):
            ends = arm["readout_low"][at], arm["readout_high"][at]
            assert_shown(text.partition(", s = ")[2], STRENGTHS[at], arm["readout"][at], *ends)
    assert len(drawn) == 2 * len(EXPECTED_ARMS)


def test_every_number_of_the_cost() -> None:
    drawn = {trace["legendgroup"]: trace for trace in traces(cost_figure(mood().evidence))}
    assert set(drawn) == set(ARMS)
    for name, line in drawn.items():
        assert line["x"] == list(KL[name])
        assert line["y"] == pytest.approx([value - 0.5 for value in EXPECTED_ARMS[name]["readout"]])  # unsteered: 0.5
        for at, text in enumerate(line["text"]):
            change = EXPECTED_ARMS[name]["readout"][at] - 0.5
            assert_shown(text.partition(", s = ")[2], STRENGTHS[at], change, KL[name][at])


def test_every_number_of_the_forest() -> None:
    figure = forest_figure(by_hand.evaluation())
    # From the lowest marker, that of the random vectors, to the line at 1, and 0.15 beyond.
    low, high = -0.5375 / 10.175 - 0.15, 1.15
    assert figure.layout.xaxis.range == pytest.approx((low, high))
    assert list(figure.layout.yaxis.ticktext) == ["mood", "faint"]
    assert [note.y for note in figure.layout.annotations] == [1], "the row of faint says that it is not measurable"
    drawn = traces(figure)
    assert {trace["legendgroup"] for trace in drawn} == {"transferred", *BESIDE}
    for row, name in enumerate(("transferred", *BESIDE)):
        line, marker = (trace for trace in drawn if trace["legendgroup"] == name)
        value, begin, end = interval(EXPECTED_ARMS[name], "retention")
        assert marker["x"] == pytest.approx([value]) and marker["customdata"] == [1], "its place among the concepts"
        assert line["x"][:2] == pytest.approx([max(begin, low), min(end, high)]) and line["x"][2] is None
        assert marker["y"] == pytest.approx([0.1 * row - 0.27]) and line["y"][:2] == marker["y"] * 2
        assert_shown(marker["text"][0], value, begin, end)
    assert EXPECTED_ARMS["transferred"]["retention_high"] < high, "an end that is not cut"


def test_every_number_of_the_prompts() -> None:
    diagonal, points = traces(prompts_figure(mood().evidence))
    # From the furthest short to the nearest: the slopes (2·55 + 27)/10 and (2·49 + 23)/10, and so on.
    assert points["x"] == pytest.approx([13.7, 11.8, 6.7, 8.5])
    assert points["y"] == pytest.approx([12.1, 10.5, 5.5, 7.5])
    assert diagonal["x"] == diagonal["y"] == pytest.approx([-0.08 * 13.7, 1.08 * 13.7])
    assert [by_hand.PROMPTS[at] in text for at, text in zip((3, 2, 0, 1), points["text"], strict=True)] == [True] * 4
    for text, native, transferred in zip(points["text"], points["x"], points["y"], strict=True):
        assert_shown(text.rpartition("native ")[2], native, transferred)


def test_arms_that_write_are_those_with_a_perplexity() -> None:
    assert [arm.name for arm in mood().evidence.arms if arm.perplexity[0] is not None] == [
        "unsteered", *PERPLEXITY, "prompt",
    ]  # fmt: skip
