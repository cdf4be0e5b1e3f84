"""Every held-out prompt by itself: its slope under the transferred vector against that under the native one."""

import plotly.graph_objects as go

from lrt_explorer.numerals import signed
from lrt_explorer.plots.evidence import arm_style, frame, unit
from lrt_explorer.plots.space import hover_text
from lrt_explorer.plots.styles import GREY
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.evaluation.prompts import prompts_by_gap
from lrt_explorer.study.steering.arms import TRANSFERRED

HEIGHT = 400
ROOM = 0.08


def prompts_figure(evidence: ConceptEvidence) -> go.Figure:
    """One marker a prompt; on the diagonal it is moved as far as by the native vector, below 0 the wrong way."""
    prompts, counted = prompts_by_gap(evidence), unit(evidence)
    values = [0.0, *(one.native for one in prompts), *(one.transferred for one in prompts)]
    room = ROOM * max(max(values) - min(values), 1e-6)
    ends = [min(values) - room, max(values) + room]
    style = arm_style(TRANSFERRED)
    figure = go.Figure()
    figure.add_trace(
        {
            "type": "scatter",
            "mode": "lines",
            "x": ends,
            "y": ends,
            "line": {"color": GREY, "width": 1, "dash": "dot"},
            "name": "as far as the native vector",
            "hoverinfo": "skip",
        }
    )
    notes = [
        f"native {signed(one.native)}, transferred {signed(one.transferred)} {counted} per deviation" for one in prompts
    ]
    figure.add_trace(
        {
            "type": "scatter",
            "mode": "markers",
            "x": [one.native for one in prompts],
            "y": [one.transferred for one in prompts],
            "marker": {"color": style.colour, "symbol": style.marker, "size": 9, "opacity": 0.75},
            "name": "a held-out prompt",
            "text": [hover_text("", one.text, (0, 0), note) for one, note in zip(prompts, notes, strict=True)],
            "hovertemplate": "%{text}<extra></extra>",
        }
    )
    figure.update_layout(
        **frame(
            {"title": {"text": "slope under the native vector", "standoff": 8}, "zeroline": True},
            {"title": {"text": f"under the transferred one, {counted} per deviation", "standoff": 6}, "zeroline": True},
            HEIGHT,
        )
    )
    return figure
