"""Compare: find the vectors and the strength that a comparison needs, then write all arms."""

from collections.abc import Generator
from dataclasses import asdict, replace
from typing import Any

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.token_odds import TokenOdds
from lrt_explorer.study import compare as study
from lrt_explorer.study.compare import Comparison, ComparisonStep
from lrt_explorer.study.evaluation.arms import others_among
from lrt_explorer.study.fitting.controls import SEEDS
from lrt_explorer.study.ground.known import first_reading, known_vectors
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.sentence import sentence
from lrt_explorer.study.steering.arms import OTHER, OTHER_LAYERS, SHUFFLED
from lrt_explorer.study.steering.brought import take_vectors
from lrt_explorer.study.steering.calibrate import Calibration, calibrate_concept
from lrt_explorer.study.steering.compared import ArmSources, check_arms
from lrt_explorer.study.steering.other_layers import other_layers
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.concepts import named_concept, shipped_sets
from lrt_explorer.workbench.evidence import EvidenceSpec, controls_of
from lrt_explorer.workbench.map_store import SavedMap, folder_of, layers_of
from lrt_explorer.workbench.maps import map_for
from lrt_explorer.workbench.openings import examples_of, opened_at
from lrt_explorer.workbench.own import Own
from lrt_explorer.workbench.pair import Layers, Pair
from lrt_explorer.workbench.starting_points import corpus_named


def compare(
    pair: Pair, saved: SavedMap | Layers, spec: SteerSpec, *, few_pairs: bool = False, own: Own | None = None
) -> Generator[Progress | ComparisonStep, None, Comparison]:
    """Write all arms side by side, at the layers of a map.

    Args:
        pair: the models.
        saved: the map that the small model's vector goes through; the layers alone where no arm needs a map.
        spec: what is asked for.
        few_pairs: whether a few pairs of the concept do where all are not yet read, so that the first text comes soon.
        own: where a map between other layers is kept that has to be fitted; None for where others find it.

    Raises what `study.compare.compare`, `calibrate_concept` and `control_maps` raise.
    """
    layers = layers_of(saved)
    check_arms(pair, spec.arms, has_map=isinstance(saved, SavedMap))
    spec = replace(spec, also=tuple((named_concept(pair.world, one), beside) for one, beside in spec.also))
    contrast = yield from read_concept(pair, layers, spec, few_pairs=few_pairs)
    strength = spec.strength
    if strength is None:
        strength = (yield from _calibration(pair, saved, spec, contrast)).first
    if spec.prompt is None and (prompts := examples_of(pair.small.name, pair.large.name, contrast, folder_of(saved))):
        spec = replace(spec, prompt=prompts[0])
    sources = yield from _sources(pair, saved, spec, contrast, own)
    return (yield from study.compare(pair, saved, replace(spec, concept=contrast, strength=strength), sources=sources))


def calibration(
    pair: Pair, saved: SavedMap | Layers, spec: SteerSpec, *, few_pairs: bool = False
) -> Generator[Progress, None, Calibration]:
    """The strengths that suit the native vector of a comparison, at once if they are known already.

    Arguments as for `compare`; no map is needed, but with one the strength that was chosen with it comes first.

    Raises what `calibrate_concept` raises.
    """
    layers = layers_of(saved)
    contrast = named_concept(pair.world, spec.concept)
    vectors = take_vectors(spec.vectors)
    if few_pairs:
        contrast = first_reading(_places(pair, layers, spec), contrast, spec.reading)
    if "large" not in vectors:
        yield from known_vectors().reading(
            pair.large, contrast, [layers[1]], spec.reading, spec.method, whiten=spec.whiten
        )
    return (yield from _calibration(pair, saved, spec, contrast))


def read_concept(
    pair: Pair, layers: Layers, spec: SteerSpec, *, few_pairs: bool = False
) -> Generator[Progress, None, ContrastSet]:
    """Read what a comparison needs of its concept in both models; gives the set that was read."""
    contrast = named_concept(pair.world, spec.concept)
    places = _places(pair, layers, spec)
    if few_pairs:
        contrast = first_reading(places, contrast, spec.reading)
    for lm, layer in places:
        yield from known_vectors().reading(lm, contrast, [layer], spec.reading, spec.method, whiten=spec.whiten)
    for concept, _ in spec.also:
        beside = named_concept(pair.world, concept)
        reading = spec.reading or beside.reading
        for lm, layer in zip(pair.both, layers, strict=True):
            yield from known_vectors().reading(lm, beside, [layer], reading, spec.method, whiten=spec.whiten)
    return contrast


def is_all_read(pair: Pair, layers: Layers, spec: SteerSpec) -> bool:
    """Whether all pairs of the concept are read, or there are so few that they are read at once."""
    contrast = named_concept(pair.world, spec.concept)
    return first_reading(_places(pair, layers, spec), contrast, spec.reading) is contrast


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """A comparison as plain JSON values, with null where something does not exist."""
    return {
        **comparison.settings,
        "prompt": comparison.prompt,
        "strength": comparison.strength,
        "coefficient": comparison.coefficient,
        "sentence": sentence(comparison),
        "arms": [
            {
                "name": arm.name,
                "text": arm.text,
                "score": arm.score,
                "readout": arm.readout,
                "strength": arm.strength,
                "coefficient": arm.coefficient,
                "repetition": arm.repetition,
                "perplexity": arm.perplexity,
                "remark": arm.remark,
                **({"tokens": [_token(one) for one in arm.odds]} if arm.odds else {}),
            }
            for arm in comparison.arms
        ],
    }


def _token(one: TokenOdds) -> dict[str, Any]:
    return asdict(one) | {"alternatives": [list(both) for both in one.alternatives]}


def _sources(
    pair: Pair, saved: SavedMap | Layers, spec: SteerSpec, contrast: ContrastSet, own: Own | None
) -> Generator[Progress, None, ArmSources]:
    """What the other arms take: the controls that an evaluation has, and a map of the same text at other layers."""
    controls: tuple[AffineMap, ...] = ()
    other: ContrastSet | None = None
    if SHUFFLED in spec.arms and isinstance(saved, SavedMap):
        controls = yield from controls_of(pair, saved, EvidenceSpec(), SEEDS[:1])
    if OTHER in spec.arms and (following := others_among(shipped_sets(pair.world), contrast, 1)):
        (other,) = following
        layer = layers_of(saved)[0]
        yield from known_vectors().reading(
            pair.small, other, [layer], spec.reading or contrast.reading, spec.method, whiten=spec.whiten
        )
    other_map: SavedMap | None = None
    if OTHER_LAYERS in spec.arms and isinstance(saved, SavedMap):
        layers = other_layers(pair.both, saved.layers, spec.other_layers)
        yield from read_concept(pair, layers, replace(spec, concept=contrast, vectors=""))
        other_map = yield from map_for(pair, layers, corpus=corpus_named(saved.info.corpus), own=own)
    return ArmSources(control_maps=controls, other=other, other_map=other_map)


def _calibration(
    pair: Pair, saved: SavedMap | Layers, spec: SteerSpec, contrast: ContrastSet
) -> Generator[Progress, None, Calibration]:
    layers = layers_of(saved)
    found = yield from calibrate_concept(
        pair,
        layers[1],
        contrast,
        reading=spec.reading,
        method=spec.method,
        whiten=spec.whiten,
        large_vector=take_vectors(spec.vectors).get("large"),
    )
    return opened_at(found, pair, saved, replace(spec, concept=contrast))


def _places(pair: Pair, layers: Layers, spec: SteerSpec) -> list[tuple[LanguageModel, int]]:
    """Where vectors are read; in the large model even where its vector is given, because strength is in its unit."""
    at_large = (pair.large, layers[1])
    return [at_large] if "small" in take_vectors(spec.vectors) else [(pair.small, layers[0]), at_large]
