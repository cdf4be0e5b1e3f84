"""The engine of the real app: the studies over the models in memory and the files on disk."""

import logging
import shutil
import threading
from collections import OrderedDict
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch

from lrt_explorer.concepts.contrast import READINGS, ContrastSet, Reading
from lrt_explorer.errors import ArtifactError, LRTError, SettingsError
from lrt_explorer.linear.estimators import CLOSED_FORM, estimator
from lrt_explorer.linear.projection import umap
from lrt_explorer.lm.blocks import check_layer
from lrt_explorer.lm.cache import ModelCache, models
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import VectorFile, check_map, data_home, load_map
from lrt_explorer.study import distill, sgd
from lrt_explorer.study.brought import Side
from lrt_explorer.study.calibrate import Calibration, calibrate_concept
from lrt_explorer.study.caveats import caveats
from lrt_explorer.study.compare import Comparison, ComparisonStep, compare
from lrt_explorer.study.directions import agreement, read_directions
from lrt_explorer.study.evaluate import Evaluation
from lrt_explorer.study.fit import fit_map
from lrt_explorer.study.known import first_reading, known_vectors, short_hash
from lrt_explorer.study.progress import Progress, finish
from lrt_explorer.study.project import Method, SpacePicture, project
from lrt_explorer.study.texts import read_texts, sample_texts
from lrt_explorer.study.world import WORLDS
from lrt_explorer.workbench.cards import ConceptCard, LayerScores, MapBadges, Methods, Suggestion, Suite
from lrt_explorer.workbench.concepts import ConceptDesk
from lrt_explorer.workbench.evidence import evidence, shipped_suites
from lrt_explorer.workbench.known_concepts import concept_card, named_concept
from lrt_explorer.workbench.layer_scores import LayerStudies
from lrt_explorer.workbench.map_files import pack_map, unpack_map
from lrt_explorer.workbench.map_lookup import (
    USUAL,
    fit_path,
    keep_apart,
    map_at_hand,
    own_corpus,
    shipped_corpus,
    solved_map,
    with_map,
)
from lrt_explorer.workbench.maps import keep_map
from lrt_explorer.workbench.plan import TIMED_TEXTS, load_both, seconds_per_pair
from lrt_explorer.workbench.session import EvidenceSettings, Session, SpaceSettings, SteerSettings
from lrt_explorer.workbench.shelves import take_vectors
from lrt_explorer.workbench.starting_points import default_layers

logger = logging.getLogger(__name__)
PICTURES = 12
SPACE_TEXTS = 32


class Workbench(ConceptDesk):
    """Everything the screen asks for, from the models in memory; many visitors may share one."""

    def __init__(self, cache: ModelCache | None = None) -> None:
        """Use the program's models, or those of another cache; nothing is loaded yet."""
        super().__init__(cache or models())
        self._pictures: OrderedDict[object, SpacePicture] = OrderedDict()
        self._layers = LayerStudies()
        self._examples: frozenset[str] | None = None
        self._paces: dict[tuple[str, str], float] = {}
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

    def concepts(self, session: Session | None) -> Sequence[ConceptCard]:
        """What ships for the pair, the opening concept first."""
        world = self._world(session)
        if not (names := list(world.concepts())):
            world.opening()
        return [self.concept(session, name) for name in names]

    def concept(self, session: Session | None, name: str) -> ConceptCard:
        """A concept by name or file."""
        return concept_card(self.contrast(session, name))

    def examples(self) -> Collection[str]:
        """Those of every concept that ships, read once."""
        if self._examples is None:
            cards = [concept_card(named_concept(w, name)) for w in WORLDS for name in w.concepts()]
            self._examples = frozenset(example for card in cards for example in card.examples)
        return self._examples

    def open(self, small: str, large: str) -> Generator[Progress, None, Session]:
        """Load both models."""
        first, second = yield from load_both(self._models, small, large)
        layers = default_layers(small, large, first.layers, second.layers)
        session = Session(
            small, large, *layers, first.layers, second.layers, first.width, second.width, map_folder="", map_mark=""
        )
        return self.at_layers(session, *layers)

    def time_fit(self, session: Session) -> Generator[Progress, None, None]:
        """Time one small batch, unless this pair was timed before."""
        small, large = self._pair(session)
        key = (small.fingerprint, large.fingerprint)
        if key not in self._paces:
            yield Progress(0, 1, "timing a small batch")
            texts = sample_texts(TIMED_TEXTS, self._world(session).ordinary)
            self._paces[key] = seconds_per_pair(small, large, session.small_layer, session.large_layer, texts)

    def fit_seconds(self, session: Session, tokens: int) -> float | None:
        """From the timing of this pair."""
        small, large = self._pair(session)
        pace = self._paces.get((small.fingerprint, large.fingerprint))
        return None if pace is None else pace * tokens

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
        """The figures of the map at once, with those of the concept's vectors where these are known already."""
        if not session.map_folder:
            return None
        small, large = self._pair(session)
        map, info = load_map(Path(session.map_folder))
        check_map(info, small.fingerprint, large.fingerprint)
        places = [(small, info.small_layer), (large, info.large_layer)]
        contrast = first_reading(places, self.contrast(session, concept))
        share = cosine = ratio = None
        if all(known_vectors().holds(lm, contrast, [layer]) for lm, layer in places):
            layers = (info.small_layer, info.large_layer)
            # A concept that gives no vector here costs its own figures alone.
            found = agreement(map, *layers, finish(read_directions(small, large, [layers], [contrast])))
            share, cosine, ratio = found.reachable_share, found.direction_cosine, found.norm_ratio
        return MapBadges(
            r2=info.r2,
            cka=info.cka,
            tokens_used=info.tokens_used,
            tokens_left_out=info.tokens_left_out,
            coverage=info.coverage,
            reachable_share=share,
            direction_cosine=cosine,
            method=info.method,
            norm_ratio=ratio,
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

    def calibration(
        self, session: Session, concept: str, reading: str, vectors: str
    ) -> Generator[Progress, None, Calibration]:
        """The strengths that suit the native vector, of a large set that of a few pairs first."""
        small, large = self._pair(session)
        given = take_vectors(vectors)
        how = _reading(reading)
        contrast = first_reading(_places(session, small, large, given), self.contrast(session, concept), how)
        if "large" not in given:
            yield from known_vectors().reading(large, contrast, [session.large_layer], how)
        return (
            yield from calibrate_concept(
                small, large, session.large_layer, contrast, reading=how, large_vector=given.get("large")
            )
        )

    def compare(
        self, session: Session, settings: SteerSettings
    ) -> Generator[Progress | ComparisonStep, None, Comparison]:
        """All arms side by side; what has to be read for them is read first, of a large set only a few pairs."""
        folder = _needed(session)
        small, large = self._pair(session)
        vectors = take_vectors(settings.vectors)
        reading = _reading(settings.reading)
        places = _places(session, small, large, vectors)
        contrast = first_reading(places, self.contrast(session, settings.concept), reading)
        for lm, layer in places:
            yield from known_vectors().reading(lm, contrast, [layer], reading)
        return (
            yield from compare(
                small,
                large,
                *load_map(folder),
                contrast,
                settings.prompt,
                strength=settings.strength,
                seed=settings.seed,
                max_new_tokens=settings.max_new_tokens,
                temperature=settings.temperature,
                reading=reading,
                as_in_paper=settings.as_in_paper,
                small_vector=vectors.get("small"),
                large_vector=vectors.get("large"),
                equal_cost=settings.equal_cost,
            )
        )

    def read_all(self, session: Session, concept: str, reading: str, vectors: str) -> Generator[Progress, None, bool]:
        """Read all pairs of the concept at the session's layers."""
        small, large = self._pair(session)
        places = _places(session, small, large, take_vectors(vectors))
        contrast = self.contrast(session, concept)
        if first_reading(places, contrast, _reading(reading)) is contrast:
            return False
        for lm, layer in places:
            yield from known_vectors().reading(lm, contrast, [layer], _reading(reading))
        return True

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
        places = _places(session, small, large, {})
        contrast = first_reading(places, self.contrast(session, settings.concept))
        for lm, layer in places:
            yield from known_vectors().reading(lm, contrast, [layer])
        picture = yield from project(
            small,
            large,
            *load_map(folder),
            sample_texts(SPACE_TEXTS, self._world(session).ordinary),
            concept=contrast,
            n_points=settings.points,
            dims=settings.dims,
            method=cast(Method, settings.method),
        )
        with self._lock:
            self._pictures[key] = picture
            while len(self._pictures) > PICTURES:
                self._pictures.popitem(last=False)
        return picture

    def suites(self, session: Session | None) -> Sequence[Suite]:
        """What ships for the pair."""
        return shipped_suites(self._world(session))

    def evaluate(
        self, session: Session, settings: EvidenceSettings, text_file: Path | None
    ) -> Generator[Progress, None, Evaluation]:
        """Evidence for the map in use."""
        folder = _needed(session)
        small, large = self._pair(session)
        world = self._world(session)
        return (yield from evidence(small, large, *load_map(folder), settings, _text(session, text_file), world))

    def _all_concepts(self, session: Session) -> list[ContrastSet]:
        world = self._world(session)
        return [named_concept(world, name) for name in world.concepts()]


def _places(
    session: Session, small: LanguageModel, large: LanguageModel, given: Mapping[Side, VectorFile]
) -> list[tuple[LanguageModel, int]]:
    """Where vectors are read; in the large model even where its vector is given, because strength is in its unit."""
    at_large = (large, session.large_layer)
    return [at_large] if "small" in given else [(small, session.small_layer), at_large]


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
