"""Dose-response: the readout of every arm over the strengths, with bands."""

from typing import Any

import plotly.graph_objects as go

from lrt_explorer.numerals import signed
from lrt_explorer.plots.evidence import (
    arm_style,
    as_text,
    back_to_front,
    between,
    frame,
    line,
    see_through,
    shown,
    unit,
)
from lrt_explorer.study.evaluation.evidence import ArmEvidence, ConceptEvidence

HEIGHT = 560


def dose_figure(evidence: ConceptEvidence) -> go.Figure:
    """The mean readout over the prompts against the strength, one line an arm, with its 95 % band over prompts."""
    arms = back_to_front(evidence)
    counted = unit(evidence)
    figure = go.Figure()
    for arm in arms:
        figure.add_trace(_band(arm, evidence.strengths))
    for arm in arms:
        label = arm_style(arm.name).label
        hover = [
            f"{label}, s = {signed(s)}: {signed(band.value)} {counted} ({between(band)})"
            for s, band in zip(evidence.strengths, arm.readout, strict=True)
        ]
        figure.add_trace(line(arm, evidence.strengths, [band.value for band in arm.readout], hover))
    ends = f"← {as_text(evidence.negative_label)} · readout, {counted} · {as_text(evidence.positive_label)} →"
    figure.update_layout(
        **frame(
            {"title": {"text": "strength s, in typical deviations", "standoff": 8}, "zeroline": True},
            {"title": {"text": ends, "standoff": 6}, "zeroline": True},
            HEIGHT,
        )
    )
    return figure


def _band(arm: ArmEvidence, strengths: tuple[float, ...]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [*strengths, *reversed(strengths)],
        "y": [*(band.high for band in arm.readout), *(band.low for band in reversed(arm.readout))],
        "fill": "toself",
        "fillcolor": see_through(arm.name),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "legendgroup": arm.name,
        "visible": shown(arm.name),
        "showlegend": False,
    }
