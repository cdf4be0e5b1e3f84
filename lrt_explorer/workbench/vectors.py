"""Vectors that a visitor makes, brings or takes away, and what a map makes of them."""

from collections.abc import Generator
from pathlib import Path

from safetensors import SafetensorError

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.methods import METHODS
from lrt_explorer.concepts.vectors import SteeringVector, transfer
from lrt_explorer.errors import ArtifactError, VectorError
from lrt_explorer.linear.scores import cosine
from lrt_explorer.lm.export import save_vector
from lrt_explorer.study.ground.known import folder_name
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.brought import bring_vector, take_vectors
from lrt_explorer.study.steering.recipe import Recipe, make_vectors
from lrt_explorer.study.steering.sides import Side
from lrt_explorer.workbench.cards import VectorCard, VectorCards
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.pair import Layers, Pair
from lrt_explorer.workbench.session import Shelf
from lrt_explorer.workbench.shelves import no_room, put_vectors


def make_on_shelf(
    pair: Pair, layers: Layers, shelf: Shelf, concept: ContrastSet, other: ContrastSet | None, recipe: Recipe
) -> Generator[Progress, None, Shelf]:
    """Find vectors in both models and keep them, as the last ones of the shelf.

    Raises what `make_vectors` and `put_vectors` raise.
    """
    made = yield from make_vectors(pair, concept, other, recipe, layers)
    label = f"{_described(made.small)}, layers {layers[0]} → {layers[1]}"
    return put_vectors(shelf, label, {"small": made.small, "large": made.large})


def bring_to_shelf(pair: Pair, layers: Layers, shelf: Shelf, file: Path, said: Side | None = None) -> Shelf:
    """Read a vector, checked, and keep it as that of the model that it is for.

    Args:
        pair: the models.
        layers: the layers in use.
        shelf: the visitor's.
        file: of the vector.
        said: whose vector it is, where the file leaves that open; it is kept with the vector.

    Raises what `bring_vector` and `put_vectors` raise.
    """
    side, vector = bring_vector(file, pair, layers, said)
    whose = f"mapped from {vector.mapped_from}" if side == "transferred" else f"{side} model"
    return put_vectors(shelf, f"{file.name}, {whose}, layer {vector.layer}", {side: vector})


def vector_cards(saved: SavedMap | None, folder: Path) -> VectorCards:
    """What is kept in a folder of vectors, and what a map makes of it."""
    found = _with_transferred(saved, folder)
    cards = tuple(
        VectorCard(whose, v.model, v.layer, v.concept, v.method, v.reading, len(v.values), float(v.values.norm()))
        for whose, v in found.items()
    )
    both = "transferred" in found and "large" in found
    return VectorCards(cards, cosine(found["transferred"].values, found["large"].values) if both else None)


def vector_file(saved: SavedMap | None, folder: Path, whose: Side, ending: str) -> Path:
    """Write a vector beside those that are kept, as a file to take away.

    Raises:
        ArtifactError: if there is no such vector, or no room for the file.
    """
    found = _with_transferred(saved, folder)
    if whose not in found:
        why = "no map starts from its layer" if whose == "transferred" else "there is none"
        raise ArtifactError(f"the {whose} vector cannot be saved, because {why}; choose another one")
    vector = found[whose]
    name = f"{folder_name(vector.concept)[:60]}-{folder_name(Path(vector.model).name)}-{vector.layer}"
    mapped = "-transferred" if whose == "transferred" else ""
    try:
        return save_vector(folder / "files" / f"{name}{mapped}.{ending}", vector)
    except VectorError as error:
        if isinstance(error.__cause__, OSError | SafetensorError):
            raise no_room(error) from error
        raise


def _with_transferred(saved: SavedMap | None, folder: Path) -> dict[Side, SteeringVector]:
    found: dict[Side, SteeringVector] = {}
    for side, vector in take_vectors(str(folder)).items():
        found[side] = vector
    if saved is not None and (small := found.get("small")) is not None:
        at_home = small.layer == saved.info.small_layer and small.fingerprint in ("", saved.info.small_fingerprint)
        if at_home and len(small.values) == saved.map.d_small:
            found["transferred"] = transfer(small, saved.map, saved.info)
    return found


def _described(vector: SteeringVector) -> str:
    """The concept, with what is unusual in how its vector was found."""
    unusual = vector.method if vector.method != METHODS.default else ""
    return ", ".join(part for part in (vector.concept, unusual, vector.reading) if part)
