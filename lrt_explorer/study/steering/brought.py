"""Vectors from files, of this program or another: which of two models is one for, and does it fit there?"""

from collections.abc import Mapping
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
    files = {side: Path(folder) / f"{side}.safetensors" for side in sides}
    vectors = {side: load_vector(file) for side, file in files.items() if file.is_file()}
    if not vectors:
        raise ArtifactError("these vectors have been removed; make or load them again")
    return vectors


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
