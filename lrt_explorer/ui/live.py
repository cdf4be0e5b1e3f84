"""The engine of the real app: the studies over the models in memory and the files on disk."""

import logging
import shutil
import threading
from collections import OrderedDict
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch

from lrt_explorer.concepts.contrast import READINGS, ContrastSet, Reading, shipped_concepts
from lrt_explorer.concepts.vectors import transfer
from lrt_explorer.errors import ArtifactError, LRTError, SettingsError
from lrt_explorer.linear.estimators import CLOSED_FORM, estimator
from lrt_explorer.linear.projection import umap
from lrt_explorer.linear.scores import cosine
from lrt_explorer.lm.blocks import check_layer
from lrt_explorer.lm.cache import ModelCache, models
from lrt_explorer.lm.presets import MODELS, PAIRS
from lrt_explorer.lm.summary import describe
from lrt_explorer.store import check_map, data_home, load_map
from lrt_explorer.study import distill, sgd
from lrt_explorer.study.caveats import caveats
from lrt_explorer.study.compare import Comparison, ComparisonStep, compare
from lrt_explorer.study.defaults import default_layers, opening
from lrt_explorer.study.evaluate import Evaluation
from lrt_explorer.study.fit import fit_map
from lrt_explorer.study.known import known_vectors, short_hash
from lrt_explorer.study.maps import keep_map
from lrt_explorer.study.progress import Progress, finish
from lrt_explorer.study.project import Method, SpacePicture, project
from lrt_explorer.study.texts import read_texts, sample_texts
from lrt_explorer.study.world import world_of
from lrt_explorer.ui.at_hand import (
    USUAL,
    fit_path,
    keep_apart,
    map_at_hand,
    own_corpus,
    shipped_corpus,
    solved_map,
    with_map,
)
from lrt_explorer.ui.engine import ConceptCard, LayerScores, MapBadges, Methods, PairCard, Suggestion, Suite
from lrt_explorer.ui.known_concepts import concept_card, named_concept
from lrt_explorer.ui.live_concepts import LiveConcepts
from lrt_explorer.ui.live_evidence import evidence, shipped_suites
from lrt_explorer.ui.live_layers import LayerStudies
from lrt_explorer.ui.map_files import pack_map, unpack_map
from lrt_explorer.ui.session import EvidenceSettings, Session, SpaceSettings, SteerSettings
from lrt_explorer.ui.shelves import take_vectors

logger = logging.getLogger(__name__)
PICTURES = 12
SPACE_TEXTS = 32


class LiveEngine(LiveConcepts):
    """Everything the screen asks for, from the models in memory; many visitors may share one."""

    def __init__(self, cache: ModelCache | None = None) -> None:
        """Use the program's models, or those of another cache; nothing is loaded yet."""
        super().__init__(cache or models())
        self._pictures: OrderedDict[object, SpacePicture] = OrderedDict()
        self._layers = LayerStudies()
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Load what the first screen needs and compile UMAP, so that the first visitor need not wait for it."""
        try:
            first = self.pairs()[0]
            finish(self.open(first.small, first.large))
            umap(torch.linspace(0, 1, 96).reshape(32, 3), 2, 0)
        except LRTError:
            # Whoever opens the page is told, where it can be helped.
            logger.info("could not warm up", exc_info=True)

    def pairs(self) -> Sequence[PairCard]:
        """The presets, the opening pair first."""
        first = opening().pair
        return [_pair_card(pair.name, pair.small, pair.large) for pair in (first, *(p for p in PAIRS if p != first))]

    def concepts(self) -> Sequence[ConceptCard]:
        """What ships, the opening concept first."""
        first = opening().concept
        return [self.concept(name) for name in (first, *(name for name in shipped_concepts() if name != first))]

    def concept(self, name: str) -> ConceptCard:
        """A concept by name or file."""
        return concept_card(named_concept(name))

    def open(self, small: str, large: str) -> Generator[Progress, None, Session]:
        """Load both models."""
        yield Progress(0, 2, f"loading {small}")
        first = self._models.get(small)
        yield Progress(1, 2, f"loading {large}")
        second = self._models.get(large)
        layers = default_layers(small, large, first.layers, second.layers)
        session = Session(
            small, large, *layers, first.layers, second.layers, first.width, second.width, map_folder="", map_mark=""
        )
        return self.at_layers(session, *layers)

    def at_layers(self, session: Session, small_layer: int, large_layer: int) -> Session:
        """Move to other layers."""
        small, large = self._pair(session)
        check_layer(small, small_layer)
        check_layer(large, large_layer)
        return map_at_hand(replace(session, small_layer=small_layer, large_layer=large_layer), small, large)

    def suggest(self, session: Session) -> Generator[Progress, None, Suggestion]:
        """Layers by held-out evidence."""
        small, large = self._pair(session)
        return (
            yield from self._layers.suggest(
                small, large, read_texts(shipped_corpus(session)), self._all_concepts(session)
            )
        )

    def methods(self) -> Methods:
        """The estimators: those in closed form at once, those by descent from the command line."""
        return Methods(tuple(CLOSED_FORM), (sgd.METHOD, distill.METHOD))

    def with_method(self, session: Session, method: str) -> Session:
        """Another estimator."""
        estimator(method)
        return map_at_hand(replace(session, method=method), *self._pair(session))

    def fit(self, session: Session, tokens: int, text_file: Path | None) -> Generator[Progress, None, Session]:
        """Fit a map and keep it; only the usual one of the shipped text is what others find at these layers."""
        small, large = self._pair(session)
        source, name = _text(session, text_file)
        layers = (session.small_layer, session.large_layer)
        method = session.method if session.method in CLOSED_FORM else USUAL
        yield Progress(0, tokens, "reading the first texts")
        fitted = yield from fit_map(
            small, large, read_texts(source), *layers, tokens=tokens, corpus=name, method=method, keep_moments=True
        )
        if text_file is None and method == USUAL:
            return with_map(session, keep_map(fitted))
        return with_map(session, keep_apart(fitted, "solved" if text_file is None else "own-text"))

    def layers(self, session: Session, text_file: Path | None) -> LayerScores | None:
        """All layer pairs, if they were computed since the program started."""
        return self._layers.get(*self._pair(session), _text(session, text_file)[1])

    def compute_layers(
        self, session: Session, tokens: int, text_file: Path | None
    ) -> Generator[Progress, None, LayerScores]:
        """Score every layer pair."""
        source, name = _text(session, text_file)
        texts, concepts = read_texts(source), self._all_concepts(session)
        computing = self._layers.compute(*self._pair(session), texts, corpus=name, tokens=tokens, concepts=concepts)
        return (yield from computing)

    def use_pair(self, session: Session, small_layer: int, large_layer: int, text_file: Path | None) -> Session:
        """Solve the map of a layer pair from the moments."""
        small, large = self._pair(session)
        check_layer(small, small_layer)
        check_layer(large, large_layer)
        moved = replace(session, small_layer=small_layer, large_layer=large_layer)
        solved = solved_map(moved, small, large, _text(session, text_file)[1])
        if solved is None:
            raise ArtifactError(
                f"the sums of layers {small_layer} → {large_layer} are no longer kept; compute all layer pairs again"
            )
        return solved

    def badges(self, session: Session, concept: str) -> MapBadges | None:
        """The figures of the map, with its direction cosine and reachable share for this concept."""
        if not session.map_folder:
            return None
        small, large = self._pair(session)
        map, info = load_map(Path(session.map_folder))
        check_map(info, small.fingerprint, large.fingerprint)
        contrast = named_concept(concept)
        native = known_vectors().get(large, contrast, info.large_layer).vector
        found = known_vectors().get(small, contrast, info.small_layer).vector
        mapped = transfer(found, map, info).values
        return MapBadges(
            r2=info.r2,
            cka=info.cka,
            tokens_used=info.tokens_used,
            tokens_left_out=info.tokens_left_out,
            coverage=info.coverage,
            reachable_share=map.reachable_share(native.values),
            direction_cosine=cosine(mapped, native.values),
            method=info.method,
            norm_ratio=float(mapped.norm() / native.values.norm()),
            path=fit_path(info),
            r2_standardised=info.r2_standardised,
            largest_dimensions=(info.largest_dimension_small, info.largest_dimension_large),
            outlier_dimensions=(info.outlier_dimensions_small, info.outlier_dimensions_large),
            outlier_shares=(info.outlier_share_small, info.outlier_share_large),
            caveats=caveats(info),
        )

    def import_map(self, session: Session, files: Sequence[Path]) -> Session:
        """Take a map from files, if it belongs to these models."""
        small, large = self._pair(session)
        folder = unpack_map(files, data_home() / "maps" / "loaded")
        try:
            _, info = load_map(folder)
            check_map(info, small.fingerprint, large.fingerprint)
        except ArtifactError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        moved = replace(session, small_layer=info.small_layer, large_layer=info.large_layer, method="")
        return with_map(moved, folder)

    def export_map(self, session: Session) -> Path:
        """The session's map as one zip file."""
        if not session.map_folder:
            raise ArtifactError("there is no map for these layers yet; fit one first")
        name = f"{Path(session.small).name}--{Path(session.large).name}-{session.small_layer}-{session.large_layer}"
        archive = data_home() / "downloads" / f"{name}-{short_hash(session.map_folder + session.map_mark)}.zip"
        return pack_map(Path(session.map_folder), archive)

    def compare(self, session: Session, settings: SteerSettings) -> Generator[ComparisonStep, None, Comparison]:
        """All arms side by side."""
        folder = _needed(session)
        small, large = self._pair(session)
        vectors = take_vectors(settings.vectors)
        return (
            yield from compare(
                small,
                large,
                *load_map(folder),
                named_concept(settings.concept),
                settings.prompt,
                strength=settings.strength,
                seed=settings.seed,
                max_new_tokens=settings.max_new_tokens,
                temperature=settings.temperature,
                reading=_reading(settings.reading),
                as_in_paper=settings.as_in_paper,
                small_vector=vectors.get("small"),
                large_vector=vectors.get("large"),
            )
        )

    def picture(self, session: Session, settings: SpaceSettings) -> Generator[Progress, None, SpacePicture]:
        """Both models' activations in one space."""
        key = (session, settings)
        with self._lock:
            known = self._pictures.get(key)
        if known is not None:
            return known
        folder = _needed(session)
        small, large = self._pair(session)
        if settings.method not in ("pca", "umap"):
            raise SettingsError(f"{settings.method!r} is no layout; choose PCA or UMAP")
        picture = yield from project(
            small,
            large,
            *load_map(folder),
            sample_texts(SPACE_TEXTS, world_of(session.small, session.large).ordinary),
            concept=named_concept(settings.concept),
            n_points=settings.points,
            dims=settings.dims,
            method=cast(Method, settings.method),
        )
        with self._lock:
            self._pictures[key] = picture
            while len(self._pictures) > PICTURES:
                self._pictures.popitem(last=False)
        return picture

    def suites(self) -> Sequence[Suite]:
        """What ships."""
        return shipped_suites()

    def evaluate(
        self, session: Session, settings: EvidenceSettings, text_file: Path | None
    ) -> Generator[Progress, None, Evaluation]:
        """Evidence for the map in use."""
        folder = _needed(session)
        small, large = self._pair(session)
        return (yield from evidence(small, large, *load_map(folder), settings, _text(session, text_file)))

    def _all_concepts(self, session: Session) -> list[ContrastSet]:
        world = world_of(session.small, session.large)
        return [world.concept(name) for name in world.concepts()]


def _pair_card(name: str, small: str, large: str) -> PairCard:
    missing = [model for model in (small, large) if not describe(model).available]
    licence = ", licence first" if any(MODELS[model].gated for model in missing) else ""
    return PairCard(name, small, large, f"from the hub{licence}" if missing else "")


def _text(session: Session, text_file: Path | None) -> tuple[str, str]:
    """What to read, and the name that maps and moments of it bear."""
    corpus = shipped_corpus(session)
    return (corpus, corpus) if text_file is None else (str(text_file), own_corpus(text_file))


def _needed(session: Session) -> Path:
    if not session.map_folder:
        raise ArtifactError(
            f"there is no map from layer {session.small_layer} to layer {session.large_layer} yet; fit one under Map"
        )
    return Path(session.map_folder)


def _reading(name: str) -> Reading | None:
    if not name:
        return None
    for reading in READINGS:
        if reading == name:
            return reading
    raise SettingsError(f"{name!r} is no way to read a vector; choose one of {', '.join(READINGS)}")
