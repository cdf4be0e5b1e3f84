"""What speaks of one pair at one pair of layers, and goes the moment another takes its place."""

from dataclasses import dataclass, field
from html import escape
from typing import Any

import gradio as gr

from lrt_explorer.study.ground.known import model_label
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.ui.cards import progress_bar
from lrt_explorer.ui.panes import waiting_panes
from lrt_explorer.workbench.session import Session

READING = "Reading the vectors; the texts follow …"


@dataclass
class Stage:
    """The parts of the screen that are blank until the new pair has written them; each part of the screen adds its own.

    Attributes:
        banner: says what is being opened, and dims what is still the old pair's.
        panes: where the arms are written, blank but for a sentence.
        others: the rest: each part, what it shows when it has nothing, and whether it speaks of all layers of a pair.
    """

    banner: gr.HTML
    panes: gr.HTML
    others: list[tuple[gr.components.Component, str, bool]] = field(default_factory=list)

    def add(self, *parts: gr.components.Component, blank: str = "", all_layers: bool = False) -> None:
        """Parts that speak of one pair, and what they show when they have nothing."""
        self.others += [(part, blank, all_layers) for part in parts]

    @property
    def outputs(self) -> list[gr.components.Component]:
        """The banner, the panes, the others: the order in which the methods below give what is written to them."""
        return [self.banner, self.panes, *(part for part, _, _ in self.others)]

    def kept(self, banner: Any = None) -> tuple[Any, ...]:
        """Everything as it is, but for the banner if one is given."""
        return (gr.skip() if banner is None else banner, *[gr.skip()] * (1 + len(self.others)))

    def blank(self, sentence: str, banner: str = "", *, same_pair: bool = False) -> tuple[Any, ...]:
        """Nothing of the old pair, or of its old layers, and one sentence in the panes that says what is going on."""
        others = (gr.skip() if same_pair and wide else blank for _, blank, wide in self.others)
        return (banner, waiting_panes(sentence), *others)


def moved(stage: Stage, before: Session, now: Session) -> tuple[Any, ...]:
    """The stage when a session moves to other layers of its pair: blank but for what holds for all of these."""
    return stage.kept() if before == now else stage.blank(READING, same_pair=True)


def pair_name(small: str, large: str) -> str:
    """A pair as it is said: both models by the last part of their names."""
    return f"{model_label(small)} → {model_label(large)}"


def opening_banner(small: str, large: str, old: Session | None, step: Progress | None = None) -> str:
    """What is being opened and how far it is; what is shown below stays the old pair's for as long, and is dimmed."""
    still = "" if old is None else f" Dimmed below: still {escape(pair_name(old.small, old.large))}."
    bar = "" if step is None else progress_bar(step)
    kind = "" if old is None else " veil"
    return (
        f'<div class="opening{kind}" role="status"><p><b>Opening {escape(pair_name(small, large))}.</b>{still}</p>'
        f"{bar}</div>"
    )
