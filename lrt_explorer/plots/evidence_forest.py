"""Retention of every concept with its interval, the controls beside it."""

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from lrt_explorer.numerals import plain
from lrt_explorer.plots.evidence import arm_style, as_text, between, frame
from lrt_explorer.study.evaluation.evaluate import Evaluation
from lrt_explorer.study.evaluation.evidence import ArmEvidence
from lrt_explorer.study.steering.arms import TRANSFERRED

ROW = 46
"""Height of a concept's row, in pixels."""
WIDEST = (-1.5, 2.5)
"""What is shown of the retention at most: intervals of few controls can be very long."""
ROOM = 0.15


def forest_figure(evaluation: Evaluation) -> go.Figure:
    """Retention by concept, from the highest down; a line at 0 and one at 1, where all of the native effect came over.

    Every marker carries the place of its concept in `evaluation.concepts` as `customdata`. Intervals that leave the
    picture are cut at its edge, and their ends stand in the label.
    """
    # From top to bottom within the row of a concept.
    shown = (TRANSFERRED, *evaluation.beside())
    ranked = [(evaluation.concepts.index(result), result.evidence) for result in evaluation.ranked()]
    low, high = _range([arm for _, evidence in ranked for arm in evidence.arms if arm.name in shown])
    figure = go.Figure()
    for place, name in enumerate(shown):
        rows: list[tuple[float, int, ArmEvidence, str]] = []
        for row, (index, evidence) in enumerate(ranked):
            found = [arm for arm in evidence.arms if arm.name == name and arm.retention is not None]
            rows += [(row + _offset(place, len(shown)), index, arm, evidence.name) for arm in found]
        if rows:
            figure.add_traces([_intervals(name, rows, low, high), _markers(name, rows)])
    unmeasured = [row for row, (_, evidence) in enumerate(ranked) if evidence.retention is None]
    figure.update_layout(
        **frame(
            {
                "title": {"text": "retention: slope / native slope", "standoff": 8},
                "range": [low, high],
                "nticks": 7,
                "tickangle": 0,
                "zeroline": False,
            },
            {
                "tickvals": list(range(len(ranked))),
                "ticktext": [as_text(evidence.name) for _, evidence in ranked],
                "range": [len(ranked) - 0.5, -0.5],
                "showgrid": False,
                "zeroline": False,
                "automargin": True,
            },
            ROW * len(ranked) + 110,
            legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
            shapes=[_upright(0.0, "dot"), _upright(1.0, "solid")],
            annotations=[_unmeasured(row, low) for row in unmeasured],
        )
    )
    return figure


def _intervals(name: str, rows: Sequence[tuple[float, int, ArmEvidence, str]], low: float, high: float) -> Any:
    x: list[float | None] = []
    y: list[float | None] = []
    for place, _, arm, _ in rows:
        assert arm.retention is not None
        x += [max(arm.retention.low, low), min(arm.retention.high, high), None]
        y += [place, place, None]
    width = 2.6 if name == TRANSFERRED else 1.4
    style = {"color": arm_style(name).colour, "width": width}
    shared = {"legendgroup": name, "showlegend": False, "hoverinfo": "skip"}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": style, **shared}


def _markers(name: str, rows: Sequence[tuple[float, int, ArmEvidence, str]]) -> Any:
    style = arm_style(name)
    retentions = [arm.retention for _, _, arm, _ in rows if arm.retention is not None]
    hover = [
        f"{as_text(concept)}, {style.label.lower()}: {plain(one.value)} ({between(one)})"
        for (_, _, _, concept), one in zip(rows, retentions, strict=True)
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": style.label,
        "legendgroup": name,
        "x": [one.value for one in retentions],
        "y": [place for place, _, _, _ in rows],
        "marker": {"color": style.colour, "symbol": style.marker, "size": 11 if name == TRANSFERRED else 7},
        "customdata": [index for _, index, _, _ in rows],
        "text": hover,
        "hovertemplate": "%{text}<extra></extra>",
    }


def _offset(place: int, places: int) -> float:
    return 0.6 * place / max(1, places - 1) - 0.27


def _range(arms: Sequence[ArmEvidence]) -> tuple[float, float]:
    """Wide enough for 0, 1, every marker, and the intervals of the transferred vectors, within `WIDEST`."""
    known = [arm for arm in arms if arm.retention is not None]
    values = [0.0, 1.0, *(arm.retention.value for arm in known if arm.retention is not None)]
    for arm in known:
        if arm.name == TRANSFERRED and arm.retention is not None:
            values += [arm.retention.low, arm.retention.high]
    finite = [value for value in values if math.isfinite(value)]
    return max(min(finite) - ROOM, WIDEST[0]), min(max(finite) + ROOM, WIDEST[1])


def _upright(at: float, dash: str) -> dict[str, Any]:
    """A line from top to bottom; its colour is left to the page."""
    edges = {"x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "line", **edges, "line": {"width": 1, "dash": dash}, "layer": "below"}


def _unmeasured(row: int, low: float) -> dict[str, Any]:
    where = {"x": low, "y": row, "xanchor": "left", "showarrow": False}
    return {"text": "not measurable: the native slope may be 0", **where, "opacity": 0.75}
