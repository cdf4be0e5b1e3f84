"""What the figures of an evaluation share: how an arm is drawn, and the frame around it."""

import math
from collections.abc import Sequence
from typing import Any

from lrt_explorer.plots.styles import CLEAR, CONTROL, EVIDENCE_STYLES, ArmStyle
from lrt_explorer.study.evaluation.evidence import ArmEvidence, ConceptEvidence
from lrt_explorer.study.statistics import Interval

FRONT = ("transferred", "native")
"""Drawn over all others, and first in the legend."""
PROMINENT, FAINT = 2.4, 1.4
"""Widths of lines."""
OPACITY = 0.16
"""Of the bands."""


def arm_style(name: str) -> ArmStyle:
    """How an arm looks; one that has no style of its own looks like a control."""
    return EVIDENCE_STYLES.get(name) or ArmStyle(name.capitalize(), "", CONTROL, "x", "dot")


def back_to_front(evidence: ConceptEvidence) -> list[ArmEvidence]:
    """The arms in the order in which they are drawn."""
    return sorted(evidence.arms, key=lambda arm: -_rank(arm.name))


def line(arm: ArmEvidence, x: Sequence[float], y: Sequence[float], hover: Sequence[str]) -> dict[str, Any]:
    """A line with markers in the arm's style; its entry in the legend also hides its band."""
    style = arm_style(arm.name)
    front = arm.name in FRONT
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": style.label,
        "legendgroup": arm.name,
        "legendrank": _rank(arm.name),
        "x": list(x),
        "y": list(y),
        "line": {"color": style.colour, "width": PROMINENT if front else FAINT, "dash": style.dash},
        "marker": {"color": style.colour, "symbol": style.marker, "size": 9 if front else 7},
        "text": list(hover),
        "hovertemplate": "%{text}<extra></extra>",
    }


def frame(x: dict[str, Any], y: dict[str, Any], height: int, **more: Any) -> dict[str, Any]:
    """A layout whose ground and text are left to the page, which knows its theme."""
    still = {"fixedrange": True}
    return {
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "autosize": True,
        "height": height,
        "margin": {"l": 52, "r": 10, "t": 12, "b": 44},
        "dragmode": False,
        "hovermode": "closest",
        "legend": {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0, "itemsizing": "constant"},
        "xaxis": {**still, **x},
        "yaxis": {**still, **y},
        **more,
    }


def see_through(colour: str) -> str:
    """A colour of six hexadecimal digits as that of a band."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{OPACITY})"


def signed(value: float) -> str:
    """A number with its sign, two digits that count, and a true minus: +3.2, −0.41."""
    return f"{value:+.{_decimals(value)}f}".replace("-", "−")


def plain(value: float | None) -> str:
    """A number with two digits that count and a true minus; a dash where there is none, ∞ where it has no end."""
    if value is None:
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.{_decimals(value)}f}".replace("-", "−")


def between(interval: Interval) -> str:
    """The ends of an interval: 0.87 … 1.1."""
    return f"{plain(interval.low)} … {plain(interval.high)}"


def _decimals(value: float) -> int:
    return 2 if abs(value) < 0.995 else 1 if abs(value) < 9.95 else 0


def _rank(name: str) -> int:
    order = [*reversed(FRONT), *(other for other in EVIDENCE_STYLES if other not in FRONT)]
    return order.index(name) if name in order else len(order)
