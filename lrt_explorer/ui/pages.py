"""What the server remembers of each page: little, for so many pages, and nothing on disk once a page is forgotten."""

from typing import Any

import gradio as gr
from gradio.state_holder import SessionState, StateHolder


class Pages(StateHolder):
    """Gradio's memory of pages, without the copy of the whole screen that it keeps of each for its deep links.

    That copy takes half a megabyte a page. A page that is forgotten for others leaves its things on disk no longer.
    """

    def __getitem__(self, session_id: str) -> SessionState:
        """What is remembered of a page, which is the one used last."""
        fresh = session_id not in self
        state = super().__getitem__(session_id)
        if fresh:
            state.config_values = _Nothing()
        return state

    def update(self, session_id: str) -> None:
        """Note that a page was used, and forget the longest unused one if there are too many."""
        forgotten = None
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            if len(self.session_data) > self.capacity:
                page, forgotten = self.session_data.popitem(last=False)
                self.time_last_used.pop(page, None)
        if forgotten is not None:
            for component, value, _ in forgotten.state_components:
                component.delete_callback(value)


class _Nothing(dict[int, Any]):
    """Takes everything and holds nothing."""

    def __contains__(self, _: object) -> bool:
        return True

    def __getitem__(self, _: int) -> dict[str, Any]:
        return {}

    def __setitem__(self, key: int, value: Any) -> None:
        """Hold nothing."""


def remember_little(app: gr.Blocks) -> None:
    """Let an app that has been launched remember its pages so."""
    pages = Pages()  # type: ignore[no-untyped-call]
    pages.set_blocks(app)
    app.app.state_holder = pages
