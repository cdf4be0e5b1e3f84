"""What a page of HTML needs that opens anywhere: scripts, styles and data within it."""

from markupsafe import Markup

from lrt_explorer.errors import ArtifactError
from lrt_explorer.plots import plotly_script
from lrt_explorer.store import assets_home

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""What a browser may load for the page: only what is in it."""


HEAD = """
    {% macro head(policy, title, style) %}
    <head><meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="{{ policy }}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{{ title }}</title><style>{{ style }}</style></head>
    {% endmacro %}
"""
"""What every such page begins with, as a macro for templates."""


def page_style() -> Markup:
    """The styles of the app and of its pages."""
    return raw(f"{asset('style.css')}\n{asset('report.css')}")


def plotly_source() -> Markup:
    """The script of all figures."""
    return raw(plotly_script().read_text(encoding="utf-8"))


def drawing_script() -> str:
    """A function `drawFigure(element, props, trigger, watch)` that draws as the app does."""
    return f"function drawFigure(element, props, trigger, watch) {{\n{asset('plot.js')}\n}}"


def data(text: str) -> Markup:
    """JSON that may stand in a script: no "<" of it can end the script or open a comment."""
    return raw(text.replace("<", "\\u003c"))


def raw(text: str) -> Markup:
    """What ships as a script or a style, or JSON without a "<"; nothing else may be put in as it is."""
    return Markup(text)


def asset(name: str) -> str:
    """A script or style as text.

    Raises:
        ArtifactError: if it is not among the assets.
    """
    try:
        return (assets_home() / name).read_text(encoding="utf-8")
    except OSError as error:
        raise ArtifactError(
            f"a report needs {name}, which is not in {assets_home()}; point LRT_EXPLORER_ASSETS at the complete assets"
        ) from error
