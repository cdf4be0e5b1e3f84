"""Steering vectors: found in a contrast set, transferred through a map, and scaled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lrt_explorer.concepts.diagnostics import Diagnosis, diagnose
from lrt_explorer.concepts.directions import METHODS, Method, direction, method_name
from lrt_explorer.concepts.reading import PairStates, read_pairs, text_states, texts_read
from lrt_explorer.concepts.sets import READINGS, ContrastSet
from lrt_explorer.concepts.whitening import whitening
from lrt_explorer.errors import ContrastError, VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.outliers import ordinary_rows
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo, VectorFile

# A steering vector is what a vector file holds: a direction in one layer of one model, and where it comes from.
SteeringVector = VectorFile


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

    As `find_vectors`, for whoever wants no diagnosis.
    """
    reading = reading or contrast.reading
    states = read_pairs(lm, contrast, layers, reading)
    return {layer: _vector(lm, contrast, layer, "mean-difference", reading, pairs) for layer, pairs in states.items()}


def find_vectors(
    lm: LanguageModel,
    contrast: ContrastSet,
    layers: Sequence[int],
    *,
    method: Method = "mean-difference",
    reading: str | None = None,
    whiten: bool = False,
) -> dict[int, Found]:
    """The concept's vector at each layer, with its diagnosis.

    Args:
        lm: the model that reads.
        contrast: the concept.
        layers: blocks whose output is read.
        method: "mean-difference", or "principal-component" of the pair differences.
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
    whitener = _whitener(pairs)
    vector = _vector(lm, contrast, layer, method, reading, pairs, whitener)
    return Found(vector, diagnose(pairs.positive, pairs.negative, method, whitener), pairs.left_out)


def vectors_with_norms(
    lm: LanguageModel,
    contrast: ContrastSet,
    layers: Sequence[int],
    *,
    method: Method = METHODS[0],
    reading: str | None = None,
    whiten: bool = False,
) -> dict[int, tuple[SteeringVector, float]]:
    """The vectors of `find_vectors` with the typical deviation of the set's texts, in one pass where possible.

    Raises what `find_vectors` and `typical_deviations` raise.
    """
    reading = reading or contrast.reading
    states = read_pairs(lm, contrast, layers, reading, covariance=whiten)
    texts = texts_read(lm, contrast, READINGS[0])
    if texts_read(lm, contrast, reading) == texts:
        norms = {layer: _typical(pairs.norms) for layer, pairs in states.items()}
    else:
        # Texts that end in a suffix are other texts, and the unit of strength does not depend on the reading.
        norms = typical_deviations(lm, layers, texts)
    return {
        layer: (_vector(lm, contrast, layer, method, reading, pairs, _whitener(pairs)), norms[layer])
        for layer, pairs in states.items()
    }


def _whitener(pairs: PairStates) -> Tensor | None:
    return None if pairs.covariance is None else whitening(pairs.covariance)


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
    name = method_name(method, whitener is not None)
    return SteeringVector(values, lm.name, lm.fingerprint, layer, contrast.name, name, reading)


def typical_deviations(lm: LanguageModel, layers: Sequence[int], texts: Sequence[str]) -> dict[int, float]:
    """Median norm of ordinary token activations at each layer: the unit that strengths are counted in.

    Raises:
        ContrastError: if the texts hold no ordinary token.
    """
    norms: dict[int, list[Tensor]] = {layer: [] for layer in layers}
    for states, ordinary in text_states(lm, texts, layers):
        for layer in layers:
            rows = states[layer][ordinary]
            norms[layer].append(rows[ordinary_rows(rows)].norm(dim=1))
    return {layer: _typical(torch.cat(parts)) for layer, parts in norms.items()}


def _typical(norms: Tensor) -> float:
    if not len(norms):
        raise ContrastError("the texts to measure activations on hold no token; give longer ones")
    return float(norms.median())


def transfer(vector: SteeringVector, map: AffineMap, info: MapInfo, *, as_in_paper: bool = False) -> SteeringVector:
    """The vector in the large model that the map makes of a vector of the small one.

    A vector is a difference, so the map's offset cancels; `as_in_paper` adds it all the same (arXiv 2506.00653).

    Raises:
        VectorError: if the vector does not live where the map begins.
    """
    # A file of another program names no weights, and is taken at its word.
    foreign = vector.fingerprint not in ("", info.small_fingerprint)
    if foreign or vector.layer != info.small_layer:
        raise VectorError(
            f"the vector lives in {vector.model} layer {vector.layer}, but the map begins at {info.small} "
            f"layer {info.small_layer}; use a vector made there"
        )
    mapped = map.direction_as_in_paper(vector.values) if as_in_paper else map.direction(vector.values)
    how = "mapped as in the paper" if as_in_paper else "mapped"
    return replace(
        vector,
        values=mapped,
        model=info.large,
        fingerprint=info.large_fingerprint,
        layer=info.large_layer,
        method=f"{vector.method} {how} from {info.small} layer {info.small_layer}",
    )


def random_vector(width: int, seed: int) -> Tensor:
    """A direction drawn evenly from all directions, `[width]` float32 of norm 1: the control that knows nothing."""
    values: Tensor = torch.randn(width, generator=torch.Generator().manual_seed(seed))
    return values.div(values.norm())


def addition(values: Tensor, strength: float, typical_deviation: float) -> Tensor:
    """What is added at strength *s*: `s · m · v/‖v‖`, `[d]` float32.

    Raises:
        VectorError: if the vector has no length to divide by.
    """
    norm = float(values.double().norm())
    if not norm > 0:
        raise VectorError("a vector of length zero points nowhere; use another vector")
    return (values.double() * (strength * typical_deviation / norm)).float()
