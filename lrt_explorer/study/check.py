"""Check: does a contrast set give a vector, in which layers, and does the map carry it, before anyone steers?"""

from collections.abc import Generator
from dataclasses import dataclass

import torch

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.diagnostics import Diagnosis, diagnose
from lrt_explorer.concepts.methods import METHODS, Method
from lrt_explorer.concepts.reading import PairStates, fitting_pairs, reader, reading_pairs
from lrt_explorer.concepts.relabelled import RELABELLINGS, half_swapped_labels, highest_of_most, relabelled_directions
from lrt_explorer.concepts.sets.contrast_set import MINIMUM_PAIRS
from lrt_explorer.concepts.stability import Stability, stability
from lrt_explorer.concepts.vectors import SteeringVector, found_in, random_vector, transfer
from lrt_explorer.concepts.whitening import whitening
from lrt_explorer.defaults import SEED
from lrt_explorer.linear.scores import cosine, row_cosines
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import PairMap
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress, retold

PAIRS_READ = 256
"""More pairs tell little more, and their states at all layers have to be held at once."""
LAYERS_READ, LAYERS_WHITENED = 48, 6
"""Layers that are looked at in each model; whitening takes a matrix as wide as the model for each."""
RANDOM_DIRECTIONS = 200


@dataclass(frozen=True)
class LayerCheck:
    """What the pairs say at one layer; see `Diagnosis`."""

    layer: int
    agreement: float
    separation: float


@dataclass(frozen=True)
class ModelCheck:
    """What one model makes of a contrast set.

    Attributes:
        model: its name.
        layer: the layer in use.
        layers: the layers that were looked at, among them the one in use.
        diagnosis: at the layer in use.
        stability: there, how many pairs it takes.
    """

    model: str
    layer: int
    layers: tuple[LayerCheck, ...]
    diagnosis: Diagnosis
    stability: Stability


@dataclass(frozen=True)
class MappedCheck:
    """How the map carries the vector.

    Attributes:
        cosine: between the mapped and the native vector.
        chance: the cosine, without its sign, that 19 in 20 random directions of the small model stay below when mapped.
        relabelled: the cosine, without its sign, that 19 in 20 relabellings stay below: the labels of half of the pairs
            swapped, the same ones in both models. A map that carries whatever these texts differ in has a high one.
        reachable_share: share of the native vector's squared length that lies in the map's image.
    """

    cosine: float
    chance: float
    relabelled: float
    reachable_share: float


@dataclass(frozen=True)
class ConceptCheck:
    """What is known of a contrast set before anyone steers.

    Attributes:
        concept: its name.
        pairs: how many it has.
        pairs_read: how many were read, evenly spread over the set; those that either model's context is too short for
            are left out.
        method, reading, whitened: how the vectors were found.
        small, large: what each model makes of it.
        mapped: how the map carries it; None without a map.
    """

    concept: str
    pairs: int
    pairs_read: int
    method: Method
    reading: str
    whitened: bool
    small: ModelCheck
    large: ModelCheck
    mapped: MappedCheck | None


def check_concept(
    pair: Pair,
    contrast: ContrastSet,
    layers: Layers,
    *,
    map: PairMap | None = None,
    method: Method = METHODS.default,
    reading: str | None = None,
    whiten: bool = False,
) -> Generator[Progress, None, ConceptCheck]:
    """Read a contrast set in both models and say what its vectors are worth.

    Args:
        pair: the models.
        contrast: the concept.
        layers: a block of each, counted from 0.
        map: the map between these layers, if there is one.
        method: how the vectors are found.
        reading: which tokens; None for what the set prefers.
        whiten: whether to whiten by the covariance of the set's tokens.

    Raises:
        SettingsError: if there is no such layer or reading.
        ContrastError, VectorError: if the set gives no vector at these layers.
        ArtifactError: if the map belongs to other models.
    """
    small, large = pair.both
    small_layer, large_layer = layers
    reading = reading or contrast.reading
    reader(reading)
    pair.check_layers(layers)
    if map is not None:
        pair.check(map.info)
    read = _sampled(contrast)
    in_small, in_large = (fitting_pairs(lm, read, reading) for lm in pair.both)
    fitting = set(in_small) & set(in_large)
    one, found = yield from _check_model(small, read, small_layer, method, reading, whiten=whiten, before=0)
    other, native = yield from _check_model(large, read, large_layer, method, reading, whiten=whiten, before=1)
    mapped = None
    if map is not None:
        both = found.states.of(fitting), native.states.of(fitting)
        mapped = _check_mapped(map, found.vector, native.vector, _relabelled(map, *both, method))
    return ConceptCheck(contrast.name, len(contrast.pairs), len(fitting), method, reading, whiten, one, other, mapped)


def spread_layers(layers: int, at_most: int, keep: int) -> list[int]:
    """All layers, or so many spread evenly from the first to the last, with one that has to be among them."""
    if layers <= at_most:
        return list(range(layers))
    return sorted({round(number * (layers - 1) / (at_most - 2)) for number in range(at_most - 1)} | {keep})


def _sampled(contrast: ContrastSet) -> ContrastSet:
    count = len(contrast.pairs)
    if count <= PAIRS_READ:
        return contrast
    return contrast.some_pairs([i * count // PAIRS_READ for i in range(PAIRS_READ)])


def _check_model(
    lm: LanguageModel, contrast: ContrastSet, layer: int, method: Method, reading: str, *, whiten: bool, before: int
) -> Generator[Progress, None, tuple[ModelCheck, "_Read"]]:
    """Check one model; `before` says how many were checked before it."""
    texts = 2 * len(contrast.pairs)
    # The larger part of the time goes into reading.
    parts = 2 * (texts + texts // 4)
    offset = before * (parts // 2)
    chosen = spread_layers(lm.layers, LAYERS_WHITENED if whiten else LAYERS_READ, layer)
    yield Progress(offset, parts, f"reading {texts} texts with {lm.name}")
    reading_on = reading_pairs(lm, contrast, chosen, reading, covariance=whiten)
    states = yield from retold(
        reading_on, lambda done: Progress(offset + done, parts, f"read {done} of {texts} texts with {lm.name}")
    )
    checks = []
    for number, at in enumerate(chosen):
        share = texts + texts // 4 * number // len(chosen)
        yield Progress(offset + share, parts, f"comparing the pairs at layer {at} of {lm.name}")
        pairs = states[at]
        whitener = None if pairs.covariance is None else whitening(pairs.covariance)
        seen = diagnose(pairs.positive, pairs.negative, method, whitener)
        checks.append(LayerCheck(at, seen.agreement, seen.separation))
        if at == layer:
            found = found_in(lm, contrast, layer, pairs, method, reading)
            steady = stability(pairs.positive, pairs.negative, method, whitener)
            read = _Read(found.vector, pairs)
    return ModelCheck(lm.name, layer, tuple(checks), found.diagnosis, steady), read


@dataclass(frozen=True, eq=False)
class _Read:
    """What one model gave at the layer in use."""

    vector: SteeringVector
    states: PairStates


def _relabelled(saved: PairMap, small: PairStates, large: PairStates, method: Method) -> float:
    """`MappedCheck.relabelled`; 0 where the pairs are too alike, or too few, to be relabelled."""
    if len(small.positive) < MINIMUM_PAIRS:
        return 0.0
    labels = half_swapped_labels(len(small.positive), RELABELLINGS, SEED)
    own, native = (torch.stack([*relabelled_directions(one, labels, method, one.whitener)]) for one in (small, large))
    return highest_of_most(row_cosines(saved.map.direction(own), native).tolist())


def _check_mapped(saved: PairMap, found: SteeringVector, native: SteeringVector, relabelled: float) -> MappedCheck:
    map = saved.map
    mapped = transfer(found, map, saved.info).values
    drawn = torch.stack([random_vector(map.d_small, seed) for seed in range(RANDOM_DIRECTIONS)])
    chance = highest_of_most(row_cosines(map.direction(drawn), native.values.expand(len(drawn), -1)).tolist())
    return MappedCheck(cosine(mapped, native.values), chance, relabelled, map.reachable_share(native.values))
