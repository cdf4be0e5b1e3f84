"""The Concepts tab's part of the real engine."""

from collections.abc import Generator, Sequence
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet, import_contrast
from lrt_explorer.concepts.vectors import SteeringVector, transfer
from lrt_explorer.errors import ArtifactError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.scores import cosine
from lrt_explorer.lm.cache import ModelCache
from lrt_explorer.lm.export import save_vector
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.presets import MODELS, PAIRS
from lrt_explorer.lm.summary import describe
from lrt_explorer.store import MapInfo, load_map
from lrt_explorer.study.brought import bring_vector
from lrt_explorer.study.check import ConceptCheck, check_concept
from lrt_explorer.study.known import folder_name
from lrt_explorer.study.progress import Progress
from lrt_explorer.study.recipe import Recipe, make_vectors
from lrt_explorer.study.world import WORLDS, World, world_of
from lrt_explorer.workbench.cards import PairCard, VectorCard, VectorCards, Whose
from lrt_explorer.workbench.known_concepts import named_concept
from lrt_explorer.workbench.session import Session, Shelf
from lrt_explorer.workbench.shelves import put_set, put_vectors, take_vectors

FOR = {"demo": "for the demo family", "everyday": "for everyday language"}
"""Whom the sets of a world are for, as it is said of them elsewhere."""


class ConceptDesk:
    """Contrast sets and vectors over the models in memory and the visitors' shelves."""

    def __init__(self, models: ModelCache) -> None:
        """Use these models; nothing is loaded yet."""
        self._models = models

    def offered_sets(self, session: Session | None) -> Sequence[tuple[str, str]]:
        """The sets of the pair's world, then those for other models, by path: a name may mean a set in both worlds."""
        here = self._world(session)
        own = [(name, name) for name in here.concepts()]
        return own + [
            (f"{name} ({FOR[world.name]})", str(path))
            for world in WORLDS
            if world != here
            for name, path in world.concepts().items()
        ]

    def contrast(self, session: Session | None, name: str) -> ContrastSet:
        """A set by name or path."""
        return named_concept(self._world(session), name)

    def keep_set(self, shelf: Shelf, contrast: ContrastSet) -> Shelf:
        """Keep a set."""
        return put_set(shelf, contrast)

    def import_set(self, shelf: Shelf, file: Path) -> Shelf:
        """Read a set and keep it in the project's own format."""
        return put_set(shelf, import_contrast(file))

    def set_file(self, session: Session | None, name: str) -> Path:
        """The file that the set is read from."""
        return self._world(session).concepts().get(name) or Path(name)

    def check(self, session: Session, name: str, recipe: Recipe) -> Generator[Progress, None, ConceptCheck]:
        """Check a set at the session's layers, with its map."""
        return (
            yield from check_concept(
                *self._pair(session),
                self.contrast(session, name),
                session.small_layer,
                session.large_layer,
                map=_map(session),
                method=recipe.method,
                reading=recipe.reading or None,
                whiten=recipe.whiten,
            )
        )

    def make(
        self, session: Session, shelf: Shelf, name: str, other: str, recipe: Recipe
    ) -> Generator[Progress, None, Shelf]:
        """Find vectors in both models and keep them."""
        small, large = self._pair(session)
        layers = (session.small_layer, session.large_layer)
        second = self.contrast(session, other) if other else None
        made = yield from make_vectors(small, large, self.contrast(session, name), second, recipe, *layers)
        label = f"{_described(made.small)}, layers {layers[0]} → {layers[1]}"
        return put_vectors(shelf, label, {"small": made.small, "large": made.large})

    def import_vector(self, session: Session, shelf: Shelf, file: Path) -> Shelf:
        """Read a vector, checked, and keep it as that of the model that it is for."""
        layers = (session.small_layer, session.large_layer)
        side, vector = bring_vector(file, *self._pair(session), *layers)
        return put_vectors(shelf, f"{file.name}, {side} model, layer {vector.layer}", {side: vector})

    def vectors(self, session: Session, folder: str) -> VectorCards:
        """What is kept, and what the session's map makes of it."""
        found = _with_transferred(session, folder)
        cards = tuple(
            VectorCard(whose, v.model, v.layer, v.concept, v.method, v.reading, len(v.values), float(v.values.norm()))
            for whose, v in found.items()
        )
        both = "transferred" in found and "large" in found
        return VectorCards(cards, cosine(found["transferred"].values, found["large"].values) if both else None)

    def vector_file(self, session: Session, folder: str, whose: Whose, ending: str) -> Path:
        """Write a vector beside those that are kept."""
        found = _with_transferred(session, folder)
        if whose not in found:
            why = "no map begins at its layer" if whose == "transferred" else "there is none here"
            raise ArtifactError(f"the {whose} vector cannot be saved, for {why}; choose another one")
        vector = found[whose]
        name = f"{folder_name(vector.concept)[:60]}-{folder_name(Path(vector.model).name)}-{vector.layer}"
        mapped = "-transferred" if whose == "transferred" else ""
        return save_vector(Path(folder) / "files" / f"{name}{mapped}.{ending}", vector)

    def pairs(self) -> Sequence[PairCard]:
        """The presets, the opening pair first."""
        return [_pair_card(pair.name, pair.small, pair.large) for pair in PAIRS]

    def _world(self, session: Session | None) -> World:
        """The world of the pair that is open, or of the one that is opened first."""
        pair = self.pairs()[0] if session is None else session
        return world_of(pair.small, pair.large)

    def _pair(self, session: Session) -> tuple[LanguageModel, LanguageModel]:
        return self._models.get(session.small), self._models.get(session.large)


def _pair_card(name: str, small: str, large: str) -> PairCard:
    missing = [model for model in (small, large) if not describe(model).available]
    licence = ", licence first" if any(MODELS[model].gated for model in missing) else ""
    needs = f"from the hub{licence}" if missing else ""
    return PairCard(name, small, large, needs, tuple(world_of(small, large).concepts()))


def _map(session: Session) -> tuple[AffineMap, MapInfo] | None:
    return load_map(Path(session.map_folder)) if session.map_folder else None


def _with_transferred(session: Session, folder: str) -> dict[Whose, SteeringVector]:
    found: dict[Whose, SteeringVector] = {}
    for side, vector in take_vectors(folder).items():
        found[side] = vector
    mapping = _map(session)
    if mapping is not None and (small := found.get("small")) is not None:
        map, info = mapping
        at_home = small.layer == info.small_layer and small.fingerprint in ("", info.small_fingerprint)
        if at_home and len(small.values) == map.d_small:
            found["transferred"] = transfer(small, map, info)
    return found


def _described(vector: SteeringVector) -> str:
    """The concept, with what is unusual in how its vector was found."""
    unusual = vector.method if vector.method != "mean-difference" else ""
    return ", ".join(part for part in (vector.concept, unusual, vector.reading) if part)
