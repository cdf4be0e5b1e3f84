"""What can be chosen from: what ships, and what stands on a visitor's own shelf."""

from collections.abc import Sequence
from pathlib import Path

from lrt_explorer.ui.engine import Engine
from lrt_explorer.workbench.session import Session, Shelf

OWN_VECTORS = ("found in the concept’s texts", "")
"""The choice of those who steer with no vectors of their own."""
NONE = ("none", "")

Choices = list[tuple[str, str]]


def steered_concepts(engine: Engine, session: Session | None, shelf: Shelf) -> Choices:
    """The concepts of the Steer tab: what ships for the pair, then what the visitor uses."""
    return _once([*((card.name, card.name) for card in engine.concepts(session)), *_own(shelf)])


def all_sets(engine: Engine, session: Session | None, shelf: Shelf) -> Choices:
    """Every set that ships, and the visitor's own."""
    return _once([*engine.offered_sets(session), *_own(shelf)])


def belongs(engine: Engine, session: Session | None, name: str) -> bool:
    """Whether a concept can be meant for this pair: one that ships for it, or any set by its path."""
    return Path(name).name != name or name in {card.name for card in engine.concepts(session)}


def steered_vectors(shelf: Shelf) -> Choices:
    """The vectors to steer with."""
    return [OWN_VECTORS, *shelf.vectors]


def _own(shelf: Shelf) -> Choices:
    return [*shelf.borrowed, *((f"{label} (own)", value) for label, value in shelf.sets)]


def _once(choices: Sequence[tuple[str, str]]) -> Choices:
    """Each value under its first label."""
    values: dict[str, str] = {}
    for label, value in choices:
        values.setdefault(value, label)
    return [(label, value) for value, label in values.items()]
