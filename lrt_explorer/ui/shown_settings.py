"""What all controls of the page show, told to the script that dims results of other settings."""

import json
from collections.abc import Mapping
from typing import Any

import gradio as gr

from lrt_explorer.store import assets_home
from lrt_explorer.ui.result_key import values_in_use
from lrt_explorer.ui.setup_panel import OTHER
from lrt_explorer.ui.wiring import QUICK
from lrt_explorer.workbench.session import Session

_TELL = """(...values) => {
  const names = NAMES;
  const {in_use, ...shown} = Object.fromEntries(names.map((name, place) => [name, values[place]]));
  // The models of a pair that is not in the list are compared by their names alone.
  if (shown.pair === OTHER) delete shown.pair;
  // What is ticked of several is a set: the order of the clicks makes no difference.
  for (const name of names) if (Array.isArray(shown[name])) shown[name] = [...shown[name]].sort();
  // Kept as well, because an event that comes before the script listens is lost.
  window.shownSettings = {...shown, ...JSON.parse(in_use || '{}')};
  window.dispatchEvent(new Event('shown-settings'));
  return [];
}"""


class ShownSettings:
    """One listener on every control that a result can depend on; it asks nothing of the server.

    Attributes:
        controls: each by the name that keys of results have for it.
    """

    def __init__(self, app: gr.Blocks, controls: Mapping[str, Any], session: gr.State, corpus: gr.State) -> None:
        """Wire it.

        Args:
            app: whose controls they are.
            controls: by the names of `WORDS`.
            session: the visitor's; the models and the map in use are told from it.
            corpus: a visitor's own text, as a path; None for the shipped one.
        """
        in_use = gr.Textbox(visible="hidden")
        self.controls = {**controls, "in_use": in_use}
        script = (assets_home() / "stale.js").read_text(encoding="utf-8")
        gr.HTML("", html_template="", js_on_load=script, elem_id="shown-settings", visible="hidden")
        gr.on(
            [session.change, corpus.change],
            self.on_use_changed,
            [session, corpus],
            in_use,
            **QUICK,
        )
        telling = gr.on(
            [app.load, *(control.change for control in self.controls.values())],
            None,
            list(self.controls.values()),
            None,
            js=_TELL.replace("NAMES", json.dumps(list(self.controls))).replace("OTHER", json.dumps(OTHER)),
            api_visibility="private",
            show_progress="hidden",
        )
        _put_first(app, telling["id"])

    def on_use_changed(self, session: Session | None, corpus: str | None) -> str:
        """Tell the page which models, map and text are in use."""
        return json.dumps(values_in_use(session, corpus))


def _put_first(app: gr.Blocks, event: int) -> None:
    """Let one event run before the others of a control, which the page runs one after the other, each to its end."""
    events = app.default_config.fns
    app.default_config.fns = {event: events[event], **events}
