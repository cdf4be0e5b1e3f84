"""What the figures of an evaluation share: how an arm is drawn, and the frame around it."""

from collections.abc import Sequence
from html import escape
from typing import Any

from lrt_explorer.concepts.sets.readout_kinds import READOUTS
from lrt_explorer.numerals import plain
from lrt_explorer.plots.styles import CLEAR, CONTROL, EVIDENCE_STYLES, ArmStyle
from lrt_explorer.study.evaluation.evidence import ArmEvidence, ConceptEvidence
from lrt_explorer.study.evaluation.statistics import Interval
from lrt_explorer.study.steering.arms import ARMS, NATIVE, TRANSFERRED

FRONT = (NATIVE, TRANSFERRED)
"""First in the legend, and drawn over all others, the second over the first."""
PROMINENT, FAINT = 2.4, 1.4
"""Widths of lines."""
OPACITY, FAINT_OPACITY = 0.17, 0.06
"""Of the bands: those of the controls lie over each other."""


def arm_style(name: str) -> ArmStyle:
    """How an arm looks; one that has no style of its own looks like a control."""
    return EVIDENCE_STYLES.get(name) or ArmStyle(name.capitalize(), "", CONTROL, "x", "dot")


def back_to_front(evidence: ConceptEvidence) -> list[ArmEvidence]:
    """The arms in the order in which they are drawn."""
    return sorted(evidence.arms, key=lambda arm: (arm.name in FRONT, _rank(arm.name)))


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
        "visible": shown(arm.name),
        "x": list(x),
        "y": list(y),
        "line": {"color": style.colour, "width": PROMINENT if front else FAINT, "dash": style.dash},
        "marker": {"color": style.colour, "symbol": style.marker, "size": 9 if front else 7},
        "text": list(hover),
        "hovertemplate": "%{text}<extra></extra>",
    }


def shown(name: str) -> bool | str:
    """Whether an arm is drawn at first, in Plotly's words; those that stand aside wait in the legend."""
    return "legendonly" if name in ARMS and ARMS[name].aside else True


def frame(x: dict[str, Any], y: dict[str, Any], height: int, **more: Any) -> dict[str, Any]:
    """A layout whose ground and text are left to the page, which knows its theme."""
    still = {"fixedrange": True}
    layout = {
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "autosize": True,
        "height": height,
        "margin": {"l": 52, "r": 10, "t": 12, "b": 44},
        "dragmode": False,
        "hovermode": "closest",
        "legend": {"orientation": "h", "y": -0.15, "yanchor": "top", "x": 0, "itemsizing": "constant"},
        "xaxis": {**still, **x},
        "yaxis": {**still, **y},
    }
    return layout | more


def unit(evidence: ConceptEvidence) -> str:
    """What the readouts of a concept are counted in."""
    return READOUTS.unit(evidence.readout)


def as_text(words: str) -> str:
    """Somebody's words, of which Plotly takes nothing for markup."""
    return escape(words, quote=False)


def see_through(arm: str) -> str:
    """The colour of an arm's band."""
    colour = arm_style(arm).colour
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{OPACITY if arm in FRONT else FAINT_OPACITY})"


def cost(value: float | None) -> str:
    """A divergence, of which even small ones say something: 0.31, 0.042, 0.0003."""
    if value is None or not 0 < abs(value) < 0.1:
        return plain(value)
    return f"{value:.2g}" if value >= 1e-4 else "< 0.0001"


def between(interval: Interval) -> str:
    """The ends of an interval: 0.87 … 1.12."""
    return f"{plain(interval.low)} … {plain(interval.high)}"


def _rank(name: str) -> int:
    order = [*FRONT, *(other for other in EVIDENCE_STYLES if other not in FRONT)]
    return order.index(name) if name in order else len(order)
