import json
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from lrt_explorer.plots import (
    ARM_STYLES,
    BLUE,
    COLOURINGS,
    HALO,
    ORANGE,
    SVG_POINTS,
    ColourBy,
    hover_text,
    plotly_script,
    space_figure,
)
from lrt_explorer.study.steering.arms import PANES
from tests.plots.traces import traces
from tests.ui.fakes import fake_picture

PICTURE = fake_picture(60)


def clouds(figure: go.Figure) -> list[Any]:
    return [trace for trace in traces(figure) if trace.mode == "markers"]


def test_blue_circles_are_the_large_model_and_orange_diamonds_the_mapped_small_one() -> None:
    large, mapped = clouds(space_figure(PICTURE))
    assert (large.name, large.marker.color, large.marker.symbol) == ("large model", BLUE, "circle")
    assert (mapped.name, mapped.marker.color, mapped.marker.symbol) == ("small model, mapped", ORANGE, "diamond")
    assert np.allclose(np.stack([large.x, large.y], 1), PICTURE.coords[:60], atol=1e-3)


@pytest.mark.parametrize("colour_by", COLOURINGS)
@pytest.mark.parametrize("dims", [2, 3])
def test_every_point_is_drawn_once_and_knows_its_index(colour_by: ColourBy, dims: int) -> None:
    picture = fake_picture(60, dims)
    figure = space_figure(picture, colour_by=colour_by)
    drawn = [(int(index), *place) for c in clouds(figure) for index, *place in zip(c.customdata, c.x, c.y, strict=True)]
    assert sorted(index for index, *_ in drawn) == list(range(120))
    for index, *place in drawn:
        assert np.allclose(place, picture.coords[index, :2], atol=1e-3)


@pytest.mark.parametrize("colour_by", COLOURINGS)
def test_the_marker_always_says_which_model(colour_by: ColourBy) -> None:
    for cloud in clouds(space_figure(PICTURE, colour_by=colour_by)):
        models = {PICTURE.model[index] for index in cloud.customdata}
        assert models == {"large" if cloud.marker.symbol == "circle" else "mapped"}


def test_colour_by_concept_names_both_sides_and_greys_the_rest() -> None:
    names = {cloud.name.split(",")[0] for cloud in clouds(space_figure(PICTURE, colour_by="concept"))}
    assert names == {"happy", "sad", "other text"}


def test_colour_by_error_has_one_scale_for_both_models() -> None:
    large, mapped = clouds(space_figure(PICTURE, colour_by="error"))
    assert large.marker.showscale and not mapped.marker.showscale
    assert large.marker.cmax == mapped.marker.cmax == pytest.approx(PICTURE.error.max())


def test_partner_lines_join_the_two_points_of_each_token() -> None:
    figure = space_figure(PICTURE, partner_lines=True)
    (lines,) = [trace for trace in traces(figure) if trace.name == "partners"]
    assert len(lines.x) == 3 * 60 and list(lines.x[2::3]) == [None] * 60
    assert np.allclose(np.array(lines.x[0::3], float), PICTURE.coords[:60, 0])
    assert np.allclose(np.array(lines.x[1::3], float), PICTURE.coords[60:, 0])


def test_arrows_wear_the_colour_and_dash_of_their_arm_and_can_be_left_out() -> None:
    drawn = [trace for trace in traces(space_figure(PICTURE)) if "direction" in (trace.name or "")]
    arrows = {trace.name: trace for trace in drawn if trace.meta != HALO}
    assert len(drawn) == 4
    assert set(arrows) == {"native direction", "transferred direction"}
    for name, trace in arrows.items():
        style = ARM_STYLES[name.split()[0]]
        assert (trace.line.color, trace.line.dash) == (style.colour, style.dash)
    assert len(space_figure(PICTURE, directions=False).data) == 2


def test_arms_differ_in_more_than_colour() -> None:
    first = {name: ARM_STYLES[name] for name in PANES}
    for field in ("colour", "marker", "label"):
        assert len({getattr(style, field) for style in first.values()}) == len(first)
    assert len({style.dash for name, style in first.items() if name != "unsteered"}) == 3


def test_many_points_are_drawn_by_webgl_and_few_as_svg() -> None:
    assert {trace.type for trace in clouds(space_figure(PICTURE))} == {"scatter"}
    assert {trace.type for trace in clouds(space_figure(fake_picture(SVG_POINTS)))} == {"scattergl"}


def test_the_figure_survives_the_way_to_the_browser() -> None:
    for dims in (2, 3):
        sent = json.loads(space_figure(fake_picture(10, dims), colour_by="error", partner_lines=True).to_json())
        assert len(sent["data"]) == (7 if dims == 2 else 5)
        assert sent["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)"


def test_axes_say_what_share_of_the_variance_they_show_and_umap_axes_say_nothing() -> None:
    assert space_figure(PICTURE).layout.xaxis.title.text == "component 1 (31% of variance)"
    assert not space_figure(fake_picture(10, 2, "umap")).layout.xaxis.title.text
    along = space_figure(fake_picture(10, 2, "concept")).layout
    assert along.xaxis.title.text == "native direction (31% of variance)"
    assert along.yaxis.title.text == "strongest at right angles (12% of variance)"


def test_hover_shows_the_token_in_its_sentence_and_markup_as_text() -> None:
    text = hover_text(" <i>sea", "He saw the <i>sea & sky.", (10, 17), "large model")
    assert text == "He saw the <b>&lt;i&gt;sea</b> &amp; sky.<br><i>large model</i>"


def test_long_sentences_are_broken_into_lines() -> None:
    sentence = "word " * 60
    text = hover_text("word", sentence, (100, 104), "note")
    assert max(len(line) for line in text.replace("<b>", "").replace("</b>", "").split("<br>")) <= 64
    assert text.count("<b>word</b>") == 1


def test_the_script_that_draws_ships_with_the_package() -> None:
    assert plotly_script().stat().st_size > 1_000_000
