"""A picture of the shared space as a page that opens anywhere, and as a sheet of its points."""

import csv
from io import StringIO
from typing import Any

from markupsafe import Markup

from lrt_explorer.report.standalone import HEAD, POLICY, data, drawing_script, page_style, plotly_source, raw
from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.study.project import SpacePicture

HEIGHT = 720
_PAGE = HtmlTemplate(
    HEAD,
    """
    <!DOCTYPE html>
    <html lang="en">{{ head(policy, title, style) }}
    <body class="report"><main><header><h1>{{ title }}</h1></header>
    <div class="figure"><div class="plot" style="height:{{ height }}px"></div>
    <script type="application/json">{{ figure }}</script></div>{{ caption }}</main>
    <script>{{ plotly }}</script><script>{{ drawing }}</script></body></html>
""",
)
_DRAW = """
const dark = matchMedia('(prefers-color-scheme: dark)');
document.body.classList.toggle('dark', dark.matches);
dark.addEventListener('change', () => document.body.classList.toggle('dark', dark.matches));
const figure = document.querySelector('.figure');
drawFigure(figure, {value: figure.querySelector('script').textContent}, () => {}, () => {});
"""


def picture_page(figure: Any, caption: Markup, models: str) -> str:
    """The picture on a page of its own, drawn as in the app; it can be turned, and says what its points are.

    Args:
        figure: of `space_figure`.
        caption: how it is read.
        models: which they are, for the title.

    Raises:
        ArtifactError: if a script or style is not among the assets.
    """
    return str(
        _PAGE(
            policy=POLICY,
            title=f"Shared space: {models}",
            style=page_style(),
            height=HEIGHT,
            figure=data(figure.to_json()),
            caption=caption,
            plotly=plotly_source(),
            drawing=raw(f"{drawing_script()}\n{_DRAW}"),
        )
    )


def picture_rows(picture: SpacePicture) -> list[dict[str, Any]]:
    """One row for each point: number, coordinates, token and where it stands, error, partner and nearest neighbour.

    Partner and neighbour are numbers of points of the other model; the distance is that of the neighbour in all
    dimensions, and like the error over the spread of the large model's points.
    """
    axes = "xyz"[: picture.coords.shape[1]]
    return [
        {
            "point": index,
            **dict(zip(axes, place, strict=True)),
            "model": picture.model[index],
            "token": picture.token[index],
            "sentence": picture.sentence[index],
            "label": picture.label[index],
            "position": int(picture.position[index]),
            "error": float(picture.error[index]),
            "partner": int(picture.partner[index]),
            "nearest": int(picture.nearest[index, 0]),
            "distance": float(picture.distance[index, 0]),
        }
        for index, place in enumerate(picture.coords.tolist())
    ]


def picture_sheet(picture: SpacePicture) -> str:
    """`picture_rows` as comma-separated values, with lines that end as RFC 4180 asks."""
    rows = picture_rows(picture)
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
