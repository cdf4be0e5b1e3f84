"""Vectors from files, of this program or another: which of two models is one for, and does it fit there?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

from lrt_explorer.concepts.vectors import SteeringVector
from lrt_explorer.errors import ArtifactError, SettingsError, VectorError
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import load_vector, read_gguf
from lrt_explorer.study.ground.pair import Layers, Pair

Side = Literal["small", "large", "transferred"]
"""Whose vector: a model's own, or the small model's as a map took it across, which lives in the large one."""
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
        VectorError: if they are damaged.
    """
    sides: tuple[Side, ...] = get_args(Side)
    if not isinstance(folder, str):
        if others := [side for side in folder if side not in sides]:
            raise SettingsError(f"{others[0]!r} is not a vector of a pair; give 'small', 'large' or 'transferred'")
        return folder
    if not folder:
        return {}
    return {side: load_vector(file) for side, file in _files(folder).items()}


def vector_files(folder: str) -> tuple[Path, ...]:
    """The files of a folder of vectors.

    Raises:
        ArtifactError: if they are gone.
    """
    return tuple(_files(folder).values())


def _files(folder: str) -> dict[Side, Path]:
    files: dict[Side, Path] = {side: Path(folder) / f"{side}.safetensors" for side in get_args(Side)}
    there = {side: file for side, file in files.items() if file.is_file()}
    if not there:
        raise ArtifactError("these vectors have been removed; make or load them again")
    return there


def bring_vector(path: Path, pair: Pair, layers: Layers) -> tuple[Side, SteeringVector]:
    """Read a vector file and say whose vector it is: one that came through a map is never the large model's own.

    What the file says of its weights decides, then its width. Where both models are as wide and the file says nothing,
    it is taken as the small model's if it lives in the layer in use there, otherwise as the large one's.

    Args:
        path: a safetensors artifact, or a GGUF control vector; of several layers the one in use is taken.
        pair: the models.
        layers: a block of each, counted from 0.

    Raises:
        VectorError: in one sentence, if it is not a vector file, or its vector belongs to neither of the two places.
    """
    small, large = pair.both
    try:
        width, fingerprint, held = _described(path)
        sides: dict[Side, tuple[LanguageModel, int]] = {"small": (small, layers[0]), "large": (large, layers[1])}
        fitting = [side for side, (lm, _) in sides.items() if fingerprint in ("", lm.fingerprint) and lm.width == width]
        if not fitting:
            which = "of other weights" if width in (small.width, large.width) else f"of {width} numbers"
            raise VectorError(
                f"{path.name} holds a vector {which}, but {small.name} has {small.width} and {large.name} "
                f"{large.width}; choose a vector of one of these models"
            )
        side = next((side for side in fitting if sides[side][1] in held), fitting[-1])
        lm, layer = sides[side]
        vector = load_vector(path, layer if layer in held else None)
    except VectorError as error:
        # The folder is one that the visitor has never seen.
        raise VectorError(str(error).replace(str(path), path.name)) from error
    if side == "large" and vector.mapped_from:
        side = "transferred"
    return side, check_home(replace(vector, model=lm.name), lm, layer)


def bring_vectors(files: Sequence[Path], pair: Pair, layers: Layers) -> Mapping[Side, SteeringVector]:
    """`bring_vector` of several files, one for each side at most.

    Raises:
        VectorError: as for one, or if two are for the same side.
    """
    found: dict[Side, SteeringVector] = {}
    of: dict[Side, Path] = {}
    for file in files:
        side, vector = bring_vector(file, pair, layers)
        if side in found:
            whose = {"small": f"{pair.small.name}’s own", "large": f"{pair.large.name}’s own"}.get(side, "mapped ones")
            raise VectorError(f"{of[side].name} and {file.name} are both {whose}; give one of them")
        found[side], of[side] = vector, file
    return found


def check_files(files: Sequence[Path]) -> None:
    """Raise VectorError unless these files are there, before a model is loaded for them."""
    for file in files:
        if not file.expanduser().is_file():
            raise VectorError(f"there is no file {file}; check the path of the vector")


def _described(path: Path) -> tuple[int, str, list[int]]:
    """Width, fingerprint ("" where the file does not say) and layers."""
    if path.suffix.lower() != GGUF:
        vector = load_vector(path)
        return len(vector.values), vector.fingerprint, [vector.layer]
    found = read_gguf(path)
    layers = list(found.directions)
    # Files of this program name the weights; one with several layers is another program's.
    fingerprint = load_vector(path, layers[0]).fingerprint
    return len(found.directions[layers[0]]), fingerprint, layers
