"""Bundle: the maps and vectors that ship with the demo family, so that the first screen needs no fit."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from lrt_explorer.concepts.contrast import load_concept, shipped_concepts
from lrt_explorer.lm.cache import ModelCache, models
from lrt_explorer.lm.presets import MODELS, PAIRS, PairPreset
from lrt_explorer.study.fit import FittedMap, fit_map
from lrt_explorer.study.known import ship_vectors
from lrt_explorer.study.maps import keep_map, shipped_map_folder
from lrt_explorer.study.progress import Progress
from lrt_explorer.study.texts import BROKEN_OFF, read_texts

TOKENS = 150_000


def demo_pairs() -> tuple[PairPreset, ...]:
    """The pairs of which both models ship."""
    return tuple(pair for pair in PAIRS if MODELS[pair.small].shipped and MODELS[pair.large].shipped)


@dataclass(frozen=True)
class Bundle:
    """What was built: the maps, in the order of their pairs."""

    maps: tuple[FittedMap, ...]


def build_demo_maps(
    pairs: Sequence[PairPreset] | None = None, tokens: int = TOKENS, cache: ModelCache | None = None
) -> Generator[Progress, None, Bundle]:
    """Fit the map of every demo pair at its default layers, read every concept at all layers, and save both.

    They go into the assets. With the vectors of all layers there, scoring every layer pair takes one pass.

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
    maps = []
    for pair in chosen:
        fitted = yield from fit_map(
            loaded.get(pair.small),
            loaded.get(pair.large),
            read_texts(BROKEN_OFF),
            pair.small_layer,
            pair.large_layer,
            tokens=tokens,
            corpus=BROKEN_OFF,
            concepts=concepts,
        )
        keep_map(fitted, shipped_map_folder(pair.small, pair.large))
        maps.append(fitted)
    return Bundle(tuple(maps))
