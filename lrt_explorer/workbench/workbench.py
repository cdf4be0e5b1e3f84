"""The workbench as the screen asks it: every answer is for a session, from the models in memory and files on disk."""

import logging
from collections.abc import Collection, Generator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import torch

from lrt_explorer.bounded import BoundedCache
from lrt_explorer.concepts.contrast import ContrastSet, import_contrast
from lrt_explorer.errors import ArtifactError, LRTError, SettingsError
from lrt_explorer.limits import TEXT_BYTES, check_limits
from lrt_explorer.linear.projection import umap
from lrt_explorer.lm.cache import ModelCache, models
from lrt_explorer.lm.chat import has_template
from lrt_explorer.store import data_home
from lrt_explorer.store.reading import check_size
from lrt_explorer.study.check import ConceptCheck, check_concept
from lrt_explorer.study.compare import Comparison, ComparisonStep
from lrt_explorer.study.corpora.files import ENDINGS
from lrt_explorer.study.corpora.texts import read_texts, sample_texts
from lrt_explorer.study.evaluation.evaluate import Evaluation, EvaluationSettings
from lrt_explorer.study.fitting.ends import end_prompts, keep_ends
from lrt_explorer.study.fitting.estimators import ESTIMATORS, by_descent, closed_forms, without_descent
from lrt_explorer.study.ground.known import short_hash
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.ground.world import World, world_of
from lrt_explorer.study.project import SpacePicture, SpaceStates
from lrt_explorer.study.steering.arms import need_map
from lrt_explorer.study.steering.brought import possible_sides
from lrt_explorer.study.steering.calibrate import Calibration
from lrt_explorer.study.steering.recipe import Recipe
from lrt_explorer.study.steering.sides import Side
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench import compare as comparisons
from lrt_explorer.workbench import concepts, space, vectors
from lrt_explorer.workbench.badges import map_badges
from lrt_explorer.workbench.bounds import check_comparison, check_evidence, kept_by
from lrt_explorer.workbench.cards import (
    ConceptCard,
    LayerScores,
    MapBadges,
    Methods,
    PairCard,
    Suggestion,
    Suite,
    VectorCards,
)
from lrt_explorer.workbench.door import Door
from lrt_explorer.workbench.evidence import EvidenceSpec, evaluate, shipped_suites
from lrt_explorer.workbench.firsts import FirstTexts, first_texts
from lrt_explorer.workbench.fitting import FitSpec, fit
from lrt_explorer.workbench.hosting import OWNER, Hosting
from lrt_explorer.workbench.layer_scores import LayerStudies
from lrt_explorer.workbench.map_files import check_usable, map_bytes, pack_map, unpack_map
from lrt_explorer.workbench.map_store import SavedMap, load_saved
from lrt_explorer.workbench.maps import existing_map, solved_map
from lrt_explorer.workbench.openings import found_examples
from lrt_explorer.workbench.own import Own, new_mark, own_place
from lrt_explorer.workbench.pair import Layers, Pair, open_pair, pair_cards
from lrt_explorer.workbench.plan import TIMED_TEXTS, seconds_per_pair
from lrt_explorer.workbench.programs import Programs
from lrt_explorer.workbench.session import EvidenceSettings, Session, Shelf, SpaceSettings
from lrt_explorer.workbench.share import Shared, shared
from lrt_explorer.workbench.shelves import own_vectors, put_set
from lrt_explorer.workbench.shipped import ShippedEvidence, shipped_evidence, shipped_layers
from lrt_explorer.workbench.starting_points import corpus_name
from lrt_explorer.workbench.umap_process import UmapProcess

logger = logging.getLogger(__name__)
PICTURES = 12
MOST_NUMBERS = 25_000_000
"""That were read for pictures and stay in memory: 100 MB."""


class Workbench(Programs):
    """Everything the screen asks for; many visitors may share one."""

    def __init__(self, cache: ModelCache | None = None, hosting: Hosting = OWNER) -> None:
        """Use the program's models, or those of another cache; nothing is loaded yet.

        Args:
            cache: where models come from and stay.
            hosting: who asks; strangers come through the hosted door.
        """
        super().__init__(cache or models(), Door(hosting))
        if hosting.memory_gb is not None:
            self._models.bound(hosting.memory_gb)
        self._offered = hosting.models if hosting.hosted else None
        self._layers = LayerStudies()
        self._pictures: BoundedCache[object, SpacePicture] = BoundedCache(PICTURES)
        self._spaces: BoundedCache[object, SpaceStates] = BoundedCache(
            PICTURES, lambda all_states: sum(states.numbers for states in all_states) <= MOST_NUMBERS
        )
        self._umap = UmapProcess()
        self._paces: dict[tuple[str, str], float] = {}

    def warm_up(self) -> None:
        """Load what the first screen needs, and lay out its first picture, so that the first visitor need not wait."""
        try:
            first = self.pairs()[0]
            session = finish(self.open(first.small, first.large))
            if session.map_folder:
                finish(self.picture(session, SpaceSettings(self.concepts(session)[0].name)))
        except LRTError:
            # The page reports the error, where the user can act on it.
            logger.info("could not warm up", exc_info=True)

    def compile_pictures(self) -> None:
        """Have UMAP compiled, which takes ten seconds."""
        umap(torch.linspace(0, 1, 96).reshape(32, 3), 2, by=self._umap)

    def ready(self) -> bool:
        """Whether the opening pair is in memory."""
        first = self.pairs()[0]
        return {first.small, first.large} <= set(self._models.names())

    def models_in_memory(self) -> tuple[str, ...]:
        """Those of the cache."""
        return self._models.names()

    def keep_text(self, session: Session | None, file: Path) -> Path:
        """Where a text to fit on lies: where it was brought, or on a hosted server in the visitor's place."""
        own = None if session is None else _room(session)
        return file if own is None else own.keep_text(file)

    def forget(self, session: Session | None) -> None:
        """Remove the visitor's maps and sums."""
        if session is not None and (own := own_place(session.own)) is not None:
            own.forget()

    # Pairs and layers.

    def pairs(self) -> Sequence[PairCard]:
        """The presets, the opening pair first; on a hosted server those of its models."""
        return pair_cards(self._offered)

    def open(self, small: str, large: str) -> Generator[Progress, None, Session]:
        """Load both models."""
        small, large = self._door.model(small), self._door.model(large)
        pair = yield from open_pair(small, large, self._models)
        (first, second), layers = pair.both, pair.layers()
        widths = first.width, second.width
        session = Session(small, large, *layers, first.layers, second.layers, *widths, chat=has_template(second))
        return self.at_layers(replace(session, own=new_mark()) if self._door.guarded else session, *layers)

    def at_layers(self, session: Session, small_layer: int, large_layer: int) -> Session:
        """Move to other layers."""
        layers = self._pair(session).layers(small_layer, large_layer)
        return self._with_existing_map(replace(session, small_layer=layers[0], large_layer=layers[1]))

    def suggest(self, session: Session) -> Generator[Progress, None, Suggestion]:
        """Layers by held-out evidence."""
        pair = self._pair(session)
        texts = read_texts(self._world(session).corpus)
        return (
            yield from self._layers.suggest(
                pair, texts, concepts.shipped_sets(self._world(session)), own_place(session.own)
            )
        )

    # Maps.

    def methods(self) -> Methods:
        """The estimators: those in closed form at once, those by descent from the command line."""
        return Methods(without_descent(), by_descent())

    def with_method(self, session: Session, method: str) -> Session:
        """Another estimator."""
        ESTIMATORS.find(method)
        return self._with_existing_map(replace(session, method=method))

    def time_fit(self, session: Session) -> Generator[Progress, None, None]:
        """Time one small batch, unless this pair was timed before."""
        pair = self._pair(session)
        key = (pair.small.fingerprint, pair.large.fingerprint)
        if key not in self._paces:
            yield Progress(0, 1, "timing a small batch")
            texts = sample_texts(TIMED_TEXTS, self._world(session).ordinary)
            self._paces[key] = seconds_per_pair(pair, _layers(session), texts)

    def fit_seconds(self, session: Session, tokens: int) -> float | None:
        """From the timing of this pair."""
        pair = self._pair(session)
        pace = self._paces.get((pair.small.fingerprint, pair.large.fingerprint))
        return None if pace is None else pace * tokens

    def fit(self, session: Session, tokens: int, text_file: Path | None) -> Generator[Progress, None, Session]:
        """Fit a map and keep it; only the usual one of the shipped text is what others find at these layers."""
        check_limits(tokens=tokens)
        method = session.method if session.method in without_descent() else None
        corpus = None if text_file is None else self._corpus(session, text_file)
        spec = FitSpec(corpus=corpus, tokens=tokens, method=method, concepts=())
        own = _room(session)
        keep, sums = kept_by(spec, self._world(session), own), None if own is None else own.sums
        result = yield from fit(self._pair(session), _layers(session), spec, keep=keep, sums=sums)
        return _with_map(session, load_saved(result.folders[0]))

    def badges(self, session: Session, concept: str) -> MapBadges | None:
        """The figures of the session's map."""
        saved = _map(session)
        return None if saved is None else map_badges(self._pair(session), saved, self.contrast(session, concept))

    def import_map(self, session: Session, files: Sequence[Path]) -> Session:
        """Take a map from files, if it belongs to these models."""
        pair = self._pair(session)
        most = map_bytes(pair.small.width, pair.large.width)
        own = _room(session)
        home = data_home() / "maps" / "loaded" if own is None else own.maps
        folder = unpack_map(files, home, most, partial(check_usable, pair))
        saved = load_saved(folder)
        moved = replace(session, small_layer=saved.layers[0], large_layer=saved.layers[1], method="")
        return _with_map(moved, saved)

    def export_map(self, session: Session) -> Path:
        """The session's map as one zip file."""
        if not session.map_folder:
            raise ArtifactError("there is no map for these layers yet; fit one first")
        name = f"{Path(session.small).name}--{Path(session.large).name}-{session.small_layer}-{session.large_layer}"
        archive = data_home() / "downloads" / f"{name}-{short_hash(session.map_folder + session.map_mark)}.zip"
        return pack_map(Path(session.map_folder), archive)

    # All layer pairs.

    def layers(self, session: Session, text_file: Path | None) -> LayerScores | None:
        """All layer pairs, as computed since the program started, or as they ship."""
        pair, corpus = self._pair(session), corpus_name(self._corpus(session, text_file))
        return self._layers.get(pair, corpus, own_place(session.own)) or shipped_layers(pair, corpus)

    def compute_layers(
        self, session: Session, tokens: int, text_file: Path | None
    ) -> Generator[Progress, None, LayerScores]:
        """Score every layer pair."""
        check_limits(tokens=tokens)
        source, compared = self._corpus(session, text_file), concepts.shipped_sets(self._world(session))
        pair, own = self._pair(session), _room(session)
        return (yield from self._layers.compute(pair, source, tokens=tokens, concepts=compared, own=own))

    def use_pair(self, session: Session, small_layer: int, large_layer: int, text_file: Path | None) -> Session:
        """Solve the map of a layer pair from the moments."""
        pair = self._pair(session)
        layers = pair.layers(small_layer, large_layer)
        corpus = corpus_name(self._corpus(session, text_file))
        method = session.method if session.method in closed_forms() else ""
        own = _room(session)
        saved = solved_map(pair, layers, corpus, method, own)
        if saved is None and self._layers.get(pair, corpus, own) is None and shipped_layers(pair, corpus) is not None:
            # Scores that ship come without the sums that maps are solved from.
            return self.at_layers(session, *layers)
        if saved is None:
            raise ArtifactError(
                f"the sums of layers {small_layer} → {large_layer} are no longer cached; compute all layer pairs again"
            )
        return _with_map(replace(session, small_layer=layers[0], large_layer=layers[1]), saved)

    # Concepts.

    def first(self) -> FirstTexts | None:
        """What the opening pair begins with, where that ships."""
        return first_texts(*self._names(None))

    def concepts(self, session: Session | None) -> Sequence[ConceptCard]:
        """What ships for the pair, the opening concept first."""
        return concepts.concept_cards(*self._names(session), _map_folder(session))

    def concept(self, session: Session | None, name: str) -> ConceptCard:
        """A concept by name or file."""
        return concepts.concept_card(self.contrast(session, name), *self._names(session), _map_folder(session))

    def examples(self) -> Collection[str]:
        """Those of every concept that ships, read once, and those found on this machine."""
        return self._examples | found_examples()

    def offered_sets(self, session: Session | None) -> Sequence[tuple[str, str]]:
        """The sets of the pair's world, then those for other models, with their world."""
        return concepts.offered_sets(self._world(session))

    def contrast(self, session: Session | None, name: str) -> ContrastSet:
        """A set by a name that the screen offers."""
        return concepts.offered_set(self._world(session), name)

    def keep_set(self, shelf: Shelf, contrast: ContrastSet) -> Shelf:
        """Keep a set."""
        return put_set(shelf, self._door.contrast(contrast))

    def import_set(self, shelf: Shelf, file: Path) -> Shelf:
        """Read a set and keep it in the project's own format."""
        return put_set(shelf, self._door.contrast(import_contrast(file)))

    def set_file(self, session: Session | None, name: str) -> Path:
        """The file that the set is read from."""
        return concepts.set_file(self._world(session), name)

    def check(self, session: Session, name: str, recipe: Recipe) -> Generator[Progress, None, ConceptCheck]:
        """Check a set at the session's layers, with its map."""
        saved = _map(session)
        return (
            yield from check_concept(
                self._pair(session),
                self.contrast(session, name),
                _layers(session),
                map=saved,
                method=recipe.method,
                reading=recipe.reading or None,
                whiten=recipe.whiten,
            )
        )

    # Vectors.

    def make(
        self, session: Session, shelf: Shelf, name: str, other: str, recipe: Recipe
    ) -> Generator[Progress, None, Shelf]:
        """Find vectors in both models and keep them."""
        second = self.contrast(session, other) if other else None
        first = self.contrast(session, name)
        making = vectors.make_on_shelf(self._pair(session), _layers(session), shelf, first, second, recipe)
        return (yield from making)

    def vector_sides(self, session: Session, file: Path) -> tuple[Side, ...]:
        """Whose vector a file may hold, by its own words or by its width."""
        return possible_sides(file, self._pair(session), _layers(session))

    def import_vector(self, session: Session, shelf: Shelf, file: Path, side: Side | None = None) -> Shelf:
        """Read a vector, checked, and keep it as that of the model that it is for."""
        return vectors.bring_to_shelf(self._pair(session), _layers(session), shelf, file, side)

    def vectors(self, session: Session, name: str) -> VectorCards:
        """What is kept, and what the session's map makes of it."""
        return vectors.vector_cards(_map(session), own_vectors(name)) if name else VectorCards((), None)

    def vector_file(self, session: Session, name: str, whose: Side, ending: str) -> Path:
        """Write a vector beside those that are kept."""
        return vectors.vector_file(_map(session), own_vectors(name), whose, ending)

    # Steering, the shared space, evidence.

    def calibration(
        self, session: Session, concept: str, reading: str, vectors: str
    ) -> Generator[Progress, None, Calibration]:
        """The strengths that suit the native vector, of a large set that of a few pairs first."""
        spec = self._steered(session, SteerSpec(concept=concept, reading=reading, vectors=vectors))
        pair = self._pair(session)
        saved = _needed(session) if session.map_folder else _layers(session)
        return (yield from comparisons.calibration(pair, saved, spec, few_pairs=True))

    def compare(self, session: Session, spec: SteerSpec) -> Generator[Progress | ComparisonStep, None, Comparison]:
        """All arms side by side; what has to be read for them is read first, of a large set only a few pairs."""
        saved = _needed(session) if session.map_folder or need_map(spec.arms) else _layers(session)
        spec, own = self._steered(session, spec), own_place(session.own)
        return (yield from comparisons.compare(self._pair(session), saved, spec, few_pairs=True, own=own))

    def read_all(self, session: Session, concept: str, reading: str, vectors: str) -> Generator[Progress, None, bool]:
        """Read all pairs of the concept at the session's layers."""
        pair = self._pair(session)
        spec = self._steered(session, SteerSpec(concept=concept, reading=reading, vectors=vectors))
        if session.map_folder:
            self._keep_ends(session, _needed(session))
        if comparisons.is_all_read(pair, _layers(session), spec):
            return False
        yield from comparisons.read_concept(pair, _layers(session), spec)
        return True

    def picture(self, session: Session, settings: SpaceSettings) -> Generator[Progress, None, SpacePicture]:
        """Both models' activations in one space."""
        check_limits(points=settings.points)
        key = _picture_key(session, settings)
        if (known := self._pictures.get(key)) is not None:
            return known
        if (states := self._spaces.get(_points_key(session, settings))) is None:
            saved, contrast = _needed(session), self.contrast(session, settings.concept)
            states = yield from space.read(self._pair(session), saved, contrast, settings.points)
            self._spaces.keep(_points_key(session, settings), states)
        yield Progress(1, 1, "laying out the picture")
        picture = space.view(states, settings, self._umap)
        self._pictures.keep(key, picture)
        return picture

    def is_drawn(self, session: Session, settings: SpaceSettings) -> bool:
        """Whether this picture is cached, or needs no more than a moment."""
        if self._pictures.get(_picture_key(session, settings)) is not None:
            return True
        states = self._spaces.get(_points_key(session, settings))
        return states is not None and space.is_laid_out(states, settings)

    def shipped_evidence(self, session: Session) -> ShippedEvidence | None:
        """What ships for the map in use."""
        saved = _map(session)
        return None if saved is None else shipped_evidence(self._pair(session), saved)

    def suites(self, session: Session | None) -> Sequence[Suite]:
        """What ships for the pair."""
        return shipped_suites(self._world(session))

    def evaluate(
        self, session: Session, settings: EvidenceSettings, text_file: Path | None
    ) -> Generator[Progress, None, Evaluation]:
        """Evidence for the map in use."""
        saved = _needed(session)
        own_text = None if text_file is None else str(text_file)
        is_map_text = own_text is not None and corpus_name(own_text) == saved.info.corpus
        spec = EvidenceSpec(
            concepts=tuple(self.contrast(session, name) for name in settings.concepts),
            settings=EvaluationSettings(
                prompts=settings.prompts,
                strengths=settings.strengths,
                generate=settings.texts,
                readout=settings.readout or None,
                whole_texts=settings.whole_texts,
            ),
            corpus=own_text if is_map_text else None,
            vectors=str(own_vectors(settings.vectors)) if settings.vectors else "",
        )
        check_evidence(spec)
        return (yield from evaluate(self._pair(session), saved, spec))

    def shared(self, session: Session, spec: SteerSpec, tab: str) -> Shared:
        """A comparison as a link and as code."""
        return shared(self._pair(session), session, spec, tab, guarded=self._door.guarded)

    def _steered(self, session: Session, spec: SteerSpec) -> SteerSpec:
        """What the screen asks for, with the names that it knows replaced by what they stand for."""
        check_comparison(spec)
        concept, *others = (
            self.contrast(session, one) if isinstance(one, str) else one
            for one in (spec.concept, *(one for one, _ in spec.also))
        )
        also = tuple((one, beside) for one, (_, beside) in zip(others, spec.also, strict=True))
        own = str(own_vectors(spec.vectors)) if isinstance(spec.vectors, str) and spec.vectors else spec.vectors
        return replace(spec, concept=concept, vectors=own, also=also)

    def _keep_ends(self, session: Session, saved: SavedMap) -> None:
        """Measure the map at the ends of readout prompts, for its figures; known ones are left as they are."""
        pair = self._pair(session)
        keep_ends(pair, saved, end_prompts(concepts.shipped_sets(pair.world)))

    @cached_property
    def _examples(self) -> frozenset[str]:
        return concepts.shipped_examples((pair.small, pair.large) for pair in self.pairs())

    def _pair(self, session: Session) -> Pair:
        return Pair(small=self._models.get(session.small), large=self._models.get(session.large))

    def _world(self, session: Session | None) -> World:
        """The world of the pair that is open, or of the one that is opened first."""
        return world_of(*self._names(session))

    def _names(self, session: Session | None) -> tuple[str, str]:
        """The models of the pair that is open, or of the one that is opened first."""
        return self._first_names if session is None else (session.small, session.large)

    @cached_property
    def _first_names(self) -> tuple[str, str]:
        """Which models ship or are offered does not change, though what the list says of them does."""
        first = self.pairs()[0]
        return first.small, first.large

    def _corpus(self, session: Session, text_file: Path | None) -> str:
        """What is read: a visitor's own text, or what suits the pair."""
        if text_file is None:
            return self._world(session).corpus
        try:
            check_size(text_file, TEXT_BYTES, SettingsError, "a text to fit on")
        except OSError as error:
            raise SettingsError(f"{text_file.name} has been removed; load it again") from error
        if text_file.suffix.lower() not in ENDINGS:
            raise SettingsError(f"{text_file.name} is not a text; choose a file of {', '.join(ENDINGS)}")
        return str(text_file)

    def _with_existing_map(self, session: Session) -> Session:
        """The session with a map at its layers by its estimator, or with none.

        A map fitted on a visitor's own text keeps using that text where its moments hold these layers.
        """
        pair, layers, shipped = self._pair(session), _layers(session), self._world(session).corpus
        used, own = _map(session), own_place(session.own)
        if used is not None and used.info.corpus != shipped:
            solved = solved_map(pair, layers, used.info.corpus, session.method, own)
            if solved is not None:
                return _with_map(session, solved)
        saved = existing_map(pair, layers, corpus=shipped, method=session.method, own=own)
        return replace(session, map_folder="", map_mark="") if saved is None else _with_map(session, saved)


def _room(session: Session) -> Own | None:
    """The visitor's place with room in it, for what is kept there next."""
    own = own_place(session.own)
    if own is not None:
        own.make_room([session.map_folder] if session.map_folder else [])
    return own


def _picture_key(session: Session, settings: SpaceSettings) -> object:
    """What a picture depends on; whose it is makes no difference."""
    return replace(session, own=""), settings.laid_out


def _points_key(session: Session, settings: SpaceSettings) -> object:
    """What the points of a picture depend on: they are the same for every layout."""
    return _picture_key(session, SpaceSettings(settings.concept, settings.points))


def _layers(session: Session) -> Layers:
    return session.small_layer, session.large_layer


def _map_folder(session: Session | None) -> Path | None:
    return Path(session.map_folder) if session is not None and session.map_folder else None


def _map(session: Session) -> SavedMap | None:
    return _needed(session) if session.map_folder else None


def _with_map(session: Session, saved: SavedMap) -> Session:
    """The session with this map."""
    return replace(session, map_folder=str(saved.folder), map_mark=saved.digest)


def _needed(session: Session) -> SavedMap:
    if not session.map_folder:
        raise ArtifactError(
            f"there is no map from layer {session.small_layer} to layer {session.large_layer} yet; fit one under Map"
        )
    if (own := own_place(session.own)) is not None:
        own.touch()
    return load_saved(Path(session.map_folder))
