"""The question after an upload whose file does not say whose vector it holds; nothing is used until it is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from gradio.blocks import Block

from lrt_explorer.study.steering.sides import Side
from lrt_explorer.ui.wiring import QUICK, Outputs, nothing
from lrt_explorer.workbench.session import Session

ANSWERS: Mapping[Side, str] = {
    "small": "small model’s own",
    "large": "large model’s own (native)",
    "transferred": "mapped into the large model (transferred)",
}


@dataclass(frozen=True)
class WaitingVector:
    """A vector file that waits for the answer.

    Attributes:
        file: where the upload lies.
        small, large: the models that the question is about.
    """

    file: str
    small: str
    large: str

    @property
    def name(self) -> str:
        """Of the file."""
        return Path(self.file).name


class VectorQuestion:
    """The question.

    Attributes:
        waiting: the file that it is about, a `WaitingVector`; None while nothing is asked.
        whose: the answers that fit.
        take: the button that gives the chosen answer.
    """

    def __init__(self, session: gr.State) -> None:
        """Lay it out, hidden; it goes when another pair is opened.

        Args:
            session: the visitor's pair.
        """
        self.waiting = gr.State(None)
        with gr.Column(visible=False, elem_id="vector-question") as self.part:
            self.whose = gr.Radio(
                [(answer, side) for side, answer in ANSWERS.items()],
                label="Whose vector is this?",
                info="the file does not say; nothing is used until you answer",
                elem_classes="choices",
            )
            self.take = gr.Button("Load it as this", size="sm", min_width=130, scale=0, elem_id="vector-answer")
        session.change(self.on_pair_changed, [session, self.waiting], self.outputs, **QUICK)

    @property
    def outputs(self) -> list[Block]:
        """What changes when it is asked or closed."""
        return [self.waiting, self.part, self.whose]

    def asked(self, session: Session, file: str, sides: Sequence[Side]) -> Outputs:
        """Show it for a file, with the answers that fit; none is chosen."""
        choices = [(ANSWERS[side], side) for side in sides]
        return {
            self.waiting: WaitingVector(file, session.small, session.large),
            self.part: gr.Column(visible=True),
            self.whose: gr.Radio(choices, value=None),
        }

    def closed(self) -> Outputs:
        """Hide it, and forget the file."""
        return {self.waiting: None, self.part: gr.Column(visible=False), self.whose: gr.Radio(value=None)}

    def on_pair_changed(self, session: Session | None, waiting: WaitingVector | None) -> Outputs:
        """A file that waits fits other models no longer; other layers and maps leave the question as it is."""
        if waiting is None:
            return nothing()
        same = session is not None and (session.small, session.large) == (waiting.small, waiting.large)
        return nothing() if same else self.closed()
