"""What a visitor steers with: a concept of the list, an example as the prompt, a set from a file."""

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
from gradio.blocks import Block

from lrt_explorer.ui.cards import notice
from lrt_explorer.ui.choices import belongs
from lrt_explorer.ui.result_key import ResultKey, keyed, model_values
from lrt_explorer.ui.steer_layout import SteerLayout
from lrt_explorer.ui.wiring import EVERY_TIME, QUICK, Outputs, guarded_by, nothing
from lrt_explorer.workbench.session import Session, Shelf


class ConceptChoice:
    """The part of the Steer tab that follows the concept."""

    def __init__(self, layout: SteerLayout) -> None:
        """Wire it."""
        self.layout, self.engine, self.steered = layout, layout.engine, layout.steered
        self.contrast_status = layout.contrast_status
        session, steered = layout.session, self.steered
        asking: list[Block] = [steered.prompt, steered.asked]
        steered.concept.input(
            self.on_concept_chosen,
            [session, steered.concept, steered.told, *asking],
            [steered.concept, *steered.about],
            **QUICK,
        )
        # What ships depends on the pair, so the concept follows it before anything is written.
        session.change(
            steered.on_pair_opened,
            [session, steered.shelf, steered.world, steered.concept, *asking],
            [steered.world, steered.temperature, steered.concept, *steered.about],
            **QUICK,
        )
        steered.examples.pick(self.on_example_picked, steered.asked, asking, **EVERY_TIME)
        layout.contrast.upload(
            self.on_set_uploaded,
            [session, layout.contrast, steered.shelf, *asking],
            [steered.shelf, steered.concept, *steered.about, self.contrast_status],
            **QUICK,
        )

    def on_concept_chosen(self, session: Session | None, name: str, told: str, prompt: str, asked: int) -> Outputs:
        """Show what a concept is about; nothing is drawn anew where the list was only left."""
        if name == told or not belongs(self.engine, session, name):
            return nothing()
        card = self.engine.concept(session, name)
        info = gr.Dropdown(info=card.description)
        return {self.steered.concept: info, **self.steered.about_concept(session, name, prompt, asked)}

    def on_example_picked(self, asked: int, event: gr.EventData) -> Outputs:
        """Take an example as the prompt."""
        return {self.steered.prompt: str(event.text), self.steered.asked: asked + 1}

    @guarded_by(lambda tab, sentence: {tab.contrast_status: notice(sentence)})
    def on_set_uploaded(
        self, session: Session | None, file: str | None, shelf: Shelf, prompt: str, asked: int
    ) -> Iterator[Outputs]:
        """Steer with a visitor's own contrast set, which is on the shelf from now on."""
        if file is None:
            yield {self.contrast_status: ""}
            return
        kept = self.engine.import_set(shelf, Path(file))
        yield {
            self.steered.shelf: kept,
            **self.steered.steer_with(session, kept, kept.sets[-1][1], prompt, asked),
            self.contrast_status: keyed(
                ResultKey({**model_values(session), "concept": kept.sets[-1][1]}, {"concept": Path(file).name}),
                notice(f"{Path(file).name} is in use.", "good"),
            ),
        }
