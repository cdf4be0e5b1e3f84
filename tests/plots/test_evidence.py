"""The figures of an evaluation: what is drawn is what was found, and every arm can be told apart."""

import json
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import pytest

from lrt_explorer.numerals import plain, signed
from lrt_explorer.plots import cost_figure, dose_figure, forest_figure, prompts_figure
from lrt_explorer.plots.evidence import arm_style, between, cost
from lrt_explorer.plots.glyphs import glyph
from lrt_explorer.plots.styles import EVIDENCE_STYLES
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.evaluation.statistics import Interval
from tests.ui.fake_evidence import STRENGTHS, fake_evaluation

FOUND = fake_evaluation()
MOOD = FOUND.concepts[0].evidence


def traces(figure: go.Figure) -> list[dict[str, Any]]:
    """As they reach the page: without numbers that JSON does not know."""
    found: list[dict[str, Any]] = json.loads(figure.to_json())["data"]
    return found


def lines(evidence: ConceptEvidence) -> dict[str, dict[str, Any]]:
    return {trace["name"]: trace for trace in traces(dose_figure(evidence)) if "name" in trace}


def test_every_arm_is_a_line_of_its_readouts_with_a_band_that_goes_with_it() -> None:
    drawn = traces(dose_figure(MOOD))
    bands = {trace["legendgroup"]: trace for trace in drawn if trace.get("fill") == "toself"}
    assert set(bands) == {arm.name for arm in MOOD.arms}
    for arm in MOOD.arms:
        line = lines(MOOD)[arm_style(arm.name).label]
        assert line["x"] == list(STRENGTHS) and line["y"] == [band.value for band in arm.readout]
        assert line["legendgroup"] == arm.name
        band = bands[arm.name]
        assert band["y"][: len(STRENGTHS)] == [own.high for own in arm.readout]
        assert band["y"][len(STRENGTHS) :] == [own.low for own in reversed(arm.readout)]
    assert [trace["legendgroup"] for trace in drawn[-2:]] == ["native", "transferred"], "what matters lies on top"


def test_the_axis_says_which_end_is_which() -> None:
    assert dose_figure(MOOD).layout.yaxis.title.text == "← sad · readout, nats · happy →"


def test_a_readout_that_is_a_probability_is_not_said_to_be_in_nats() -> None:
    likely = replace(MOOD, readout="probability")
    for draw in (dose_figure, cost_figure, prompts_figure):
        figure = draw(likely)
        assert "probability" in figure.layout.yaxis.title.text and "nats" not in figure.layout.yaxis.title.text
    hover = lines(likely)["Native"]["text"][0]
    assert "probability" in hover and "nats" not in hover


def test_no_two_arms_look_alike_and_colours_mean_what_they_always_mean() -> None:
    looks = [(style.colour, style.marker, style.dash) for style in EVIDENCE_STYLES.values()]
    assert len(set(looks)) == len(looks)
    assert len({style.marker for style in EVIDENCE_STYLES.values()}) == len(looks), "a marker alone tells them apart"
    assert len({style.label for style in EVIDENCE_STYLES.values()}) == len(looks)
    for name in ("random", "shuffled map", "other concept", "no map"):
        assert (arm_style(name).colour, arm_style(name).dash) == ("#a9a9a4", "dot")
    assert arm_style("native, direct").colour == arm_style("native").colour == "#0072B2"
    assert arm_style("some new arm").label == "Some new arm" and arm_style("some new arm").dash == "dot"


@pytest.mark.parametrize("name", EVIDENCE_STYLES)
def test_every_style_has_a_glyph(name: str) -> None:
    assert EVIDENCE_STYLES[name].colour in glyph(EVIDENCE_STYLES[name])


def test_the_cost_figure_follows_every_steered_arm() -> None:
    drawn = {trace["legendgroup"]: trace for trace in traces(cost_figure(MOOD))}
    assert set(drawn) == {arm.name for arm in MOOD.arms} - {"unsteered", "prompt"}
    native, unsteered = MOOD.arm("native"), MOOD.arm("unsteered").readout[0].value
    assert drawn["native"]["x"] == list(native.kl)
    assert drawn["native"]["y"] == pytest.approx([band.value - unsteered for band in native.readout])
    assert drawn["native"]["y"][2] == pytest.approx(0), "nothing is added at strength 0"


def test_the_forest_has_a_marker_for_every_retention_and_the_highest_concept_on_top() -> None:
    figure = forest_figure(FOUND)
    drawn = traces(figure)
    (transferred,) = [t for t in drawn if t["mode"] == "markers" and t["legendgroup"] == "transferred"]
    names = [FOUND.concepts[index].evidence.name for index in transferred["customdata"]]
    assert names == ["mood", "register", "<b>size</b>"]
    assert transferred["x"] == [FOUND.concepts[index].evidence.retention.value for index in transferred["customdata"]]
    assert transferred["x"] == sorted(transferred["x"], reverse=True) and transferred["y"] == sorted(transferred["y"])
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "the first row is on top"
    groups = {trace["legendgroup"] for trace in drawn}
    assert groups == {"transferred", "random", "shuffled map", "other concept"}


def test_what_is_not_measurable_is_said_in_its_row() -> None:
    figure = forest_figure(FOUND)
    (said,) = figure.layout.annotations
    assert "not measurable" in (said.text or "") and figure.layout.yaxis.ticktext[said.y] == "weather"


def test_names_and_prompts_are_never_markup() -> None:
    assert "<b>size" not in "".join(forest_figure(FOUND).layout.yaxis.ticktext)
    (_, points) = traces(prompts_figure(MOOD))
    assert all("<i>mood" not in text and "&lt;i&gt;mood" in text for text in points["text"])


def test_intervals_end_at_the_edge_of_the_picture() -> None:
    figure = forest_figure(FOUND)
    low, high = figure.layout.xaxis.range
    ends = [x for trace in traces(figure) if trace["mode"] == "lines" for x in trace["x"] if x is not None]
    assert low <= min(ends) and max(ends) <= high and low < 0 < 1 < high


def test_every_prompt_is_a_point_of_its_two_slopes() -> None:
    diagonal, points = traces(prompts_figure(MOOD))
    assert diagonal["x"] == diagonal["y"]
    assert sorted(points["x"]) == sorted(MOOD.arm("native").prompt_slopes)
    assert sorted(points["y"]) == sorted(MOOD.arm("transferred").prompt_slopes)


def test_numbers_as_they_are_written() -> None:
    assert [plain(value) for value in (None, 1.026, -0.041, -0.001, 12.34, 123.4, float("inf"))] == [
        "–", "1.03", "−0.04", "0.00", "12.3", "123", "∞",
    ]  # fmt: skip
    assert (signed(3.2), signed(-0.5)) == ("+3.20", "−0.50")
    assert [cost(value) for value in (0.0, 0.5, 0.0421, 0.00031, 1e-9, None)] == [
        "0.00", "0.50", "0.042", "0.00031", "< 0.0001", "–",
    ]  # fmt: skip
    assert between(Interval(1, 0.5, float("inf"))) == "0.50 … ∞"
