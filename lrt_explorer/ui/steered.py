"""What the Steer tab shows when another concept is steered with, whichever part of the screen has chosen it."""

from typing import Any

import gradio as gr

from lrt_explorer.ui.cards import chips, slider_ends
from lrt_explorer.ui.choices import steered_concepts
from lrt_explorer.ui.engine import ConceptCard, Engine
from lrt_explorer.ui.session import Shelf
from lrt_explorer.ui.shelves import put_shipped


def steer_with(engine: Engine, shelf: Shelf, name: str, prompt: str, asked: int) -> tuple[Any, ...]:
    """Choose a concept from elsewhere: the list of concepts, then what is about it."""
    card = engine.concept(name)
    dropdown = gr.Dropdown(steered_concepts(engine, shelf), value=name, info=card.description)
    return dropdown, *about_concept(engine, card, prompt, asked)


def steer_with_set(engine: Engine, shelf: Shelf, name: str, prompt: str, asked: int) -> tuple[Any, ...]:
    """`steer_with` any set, after a shelf that remembers it if it ships for other models than the demo family."""
    shipped = any(value == name for _, value in engine.offered_sets())
    offered = any(card.name == name for card in engine.concepts())
    kept = put_shipped(shelf, name) if shipped and not offered else shelf
    return kept, *steer_with(engine, kept, name, prompt, asked)


def about_concept(engine: Engine, card: ConceptCard, prompt: str, asked: int) -> tuple[Any, str, str, int]:
    """What follows the concept: the prompt, examples, the ends of the slider, and that a comparison is asked for."""
    known = {example for other in engine.concepts() for example in other.examples}
    fresh = card.examples[0] if card.examples and (prompt in known or not prompt.strip()) else gr.skip()
    return fresh, chips(card.examples), slider_ends(card), asked + 1
