"""Vectors from files, of this program or another: whose is one, and does it fit there?

A file of this program says whose vector it holds. One of another program does not, and is never guessed at: either only
one answer fits, or whoever brings it says.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from lrt_explorer.concepts.vectors import SteeringVector
from lrt_explorer.errors import ArtifactError, SettingsError, VectorError
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import load_vector, read_gguf
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.steering.sides import OWNERS, SIDES, GivenFile, one_of
from lrt_explorer.study.steering.sides import Side as Side

GGUF = ".gguf"


def check_home(vector: SteeringVector, lm: LanguageModel, layer: int) -> SteeringVector:
    """The vector, unless it does not live in this layer of this model.

    Raises:
        VectorError: naming where it lives, and what to choose.
    """
    if vector.fingerprint not in ("", lm.fingerprint):
        raise VectorError(
            f"the vector of {vector.concept} was found in {vector.model}, whose weights differ from those of "
            f"{lm.name}; choose a vector of this model"
        )
    if len(vector.values) != lm.width:
        raise VectorError(
            f"the vector of {vector.concept} has {len(vector.values)} numbers where {lm.name} has {lm.width}; choose a "
            "vector of this model"
        )
    if vector.layer != layer:
        raise VectorError(
            f"the vector of {vector.concept} belongs to layer {vector.layer} of {lm.name}, but layer {layer} is in "
            f"use; choose layer {vector.layer}, or another vector"
        )
    return vector


def take_vectors(folder: str | Mapping[Side, SteeringVector]) -> Mapping[Side, SteeringVector]:
    """The vectors of a folder; none for "". Vectors in memory are themselves.

    Raises:
        SettingsError: if those in memory belong to neither model.
        ArtifactError: if they are gone.
        VectorError: if they are damaged, or one that came through a map is given as the large model's own.
    """
    if isinstance(folder, str):
        return {side: load_vector(file) for side, file in _files(folder).items()} if folder else {}
    if others := [side for side in folder if side not in SIDES]:
        raise SettingsError(f"{others[0]!r} is not a vector of a pair; give 'small', 'large' or 'transferred'")
    if (own := folder.get("large")) is not None and own.mapped_from:
        raise VectorError(
            f"the vector of {own.concept} came through a map, from {own.mapped_from}, so it is not the large model’s "
            "own; give it as 'transferred'"
        )
    return folder


def vector_files(folder: str) -> tuple[GivenFile, ...]:
    """The files of a folder of vectors, each with its side.

    Raises:
        ArtifactError: if they are gone.
    """
    return tuple(GivenFile(file, side) for side, file in _files(folder).items())


def _files(folder: str) -> dict[Side, Path]:
    files: dict[Side, Path] = {side: Path(folder) / f"{side}.safetensors" for side in SIDES.values()}
    there = {side: file for side, file in files.items() if file.is_file()}
    if not there:
        raise ArtifactError("these vectors have been removed; make or load them again")
    return there


def possible_sides(path: Path, pair: Pair, layers: Layers) -> tuple[Side, ...]:
    """Whose vector a file may hold: one side where the file says it or only one has that width, otherwise several.

    Arguments and errors as for `bring_vector`.
    """
    with _named_alone(path):
        return _possible(_described(path), path.name, pair, layers)


def bring_vector(path: Path, pair: Pair, layers: Layers, side: Side | None = None) -> tuple[Side, SteeringVector]:
    """Read a vector file and say whose vector it is: one that came through a map is never the large model's own.

    What the file says of its weights and its map decides, then its width. Where that leaves several sides, the caller
    must say which; the vector then names it, so that a file it is saved to says it too.

    Args:
        path: a safetensors artifact, or a GGUF control vector; of several layers the one in use is taken.
        pair: the models.
        layers: a block of each, counted from 0.
        side: whose vector it is said to be; None to leave that to the file.

    Raises:
        VectorError: in one sentence, if it is not a vector file, its vector belongs to neither of the two places, the
            file says that it is another's, or it does not say whose it is and nobody else did.
    """
    with _named_alone(path):
        said = _described(path)
        possible = _possible(said, path.name, pair, layers)
        if side is None and len(possible) > 1:
            owners = ", ".join(f"{one} ({OWNERS[one]})" for one in possible)
            raise VectorError(
                f"{path.name} does not say whose vector it is, and it may be {owners}; say which, as in "
                f"{possible[-1]}={path.name}"
            )
        if side is not None and (trouble := _against(said, side, pair)):
            raise VectorError(f"{path.name} is not {OWNERS[side]}: {trouble}; give it as {one_of(possible)}")
        chosen = side or possible[0]
        lm, layer = (pair.small, layers[0]) if chosen == "small" else (pair.large, layers[1])
        vector = replace(load_vector(path, layer if layer in said.layers else None), model=lm.name)
    if side is not None:
        through = vector.mapped_from or (f"{pair.small.name} by an unnamed map" if side == "transferred" else "")
        vector = replace(vector, fingerprint=lm.fingerprint, mapped_from=through)
    return chosen, check_home(vector, lm, layer)


def bring_vectors(files: Sequence[GivenFile], pair: Pair, layers: Layers) -> Mapping[Side, SteeringVector]:
    """`bring_vector` of several files, one for each side at most.

    Raises:
        VectorError: as for one, or if two are for the same side.
    """
    found: dict[Side, SteeringVector] = {}
    of: dict[Side, Path] = {}
    for file in files:
        side, vector = bring_vector(file.path, pair, layers, file.side)
        if side in found:
            whose = {"small": f"{pair.small.name}’s own", "large": f"{pair.large.name}’s own"}.get(side, "mapped ones")
            raise VectorError(f"{of[side].name} and {file.path.name} are both {whose}; give one of them")
        found[side], of[side] = vector, file.path
    return found


def check_files(files: Sequence[GivenFile]) -> None:
    """Raise VectorError unless these files are there, before a model is loaded for them."""
    for file in files:
        if not file.path.expanduser().is_file():
            raise VectorError(f"there is no file {file.path}; check the path of the vector")


@dataclass(frozen=True)
class _Described:
    """What a file says of its vector: fingerprint and map are "" where it does not say; several layers in GGUF."""

    width: int
    fingerprint: str
    mapped_from: str
    layers: tuple[int, ...]

    def fits(self, lm: LanguageModel) -> bool:
        """Whether it may live in this model."""
        return self.fingerprint in ("", lm.fingerprint) and self.width == lm.width


@contextmanager
def _named_alone(path: Path) -> Iterator[None]:
    """Errors about the file without its folder, which is one that the visitor has never seen."""
    try:
        yield
    except VectorError as error:
        raise VectorError(str(error).replace(str(path), path.name)) from error


def _possible(said: _Described, name: str, pair: Pair, layers: Layers) -> tuple[Side, ...]:
    """The sides that a file leaves open; raises VectorError if it leaves none."""
    small, large = pair.both
    places: list[tuple[Side, LanguageModel, int]] = [("small", small, layers[0])]
    if said.mapped_from or not said.fingerprint:
        places.append(("transferred", large, layers[1]))
    if not said.mapped_from:
        places.insert(1, ("large", large, layers[1]))
    fitting = [(side, layer) for side, lm, layer in places if said.fits(lm)]
    if not fitting:
        which = "of other weights" if said.width in (small.width, large.width) else f"of {said.width} numbers"
        raise VectorError(
            f"{name} holds a vector {which}, but {small.name} has {small.width} and {large.name} {large.width}; choose "
            "a vector of one of these models"
        )
    # One model may stand on both sides; then what the file says of its layer tells them apart.
    there = [side for side, layer in fitting if layer in said.layers] if said.fingerprint else []
    return tuple(there or [side for side, _ in fitting])


def _against(said: _Described, side: Side, pair: Pair) -> str:
    """What in a file contradicts a side; "" if nothing does."""
    lm = pair.small if side == "small" else pair.large
    if said.width != lm.width:
        return f"it has {said.width} numbers where {lm.name} has {lm.width}"
    if not said.fits(lm):
        return f"it says that it lives in another model than {lm.name}"
    if side == "large" and said.mapped_from:
        return f"it came through a map, from {said.mapped_from}"
    if side == "transferred" and said.fingerprint and not said.mapped_from:
        return f"it says that it was found in {lm.name}"
    return ""


def _described(path: Path) -> _Described:
    if path.suffix.lower() != GGUF:
        vector = load_vector(path)
        return _Described(len(vector.values), vector.fingerprint, vector.mapped_from, (vector.layer,))
    layers = tuple(read_gguf(path).directions)
    # Files of this program name the weights; one with several layers is another program's.
    vector = load_vector(path, layers[0])
    return _Described(len(vector.values), vector.fingerprint, vector.mapped_from, layers)
