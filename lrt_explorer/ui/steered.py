"""What the Steer tab shows when another concept is steered with, whichever part of the screen has chosen it."""

from typing import Any

import gradio as gr

from lrt_explorer.study.ground.world import world_of
from lrt_explorer.ui.cards import chips, slider_ends
from lrt_explorer.ui.choices import followed, steered_concepts
from lrt_explorer.ui.engine import Engine
from lrt_explorer.workbench.cards import ConceptCard
from lrt_explorer.workbench.session import Session, Shelf
from lrt_explorer.workbench.shelves import put_borrowed


def steer_with(
    engine: Engine, session: Session | None, shelf: Shelf, name: str, prompt: str, asked: int
) -> tuple[Any, ...]:
    """Choose a concept from elsewhere: the list of concepts, then what is about it."""
    card = engine.concept(session, name)
    dropdown = gr.Dropdown(steered_concepts(engine, session, shelf), value=name, info=card.description)
    return dropdown, *about_concept(engine, card, prompt, asked)


def steer_with_set(
    engine: Engine, session: Session | None, shelf: Shelf, name: str, prompt: str, asked: int
) -> tuple[Any, ...]:
    """`steer_with` any set, after a shelf that remembers it if it ships for other models than the pair's."""
    label = next((label for label, value in engine.offered_sets(session) if value == name), "")
    ships_here = name in {card.name for card in engine.concepts(session)}
    kept = put_borrowed(shelf, label, name) if label and not ships_here else shelf
    return kept, *steer_with(engine, session, kept, name, prompt, asked)


def follow_pair(
    engine: Engine, session: Session | None, shelf: Shelf, world: str, name: str, prompt: str, asked: int
) -> tuple[Any, ...]:
    """`steer_with` the concept in use where it is offered for the pair that is open, else with the pair's opening one.

    Before it come the world of the pair, and the temperature that suits it if the world before was another one.
    """
    chosen = followed(steered_concepts(engine, session, shelf), name, engine.concepts(session)[0].name)
    steered = steer_with(engine, session, shelf, chosen, prompt, asked)
    if session is None:
        return world, gr.skip(), *steered
    now = world_of(session.small, session.large)
    return now.name, gr.skip() if now.name == world else now.temperature, *steered


def about_concept(engine: Engine, card: ConceptCard, prompt: str, asked: int) -> tuple[Any, str, str, int]:
    """What follows the concept: the prompt, examples, the ends of the slider, and that a comparison is asked for."""
    only_example = prompt not in card.examples and (prompt in engine.examples() or not prompt.strip())
    fresh = card.examples[0] if card.examples and only_example else gr.skip()
    return fresh, chips(card.examples), slider_ends(card), asked + 1
