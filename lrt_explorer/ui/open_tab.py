"""A tab that shows something as soon as it is opened."""

from dataclasses import dataclass

import gradio as gr


@dataclass(frozen=True, eq=False)
class OpenTab:
    """A tab, and which one is open.

    Attributes:
        part: this tab. What it shows follows from its own `select`, at the click: what follows from a change of `tab`
            begins half a second later, when the browser has set that.
        tab: which tab is open, for what follows from anything else.
    """

    part: gr.Tab
    tab: gr.State
