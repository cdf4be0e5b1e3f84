"""Steering vectors: found in a contrast set, transferred through a map, and scaled."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lrt_explorer.concepts.diagnostics import Diagnosis, diagnose
from lrt_explorer.concepts.directions import METHODS, Method, direction, method_name
from lrt_explorer.concepts.reading import PairStates, read_pairs, reading_pairs
from lrt_explorer.concepts.sets.contrast_set import ContrastSet
from lrt_explorer.errors import VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.linear.steering import SteeringVector as SteeringVector
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo

MAP_DIGITS = 12
"""Of a map's digest, which tell it from others of its method and layers."""


@dataclass(frozen=True)
class Found:
    """A vector, and what its pairs say about it before anyone steers.

    Attributes:
        vector: the vector.
        diagnosis: of the pairs that were read.
        left_out: pairs that were too long for the model (see `PairStates`).
    """

    vector: SteeringVector
    diagnosis: Diagnosis
    left_out: int = 0


def mean_difference(
    lm: LanguageModel, contrast: ContrastSet, layers: Sequence[int], reading: str | None = None
) -> dict[int, SteeringVector]:
    """Mean activation of the texts with the behaviour minus that of the texts without it, at each layer.

    As `find_vectors`, without the diagnosis.
    """
    return read_vectors(lm, contrast, layers, reading=reading)


def find_vectors(
    lm: LanguageModel,
    contrast: ContrastSet,
    layers: Sequence[int],
    *,
    method: Method = METHODS.default,
    reading: str | None = None,
    whiten: bool = False,
) -> dict[int, Found]:
    """The concept's vector at each layer, with its diagnosis.

    Args:
        lm: the model that reads.
        contrast: the concept.
        layers: blocks whose output is read.
        method: how the pair differences become a direction, a name of `METHODS`.
        reading: which tokens (see `read_pairs`); None for what the set prefers.
        whiten: whether to whiten by the covariance of the ordinary tokens of the set's texts.

    Raises:
        ContrastError: if a text has no token to read.
        VectorError: if a vector vanishes.
        SettingsError: if there is no such layer or reading.
    """
    reading = reading or contrast.reading
    states = read_pairs(lm, contrast, layers, reading, covariance=whiten)
    return {layer: found_in(lm, contrast, layer, pairs, method, reading) for layer, pairs in states.items()}


def found_in(
    lm: LanguageModel, contrast: ContrastSet, layer: int, pairs: PairStates, method: Method, reading: str
) -> Found:
    """The vector in states that were read already, whitened where their covariance was read too.

    Raises:
        VectorError: if it vanishes.
    """
    whitener = pairs.whitener
    vector = _vector(lm, contrast, layer, method, reading, pairs, whitener)
    return Found(vector, diagnose(pairs.positive, pairs.negative, method, whitener), pairs.left_out)


def read_vectors(
    lm: LanguageModel,
    contrast: ContrastSet,
    layers: Sequence[int],
    *,
    method: Method = METHODS.default,
    reading: str | None = None,
    whiten: bool = False,
    skip_empty: bool = False,
) -> dict[int, SteeringVector]:
    """The vectors of `find_vectors` alone, whose diagnosis takes two pairs at least. Raises the same.

    With `skip_empty` layers at which the vector vanishes are left out instead of refused.
    """
    reading_on = reading_vectors(
        lm, contrast, layers, method=method, reading=reading, whiten=whiten, skip_empty=skip_empty
    )
    while True:
        try:
            next(reading_on)
        except StopIteration as stop:
            found: dict[int, SteeringVector] = stop.value
            return found


def reading_vectors(
    lm: LanguageModel,
    contrast: ContrastSet,
    layers: Sequence[int],
    *,
    method: Method = METHODS.default,
    reading: str | None = None,
    whiten: bool = False,
    skip_empty: bool = False,
) -> Generator[int, None, dict[int, SteeringVector]]:
    """`read_vectors` with progress: yields how many of the set's texts have been read, after each batch."""
    reading = reading or contrast.reading
    states = yield from reading_pairs(lm, contrast, layers, reading, covariance=whiten)
    found = {}
    for layer, pairs in states.items():
        try:
            found[layer] = _vector(lm, contrast, layer, method, reading, pairs, pairs.whitener)
        except VectorError:
            if not skip_empty:
                raise
    return found


def _vector(
    lm: LanguageModel,
    contrast: ContrastSet,
    layer: int,
    method: Method,
    reading: str,
    pairs: PairStates,
    whitener: Tensor | None = None,
) -> SteeringVector:
    values = direction(pairs.positive, pairs.negative, method, whitener)
    size = torch.cat([pairs.positive, pairs.negative]).norm(dim=1).mean()
    if float(values.norm()) <= 1e-9 * float(size):
        raise VectorError(
            f"the texts of {contrast.name} read the same to {lm.name} at layer {layer}, so they give no vector; "
            "write pairs that differ where the vector is read"
        )
    name = method_name(method, whiten=whitener is not None)
    return SteeringVector(values, lm.name, lm.fingerprint, layer, contrast.name, name, reading)


def transfer(vector: SteeringVector, map: AffineMap, info: MapInfo, *, as_in_paper: bool = False) -> SteeringVector:
    """Map a vector of the small model into the large one.

    A vector is a difference, so the map's offset cancels; `as_in_paper` adds it all the same (arXiv 2506.00653).

    Raises:
        VectorError: if the vector does not live where the map begins.
    """
    # A file of another program names no weights, and is taken at its word.
    foreign = vector.fingerprint not in ("", info.small_fingerprint)
    if foreign or vector.layer != info.small_layer:
        raise VectorError(
            f"the vector belongs to {vector.model} layer {vector.layer}, but the map starts from {info.small} "
            f"layer {info.small_layer}; use a vector of that layer"
        )
    how = "mapped as in the paper" if as_in_paper else "mapped"
    return replace(
        vector,
        values=map.carry(vector.values, as_in_paper=as_in_paper),
        model=info.large,
        fingerprint=info.large_fingerprint,
        layer=info.large_layer,
        method=f"{vector.method} {how} from {info.small} layer {info.small_layer}",
        mapped_from=f"{info.small} layer {info.small_layer} by a {info.method} map ({map.digest[:MAP_DIGITS]})",
    )


def random_vector(width: int, seed: int) -> Tensor:
    """A direction drawn evenly from all directions, `[width]` float32 of norm 1: the control that knows nothing."""
    values: Tensor = torch.randn(width, generator=torch.Generator().manual_seed(seed))
    return values.div(values.norm())


def addition(values: Tensor, strength: float, typical_deviation: TypicalDeviation | float) -> Tensor:
    """What is added at strength *s*: `s · m · v/‖v‖`, `[d]` float32.

    Args:
        values: `[d]` v, of any length.
        strength: s.
        typical_deviation: m. Its outlier dimensions do not count in ‖v‖ either; a bare number has none.

    Raises:
        VectorError: if the vector has no length to divide by.
    """
    unit = TypicalDeviation.of(typical_deviation)
    return (values.double() * (strength * unit.value / unit.length(values))).float()
