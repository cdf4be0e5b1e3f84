"""How an estimator's setting was chosen: held-out R² against every setting tried."""

from collections.abc import Sequence

import plotly.graph_objects as go

from lrt_explorer.plots.styles import CLEAR, GREY, INK

HEIGHT = 150
MARKED = 40
"""Settings that are drawn as points each, at most."""
SPAN = 0.5
"""How far below the best score the picture reaches: a setting at which a map breaks down may score −100."""


def path_figure(path: Sequence[tuple[float, float]], chosen: float, setting: str, unit: str = "") -> go.Figure:
    """R² against the settings tried, the chosen one marked.

    Args:
        path: (setting, R²), at least one.
        chosen: the setting of the map in use.
        setting: what it is called, such as "λ" or "rank". Values below 1 are set side by side whatever lies between
            them, because they are tried at powers of ten and at 0, which a logarithm has no place for.
        unit: what it is counted in; "" if nothing.
    """
    settings = [value for value, _ in path]
    scores = [score for _, score in path]
    wide = any(0 < value < 1 for value in settings)
    places = list(range(len(settings))) if wide else settings
    hover = [f"{setting} {_number(value)}: R² {score:.3f}" for value, score in path]
    common = {"type": "scatter", "hovertemplate": "%{text}<extra></extra>", "showlegend": False}
    line = {"line": {"color": GREY, "width": 1.5}, "marker": {"color": GREY, "size": 4}}
    mode = "lines+markers" if len(path) <= MARKED else "lines"
    figure = go.Figure()
    figure.add_trace({**common, **line, "x": places, "y": scores, "text": hover, "mode": mode})
    if chosen in settings:
        at = settings.index(chosen)
        dot = {"x": [places[at]], "y": [scores[at]], "text": [hover[at]], "mode": "markers", "marker": {"size": 9}}
        figure.add_trace({**common, **dot, "meta": INK})
    best = max(scores)
    low = max(min(scores), best - SPAN)
    room = max(best - low, 0.01) * 0.12
    still = {"fixedrange": True, "zeroline": False}
    title = f"{setting} ({unit})" if unit else setting
    ticks = {"tickvals": places[::2], "ticktext": [_number(s) for s in settings[::2]]} if wide else {"nticks": 6}
    figure.update_layout(
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        autosize=True,
        height=HEIGHT,
        margin={"l": 40, "r": 8, "t": 6, "b": 36},
        dragmode=False,
        hovermode="closest",
        xaxis={
            "title": {"text": title, "standoff": 4},
            "showgrid": False,
            **still,
            **ticks,
        },
        yaxis={"title": {"text": "R²", "standoff": 4}, "range": [low - room, best + room], "nticks": 4, **still},
    )
    return figure


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _number(value: float) -> str:
    """A setting as people write it: 0, 10⁻⁴, 0.1, 12."""
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    if value and abs(int(exponent)) > 1:
        power = f"10{str(int(exponent)).translate(_RAISED)}"
        return power if float(mantissa) == 1 else f"{float(mantissa):g}·{power}" if value < 1 else f"{value:g}"
    return f"{value:g}"
