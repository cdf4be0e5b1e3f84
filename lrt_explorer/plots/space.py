"""The picture of the shared space: both models' activations, and the steering directions as arrows."""

import textwrap
from collections import Counter
from functools import lru_cache
from html import escape
from typing import Any, Literal, get_args

import plotly.graph_objects as go

from lrt_explorer.plots.styles import ARM_STYLES, CLEAR, CONTROL, GREY, HALO, MODEL_STYLES
from lrt_explorer.study.project import LARGE, SpacePicture

SIDES = ("#CC79A7", "#56B4E9")
"""With and without a concept; the two colours of Okabe and Ito that mean nothing else here."""
CATEGORIES = ("#CC6677", "#44AA99", "#AA4499", "#999933", "#88CCEE", "#882255", "#117733", "#DDCC77")
"""Paul Tol's muted set, safe for colour-blind readers: tokens have no meaning of their own among the colours above."""
ColourBy = Literal["model", "concept", "token", "position", "error"]
COLOURINGS: tuple[ColourBy, ...] = get_args(ColourBy)
SCALED: tuple[ColourBy, ...] = ("position", "error")
"""Numbers: one scale for both models."""
OPACITY = (0.8, 0.35)
"""Of points in a picture of few and of many, so that one cloud shows through the other."""
MANY_POINTS = 6000
SVG_POINTS = 1500
"""Above this many points a flat picture is drawn by WebGL."""
LINE_WIDTH = 64
HOVERS = 40_000
"""That are kept: the points of a picture say the same in every layout."""


def space_figure(
    picture: SpacePicture,
    *,
    colour_by: ColourBy = "model",
    partner_lines: bool = False,
    directions: bool = True,
) -> go.Figure:
    """Both models' points in one space. Backgrounds and text are left to the page, which knows its theme.

    Every point carries its index in the picture as `customdata`, so that a selection can be sent back.

    Args:
        picture: two- or three-dimensional.
        colour_by: what the colours say; the marker always says which model.
        partner_lines: whether the two points of a token are joined.
        directions: whether the steering directions are drawn, where the picture has them.
    """
    figure = go.Figure()
    if partner_lines:
        figure.add_trace(_partner_lines(picture))
    for trace in _points(picture, colour_by):
        figure.add_trace(trace)
    if directions:
        arrows = [_arrow(arrow.name, arrow.end.tolist()) for arrow in picture.arrows]
        # All halos first, so that none covers another arrow.
        figure.add_traces([*(trace for pair in arrows for trace in pair[:-1]), *(pair[-1] for pair in arrows)])
    figure.update_layout(**_layout(picture))
    return figure


@lru_cache(maxsize=HOVERS)
def hover_text(token: str, sentence: str, span: tuple[int, int], note: str) -> str:
    """The token in bold within its sentence, in lines short enough for a label; markup in the text is shown as text."""
    begin, end = int(span[0]), int(span[1])
    while begin < end and sentence[begin : begin + 1].isspace():
        begin += 1
    # Private-use characters stand for the tags while lines are broken and text is escaped.
    marked = f"{sentence[:begin]}\ue000{sentence[begin:end]}\ue001{sentence[end:]}"
    lines = textwrap.wrap(marked, LINE_WIDTH, drop_whitespace=True) or [token]
    body = "<br>".join(escape(line, quote=False) for line in lines)
    return f"{body}<br><i>{escape(note, quote=False)}</i>".replace("\ue000", "<b>").replace("\ue001", "</b>")


def _points(picture: SpacePicture, colour_by: ColourBy) -> list[Any]:
    """One trace for each model and each entry of the legend."""
    names, colours = _legend(picture, colour_by)
    traces = []
    for model, (label, _, symbol) in MODEL_STYLES.items():
        for name, colour in colours.items():
            chosen = [i for i, own in enumerate(picture.model) if own == model and names[i] == name]
            if not chosen:
                continue
            marker = {"color": colour, "symbol": symbol}
            if colour_by in SCALED:
                marker |= _scale(getattr(picture, colour_by), colour_by, chosen, with_bar=model == LARGE)
            title = name if colour_by == "model" else f"{name}, {label}" if name else label
            traces.append(_cloud(picture, chosen, title, marker))
    return traces


def _legend(picture: SpacePicture, colour_by: ColourBy) -> tuple[list[str], dict[str, str]]:
    """The legend's entry of every point, and the colour of every entry; what belongs nowhere is grey and first."""
    if colour_by == "concept":
        sides = sorted({label for label in picture.label if label}, key=picture.label.index)
        colours = {"other text": CONTROL, **dict(zip(sides, SIDES, strict=False))}
        return [label if label in colours else "other text" for label in picture.label], colours
    if colour_by == "token":
        words = [f"“{token.strip()}”" for token in picture.token]
        common = [word for word, _ in Counter(word for word in words if len(word) > 2).most_common(len(CATEGORIES))]
        colours = {"other tokens": CONTROL, **dict(zip(common, CATEGORIES, strict=False))}
        return [word if word in colours else "other tokens" for word in words], colours
    if colour_by in SCALED:
        return [""] * len(picture.model), {"": GREY}
    entries = {model: (label, colour) for model, (label, colour, _) in MODEL_STYLES.items()}
    return [entries[model][0] for model in picture.model], dict(entries.values())


def _cloud(picture: SpacePicture, chosen: list[int], title: str, marker: dict[str, Any]) -> Any:
    spans = [(begin, end) for begin, end in picture.span.tolist()]
    text = [hover_text(picture.token[i], picture.sentence[i], spans[i], _note(picture, i)) for i in chosen]
    flat = picture.coords.shape[1] == 2
    # A selection fades the rest; plots in three dimensions know no selection and refuse the key.
    fading = {"unselected": {"marker": {"opacity": 0.12}}} if flat else {}
    return _trace(picture)(
        **_axes(picture.coords[chosen]),
        **fading,
        mode="markers",
        name=title,
        marker={"size": 7 if flat else 3.5, "opacity": _opacity(picture), "line": {"width": 0}, **marker},
        text=text,
        customdata=chosen,
        hovertemplate="%{text}<extra></extra>",
    )


def _opacity(picture: SpacePicture) -> float:
    few, many = OPACITY
    return round(few + (many - few) * min(1.0, len(picture.coords) / MANY_POINTS), 2)


def _note(picture: SpacePicture, index: int) -> str:
    label = f", {picture.label[index]}" if picture.label[index] else ""
    return f"{MODEL_STYLES[picture.model[index]][0]}{label}, error {picture.error[index]:.2f}"


def _scale(values: Any, title: str, chosen: list[int], *, with_bar: bool) -> dict[str, Any]:
    bar = {"title": {"text": title}, "thickness": 10, "outlinewidth": 0, "len": 0.6}
    return {
        "color": values[chosen],
        "colorscale": "Cividis",
        "cmin": 0.0,
        "cmax": float(values.max()),
        "showscale": with_bar,
        "colorbar": bar if with_bar else None,
    }


def _partner_lines(picture: SpacePicture) -> Any:
    pairs = [(i, int(p)) for i, p in enumerate(picture.partner) if i < p]
    ends = picture.coords[[index for pair in pairs for index in pair]]
    axes: dict[str, Any] = {}
    for name, column in zip("xyz", ends.T, strict=False):
        values: list[float | None] = []
        for start, end in zip(column[0::2].tolist(), column[1::2].tolist(), strict=True):
            values += [start, end, None]
        axes[name] = values
    return _trace(picture)(
        **axes, mode="lines", name="partners", line={"color": GREY, "width": 1}, opacity=0.35, hoverinfo="skip"
    )


def _arrow(name: str, end: list[float]) -> list[Any]:
    """An arrow from the origin; on a flat picture over a halo, which the page gives the colour of its ground."""
    style = ARM_STYLES[name]
    flat = len(end) == 2
    common: dict[str, Any] = {
        **{axis: [0.0, value] for axis, value in zip("xyz", end, strict=False)},
        "name": f"{style.label.lower()} direction",
        "hoverinfo": "name",
        "line": {"color": style.colour, "width": 3 if flat else 6, "dash": style.dash},
        "mode": "lines+markers",
    }
    tip: dict[str, Any] = {"color": style.colour, "opacity": 1, "line": {"width": 0}}
    if not flat:
        return [go.Scatter3d(**common, marker={**tip, "symbol": style.marker, "size": [0, 7]})]
    head = {**tip, "symbol": "arrow", "size": [0, 15], "angleref": "previous"}
    shape = {**common, "line": {"color": "white", "width": 8}, "hoverinfo": "skip", "showlegend": False}
    halo = go.Scatter(**shape, marker={**head, "color": "white", "size": [0, 24]}, meta=HALO)
    return [halo, go.Scatter(**common, marker=head)]


def _trace(picture: SpacePicture) -> Any:
    if picture.coords.shape[1] == 3:
        return go.Scatter3d
    return go.Scattergl if len(picture.coords) > SVG_POINTS else go.Scatter


def _axes(coords: Any) -> dict[str, Any]:
    return {name: column.round(4) for name, column in zip("xyz", coords.T, strict=False)}


def _axis_names(picture: SpacePicture) -> tuple[str, ...]:
    if picture.method == "concept":
        return ("native direction", "strongest at right angles", "next strongest")
    return ("component 1", "component 2", "component 3")


def _layout(picture: SpacePicture) -> dict[str, Any]:
    layout: dict[str, Any] = {
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "legend": {"orientation": "h", "y": -0.13, "yanchor": "top", "x": 0, "itemsizing": "constant"},
        "hovermode": "closest",
        "autosize": True,
    }
    titles = [
        f"{name} ({share:.0%} of variance)"
        for name, share in zip(_axis_names(picture), picture.explained, strict=False)
    ]
    axes = {name: {"title": {"text": title}} for name, title in zip("xyz", titles or ["", "", ""], strict=False)}
    if picture.coords.shape[1] == 3:
        scene = {f"{name}axis": {**axis, "backgroundcolor": CLEAR} for name, axis in axes.items()}
        layout["scene"] = {**scene, "aspectmode": "cube", "uirevision": "camera"}
        return {**layout, "margin": {"l": 0, "r": 0, "t": 30, "b": 0}, "dragmode": "orbit"}
    layout["xaxis"] = {**axes["x"], "zeroline": False}
    layout["yaxis"] = {**axes["y"], "zeroline": False, "scaleanchor": "x"}
    return {**layout, "margin": {"l": 44, "r": 8, "t": 30, "b": 40}, "dragmode": "lasso"}
