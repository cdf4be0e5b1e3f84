"""What can be chosen from: what ships, and what stands on a visitor's own shelf."""

from abc import ABCMeta
from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from lrt_explorer.study.ground.world import WORLDS
from lrt_explorer.ui.engine import Engine
from lrt_explorer.workbench.session import Session, Shelf

OWN_VECTORS = ("found in the concept’s texts", "")
"""The choice of those who steer with no vectors of their own."""
NONE = ("none", "")
GONE = "That set belongs to the pair that was open before; choose one from the list."

Choices = list[tuple[str, str]]


def steered_concepts(engine: Engine, session: Session | None, shelf: Shelf) -> Choices:
    """The concepts of the Steer tab: what ships for the pair, then what the visitor uses."""
    return _once([*((card.name, card.name) for card in engine.concepts(session)), *_own(shelf)])


def all_sets(engine: Engine, session: Session | None, shelf: Shelf) -> Choices:
    """Every set that ships, and the visitor's own."""
    return _once([*engine.offered_sets(session), *_own(shelf)])


def followed(offered: Choices, name: str, otherwise: str) -> str:
    """The concept to go on with when the pair changes: the same one where it is offered."""
    values = {value for _, value in offered}
    # What ships for the pair is offered by name there, and with its world beside other pairs.
    return next((same for same in (name, Path(name).stem) if same in values), otherwise)


def belongs(engine: Engine, session: Session | None, name: str) -> bool:
    """Whether a concept can be meant for this pair: one that ships for it, or any set with its world or shelf."""
    return Path(name).name != name or name in {card.name for card in engine.concepts(session)}


def steered_vectors(shelf: Shelf) -> Choices:
    """The vectors to steer with."""
    return [OWN_VECTORS, *shelf.vectors]


def _known_concept(concept_list: gr.Dropdown, payload: str | None) -> str | None:
    shipped = [item for world in WORLDS for name in world.concepts() for item in (name, f"{world.name}/{name}")]
    if payload in shipped:
        return payload
    checked: str | None = gr.Dropdown.preprocess(concept_list, payload)  # type: ignore[assignment]
    return checked


# Events that were on their way when the pair changed carry a concept of the old pair, and Gradio would answer them with
# an error of its own. It also writes a stub beside the file of every such class, unless its metaclass is passed by.
ConceptList: type[gr.Dropdown] = ABCMeta.__new__(
    type(gr.Dropdown), gr.Dropdown.__name__, (gr.Dropdown,), {"preprocess": _known_concept}
)
"""A dropdown that also takes concepts of other pairs than the one that is open; whoever reads it asks `belongs`."""


def _own(shelf: Shelf) -> Choices:
    return [*shelf.borrowed, *((f"{label} (own)", value) for label, value in shelf.sets)]


def _once(choices: Sequence[tuple[str, str]]) -> Choices:
    """Each value under its first label."""
    values: dict[str, str] = {}
    for label, value in choices:
        values.setdefault(value, label)
    return [(label, value) for value, label in values.items()]
