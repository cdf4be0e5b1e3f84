"""What belongs to one pair at one pair of layers, and is blanked when another one is opened."""

from dataclasses import dataclass, field

import gradio as gr
from gradio.blocks import Block

from lrt_explorer.ui.newest import Newest
from lrt_explorer.ui.panes import waiting_panes
from lrt_explorer.ui.wiring import Outputs
from lrt_explorer.workbench.session import Session

BLANK = "blank"
READING = "Reading the vectors; the texts follow …"


@dataclass
class Stage:
    """The parts of the screen that are blank until the new pair has written them; each tab adds its own.

    Attributes:
        banner: says what is being opened, and dims what is still the old pair's.
        panes: where the arms are written; while they are blank, one sentence says why.
        written: what the panes hold.
        others: the rest: each part, what it shows while it is blank, and whether it holds for all layers of a pair.
    """

    banner: gr.HTML
    panes: gr.HTML
    written: Newest
    others: list[tuple[gr.components.Component, str | gr.Button | None, bool]] = field(default_factory=list)

    def add(
        self, *parts: gr.components.Component, blank: str | gr.Button | None = "", all_layers: bool = False
    ) -> None:
        """Add parts that belong to one pair, with what they show while they are blank."""
        self.others += [(part, blank, all_layers) for part in parts]

    @property
    def outputs(self) -> list[Block]:
        """Everything that the methods below write to."""
        return [self.banner, self.panes, *(part for part, _, _ in self.others)]

    def blank(self, sentence: str, banner: str = "", *, same_pair: bool = False) -> Outputs:
        """Blank what belongs to the old pair or its old layers, with one sentence in the panes."""
        self.written.move(BLANK)
        others: Outputs = {part: blank for part, blank, wide in self.others if not (same_pair and wide)}
        return {self.banner: banner, self.panes: waiting_panes(sentence), **others}

    def move(self, before: Session, now: Session) -> Outputs:
        """Blank what belongs to the old layers when a session moves to others of its pair."""
        return {} if before == now else self.blank(READING, same_pair=True)
