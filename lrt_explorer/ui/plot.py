"""A place on the page for a figure, drawn by the Plotly that ships with its package and reporting clicks as `pick`."""

from typing import Any

import gradio as gr

from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.store import assets_home
from lrt_explorer.ui.result_key import ResultKey

SCRIPT = "plotly.min.js"
"""Where the server offers the script of all figures."""
SAVE_PNG = """() => {
  const host = document.querySelector('#space-plot .plot.js-plotly-plot');
  if (!host) return [];
  const ground = getComputedStyle(host).getPropertyValue('--panel').trim();
  const layout = {...host.layout, paper_bgcolor: ground, plot_bgcolor: ground};
  const size = {width: host.clientWidth, height: host.clientHeight, scale: 2};
  Plotly.downloadImage({data: host.data, layout}, {format: 'png', filename: 'shared-space', ...size});
  return [];
}"""
"""Has the page save the picture of the Space tab as it is seen, in the colours of its theme."""
FLAT, DEEP = '<div class="plot"></div>', '<div class="plot-away"></div>'
"""Where figures are drawn, and where those in three dimensions are; what is away is not shown."""
_LOADING = HtmlTemplate('<script src="{{ file }}"></script>')


def plot_html(elem_id: str, *, in_space: bool = False) -> gr.HTML:
    """An empty place; its value is a figure as JSON, or "" for none. To be called inside the app's blocks.

    Its event `pick` brings `points`: the `customdata` of what was clicked or drawn around.

    Args:
        elem_id: its id on the page.
        in_space: whether it shows figures in three dimensions too.
    """
    return gr.HTML(
        "",
        html_template=FLAT + DEEP if in_space else FLAT,
        js_on_load=(assets_home() / "plot.js").read_text(encoding="utf-8"),
        # The page loads a script once, however many plots ask for it. Its address is relative: a proxy may put a path
        # before it.
        head=_LOADING(file=SCRIPT),
        elem_id=elem_id,
    )


def read_early() -> gr.HTML:
    """What has the page read the script of all figures while nobody waits for one. To be called likewise."""
    script = (assets_home() / "early.js").read_text(encoding="utf-8").replace("SCRIPT", SCRIPT)
    return gr.HTML("", html_template="", js_on_load=script, elem_id="early", visible="hidden")


def drawn(figure: Any, key: ResultKey) -> str:
    """A figure of plotly as the value of such a place, with the settings that it belongs to."""
    figure.update_layout(meta=key.document)
    return str(figure.to_json())
