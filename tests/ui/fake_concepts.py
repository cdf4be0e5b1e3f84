"""The Concepts tab's part of the fake engine: real files on real shelves, but nothing is read from any model."""

from collections.abc import Generator, Sequence
from pathlib import Path

import torch

from lrt_explorer.concepts.contrast import ContrastSet, import_contrast, read_contrast
from lrt_explorer.concepts.diagnostics import Diagnosis
from lrt_explorer.concepts.stability import Stability
from lrt_explorer.errors import ArtifactError, VectorError
from lrt_explorer.store import VectorFile, load_vector, save_vector
from lrt_explorer.study.check import ConceptCheck, LayerCheck, MappedCheck, ModelCheck
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.brought import take_vectors
from lrt_explorer.study.steering.recipe import Recipe
from lrt_explorer.study.steering.sides import Side
from lrt_explorer.workbench.cards import VectorCard, VectorCards
from lrt_explorer.workbench.session import Session, Shelf
from lrt_explorer.workbench.shelves import own_set, own_vectors, put_set, put_vectors

FORMALITY = "everyday/formality"
LIBRARY = (("mood", "mood"), ("register", "register"), ("formality (for everyday language)", FORMALITY))


def fake_set(name: str) -> ContrastSet:
    pairs = tuple((f"{who} <i>laughed</i> today.", f"{who} wept today.") for who in ("Tom", "Anna", "The cook"))
    return ContrastSet(name, pairs, f"what {name} is", "high & dry", "low")


def fake_check(session: Session, name: str, recipe: Recipe) -> ConceptCheck:
    models = []
    for model, layer, layers in (
        (session.small, session.small_layer, session.small_layers),
        (session.large, session.large_layer, session.large_layers),
    ):
        seen = tuple(LayerCheck(at, 0.1 + 0.1 * at, 0.7 + 0.05 * (at % 5)) for at in range(layers))
        steady = Stability(((1, 0.4), (2, 0.6), (4, 0.8), (8, 0.93)), "8 pairs are enough <too>.")
        models.append(ModelCheck(model, layer, seen, Diagnosis(0.3, 0.95, 60, "Likely to steer <b>."), steady))
    mapped = MappedCheck(0.81, 0.14, 0.55, 0.62) if session.map_folder else None
    reading = recipe.reading or "all-tokens"
    return ConceptCheck(name, 1000, 256, recipe.method, reading, recipe.whiten, models[0], models[1], mapped)


class FakeConcepts:
    """Sets and vectors made up but consistent."""

    checks_left = 0

    def offered_sets(self, session: Session | None) -> Sequence[tuple[str, str]]:
        everyday = session is not None and "gemma" in session.small
        return (("sentiment", "sentiment"), LIBRARY[-1]) if everyday else LIBRARY

    def contrast(self, session: Session | None, name: str) -> ContrastSet:
        known = {value for _, value in LIBRARY} | {"sentiment", "weather"}
        return fake_set(Path(name).stem) if name in known else read_contrast(own_set(name))

    def keep_set(self, shelf: Shelf, contrast: ContrastSet) -> Shelf:
        return put_set(shelf, contrast)

    def import_set(self, shelf: Shelf, file: Path) -> Shelf:
        return put_set(shelf, import_contrast(file))

    def set_file(self, session: Session | None, name: str) -> Path:
        return own_set(name)

    def check(self, session: Session, name: str, recipe: Recipe) -> Generator[Progress, None, ConceptCheck]:
        try:
            for done in range(0, 100, 25):
                yield Progress(done, 100, f"read {done} of 100 texts with {session.small}")
        finally:
            self.checks_left += 1
        return fake_check(session, self.contrast(session, name).name, recipe)

    def make(
        self, session: Session, shelf: Shelf, name: str, other: str, recipe: Recipe
    ) -> Generator[Progress, None, Shelf]:
        yield Progress(0, 2, f"reading {name} with {session.small}")
        if other == name:
            raise VectorError(f"nothing is left of {name} after removing {other}; choose vectors that differ more")
        label = f"{name} without {other}" if other else name
        method = recipe.method + (", whitened" if recipe.whiten else "")
        small = VectorFile(torch.ones(3), session.small, "f", session.small_layer, label, method, "all-tokens")
        large = VectorFile(torch.ones(4), session.large, "g", session.large_layer, label, method, "all-tokens")
        return put_vectors(shelf, label, {"small": small, "large": large})

    def vector_sides(self, session: Session, file: Path) -> tuple[Side, ...]:
        return ("small",) if load_vector(file).fingerprint else ("large", "transferred")

    def import_vector(self, session: Session, shelf: Shelf, file: Path, side: Side | None = None) -> Shelf:
        return put_vectors(shelf, file.name, {side or self.vector_sides(session, file)[0]: load_vector(file)})

    def vectors(self, session: Session, name: str) -> VectorCards:
        found = take_vectors(str(own_vectors(name)) if name else "")
        cards = tuple(
            VectorCard(side, v.model, v.layer, v.concept, v.method, v.reading, len(v.values), float(v.values.norm()))
            for side, v in found.items()
        )
        return VectorCards(cards, 0.87 if len(cards) == 2 else None)

    def vector_file(self, session: Session, name: str, whose: Side, ending: str) -> Path:
        folder = own_vectors(name)
        found = dict(take_vectors(str(folder)))
        if whose == "transferred" or whose not in found:
            raise ArtifactError(f"the {whose} vector cannot be saved, because there is none; choose another one")
        return save_vector(folder / f"saved.{ending}", found[whose])
