"""Every study step by step: functions of the same names and arguments as those of `lrt_explorer`, without `progress`.

Each checks its arguments when it is called and gives a generator, which yields `Progress` (`compare` also the texts as
they are written) and returns the result. `finish` runs one to its end; closing one stops it and keeps what it has.

    study = lrt.steps.compare("tinyworld-s", "tinyworld-l", "register")
    for step in study:
        print(step)
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.methods import METHODS, Method
from lrt_explorer.defaults import BASIS_DIRECTIONS, BASIS_TOKENS, CONTROL_TOKENS
from lrt_explorer.errors import ArtifactError, SettingsError
from lrt_explorer.library.options import (
    CompareOptions,
    EvaluateOptions,
    FitOptions,
    SpaceOptions,
    VectorOptions,
    settings_of,
)
from lrt_explorer.library.results import Comparison, Evaluation, FittedMap, LayerGrid, SpacePicture
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.steering import SteeringVector
from lrt_explorer.lm.blocks import check_layer
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study import suggest as suggest_study
from lrt_explorer.study.basis import SharedBasis
from lrt_explorer.study.check import ConceptCheck
from lrt_explorer.study.compare import ComparisonStep
from lrt_explorer.study.corpora.texts import Corpus, Source, given_texts, read_texts
from lrt_explorer.study.evaluation.dose import dose_response as dose_response
from lrt_explorer.study.evaluation.evaluate import EvaluationSettings
from lrt_explorer.study.fitting import controls
from lrt_explorer.study.fitting.estimators import ESTIMATORS, closed_form
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.calibrate import Calibration
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.study.suggest import Suggestion
from lrt_explorer.workbench import single_vectors
from lrt_explorer.workbench.concepts import named_concept, opening_concept
from lrt_explorer.workbench.evidence import EvidenceSpec
from lrt_explorer.workbench.fitting import FitSpec
from lrt_explorer.workbench.map_store import SavedMap, load_saved
from lrt_explorer.workbench.maps import solved_map
from lrt_explorer.workbench.pair import Layers
from lrt_explorer.workbench.requests import (
    Models,
    basis_of_models,
    calibration_for_models,
    check_for_models,
    compare_models,
    evaluate_models,
    fit_models,
    open_at_layers,
    picture_for_models,
    suggestion_for_models,
)
from lrt_explorer.workbench.session import SpaceSettings
from lrt_explorer.workbench.single_vectors import VectorSpec
from lrt_explorer.workbench.starting_points import corpus_name

Model = str | LanguageModel
"""A preset, a folder, a GGUF file, a hub id, or a loaded model."""
Concept = str | ContrastSet
"""The name of a concept that ships for the pair, the path of a set, or a set."""
Texts = str | Path | Corpus | Iterable[str]
"""What `read_texts` takes, the path of a file, or texts in memory."""
Map = str | Path | SavedMap
"""A fitted or loaded map, or the folder of one."""

_COMPARE = frozenset(CompareOptions.__annotations__)
_FIT = frozenset(FitOptions.__annotations__)
_EVALUATE = frozenset(EvaluateOptions.__annotations__)
_SPACE = frozenset(SpaceOptions.__annotations__)
_VECTORS = frozenset(VectorOptions.__annotations__)


def fit_map(
    small: Model,
    large: Model,
    *,
    layers: Layers | None = None,
    corpus: Texts | None = None,
    **options: Unpack[FitOptions],
) -> Generator[Progress, None, FittedMap]:
    """`lrt_explorer.fit_map` step by step."""
    models = _models(small, large, layers)
    spec = settings_of(FitSpec, "fit_map", options, _FIT, corpus=_corpus(corpus))
    _concepts(models, (*(spec.concepts or ()), *spec.learn_from))

    def steps() -> Generator[Progress, None, FittedMap]:
        result = yield from fit_models(models, spec)
        return FittedMap.of(load_saved(result.folders[0]), result.grid.cells[0])

    return steps()


def layer_grid(
    small: Model, large: Model, *, corpus: Texts | None = None, **options: Unpack[FitOptions]
) -> Generator[Progress, None, LayerGrid]:
    """`lrt_explorer.layer_grid` step by step."""
    models = _models(small, large)
    spec = settings_of(FitSpec, "layer_grid", options, _FIT, corpus=_corpus(corpus), all_layers=True)
    _concepts(models, spec.concepts or ())

    def steps() -> Generator[Progress, None, LayerGrid]:
        result = yield from fit_models(models, spec)
        return LayerGrid.of(result.grid)

    return steps()


def compare(
    small: Model,
    large: Model,
    concept: Concept,
    *,
    map: Map | None = None,
    layers: Layers | None = None,
    **options: Unpack[CompareOptions],
) -> Generator[Progress | ComparisonStep, None, Comparison]:
    """`lrt_explorer.compare` step by step: the texts as they are written."""
    models = _models(small, large, layers, map)
    spec = settings_of(SteerSpec, "compare", options, _COMPARE, concept=named_concept(models.world, concept))

    def steps() -> Generator[Progress | ComparisonStep, None, Comparison]:
        return Comparison.of((yield from compare_models(models, spec)))

    return steps()


def evaluate(
    small: Model,
    large: Model,
    concepts: Concept | Sequence[Concept] | None = None,
    *,
    map: Map | None = None,
    layers: Layers | None = None,
    corpus: Texts | None = None,
    **options: Unpack[EvaluateOptions],
) -> Generator[Progress, None, Evaluation]:
    """`lrt_explorer.evaluate` step by step: an `EvaluationStep` for each finished concept."""
    models = _models(small, large, layers, map)
    settings = settings_of(EvaluationSettings, "evaluate", options, _EVALUATE)
    spec = settings_of(
        EvidenceSpec,
        "evaluate",
        options,
        _EVALUATE,
        concepts=None if concepts is None else _concepts(models, concepts),
        settings=settings,
        corpus=_corpus(corpus),
    )

    def steps() -> Generator[Progress, None, Evaluation]:
        return Evaluation.of((yield from evaluate_models(models, spec)))

    return steps()


def solve_pair(
    small: Model,
    large: Model,
    *,
    layers: Layers | None = None,
    corpus: Texts | None = None,
    method: str = ESTIMATORS.default,
) -> Generator[Progress, None, FittedMap]:
    """`lrt_explorer.solve_pair` step by step."""
    models = _models(small, large, layers)
    closed_form(method)
    name = corpus_name(_corpus(corpus) or models.world.corpus)

    def steps() -> Generator[Progress, None, FittedMap]:
        pair, at = yield from open_at_layers(models)
        saved = solved_map(pair, at, name, method)
        if saved is None:
            raise ArtifactError(
                f"no moments of layers {at[0]} → {at[1]} over {name} are cached; fit a map, or all layer pairs, first"
            )
        return FittedMap.of(saved)

    return steps()


def suggest_layers(
    small: Model,
    large: Model,
    concepts: Concept | Sequence[Concept] | None = None,
    *,
    corpus: Texts | None = None,
    tokens: int | None = None,
    seconds: float = suggest_study.SECONDS,
) -> Generator[Progress, None, Suggestion]:
    """`lrt_explorer.suggest_layers` step by step."""
    models = _models(small, large)
    chosen = None if concepts is None else _concepts(models, concepts)
    return suggestion_for_models(models, chosen, corpus=_corpus(corpus), tokens=tokens, seconds=seconds)


def project(
    small: Model,
    large: Model,
    concept: Concept | None = None,
    *,
    map: Map | None = None,
    layers: Layers | None = None,
    **options: Unpack[SpaceOptions],
) -> Generator[Progress, None, SpacePicture]:
    """`lrt_explorer.project` step by step."""
    models = _models(small, large, layers, map)
    contrast = named_concept(models.world, opening_concept(*models.names) if concept is None else concept)
    settings = settings_of(SpaceSettings, "project", options, _SPACE, concept=contrast.name)

    def steps() -> Generator[Progress, None, SpacePicture]:
        return SpacePicture.of((yield from picture_for_models(models, contrast, settings)))

    return steps()


def calibrate(
    small: Model,
    large: Model,
    concept: Concept,
    *,
    layers: Layers | None = None,
    **options: Unpack[VectorOptions],
) -> Generator[Progress, None, Calibration]:
    """`lrt_explorer.calibrate` step by step."""
    models = _models(small, large, layers)
    spec = settings_of(SteerSpec, "calibrate", options, _VECTORS, concept=named_concept(models.world, concept))
    return calibration_for_models(models, spec)


def check(
    small: Model,
    large: Model,
    concept: Concept,
    *,
    map: Map | None = None,
    layers: Layers | None = None,
    **options: Unpack[VectorOptions],
) -> Generator[Progress, None, ConceptCheck]:
    """`lrt_explorer.check` step by step."""
    models = _models(small, large, layers, map)
    contrast = named_concept(models.world, concept)
    return check_for_models(models, settings_of(SteerSpec, "check", options, _VECTORS - {"vectors"}, concept=contrast))


def basis(
    small: Model,
    large: Model,
    *,
    layers: Layers | None = None,
    corpus: Texts | None = None,
    directions: int = BASIS_DIRECTIONS,
    tokens: int = BASIS_TOKENS,
) -> Generator[Progress, None, SharedBasis]:
    """`lrt_explorer.basis` step by step."""
    models = _models(small, large, layers)
    return basis_of_models(models, corpus=_corpus(corpus), directions=directions, tokens=tokens)


def control_maps(
    small: Model,
    large: Model,
    *,
    layers: Layers | None = None,
    corpus: Texts | None = None,
    tokens: int = CONTROL_TOKENS,
    seeds: Sequence[int] = controls.SEEDS,
) -> Generator[Progress, None, tuple[AffineMap, ...]]:
    """`lrt_explorer.control_maps` step by step."""
    models = _models(small, large, layers)
    source = _corpus(corpus) or models.world.corpus
    texts = read_texts(source)

    def steps() -> Generator[Progress, None, tuple[AffineMap, ...]]:
        pair, at = yield from open_at_layers(models)
        study = controls.control_maps(pair, texts, at, tokens=tokens, corpus=corpus_name(source), seeds=seeds)
        return (yield from study)

    return steps()


def find_vector(
    model: Model,
    concept: Concept,
    layer: int,
    *,
    reading: str | None = None,
    method: Method = METHODS.default,
    whiten: bool = False,
) -> Generator[Progress, None, SteeringVector]:
    """`lrt_explorer.find_vector` step by step."""
    spec = VectorSpec(model=model, layer=layer, concept=concept, reading=reading, method=method, whiten=whiten)
    return single_vectors.find_vector(replace(spec, concept=named_concept(spec.world, concept)))


def _models(small: Model, large: Model, layers: Layers | None = None, map: Map | None = None) -> Models:
    """The models with their layers, checked as far as they are loaded."""
    if layers is not None and len(layers) != 2:
        raise SettingsError(
            "layers must be one of the small and one of the large model; give two numbers, such as (2, 4)"
        )
    first, second = (None, None) if layers is None else layers
    for model, layer in ((small, first), (large, second)):
        if isinstance(model, LanguageModel) and layer is not None:
            check_layer(model, layer)
    found = load_saved(Path(map)) if isinstance(map, str | Path) else map
    return Models(small=small, large=large, small_layer=first, large_layer=second, map=found)


def _concepts(models: Models, concepts: Concept | Sequence[Concept]) -> tuple[ContrastSet, ...]:
    """Concepts by what names them; one that does not exist is refused here."""
    several = [concepts] if isinstance(concepts, str | ContrastSet) else concepts
    return tuple(named_concept(models.world, one) for one in several)


def _corpus(texts: Texts | None) -> Source | None:
    """What is read, if anything was chosen; whether it exists is seen at once."""
    if texts is None:
        return None
    if isinstance(texts, str | Path):
        read_texts(str(texts))
        return str(texts)
    return texts if isinstance(texts, Corpus) else given_texts(texts)
