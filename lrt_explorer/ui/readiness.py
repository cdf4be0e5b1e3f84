"""Buttons that need two open models, which cannot be pressed before they are there."""

from collections.abc import Sequence

import gradio as gr

from lrt_explorer.ui.wiring import QUICK, Outputs, nothing
from lrt_explorer.workbench.session import Session


class Readiness:
    """Enables buttons once, when the first pair is open; from then on each belongs to what it runs."""

    def __init__(self, session: gr.State, buttons: Sequence[gr.Button | gr.UploadButton]) -> None:
        """Wire them.

        Args:
            session: the visitor's, None until a pair is open.
            buttons: laid out so that they cannot be pressed.
        """
        self.buttons, self.ready = list(buttons), gr.State(False)
        session.change(self.on_session_changed, [session, self.ready], [self.ready, *self.buttons], **QUICK)

    def on_session_changed(self, session: Session | None, ready: bool) -> Outputs:
        """Let the buttons be pressed."""
        if ready or session is None:
            return nothing()
        return {self.ready: True, **{button: type(button)(interactive=True) for button in self.buttons}}
