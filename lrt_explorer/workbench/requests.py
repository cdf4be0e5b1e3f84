"""Whole requests by two models, loaded or named: load them, find or fit the map, do the study.

The app's endpoints, the command line and Python all ask here, so the same request has one answer.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import SteeringVector, transfer
from lrt_explorer.defaults import BASIS_DIRECTIONS, BASIS_TOKENS, EXAMPLE_TRIES
from lrt_explorer.lm.cache import ModelCache
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo
from lrt_explorer.study.basis import SharedBasis, shared_basis
from lrt_explorer.study.check import ConceptCheck, check_concept
from lrt_explorer.study.compare import Comparison, ComparisonStep
from lrt_explorer.study.corpora.texts import Source, read_texts
from lrt_explorer.study.evaluation.evaluate import Evaluation
from lrt_explorer.study.fitting.estimators import ESTIMATORS
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.ground.world import World, world_of
from lrt_explorer.study.project import SpacePicture
from lrt_explorer.study.steering.arms import need_map
from lrt_explorer.study.steering.brought import bring_vectors, check_files
from lrt_explorer.study.steering.calibrate import Calibration
from lrt_explorer.study.steering.sides import GivenFile
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.study.suggest import SECONDS, Suggestion, suggest_layers
from lrt_explorer.workbench import space
from lrt_explorer.workbench.choose_openings import check_tries, find_openings
from lrt_explorer.workbench.compare import calibration, compare
from lrt_explorer.workbench.concepts import named_concept, shipped_sets
from lrt_explorer.workbench.evidence import EvidenceSpec, evaluate
from lrt_explorer.workbench.fitting import FitResult, FitSpec, Keep, fit
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.maps import existing_map, map_for
from lrt_explorer.workbench.openings import Openings
from lrt_explorer.workbench.own import Own
from lrt_explorer.workbench.pair import Layers, Pair, open_pair
from lrt_explorer.workbench.session import SpaceSettings
from lrt_explorer.workbench.single_vectors import VectorSpec, find_vector
from lrt_explorer.workbench.starting_points import corpus_name

Spec = TypeVar("Spec", SteerSpec, EvidenceSpec)


@dataclass(frozen=True, kw_only=True)
class Models:
    """Two models, and where in them.

    Attributes:
        small, large: a preset, a folder, a GGUF file, a hub id, or a loaded model each.
        small_layer, large_layer: blocks, counted from 0; None for the default of the pair.
        map: the map to use, or its folder; its layers are used. None for the map of these layers.
        cache: where the models come from and stay; None for that of the whole program.
        own: where a map that has to be fitted is kept, with its sums; None for where others find them.
    """

    small: str | LanguageModel
    large: str | LanguageModel
    small_layer: int | None = None
    large_layer: int | None = None
    map: Path | SavedMap | None = None
    cache: ModelCache | None = None
    own: Own | None = None

    @property
    def names(self) -> tuple[str, str]:
        """Of both, known before they are loaded."""
        small, large = (model if isinstance(model, str) else model.name for model in (self.small, self.large))
        return small, large

    @property
    def world(self) -> World:
        """What suits these models."""
        return world_of(*self.names)


def open_at_layers(models: Models) -> Generator[Progress, None, tuple[Pair, Layers]]:
    """Load the models, with the layers asked for or the defaults of the pair.

    Raises what loading raises, and SettingsError if a model has no such layer.
    """
    pair = yield from open_pair(models.small, models.large, models.cache)
    return pair, pair.layers(models.small_layer, models.large_layer)


def open_with_map(
    models: Models, *, corpus: Source | None = None, tokens: int | None = None, method: str = ""
) -> Generator[Progress, None, tuple[Pair, SavedMap]]:
    """Load the models and find their map; without one, a first one is fitted and kept. Arguments as for `map_for`.

    Raises what loading and `map_for` raise.
    """
    pair, layers = yield from open_at_layers(models)
    if isinstance(models.map, SavedMap):
        pair.check(models.map.info)
        return pair, models.map
    folder, own = models.map, models.own
    saved = yield from map_for(pair, layers, folder=folder, corpus=corpus, tokens=tokens, method=method, own=own)
    return pair, saved


def _open_as_it_is(models: Models) -> Generator[Progress, None, tuple[Pair, Layers, SavedMap | None]]:
    """Load the models and find their map, if there is one; none is fitted."""
    if models.map is None:
        pair, at = yield from open_at_layers(models)
        return pair, at, existing_map(pair, at, own=models.own)
    pair, saved = yield from open_with_map(models)
    return pair, saved.layers, saved


def compare_models(
    models: Models, spec: SteerSpec, vector_files: Sequence[GivenFile] = ()
) -> Generator[Progress | ComparisonStep, None, Comparison]:
    """Write all arms side by side; without a map, a first one is fitted and kept if an arm needs it.

    Args:
        models: the models and their layers.
        spec: what is asked for.
        vector_files: vectors that take the place of the concept's own, as `bring_vectors` takes them.

    Raises what loading, `map_for` and `compare` raise; for a concept that does not exist, before a model is loaded.
    """
    for concept in (spec.concept, *(concept for concept, _ in spec.also)):
        named_concept(models.world, concept)
    check_files(vector_files)
    if models.map is None and not need_map(spec.arms):
        pair, layers = yield from open_at_layers(models)
        return (yield from compare(pair, layers, _with_vectors(spec, vector_files, pair, layers)))
    pair, saved = yield from open_with_map(models)
    return (yield from compare(pair, saved, _with_vectors(spec, vector_files, pair, saved.layers), own=models.own))


def evaluate_models(
    models: Models, spec: EvidenceSpec, vector_files: Sequence[GivenFile] = ()
) -> Generator[Progress, None, Evaluation]:
    """Evaluate concepts; without a map, a first one is fitted and kept, on the spec's corpus and tokens if it has any.

    Args:
        models: the models and their layers.
        spec: what is asked for.
        vector_files: vectors that are measured in place of the one concept's own, as `bring_vectors` takes them.

    Raises what loading, `map_for` and `evaluate` raise; for a concept that does not exist, before a model is loaded.
    """
    for concept in spec.concepts or ():
        named_concept(models.world, concept)
    check_files(vector_files)
    pair, saved = yield from open_with_map(models, corpus=spec.corpus, tokens=spec.tokens)
    return (yield from evaluate(pair, saved, _with_vectors(spec, vector_files, pair, saved.layers)))


def _with_vectors(spec: Spec, files: Sequence[GivenFile], pair: Pair, layers: Layers) -> Spec:
    return replace(spec, vectors=bring_vectors(files, pair, layers)) if files else spec


def fit_models(models: Models, spec: FitSpec, *, keep: Keep | None = None) -> Generator[Progress, None, FitResult]:
    """Fit the map of a layer pair, or of all, and keep it; `keep` as for `fit`.

    Raises what loading and `fit` raise; for a concept that does not exist, before a model is loaded.
    """
    for concept in (*(spec.concepts or ()), *spec.learn_from):
        named_concept(models.world, concept)
    pair, layers = yield from open_at_layers(models)
    return (yield from fit(pair, layers, spec, keep=keep, sums=None if models.own is None else models.own.sums))


def basis_of_models(
    models: Models,
    *,
    corpus: Source | None = None,
    directions: int = BASIS_DIRECTIONS,
    tokens: int = BASIS_TOKENS,
) -> Generator[Progress, None, SharedBasis]:
    """The directions that two layers share, and the tokens that excite them; no map is needed.

    Args:
        models: the models and their layers.
        corpus: what is read, as `read_texts` takes it; None for ordinary text that suits the pair.
        directions: how many are shown with their tokens.
        tokens: pairs of tokens to use.

    Raises what loading and `shared_basis` raise; for a corpus that does not exist, before a model is loaded.
    """
    source = corpus or models.world.ordinary
    texts = read_texts(source)
    pair, layers = yield from open_at_layers(models)
    study = shared_basis(pair, texts, layers, top=directions, tokens=tokens, corpus=corpus_name(source))
    return (yield from study)


def check_for_models(models: Models, spec: SteerSpec) -> Generator[Progress, None, ConceptCheck]:
    """Check a contrast set before anyone steers; without an existing map the check leaves the map out, and fits none.

    Of the spec, only the concept and how its vectors are found count.

    Raises what loading and `check_concept` raise; for a concept that does not exist, before a model is loaded.
    """
    contrast = named_concept(models.world, spec.concept)
    pair, at, saved = yield from _open_as_it_is(models)
    study = check_concept(pair, contrast, at, map=saved, method=spec.method, reading=spec.reading, whiten=spec.whiten)
    return (yield from study)


def transfer_for_models(
    models: Models, spec: SteerSpec, estimator: str = ""
) -> Generator[Progress, None, tuple[SteeringVector, MapInfo]]:
    """A concept's vector in the small model, as the map takes it into the large one, and what the map says of itself.

    Without a map, a first one is fitted and kept.

    Args:
        models: the models and their layers.
        spec: of which the concept, how its vector is found, and `as_in_paper` count.
        estimator: of the map; "" for that of any existing map, or else for what suits the pair.

    Raises what loading, `map_for`, `find_vector` and `transfer` raise; for a concept or an estimator that does not
    exist, before a model is loaded.
    """
    contrast = named_concept(models.world, spec.concept)
    if estimator:
        ESTIMATORS.find(estimator)
    pair, saved = yield from open_with_map(models, method=estimator)
    found = yield from find_vector(
        VectorSpec(
            model=pair.small,
            layer=saved.info.small_layer,
            concept=contrast,
            reading=spec.reading,
            method=spec.method,
            whiten=spec.whiten,
        )
    )
    return transfer(found, saved.map, saved.info, as_in_paper=spec.as_in_paper), saved.info


def openings_for_models(
    models: Models, concepts: Sequence[ContrastSet] | None = None, *, tries: int = EXAMPLE_TRIES
) -> Generator[Progress, None, tuple[SavedMap, Openings]]:
    """Seek prompts and a strength on which each concept shows, and keep them for every face; the map comes with them.

    Args:
        models: the models and their layers; without a map, a first one is fitted and kept.
        concepts: None for all that suit the pair.
        tries: prompts after which texts are written at each strength, at most.

    Raises what loading, `map_for` and `find_openings` raise; for too few tries before a model is loaded.
    """
    check_tries(tries)
    pair, saved = yield from open_with_map(models)
    found = yield from find_openings(
        pair, saved, shipped_sets(pair.world) if concepts is None else concepts, tries=tries
    )
    return saved, found


def calibration_for_models(models: Models, spec: SteerSpec) -> Generator[Progress, None, Calibration]:
    """The strengths that suit a concept's native vector; no map is needed, and none is fitted.

    With an existing map the strength that was chosen with it comes first, where there is one.

    Raises what loading and `calibrate_concept` raise; for a concept that does not exist, before a model is loaded.
    """
    named_concept(models.world, spec.concept)
    pair, at, saved = yield from _open_as_it_is(models)
    return (yield from calibration(pair, saved or at, spec))


def suggestion_for_models(
    models: Models,
    concepts: Sequence[ContrastSet] | None = None,
    *,
    corpus: Source | None = None,
    tokens: int | None = None,
    seconds: float = SECONDS,
) -> Generator[Progress, None, Suggestion]:
    """Try layer pairs and suggest one.

    Args:
        models: the two models; their layers do not count.
        concepts: of which at most three are compared; None to choose among those included for the pair.
        corpus: what is read, as `read_texts` takes it; None for what suits the pair.
        tokens: pairs of tokens for each map; None for as many as it needs.
        seconds: how long it may take.

    Raises what loading and `suggest_layers` raise; for a corpus that does not exist, before a model is loaded.
    """
    chosen = shipped_sets(models.world) if concepts is None else concepts
    texts = read_texts(corpus or models.world.corpus)
    pair = yield from open_pair(models.small, models.large, models.cache)
    return (yield from suggest_layers(pair, texts, chosen, tokens=tokens, seconds=seconds))


def picture_for_models(
    models: Models, concept: ContrastSet, settings: SpaceSettings
) -> Generator[Progress, None, SpacePicture]:
    """Both models' activations in one space; without a map, a first one is fitted and kept.

    Raises what loading, `map_for` and `study.project.project` raise.
    """
    pair, saved = yield from open_with_map(models)
    return (yield from space.project(pair, saved, concept, settings))
