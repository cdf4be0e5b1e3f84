"""Share: the comparison on the screen as a link, as Python code and as a command, below all tabs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import gradio as gr

from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.ui.cards import added, notice
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.result_key import ResultKey, keyed
from lrt_explorer.ui.wiring import QUICK, Outputs, guarded_by, nothing, to_status
from lrt_explorer.workbench.session import Session

NOTE = "This code reproduces the numbers on this screen, to the last digit."
WHOLE_LINK = "(query) => query ? location.origin + location.pathname + '?' + query : ''"
"""The browser knows its own address; a server behind a proxy may not."""


@dataclass(frozen=True)
class Compared:
    """What the comparison on the screen was asked for, by the names of the screen, and the session it was made in.

    Attributes:
        session, spec: these two.
        key: the same as the page compares it with its controls.
        again: whether it is asked for once more, because its vectors are others now or Run was pressed.
        shipped: whether its texts came with the pair, and so from the vectors of all pairs of the concept.
    """

    session: Session
    spec: SteerSpec
    key: ResultKey = field(compare=False, default_factory=lambda: ResultKey({}))
    again: bool = False
    shipped: bool = field(compare=False, default=False)


class SharePanel:
    """The panel; it always shows the comparison whose numbers are on the screen.

    Attributes:
        link: the whole link.
        python, command: the code.
        note: what the code gives; it carries the settings of all three.
        status: errors.
    """

    def __init__(self, engine: Engine, compared: gr.State, tab: gr.State) -> None:
        """Lay out the panel and wire it.

        Args:
            engine: the studies.
            compared: what the last finished comparison was asked for, a `Compared` or None.
            tab: which tab is open.
        """
        self.engine = engine
        # Not a State: the browser makes the link of it.
        self.query = gr.Textbox(visible="hidden")
        with gr.Accordion("Share", open=False, elem_id="share"):
            self.link = gr.Textbox(
                label="Link",
                info="opens this pair, estimator, concept, prompt and settings",
                interactive=False,
                buttons=["copy"],
                max_lines=3,
                elem_id="share-link",
            )
            with gr.Row(elem_classes="codes"):
                self.python = _code("Python", "python", "share-python")
                self.command = _code("Command", "shell", "share-command")
            self.note = gr.HTML(added(NOTE), elem_id="share-note")
            self.status = gr.HTML(elem_id="share-status")
        told = gr.on(
            [compared.change, tab.change],
            self.on_view_changed,
            [compared, tab],
            [self.query, self.python, self.command, self.note, self.status],
            **QUICK,
        )
        told.then(None, self.query, self.link, js=WHOLE_LINK, api_visibility="private")

    @guarded_by(to_status)
    def on_view_changed(self, compared: Compared | None, tab: str) -> Iterator[Outputs]:
        """Follow the comparison and the tab."""
        if compared is None:
            yield nothing()
            return
        given = self.engine.shared(compared.session, compared.spec, tab)
        yield {
            self.query: given.query,
            self.python: given.python,
            self.command: given.command,
            self.note: keyed(compared.key, added(NOTE)),
            self.status: notice(given.left_out, "hint"),
        }


def _code(label: str, language: Literal["python", "shell"], elem_id: str) -> gr.Code:
    """A place for code to be copied."""
    return gr.Code(
        label=label,
        language=language,
        interactive=False,
        show_line_numbers=False,
        wrap_lines=True,
        min_width=300,
        elem_id=elem_id,
    )
