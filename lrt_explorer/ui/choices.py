"""What can be chosen from: what ships, and what is on a visitor's own shelf."""

from abc import ABCMeta
from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr

from lrt_explorer.study.ground.world import WORLDS
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.verdicts import by_verdict, concept_label
from lrt_explorer.workbench.evidence import shipped_suites
from lrt_explorer.workbench.session import Session, Shelf

OWN_VECTORS = ("from the concept’s texts", "")
"""The choice without vectors of one's own."""
NONE = ("none", "")
GONE = "That set belongs to the pair that was open before; choose one from the list."

Choices = list[tuple[str, str]]


def steered_concepts(engine: Engine, session: Session | None, shelf: Shelf) -> Choices:
    """The concepts of the Steer tab: what ships for the pair, by the verdict on it, then the visitor's own.

    Before a pair is open the page shows the texts of the first one, and its evidence with them.
    """
    if session is None:
        first = engine.first()
        shipped = None if first is None else first.evidence
    else:
        shipped = engine.shipped_evidence(session)
    verdicts = {} if shipped is None else shipped.verdicts
    cards = by_verdict(list(engine.concepts(session)), verdicts)
    return _once([*((concept_label(card, verdicts.get(card.name)), card.name) for card in cards), *_own(shelf)])


def all_sets(engine: Engine, session: Session | None, shelf: Shelf) -> Choices:
    """Every set that ships, and the visitor's own."""
    return _once([*engine.offered_sets(session), *_own(shelf)])


def followed(offered: Choices, name: str, otherwise: str) -> str:
    """The concept after the pair changed: the same one if it is offered."""
    values = {value for _, value in offered}
    # What ships for the pair is offered by name there, and with its world beside other pairs.
    return next((same for same in (name, Path(name).stem) if same in values), otherwise)


def belongs(engine: Engine, session: Session | None, name: str) -> bool:
    """Whether a concept suits this pair: it ships for it, or is named with its world or shelf."""
    return Path(name).name != name or name in {card.name for card in engine.concepts(session)}


def steered_vectors(shelf: Shelf) -> Choices:
    """The vectors to steer with."""
    return [OWN_VECTORS, *shelf.vectors]


def _known_concept(concept_list: gr.Dropdown, payload: str | None) -> str | None:
    shipped = {item for world in WORLDS for name in world.concepts() for item in (name, f"{world.name}/{name}")}
    suites = {suite.title for world in WORLDS for suite in shipped_suites(world)}
    if payload == NONE[1] or (isinstance(payload, str) and payload in shipped | suites):
        return payload
    checked: str | None = gr.Dropdown.preprocess(concept_list, payload)  # type: ignore[assignment]
    return checked


def _kept_value(shelf_list: gr.Dropdown, payload: str | None) -> str | None:
    offered = {value for _, value in shelf_list.choices}
    return payload if isinstance(payload, str) and payload in offered else None


def _dropdown(preprocess: Callable[[gr.Dropdown, str | None], str | None]) -> type[gr.Dropdown]:
    # Gradio also writes a stub beside the file of every such class, unless its metaclass is bypassed.
    return ABCMeta.__new__(type(gr.Dropdown), gr.Dropdown.__name__, (gr.Dropdown,), {"preprocess": preprocess})


# Events that were on their way when the pair changed carry a value that is no longer offered, and Gradio would answer
# them with an error of its own.
ConceptList = _dropdown(_known_concept)
"""A dropdown that also takes concepts and suites of other pairs than the one that is open; handlers ask `belongs`."""
ShelfList = _dropdown(_kept_value)
"""A dropdown whose value is None where it is not offered: a value that a page makes up names no folder."""


def _own(shelf: Shelf) -> Choices:
    return [*shelf.borrowed, *((f"{label} (own)", value) for label, value in shelf.sets)]


def _once(choices: Sequence[tuple[str, str]]) -> Choices:
    """Each value under its first label."""
    values: dict[str, str] = {}
    for label, value in choices:
        values.setdefault(value, label)
    return [(label, value) for value, label in values.items()]
