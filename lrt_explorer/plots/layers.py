"""Every layer pair as a heat map of one score, with the pair in use and the suggested one framed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import plotly.graph_objects as go

from lrt_explorer.numerals import plain
from lrt_explorer.plots.styles import CLEAR, FAINT, SCALE
from lrt_explorer.study.fitting.layers import LayerCell, LayerGrid
from lrt_explorer.study.ground.known import model_label

Score = Literal["r2", "r2_standardised", "direction_cosine", "direction_cosine_standardised", "cka", "norm_ratio"]
SCORE_NAMES: dict[Score, str] = {
    "r2": "held-out R²",
    "r2_standardised": "standardised R²",
    "direction_cosine": "direction cosine",
    "direction_cosine_standardised": "standardised cosine",
    "cka": "CKA",
    "norm_ratio": "norm ratio",
}
ROW_HEIGHTS = (14, 36)
"""Least and greatest height of a row of cells, in pixels."""
GRID_HEIGHT = 470
"""Pixels that the rows of a deep model share until they are as low as they may be."""
MARGINS = {"l": 52, "r": 6, "t": 44, "b": 46}
TICKS = 14
"""Layers that are numbered on an axis at most."""


@dataclass(frozen=True)
class Frames:
    """The pairs that are set off, as (small layer, large layer).

    Attributes:
        in_use: the one that is worked with; None if there is none.
        suggested: None if none was suggested.
        last_steered: the highest layer of the large model that leaves enough blocks above it; rows above are faint.
    """

    in_use: tuple[int, int] | None
    suggested: tuple[int, int] | None
    last_steered: int


def layers_figure(grid: LayerGrid, score: Score, frames: Frames) -> go.Figure:
    """The heat map: rows are layers of the large model, the first at the bottom; columns are those of the small one.

    Every cell carries its index in `grid.cells` as `customdata`, so that a click can be sent back.

    Args:
        grid: the layer pairs.
        score: what the colours and the numbers in the cells say. All but the norm ratio are coloured from 0 to 1, so
            that pictures of different pairs of models can be compared.
        frames: which cells are set off.
    """
    figure = go.Figure()
    low = [index for index, cell in enumerate(grid.cells) if cell.large_layer <= frames.last_steered]
    high = [index for index, cell in enumerate(grid.cells) if cell.large_layer > frames.last_steered]
    for chosen, role in ((low, SCALE), (high, FAINT)):
        if chosen:
            figure.add_trace(_cells(grid, chosen, score, frames, role, with_bar=role == SCALE or not low))
    figure.update_layout(**_layout(grid, frames))
    return figure


def score_text(value: float | None) -> str:
    """A score with two digits that count and a true minus; a dash where there is none."""
    size = abs(value or 0.0)
    return plain(value, 2 if size < 0.995 else 1 if size < 9.95 else 0)


def _cells(
    grid: LayerGrid, chosen: Sequence[int], score: Score, frames: Frames, role: str, *, with_bar: bool
) -> dict[str, Any]:
    top = max([1.0, *(cell.norm_ratio or 0.0 for cell in grid.cells)]) if score == "norm_ratio" else 1.0
    columns = sorted({cell.small_layer for cell in grid.cells})
    rows = sorted({grid.cells[index].large_layer for index in chosen})
    place = {(grid.cells[index].large_layer, grid.cells[index].small_layer): index for index in chosen}
    table = [[place.get((row, column)) for column in columns] for row in rows]
    bar = {
        "title": {"text": SCORE_NAMES[score], "side": "right"},
        "orientation": "h",
        "thickness": 8,
        "outlinewidth": 0,
        "len": 0.55,
        "x": 0,
        "xanchor": "left",
        "xpad": 0,
        "y": 1,
        "yanchor": "bottom",
        "ypad": 4,
        "nticks": 4,
    }

    def of(index: int | None) -> float | None:
        value: float | None = None if index is None else getattr(grid.cells[index], score)
        return None if value is None else min(max(value, 0.0), top)

    return {
        "type": "heatmap",
        "x": columns,
        "y": rows,
        "z": [[of(index) for index in row] for row in table],
        "text": [["" if i is None else score_text(getattr(grid.cells[i], score)) for i in row] for row in table],
        "hovertext": [["" if i is None else _hover(grid.cells[i], frames) for i in row] for row in table],
        "customdata": table,
        "zmin": 0.0,
        "zmax": top,
        "xgap": 3,
        "ygap": 3,
        "meta": role,
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showscale": with_bar,
        "colorbar": bar if with_bar else None,
    }


def _hover(cell: LayerCell, frames: Frames) -> str:
    pair = (cell.small_layer, cell.large_layer)
    marks = [word for word, marked in (("in use", frames.in_use), ("suggested", frames.suggested)) if pair == marked]
    head = f"layer {pair[0]} → layer {pair[1]}" + (f", {' and '.join(marks)}" if marks else "")
    lines = [f"<b>{head}</b>", *(f"{name} {score_text(getattr(cell, score))}" for score, name in SCORE_NAMES.items())]
    if cell.cka_standardised is not None:
        lines.append(f"standardised CKA {score_text(cell.cka_standardised)}")
    if cell.reachable_share is not None:
        lines.append(f"reachable share {cell.reachable_share:.0%}")
    if cell.largest_dimension_small is not None and cell.largest_dimension_large is not None:
        both = (cell.largest_dimension_small, cell.largest_dimension_large)
        shares = " → ".join(f"{share * 100:.0f} %" for share in both)
        lines.append(f"largest dimension {shares} of the variance")
    if cell.left_out:
        lines.append(f"no vector here: {', '.join(cell.left_out)}")
    if cell.large_layer > frames.last_steered:
        lines.append("steering here is close to adding to the logits")
    return "<br>".join(lines)


def _layout(grid: LayerGrid, frames: Frames) -> dict[str, Any]:
    rows, columns = (sorted({pair[side] for pair in _pairs(grid)}) for side in (1, 0))
    row_height = min(ROW_HEIGHTS[1], max(ROW_HEIGHTS[0], GRID_HEIGHT // len(rows)))
    shapes = [_frame(frames.in_use, "solid")] if frames.in_use is not None and frames.in_use in _pairs(grid) else []
    if frames.suggested is not None and frames.suggested != frames.in_use:
        shapes.append(_frame(frames.suggested, "dot"))
    return {
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "autosize": True,
        "height": row_height * len(rows) + MARGINS["t"] + MARGINS["b"],
        "margin": MARGINS,
        "dragmode": False,
        "shapes": shapes,
        "xaxis": _axis(f"layer of {model_label(grid.small)}, the small model", columns),
        "yaxis": _axis(f"layer of {model_label(grid.large)}, the large one", rows),
    }


def _pairs(grid: LayerGrid) -> set[tuple[int, int]]:
    return {(cell.small_layer, cell.large_layer) for cell in grid.cells}


def _axis(title: str, layers: Sequence[int]) -> dict[str, Any]:
    return {
        "title": {"text": title, "standoff": 8},
        "dtick": -(-len(layers) // TICKS),
        "tick0": 0,
        "range": [layers[0] - 0.52, layers[-1] + 0.52],
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
    }


def _frame(pair: tuple[int, int], dash: str) -> dict[str, Any]:
    """A frame around a cell; its colour is left to the page."""
    x, y = pair
    box = {"x0": x - 0.5, "x1": x + 0.5, "y0": y - 0.5, "y1": y + 0.5}
    return {"type": "rect", **box, "line": {"width": 3, "dash": dash}, "layer": "above"}
