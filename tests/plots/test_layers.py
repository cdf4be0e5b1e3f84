"""The heat map of layer pairs, and how a setting was chosen."""

import json
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import pytest

from lrt_explorer.plots import SCORE_NAMES, Frames, Score, layers_figure, path_figure, score_text
from lrt_explorer.study.fitting.layers import LayerGrid
from tests.plots.traces import traces
from tests.ui.fakes import PATH, fake_grid

GRID = fake_grid(4, 8)
FRAMES = Frames(in_use=(2, 3), suggested=(2, 4), last_steered=5)


def drawn(figure: go.Figure) -> list[dict[str, Any]]:
    """Every cell as it reaches the page."""
    return [
        {"index": trace["customdata"][r][k], "x": x, "y": y, "z": trace["z"][r][k], "text": trace["text"][r][k]}
        | {"role": trace["meta"], "hover": trace["hovertext"][r][k]}
        for trace in json.loads(figure.to_json())["data"]
        for r, y in enumerate(trace["y"])
        for k, x in enumerate(trace["x"])
    ]


@pytest.mark.parametrize("score", SCORE_NAMES)
def test_every_pair_is_one_cell_with_its_score_and_its_index(score: Score) -> None:
    cells = drawn(layers_figure(GRID, score, FRAMES))
    assert sorted(cell["index"] for cell in cells) == list(range(len(GRID.cells)))
    for cell in cells:
        pair = GRID.cells[cell["index"]]
        assert (cell["x"], cell["y"]) == (pair.small_layer, pair.large_layer)
        assert cell["text"] == score_text(getattr(pair, score))
        assert cell["z"] == pytest.approx(max(getattr(pair, score), 0.0))


def test_layers_close_to_the_logits_stand_back() -> None:
    for cell in drawn(layers_figure(GRID, "r2", FRAMES)):
        assert cell["role"] == ("faint" if cell["y"] > 5 else "scale")
        assert ("close to adding to the logits" in cell["hover"]) == (cell["y"] > 5)


def test_scores_are_coloured_from_nothing_to_one_and_the_norm_ratio_to_its_largest() -> None:
    for score in SCORE_NAMES:
        for trace in traces(layers_figure(GRID, score, FRAMES)):
            top = max(cell.norm_ratio or 0 for cell in GRID.cells) if score == "norm_ratio" else 1
            assert (trace.zmin, trace.zmax) == (0, top)


def test_the_pair_in_use_and_the_suggested_one_are_framed() -> None:
    def frames(given: Frames) -> list[tuple[float, float, str]]:
        return [(s.x0 + 0.5, s.y0 + 0.5, s.line.dash) for s in layers_figure(GRID, "r2", given).layout.shapes]

    assert frames(FRAMES) == [(2, 3, "solid"), (2, 4, "dot")]
    assert frames(replace(FRAMES, suggested=(2, 3))) == [(2, 3, "solid")]
    assert frames(replace(FRAMES, suggested=None)) == [(2, 3, "solid")]
    hover = {(c["x"], c["y"]): c["hover"] for c in drawn(layers_figure(GRID, "r2", FRAMES))}
    assert ", in use<" in hover[2, 3] and ", suggested<" in hover[2, 4] and "use" not in hover[0, 0]


def test_what_was_not_measured_has_no_colour() -> None:
    unmeasured: dict[str, Any] = {"direction_cosine": None, "reachable_share": None, "left_out": ("mood",)}
    cells = tuple(replace(cell, **unmeasured) for cell in GRID.cells)
    shown = drawn(layers_figure(LayerGrid("a", "b", cells), "direction_cosine", FRAMES))
    assert {(cell["z"], cell["text"]) for cell in shown} == {(None, "–")}
    assert all("no vector here: mood" in cell["hover"] for cell in shown)


def test_the_share_of_the_largest_dimension_is_told_where_it_is_known() -> None:
    hovers = [cell["hover"] for cell in drawn(layers_figure(GRID, "r2", FRAMES))]
    assert all("largest dimension 5 % → 53 % of the variance" in hover for hover in hovers)
    unknown = LayerGrid("a", "b", tuple(replace(cell, largest_dimension_small=None) for cell in GRID.cells))
    assert not any("largest" in cell["hover"] for cell in drawn(layers_figure(unknown, "r2", FRAMES)))


def test_a_shallow_model_that_is_all_close_to_the_logits_is_drawn_too() -> None:
    (trace,) = traces(layers_figure(fake_grid(2, 2), "r2", replace(FRAMES, last_steered=-1)))
    assert trace.meta == "faint" and trace.showscale


def test_rows_of_deep_models_are_low_and_those_of_shallow_ones_not_too_high() -> None:
    heights: list[Any] = [layers_figure(fake_grid(2, rows), "r2", FRAMES).layout.height for rows in (3, 12, 80)]
    assert heights[0] < heights[1] < heights[2] < 1300


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.8437, "0.84"), (1.0, "1.0"), (0.997, "1.0"), (-0.25, "−0.25"), (1.26, "1.3"), (-123.4, "−123"), (None, "–")],
)
def test_cells_hold_two_digits(value: float | None, shown: str) -> None:
    assert score_text(value) == shown


def test_the_path_marks_the_setting_that_was_chosen() -> None:
    line, dot = traces(path_figure(PATH.points, PATH.chosen, PATH.setting))
    assert list(line.y) == [score for _, score in PATH.points]
    assert (list(dot.x), list(dot.y)) == ([2], [0.8437])
    assert "λ 10⁻⁴: R² 0.844" in dot.text[0]


def test_settings_of_many_sizes_stand_side_by_side_and_ranks_on_their_own_scale() -> None:
    wide = path_figure(PATH.points, 1e-4, "λ")
    assert list(traces(wide)[0].x) == [0, 1, 2, 3, 4] and list(wide.layout.xaxis.ticktext) == ["0", "10⁻⁴", "1"]
    ranks = path_figure([(1, 0.2), (2, 0.5), (30, 0.6)], 30, "rank")
    assert list(traces(ranks)[0].x) == [1, 2, 30] and ranks.layout.xaxis.title.text == "rank"


def test_a_setting_at_which_a_map_breaks_down_does_not_flatten_the_rest() -> None:
    low, high = path_figure([(0.0, -900.0), (1e-4, 0.8), (1.0, 0.7)], 1e-4, "λ").layout.yaxis.range
    assert 0.2 < low < 0.3 and 0.8 < high < 0.9


def test_a_chosen_setting_that_is_not_on_the_path_is_not_marked() -> None:
    assert len(path_figure([(1, 0.2), (2, 0.5)], 7, "rank").data) == 1
