"""What the Concepts tab needs from the house below it; a part of `Engine`."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.study.check import ConceptCheck
from lrt_explorer.study.progress import Progress
from lrt_explorer.study.recipe import Recipe
from lrt_explorer.ui.session import Session, Shelf

Whose = Literal["small", "large", "transferred"]


@dataclass(frozen=True)
class VectorCard:
    """What the screen shows of one vector.

    Attributes:
        whose: the small model's, the large model's, or the small model's as the map in use takes it across.
        model, layer: where it lives.
        concept, method, reading: what it stands for and how it was found.
        width: how many numbers it has.
        norm: its length.
    """

    whose: Whose
    model: str
    layer: int
    concept: str
    method: str
    reading: str
    width: int
    norm: float


@dataclass(frozen=True)
class VectorCards:
    """Vectors that belong together.

    Attributes:
        cards: those there are.
        cosine: between the transferred and the large model's vector; None where one of them is missing.
    """

    cards: tuple[VectorCard, ...]
    cosine: float | None


class ConceptEngine(Protocol):
    """Contrast sets and vectors of a visitor. Every method raises an LRTError with one clear sentence."""

    def offered_sets(self, session: Session | None) -> Sequence[tuple[str, str]]:
        """Every set that ships: its title, and its name, or its path if it is for other models."""

    def contrast(self, session: Session | None, name: str) -> ContrastSet:
        """A set that ships for these models by name, or any other by its path."""

    def keep_set(self, shelf: Shelf, contrast: ContrastSet) -> Shelf:
        """Put a set that was written on the shelf, as the last one."""

    def import_set(self, shelf: Shelf, file: Path) -> Shelf:
        """Put a set from a file of any known format on the shelf, as the last one."""

    def set_file(self, session: Session | None, name: str) -> Path:
        """A set as a JSON Lines file to take away."""

    def check(self, session: Session, name: str, recipe: Recipe) -> Generator[Progress, None, ConceptCheck]:
        """What a set's vectors are worth, before anyone steers."""

    def make(
        self, session: Session, shelf: Shelf, name: str, other: str, recipe: Recipe
    ) -> Generator[Progress, None, Shelf]:
        """Find vectors by a recipe, `other` being a second set or "", and put them on the shelf as the last ones."""

    def import_vector(self, session: Session, shelf: Shelf, file: Path) -> Shelf:
        """Put a vector from a file on the shelf, if it lives in a layer in use, as the last one."""

    def vectors(self, session: Session, folder: str) -> VectorCards:
        """What there is to show of vectors of the shelf."""

    def vector_file(self, session: Session, folder: str, whose: Whose, ending: str) -> Path:
        """One vector of the shelf as a file to take away, "safetensors" or "gguf"."""
