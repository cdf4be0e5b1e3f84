"""What the Steer tab shows for a concept, whichever part of the screen has chosen it."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.blocks import Block

from lrt_explorer.study.ground.world import world_of
from lrt_explorer.ui.cards import chips, slider_ends
from lrt_explorer.ui.choices import followed, steered_concepts
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.result_key import ResultKey, keyed, model_values
from lrt_explorer.ui.wiring import Outputs
from lrt_explorer.workbench.session import Session, Shelf
from lrt_explorer.workbench.shelves import put_borrowed

STEER = "steer"
"""The id of the tab."""


@dataclass(frozen=True)
class Steered:
    """The parts of the Steer tab that follow the concept.

    Attributes:
        engine: the studies.
        shelf: the visitor's.
        concept: the list of concepts.
        vectors: the visitor's own vectors in place of the concept's.
        prompt: where the arms start.
        examples: prompts to try.
        ends: which way the slider steers.
        told: the concept that they are about.
        asked: a count that goes up to ask for a comparison.
        world: that of the pair, by name.
        temperature: of the sampling.
        tabs, tab: all tabs, and which is open.
    """

    engine: Engine
    shelf: gr.State
    concept: gr.Dropdown
    vectors: gr.Dropdown
    prompt: gr.Textbox
    examples: gr.HTML
    ends: gr.HTML
    told: gr.State
    asked: gr.State
    world: gr.State
    temperature: gr.Slider
    tabs: gr.Tabs
    tab: gr.State

    @property
    def about(self) -> list[Block]:
        """What `about_concept` writes to."""
        return [self.prompt, self.examples, self.ends, self.told, self.asked]

    @property
    def outputs(self) -> list[Block]:
        """What `steer_with_set` writes to, and the vectors."""
        return [self.shelf, self.concept, self.vectors, self.tabs, self.tab, *self.about]

    def steer_with(self, session: Session | None, shelf: Shelf, name: str, prompt: str, asked: int) -> Outputs:
        """Choose a concept from elsewhere."""
        card = self.engine.concept(session, name)
        concepts = gr.Dropdown(steered_concepts(self.engine, session, shelf), value=name, info=card.description)
        return {self.concept: concepts, **self.about_concept(session, name, prompt, asked)}

    def steer_with_set(self, session: Session | None, shelf: Shelf, name: str, prompt: str, asked: int) -> Outputs:
        """Choose any set and go to the Steer tab; a set that ships for other models is remembered on the shelf."""
        label = next((label for label, value in self.engine.offered_sets(session) if value == name), "")
        ships_here = name in {card.name for card in self.engine.concepts(session)}
        kept = put_borrowed(shelf, label, name) if label and not ships_here else shelf
        there = {self.tabs: gr.Tabs(selected=STEER), self.tab: STEER}
        return {self.shelf: kept, **there, **self.steer_with(session, kept, name, prompt, asked)}

    def on_pair_opened(
        self, session: Session | None, shelf: Shelf, world: str, name: str, prompt: str, asked: int
    ) -> Outputs:
        """Keep the concept if it is offered for the pair, else show the pair's opening one.

        The temperature stays too, unless the new pair is of another world.
        """
        concepts = steered_concepts(self.engine, session, shelf)
        chosen = followed(concepts, name, self.engine.concepts(session)[0].name)
        steered = self.steer_with(session, shelf, chosen, prompt, asked)
        if session is None:
            return steered
        now = world_of(session.small, session.large)
        if chosen == name and now.name == world:
            # The prompt was chosen for this concept, or a link has brought both.
            steered.pop(self.prompt, None)
        warmth: dict[Any, Any] = {} if now.name == world else {self.temperature: now.temperature}
        return {self.world: now.name, **warmth, **steered}

    def about_concept(self, session: Session | None, name: str, prompt: str, asked: int) -> Outputs:
        """Show a concept and ask for a comparison; a prompt that was only an example is replaced."""
        card = self.engine.concept(session, name)
        key = ResultKey({**model_values(session), "concept": name}, {"concept": card.title})
        only_example = prompt not in card.examples and (not prompt.strip() or prompt in self.engine.examples())
        fresh: Outputs = {self.prompt: card.examples[0]} if card.examples and only_example else {}
        return {
            **fresh,
            self.examples: keyed(key, chips(card.examples)),
            self.ends: keyed(key, slider_ends(card)),
            self.told: name,
            self.asked: asked + 1,
        }
