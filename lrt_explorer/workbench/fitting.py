"""Fit: the map of one layer pair, or of all, by any estimator, kept as it is made and compared on concepts."""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.defaults import FIT_TOKENS, MEMORY_GB
from lrt_explorer.errors import ArtifactError, SettingsError
from lrt_explorer.store import MapInfo
from lrt_explorer.study.corpora.left_out import left_out_sentences
from lrt_explorer.study.corpora.texts import Source, read_texts
from lrt_explorer.study.fitting.caveats import caveats
from lrt_explorer.study.fitting.directions import read_directions
from lrt_explorer.study.fitting.ends import end_prompts, keep_ends
from lrt_explorer.study.fitting.estimators import (
    ESTIMATORS,
    AnyEstimator,
    Descent,
    DescentOptions,
    Estimator,
    by_descent,
    closed_forms,
)
from lrt_explorer.study.fitting.fit_one import fit_one
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.layers import LayerCell, LayerGrid, grid_of_one, layer_grid
from lrt_explorer.study.fitting.solve import FittedMap
from lrt_explorer.study.ground.processes import processes
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.ground.world import World
from lrt_explorer.workbench.concepts import named_concept, shipped_sets
from lrt_explorer.workbench.maps import keep_apart, keep_map, own_map_folder
from lrt_explorer.workbench.pair import Layers, Pair
from lrt_explorer.workbench.starting_points import corpus_name

INSTEAD = "instead"
"""Where in the data folder maps go that could not be written where they were asked for."""
Keep = Callable[[FittedMap], Path]
"""Keeps a map and says where."""


@dataclass(frozen=True, kw_only=True)
class FitSpec:
    """What a fit is asked for.

    Attributes:
        corpus: what is read, as `read_texts` takes it; None for what suits the pair.
        tokens: pairs of tokens to use.
        method: the estimator; None for what suits the pair, or for all layers the usual closed form.
        memory_gb: memory to use beside the models, in 10⁹ bytes.
        all_layers: whether every layer of one model is mapped to every layer of the other.
        concepts: what directions are compared on once the maps are kept; None for all that ship if their vectors do.
        learn_from: concepts that "distilled" learns from.
        learning_rate: of an estimator that descends; None for its usual one.
        folder: where the map is kept, or the folders of all maps; None for where `find_map` finds them.

    Raises:
        SettingsError: if these do not go together.
    """

    corpus: Source | None = None
    tokens: int = FIT_TOKENS
    method: str | None = None
    memory_gb: float = MEMORY_GB
    all_layers: bool = False
    concepts: Sequence[str | ContrastSet] | None = None
    learn_from: Sequence[str | ContrastSet] = ()
    learning_rate: float | None = None
    folder: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what does not go together, before a model is loaded."""
        entry = ESTIMATORS.find(self.method or ESTIMATORS.default)
        if self.all_layers and not isinstance(entry, Estimator):
            raise SettingsError(
                f"{self.method} reads the texts for each layer pair; fit one layer pair at a time, or choose one of "
                f"{', '.join(closed_forms())}"
            )
        if self.learning_rate is not None and not isinstance(entry, Descent):
            others = " or ".join(by_descent())
            raise SettingsError(f"{entry.name} has no learning rate; leave it out, or choose {others}")
        if self.learn_from and not _learns(entry):
            others = " or ".join(name for name, other in ESTIMATORS.items() if _learns(other))
            raise SettingsError(
                f"{entry.name} does not learn from concepts; name none to learn from, or choose {others}"
            )

    def estimator(self, world: World) -> str:
        """The estimator by name, for a pair of this world."""
        return self.method or (ESTIMATORS.default if self.all_layers else world.estimator)


@dataclass(frozen=True)
class FitResult:
    """What was fitted.

    Attributes:
        small, large: names of the models.
        spec: what was asked for.
        corpus: the name that maps and moments of the texts bear.
        infos: what each map says of itself, in the order of the layers.
        grid: the layer pairs with their scores, in the same order.
        folders: where the maps lie, in the order in which they were made; none in a process that keeps none.
        concepts: names of the concepts that directions are compared on.
        seconds: how long it took.
        not_written: why maps are not where they were asked for; "" where they are.
    """

    small: str
    large: str
    spec: FitSpec
    corpus: str
    infos: tuple[MapInfo, ...]
    grid: LayerGrid
    folders: tuple[Path, ...]
    concepts: tuple[str, ...]
    seconds: float
    not_written: str = ""


def fit(
    pair: Pair, layers: Layers, spec: FitSpec, *, keep: Keep | None = None, sums: Path | None = None
) -> Generator[Progress, None, FitResult]:
    """Fit maps and keep them.

    The moments are kept too: a run that was stopped goes on where it was, and another estimator or layer needs no
    pass. Of several processes that a launcher started, only the main one keeps anything or compares directions.

    Args:
        pair: the models.
        layers: the layers, unless all are asked for.
        spec: what is asked for.
        keep: keeps a map in place of `spec.folder`.
        sums: where the moments are kept in place of the data folder's.

    Raises:
        SettingsError: if the corpus or the estimator does not exist, or a concept is to be learned and compared.
        MapError: if too few tokens could be paired.
    """
    main = processes().main
    source = spec.corpus or pair.world.corpus
    texts, corpus = read_texts(source), corpus_name(source)
    learn_from, concepts = _concepts(pair, spec)
    infos: list[MapInfo] = []
    folders: list[Path] = []
    made: list[FittedMap] = []
    not_written: list[str] = []

    def take(found: FittedMap) -> Path | None:
        infos.append(found.info)
        if not main:
            return None
        try:
            folders.append(keep_map(found, _folder(found, spec)) if keep is None else keep(found))
        except ArtifactError as error:
            # Minutes of work are in it: rather elsewhere than nowhere.
            if keep is not None or spec.folder is None:
                raise
            folders.append(keep_apart(found, INSTEAD))
            not_written.append(str(error))
        if not spec.all_layers:
            made.append(found)
        return folders[-1]

    compared = concepts if main else []
    begun = time.monotonic()
    method = spec.estimator(pair.world)
    if not isinstance(ESTIMATORS.find(method), Estimator):
        settings = FitSettings(
            spec.tokens, corpus_name(texts.name), method=method, memory_gb=spec.memory_gb, keep_moments=True, sums=sums
        )
        found = yield from fit_one(pair, texts, layers, settings, DescentOptions(spec.learning_rate, learn_from))
        take(found)
        directions = yield from read_directions(pair, [layers], compared, relabelled=True)
        grid = grid_of_one(found.compared(directions))
    else:
        yield Progress(0, spec.tokens, "reading the first texts")
        grid = yield from layer_grid(
            pair,
            texts,
            FitSettings(
                tokens=spec.tokens,
                corpus=corpus,
                concepts=compared,
                method=method,
                memory_gb=spec.memory_gb,
                keep_moments=True,
                sums=sums,
                relabelled=True,
            ),
            pairs=None if spec.all_layers else [layers],
            take=take,
        )
    # Of all layer pairs it would take as long as the fit; a page measures those of the one in use.
    for found in made:
        yield Progress(0, 1, "scoring the map at the ends of readout prompts")
        (cell,) = grid.cells
        scored = replace(cell, r2_ends=keep_ends(pair, found, end_prompts(shipped_sets(pair.world))))
        grid = replace(grid, cells=(scored,))
    # Several passes come group by group, and the cells in order.
    infos.sort(key=lambda info: (info.small_layer, info.large_layer))
    return FitResult(
        pair.small.name,
        pair.large.name,
        spec,
        corpus,
        tuple(infos),
        grid,
        tuple(folders),
        tuple(concept.name for concept in compared),
        time.monotonic() - begun,
        next(iter(not_written), ""),
    )


def fit_document(result: FitResult) -> dict[str, Any]:
    """A fit as plain JSON values."""
    first = result.infos[0]
    warnings = dict.fromkeys(sentence for info in result.infos for sentence in caveats(info))
    return {
        "small": result.small,
        "large": result.large,
        "method": first.method,
        "corpus": result.corpus,
        "tokens_used": first.tokens_used,
        "tokens_left_out": first.tokens_left_out,
        "coverage": first.coverage,
        "coverage_of_worst_tenth": first.settings["coverage_of_worst_tenth"],
        "coverage_of_median_document": first.settings["coverage_of_median_document"],
        "left_out": list(left_out_sentences(first)),
        "seconds": round(result.seconds, 3),
        "concepts": list(result.concepts),
        "concepts_left_out": dict(result.grid.left_out),
        "warnings": list(warnings),
        "pairs": [_described(info, cell) for info, cell in zip(result.infos, result.grid.cells, strict=True)],
        "artifact": str(result.folders[0].parent if result.spec.all_layers else result.folders[0]),
    }


def _concepts(pair: Pair, spec: FitSpec) -> tuple[tuple[ContrastSet, ...], list[ContrastSet]]:
    """What is learned from, and what is compared on, which are never the same."""
    learn_from = tuple(named_concept(pair.world, one) for one in spec.learn_from)
    learned = {concept.name for concept in learn_from}
    if spec.concepts is None:
        shipped = shipped_sets(pair.world) if pair.world.vectors_ship else []
        return learn_from, [concept for concept in shipped if concept.name not in learned]
    asked = [named_concept(pair.world, one) for one in spec.concepts]
    if both := [concept.name for concept in asked if concept.name in learned]:
        raise SettingsError(
            f"a map cannot be compared on what it learns from; remove {both[0]} from one of the two lists"
        )
    return learn_from, asked


def _folder(found: FittedMap, spec: FitSpec) -> Path:
    info = found.info
    if spec.folder is None:
        return own_map_folder(info.small, info.large, info.small_layer, info.large_layer)
    return spec.folder / f"{info.small_layer}-{info.large_layer}" if spec.all_layers else spec.folder


def _learns(entry: AnyEstimator) -> bool:
    return isinstance(entry, Descent) and entry.learns


def _described(info: MapInfo, cell: LayerCell) -> dict[str, Any]:
    return {
        "small_layer": info.small_layer,
        "large_layer": info.large_layer,
        "r2": info.r2,
        "r2_standardised": info.r2_standardised,
        "r2_ends": cell.r2_ends,
        "cka": info.cka,
        "cka_standardised": info.cka_standardised,
        "largest_dimension_small": info.largest_dimension_small,
        "largest_dimension_large": info.largest_dimension_large,
        "outlier_dimensions": {
            "small": {"count": info.outlier_dimensions_small, "share": info.outlier_share_small},
            "large": {"count": info.outlier_dimensions_large, "share": info.outlier_share_large},
        },
        "reachable_share": cell.reachable_share,
        "direction_cosine": cell.direction_cosine,
        "direction_cosine_standardised": cell.direction_cosine_standardised,
        "direction_cosine_relabelled": cell.direction_cosine_relabelled,
        "direction_cosine_standardised_relabelled": cell.direction_cosine_standardised_relabelled,
        "norm_ratio": cell.norm_ratio,
        "concepts": cell.concepts,
        "concepts_left_out": list(cell.left_out),
        "lambda": info.lam,
    }
