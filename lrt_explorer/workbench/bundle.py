"""Bundle: the maps, vectors and strengths that ship with the demo family, so that the first screen needs no fit."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lrt_explorer.concepts.contrast import READINGS, load_concept, shipped_concepts
from lrt_explorer.defaults import FIT_TOKENS, NEUTRAL_PROMPTS, PROMPTS, SHIPPED_FIT_TOKENS, SPACE_POINTS
from lrt_explorer.linear.projection import UmapSettings
from lrt_explorer.lm.cache import ModelCache, models
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.presets import MODELS, PAIRS, PairPreset
from lrt_explorer.study.corpora.texts import read_texts, sample_texts
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.fitting.ends import end_prompts, ends_key, ends_records, measure_ends
from lrt_explorer.study.fitting.fit_one import fit_one
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.solve import FittedMap
from lrt_explorer.study.ground.known import known_vectors, ship_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, retold
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.layouts import layout_key, layout_records
from lrt_explorer.study.project import computed_layout
from lrt_explorer.study.steering.calibrate import curve_key, curve_records, measure_curve
from lrt_explorer.study.steering.deviation import DOCUMENTS, measure_units, ordinary_digest, unit_key, unit_records
from lrt_explorer.study.steering.neutral import neutral_prompts
from lrt_explorer.workbench.choose_openings import choose_openings
from lrt_explorer.workbench.concepts import shipped_sets
from lrt_explorer.workbench.evidence import EvidenceSpec, evaluate, ship_rivals
from lrt_explorer.workbench.firsts import ship_first_texts
from lrt_explorer.workbench.layer_scores import LayerStudies
from lrt_explorer.workbench.map_store import SavedMap, load_saved
from lrt_explorer.workbench.maps import keep_map, shipped_map_folder
from lrt_explorer.workbench.openings import ship_openings
from lrt_explorer.workbench.shipped import ship_evidence, ship_layers
from lrt_explorer.workbench.space import read
from lrt_explorer.workbench.starting_points import corpus_name
from lrt_explorer.workbench.two_clouds import ship_clouds


def demo_pairs() -> tuple[PairPreset, ...]:
    """The pairs of which both models ship."""
    return tuple(pair for pair in PAIRS if MODELS[pair.small].shipped and MODELS[pair.large].shipped)


@dataclass(frozen=True)
class Bundle:
    """What was built: the maps, in the order of their pairs."""

    maps: tuple[FittedMap, ...]


def build_demo_maps(
    pairs: Sequence[PairPreset] | None = None, tokens: int = SHIPPED_FIT_TOKENS, cache: ModelCache | None = None
) -> Generator[Progress, None, Bundle]:
    """Fit the map of every demo pair at its default layers, read every concept at all layers, and save both.

    They go into the assets, and what `ship_strengths` finds with them. With the vectors of all layers there, scoring
    every layer pair takes one pass.

    Args:
        pairs: by default all whose models ship.
        tokens: pairs of tokens for each map.
        cache: where the models come from; by default the one that the whole program shares.
    """
    loaded = cache or models()
    chosen = demo_pairs() if pairs is None else pairs
    concepts = [load_concept(name) for name in shipped_concepts()]
    names = list(dict.fromkeys(name for pair in chosen for name in (pair.small, pair.large)))
    for number, name in enumerate(names):
        yield Progress(number, len(names), f"reading {len(concepts)} concepts in {name}")
        lm = loaded.get(name)
        ship_vectors(lm, concepts, range(lm.layers))
    yield from ship_strengths(chosen, loaded)
    maps = []
    for pair in chosen:
        world = world_of(pair.small, pair.large)
        fitted = yield from fit_one(
            Pair(small=loaded.get(pair.small), large=loaded.get(pair.large)),
            read_texts(world.corpus),
            (pair.small_layer, pair.large_layer),
            FitSettings(tokens=tokens, corpus=world.corpus, method=world.estimator, concepts=concepts),
        )
        keep_map(fitted, shipped_map_folder(pair.small, pair.large))
        maps.append(fitted)
    return Bundle(tuple(maps))


def ship_strengths(
    pairs: Sequence[PairPreset] | None = None, cache: ModelCache | None = None
) -> Generator[Progress, None, None]:
    """Measure the typical deviations of all layers, and calibrate every concept at the default layers, and save both.

    Args:
        pairs: by default all whose models ship.
        cache: where the models come from; by default the one that the whole program shares.
    """
    loaded = cache or models()
    chosen = demo_pairs() if pairs is None else pairs
    ordinary = world_of(*(name for pair in chosen for name in (pair.small, pair.large))).ordinary
    text, prompts = ordinary_digest(ordinary), neutral_prompts(NEUTRAL_PROMPTS, ordinary)
    concepts = [load_concept(name) for name in shipped_concepts()]
    for name in dict.fromkeys(name for pair in chosen for name in (pair.small, pair.large)):
        lm = loaded.get(name)
        units = measure_units(lm, range(lm.layers), sample_texts(DOCUMENTS, ordinary))
        unit_records().ship(lm, {unit_key(layer, text): unit for layer, unit in units.items()})
        curves = {}
        for layer in dict.fromkeys(pair.large_layer for pair in chosen if pair.large == name):
            for number, (concept, reading) in enumerate(product(concepts, READINGS)):
                message = f"calibrating {concept.name} in {name}"
                yield Progress(number, len(concepts) * len(READINGS), message)
                vector = known_vectors().get(lm, concept, layer, reading).vector.values
                curve = yield from measure_curve(lm, layer, vector, units[layer], prompts)
                curves[curve_key(lm, layer, vector, units[layer], prompts)] = curve
        if curves:
            curve_records().ship(lm, curves)


def ship_ends(pairs: Sequence[PairPreset] | None = None, cache: ModelCache | None = None) -> tuple[Path, ...]:
    """Measure the map of each pair at the ends of the readout prompts that ship, and save the scores.

    Args:
        pairs: by default all whose models ship; their maps must be there.
        cache: where the models come from; by default the one that the whole program shares.

    Raises:
        ArtifactError: if a map is missing.
    """
    found: dict[str, tuple[LanguageModel, dict[str, float]]] = {}
    for _, pair, saved in _with_maps(pairs, cache):
        prompts = end_prompts(shipped_sets(pair.world))
        if prompts:
            _, scores = found.setdefault(pair.large.name, (pair.large, {}))
            scores[ends_key(pair, saved, prompts)] = measure_ends(pair, saved, prompts)
    return tuple(ends_records().ship(lm, scores) for lm, scores in found.values())


def ship_layouts(
    pairs: Sequence[PairPreset] | None = None, cache: ModelCache | None = None
) -> Generator[Progress, None, tuple[Path, ...]]:
    """Lay out the picture of every concept of each pair by UMAP at its usual settings, and save the positions.

    Args:
        pairs: by default all whose models ship; their maps must be there.
        cache: where the models come from; by default the one that the whole program shares.

    Raises:
        ArtifactError: if a map is missing.
    """
    found: dict[str, tuple[LanguageModel, dict[str, NDArray[np.float64]]]] = {}
    for preset, pair, saved in _with_maps(pairs, cache):
        concepts = shipped_sets(pair.world)
        _, layouts = found.setdefault(pair.large.name, (pair.large, {}))
        for number, concept in enumerate(concepts):
            yield Progress(number, len(concepts), f"{preset.name}: laying out {concept.name}")
            states = yield from read(pair, saved, concept, SPACE_POINTS)
            for dims in (2, 3):
                layouts[layout_key(states.digest, dims, UmapSettings())] = computed_layout(states, dims)
    return tuple(layout_records().ship(lm, layouts) for lm, layouts in found.values())


def ship_layer_scores(
    pairs: Sequence[PairPreset] | None = None, tokens: int = FIT_TOKENS, cache: ModelCache | None = None
) -> Generator[Progress, None, tuple[Path, ...]]:
    """Score every layer pair of each pair of models, with every concept that ships, and save the scores.

    Args:
        pairs: by default all whose models ship.
        tokens: pairs of tokens for each pair of models.
        cache: where the models come from; by default the one that the whole program shares.
    """
    files = []
    for preset in demo_pairs() if pairs is None else pairs:
        pair = _loaded(preset, cache)
        corpus, concepts = pair.world.corpus, shipped_sets(pair.world)
        computing = LayerStudies().compute(pair, corpus, tokens=tokens, concepts=concepts)
        scores = yield from retold(computing, partial(_within, preset))
        files.append(ship_layers(pair, corpus_name(corpus), scores))
    return tuple(files)


def ship_verdicts(
    pairs: Sequence[PairPreset] | None = None, prompts: int = PROMPTS, cache: ModelCache | None = None
) -> Generator[Progress, None, tuple[Path, ...]]:
    """Evaluate every concept that ships with the map that ships of each pair, and save the evidence.

    The map of the untrained small model, which takes minutes, ships beside it.

    Finished concepts are kept in the data folder, so that a run that was stopped goes on where it ended.

    Args:
        pairs: by default all whose models ship; their maps must be there.
        prompts: held-out prompts of each concept, at most.
        cache: where the models come from; by default the one that the whole program shares.

    Raises:
        ArtifactError: if a map is missing.
    """
    files: list[Path] = []
    for preset, pair, saved in _with_maps(pairs, cache):
        files += yield from retold(ship_rivals(pair, saved), partial(_within, preset))
        spec = EvidenceSpec(settings=EvaluationSettings(prompts=prompts))
        files.append(ship_evidence((yield from retold(evaluate(pair, saved, spec), partial(_within, preset)))))
    return tuple(files)


def ship_starts(
    pairs: Sequence[PairPreset] | None = None, cache: ModelCache | None = None
) -> Generator[Progress, None, tuple[Path, ...]]:
    """Choose the strength and the examples that every concept of each pair begins with, and save them.

    Args:
        pairs: by default all whose models ship; their maps must be there.
        cache: where the models come from; by default the one that the whole program shares.

    Raises:
        ArtifactError: if a map is missing.
    """
    files = []
    for preset, pair, saved in _with_maps(pairs, cache):
        found = yield from retold(choose_openings(pair, saved), partial(_within, preset))
        files.append(ship_openings(preset.small, preset.large, found))
    return tuple(files)


def ship_firsts(
    pairs: Sequence[PairPreset] | None = None, cache: ModelCache | None = None
) -> Generator[Progress, None, tuple[Path, ...]]:
    """Write the texts that each pair opens with, and save them, so that a page shows them before a model is loaded.

    Args:
        pairs: by default all whose models ship; their maps and openings must be there.
        cache: where the models come from; by default the one that the whole program shares.

    Raises:
        ArtifactError: if a map is missing.
    """
    chosen = demo_pairs() if pairs is None else pairs
    files = []
    for number, (preset, pair, saved) in enumerate(_with_maps(chosen, cache)):
        yield Progress(number, len(chosen), f"{preset.name}: writing the first texts")
        files.append(ship_first_texts(pair, saved))
    return tuple(files)


def ship_picture(pairs: Sequence[PairPreset] | None = None, cache: ModelCache | None = None) -> Path:
    """Read the texts of the picture in About, which is of the pair that the page opens with, and save their points.

    Args:
        pairs: by default all whose models ship, of which the first counts; its map must be there.
        cache: where the models come from; by default the one that the whole program shares.

    Raises:
        ArtifactError: if the map is missing.
    """
    _, pair, saved = next(_with_maps(pairs, cache))
    return ship_clouds(pair, saved)


def _with_maps(
    pairs: Sequence[PairPreset] | None, cache: ModelCache | None
) -> Iterator[tuple[PairPreset, Pair, SavedMap]]:
    for preset in demo_pairs() if pairs is None else pairs:
        yield preset, _loaded(preset, cache), load_saved(shipped_map_folder(preset.small, preset.large))


def _loaded(preset: PairPreset, cache: ModelCache | None) -> Pair:
    loaded = cache or models()
    return Pair(small=loaded.get(preset.small), large=loaded.get(preset.large))


def _within(preset: PairPreset, step: Progress) -> Progress:
    return Progress(step.done, step.total, f"{preset.name}: {step.message}")
