"""A tour of the page: offered once in its head, and at any time in About; it never begins by itself."""

import gradio as gr
from markupsafe import Markup

from lrt_explorer.store import assets_home

OFFER = Markup(
    '<span class="tour-offer" hidden><button type="button" data-tour="start">Take the tour</button>'
    '<button type="button" data-tour="dismiss" aria-label="Dismiss the tour" title="Dismiss the tour">×</button></span>'
)
"""In the head of the page; shown by the script until the tour was taken or dismissed."""
START = Markup('<button type="button" class="tour-start" data-tour="start">Tour</button>')


def add_tour() -> None:
    """Put its script on the page; to be called inside the app's blocks."""
    script = (assets_home() / "tour.js").read_text(encoding="utf-8")
    gr.HTML("", html_template="", js_on_load=script, elem_id="tour", visible="hidden")
