"""What the pairs of a contrast set say before anyone steers: over layers, and over the number of pairs."""

from collections.abc import Sequence

import plotly.graph_objects as go

from lrt_explorer.concepts.diagnostics import AGREEING, CLEAR
from lrt_explorer.concepts.stability import SETTLED
from lrt_explorer.plots.styles import BLUE, GREY, ORANGE
from lrt_explorer.plots.styles import CLEAR as NO_GROUND
from lrt_explorer.study.check import ConceptCheck
from lrt_explorer.study.ground.known import model_label

HEIGHT = 230


def agreement_figure(check: ConceptCheck) -> go.Figure:
    """Agreement of the differences over the layers of both models, the layers in use marked."""
    lines = [[(seen.layer, seen.agreement) for seen in model.layers] for model in (check.small, check.large)]
    low = min(0.0, *(value for line in lines for _, value in line))
    return _figure(check, lines, "agreement", "layer", (low - 0.05, 1.05), AGREEING)


def separation_figure(check: ConceptCheck) -> go.Figure:
    """Separation of unseen texts over the layers of both models, the layers in use marked."""
    lines = [[(seen.layer, seen.separation) for seen in model.layers] for model in (check.small, check.large)]
    low = min(0.5, *(value for line in lines for _, value in line))
    return _figure(check, lines, "separation", "layer", (low - 0.03, 1.03), CLEAR)


def stability_figure(check: ConceptCheck) -> go.Figure:
    """Cosine between the vectors of n pairs and of n others, at the layers in use."""
    curves = [list(model.stability.curve) for model in (check.small, check.large)]
    low = min(0.0, *(value for curve in curves for _, value in curve))
    figure = _figure(check, curves, "cosine", "pairs", (low - 0.05, 1.05), SETTLED)
    sizes = [size for size, _ in curves[0]]
    return figure.update_layout(xaxis={"type": "log", "tickvals": sizes, "ticktext": [str(size) for size in sizes]})


def _figure(
    check: ConceptCheck,
    lines: Sequence[Sequence[tuple[int, float]]],
    what: str,
    along: str,
    reach: tuple[float, float],
    bound: float,
) -> go.Figure:
    figure = go.Figure()
    looks = ((check.small, ORANGE, "dash", "diamond"), (check.large, BLUE, "solid", "circle"))
    for line, (model, colour, dash, marker) in zip(lines, looks, strict=True):
        name = model_label(model.model)
        in_use = [along == "layer" and place == model.layer for place, _ in line]
        figure.add_trace(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": [place for place, _ in line],
                "y": [value for _, value in line],
                "text": [
                    f"{name}<br>{_place(along, place)}{', in use' if used else ''}: {what} {value:.2f}"
                    for (place, value), used in zip(line, in_use, strict=True)
                ],
                "hovertemplate": "%{text}<extra></extra>",
                "line": {"color": colour, "width": 2, "dash": dash},
                # Points of several sizes would otherwise be drawn as bubbles, seen through and outlined.
                "marker": {
                    "color": colour,
                    "symbol": marker,
                    "size": [11 if used else 5 for used in in_use],
                    "opacity": 1,
                    "line": {"width": 0},
                },
            }
        )
    still = {"fixedrange": True, "zeroline": False}
    return figure.update_layout(
        paper_bgcolor=NO_GROUND,
        plot_bgcolor=NO_GROUND,
        autosize=True,
        height=HEIGHT,
        margin={"l": 42, "r": 10, "t": 8, "b": 66},
        dragmode=False,
        hovermode="closest",
        legend={"orientation": "h", "x": 0, "y": -0.28, "yanchor": "top"},
        xaxis={"title": {"text": along, "standoff": 4}, "showgrid": False, "nticks": 8, **still},
        yaxis={"title": {"text": what, "standoff": 4}, "range": list(reach), "nticks": 5, **still},
        shapes=[
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": bound,
                "y1": bound,
                "line": {"color": GREY, "width": 1, "dash": "dot"},
            }
        ],
    )


def _place(along: str, place: int) -> str:
    if along == "layer":
        return f"layer {place}"
    return "1 pair and 1 other" if place == 1 else f"{place} pairs and {place} others"
