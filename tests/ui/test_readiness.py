"""Buttons that need open models: none can be pressed before a pair is open, and each is let go only once."""

import gradio as gr

from lrt_explorer.ui.screen import Screen
from lrt_explorer.ui.wiring import nothing
from lrt_explorer.workbench.session import Session

NEED_NO_MODELS = {
    "Open these models", "Own text …", "Shipped text", "Own contrast set …", "Use in Steer", "Download", "Preview",
    "Keep this set", "Import a file …",
}  # fmt: skip
WAIT_THEMSELVES = {"Run"}
"""That of Steer writes as soon as it can."""
HIDDEN_UNTIL_THERE = {"Save the report (HTML)", "Save the numbers (CSV)", "Steer with these", "Save the vector"} | {
    "Load it as this"
}


def test_what_needs_models_cannot_be_pressed_before_they_are_open(screen: Screen, session: Session) -> None:
    readiness = screen.readiness
    assert readiness.buttons and not any(button.interactive for button in readiness.buttons)
    assert readiness.on_session_changed(None, False) == nothing()
    shown = readiness.on_session_changed(session, False)
    assert shown.pop(readiness.ready) is True
    assert set(shown) == set(readiness.buttons)
    assert all(button.interactive for button in shown.values())


def test_no_other_button_needs_them(screen: Screen) -> None:
    buttons = [block for block in screen.app.blocks.values() if isinstance(block, gr.Button | gr.UploadButton)]
    free = {str(one.value if isinstance(one, gr.Button) else one.label) for one in buttons if one.interactive}
    assert free == NEED_NO_MODELS | WAIT_THEMSELVES | HIDDEN_UNTIL_THERE


def test_later_each_button_belongs_to_what_it_runs(screen: Screen, session: Session) -> None:
    assert screen.readiness.on_session_changed(session, True) == nothing()
