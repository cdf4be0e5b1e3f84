"""The studies as plain functions: two models in, a result out, the same as in the app and on the command line.

Models are named (a preset, a folder, a GGUF file, a hub id) or loaded. A concept is named too, or a set or its file.
Where a map is needed and none is given, the one between these layers is used: saved, shipped, or solved from cached
moments; else a first one is fitted and kept. `layers` are those of the small and the large model, counted from 0; None
for the default of the pair. `progress` is True for a bar, or a function that is called with each `Progress`. Keywords
that are left out have the defaults of `lrt_explorer.defaults`.

Each raises an `LRTError`: one sentence that says what is wrong and what to do.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Unpack

from torch import Tensor

from lrt_explorer.concepts.contrast import ReadoutPrompt
from lrt_explorer.concepts.methods import METHODS, Method
from lrt_explorer.defaults import BASIS_DIRECTIONS, BASIS_TOKENS, CONTROL_TOKENS, SEED
from lrt_explorer.library import steps
from lrt_explorer.library.options import CompareOptions, EvaluateOptions, FitOptions, SpaceOptions, VectorOptions
from lrt_explorer.library.progress import Report, run
from lrt_explorer.library.results import Comparison, Evaluation, FittedMap, LayerGrid, SpacePicture
from lrt_explorer.library.steps import Concept, Map, Model, Texts
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.linear.steering import SteeringVector
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.basis import SharedBasis
from lrt_explorer.study.check import ConceptCheck
from lrt_explorer.study.evaluation.dose import DoseResponse
from lrt_explorer.study.fitting.controls import SEEDS
from lrt_explorer.study.fitting.estimators import ESTIMATORS
from lrt_explorer.study.steering.calibrate import Calibration
from lrt_explorer.study.suggest import SECONDS, Suggestion
from lrt_explorer.workbench.map_store import load_saved
from lrt_explorer.workbench.pair import Layers


def fit_map(
    small: Model,
    large: Model,
    *,
    layers: Layers | None = None,
    corpus: Texts | None = None,
    progress: Report = None,
    **options: Unpack[FitOptions],
) -> FittedMap:
    """Fit the map from a layer of the small model to one of the large model, and keep it in the data folder.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        layers: (small layer, large layer).
        corpus: a name or file that `read_texts` takes, or a list of texts; None for what suits the pair.
        progress: True for a bar, or a function that is called with each `Progress`.
        options: of `FitSpec`: tokens, method, memory_gb, concepts, learn_from, learning_rate, folder.

    Raises:
        SettingsError: if a layer, the corpus or the method does not exist, or options do not go together.
        ModelError: if a model cannot be loaded.
        MapError: if too few tokens could be paired.
    """
    return run(steps.fit_map(small, large, layers=layers, corpus=corpus, **options), progress)


def load_map(folder: str | Path) -> FittedMap:
    """A saved map, from memory if it is there.

    Raises:
        ArtifactError: if there is none, it is not a map, or it is damaged.
    """
    return FittedMap.of(load_saved(Path(folder)))


def layer_grid(
    small: Model,
    large: Model,
    *,
    corpus: Texts | None = None,
    progress: Report = None,
    **options: Unpack[FitOptions],
) -> LayerGrid:
    """Fit the maps of all layer pairs, keep them in the data folder, and say how good each is.

    Arguments and errors as for `fit_map`.
    """
    return run(steps.layer_grid(small, large, corpus=corpus, **options), progress)


def solve_pair(
    small: Model,
    large: Model,
    *,
    layers: Layers | None = None,
    corpus: Texts | None = None,
    method: str = ESTIMATORS.default,
    progress: Report = None,
) -> FittedMap:
    """The map of a layer pair from moments that an earlier fit has cached, without a pass over the texts.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        layers: (small layer, large layer).
        corpus: whose moments, as for `fit_map`.
        method: a closed-form estimator.
        progress: True for a bar, or a function that is called with each `Progress`.

    Raises:
        ArtifactError: if no moments of these layers are cached.
        SettingsError: if a layer, the corpus or the method does not exist.
    """
    return run(steps.solve_pair(small, large, layers=layers, corpus=corpus, method=method), progress)


def compare(
    small: Model,
    large: Model,
    concept: Concept,
    *,
    map: Map | None = None,
    layers: Layers | None = None,
    progress: Report = None,
    **options: Unpack[CompareOptions],
) -> Comparison:
    """Write the large model's text unsteered, and under its native, the transferred and a random vector, or other arms.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        concept: what is steered.
        map: a fitted map or its folder; its layers are used.
        layers: (small layer, large layer).
        progress: True for a bar, or a function that is called with each `Progress`.
        options: of `SteerSpec`: prompt, strength, seed, temperature, max_new_tokens, reading, method, whiten,
            as_in_paper, equal_cost, scorer, vectors, arms, other_layers, ask, per_token, and `also`, such as
            {"mood": 0.2}.

    Raises:
        ModelError: if a model cannot be loaded.
        ContrastError, VectorError: if there is no such concept, or it gives no vector.
        ArtifactError: if the map belongs to other models.
        PromptError: if the prompt is empty or too long.
        SettingsError: if a setting is out of range.
    """
    return run(steps.compare(small, large, concept, map=map, layers=layers, **options), progress)


def evaluate(
    small: Model,
    large: Model,
    concepts: Concept | Sequence[Concept] | None = None,
    *,
    map: Map | None = None,
    layers: Layers | None = None,
    corpus: Texts | None = None,
    progress: Report = None,
    **options: Unpack[EvaluateOptions],
) -> Evaluation:
    """Measure whether concepts transfer, how sure that is, and what it costs: all arms at all strengths, with controls.

    Finished concepts are kept in the data folder, and a later call takes them from there.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        concepts: one or several; None for all that ship for the pair.
        map: a fitted map or its folder; its layers are used.
        layers: (small layer, large layer).
        corpus: what control maps are fitted on, as for `fit_map`; None for the text of the map.
        progress: True for a bar, or a function that is called with each `Progress`.
        options: of `EvaluationSettings`: strengths, prompts, random_seeds, permuted, ordinary, other_concepts,
            neutral_prompts, reading, method, whiten, as_in_paper, readout, generate, scorer, generate_prompts,
            max_new_tokens, temperature, whole_texts, examples, seed; and of `EvidenceSpec`: tokens, neutral, folder,
            vectors.

    Raises:
        As `compare` and `fit_map`.
    """
    study = steps.evaluate(small, large, concepts, map=map, layers=layers, corpus=corpus, **options)
    return run(study, progress)


def suggest_layers(
    small: Model,
    large: Model,
    concepts: Concept | Sequence[Concept] | None = None,
    *,
    corpus: Texts | None = None,
    tokens: int | None = None,
    seconds: float = SECONDS,
    progress: Report = None,
) -> Suggestion:
    """Try layer pairs and suggest the one whose mapped vectors should steer the large model most.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        concepts: one or several, of which at most three are compared; None to choose among those included for the pair.
        corpus: what is read, as for `fit_map`.
        tokens: pairs of tokens for each map; None for as many as it needs.
        seconds: how long it may take; it reads less if the estimate is longer.
        progress: True for a bar, or a function that is called with each `Progress`.

    Raises:
        SettingsError: if no layer can be suggested.
        ContrastError: if no concept gives a vector.
    """
    study = steps.suggest_layers(small, large, concepts, corpus=corpus, tokens=tokens, seconds=seconds)
    return run(study, progress)


def project(
    small: Model,
    large: Model,
    concept: Concept | None = None,
    *,
    map: Map | None = None,
    layers: Layers | None = None,
    progress: Report = None,
    **options: Unpack[SpaceOptions],
) -> SpacePicture:
    """Both models' activations in the large model's space, over ordinary texts and those of a concept.

    Args:
        small: the model whose activations are mapped.
        large: the model whose space it is.
        concept: whose vectors are drawn; None for the one that the pair opens with.
        map: a fitted map or its folder; its layers are used.
        layers: (small layer, large layer).
        progress: True for a bar, or a function that is called with each `Progress`.
        options: points, method ("concept", "pca" or "umap"), dims (2 or 3), and for UMAP neighbours, min_dist and seed.

    Raises:
        As `compare`.
    """
    return run(steps.project(small, large, concept, map=map, layers=layers, **options), progress)


def calibrate(
    small: Model,
    large: Model,
    concept: Concept,
    *,
    layers: Layers | None = None,
    progress: Report = None,
    **options: Unpack[VectorOptions],
) -> Calibration:
    """The strengths that suit a concept's native vector, by what they cost the large model on neutral text.

    Args:
        small: the model that vectors come from; with the large one it decides what ordinary text is.
        large: the model that is steered.
        concept: what is steered.
        layers: (small layer, large layer).
        progress: True for a bar, or a function that is called with each `Progress`.
        options: reading, method, whiten, vectors.

    Raises:
        As `compare`.
    """
    return run(steps.calibrate(small, large, concept, layers=layers, **options), progress)


def check(
    small: Model,
    large: Model,
    concept: Concept,
    *,
    map: Map | None = None,
    layers: Layers | None = None,
    progress: Report = None,
    **options: Unpack[VectorOptions],
) -> ConceptCheck:
    """Check a contrast set before you steer: do its pairs agree, at which layers, and does the map carry it?

    Without an existing map, the check leaves the map out; it fits none.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        concept: the set.
        map: a fitted map or its folder; its layers are used.
        layers: (small layer, large layer).
        progress: True for a bar, or a function that is called with each `Progress`.
        options: reading, method, whiten.

    Raises:
        As `compare`.
    """
    return run(steps.check(small, large, concept, map=map, layers=layers, **options), progress)


def basis(
    small: Model,
    large: Model,
    *,
    layers: Layers | None = None,
    corpus: Texts | None = None,
    directions: int = BASIS_DIRECTIONS,
    tokens: int = BASIS_TOKENS,
    progress: Report = None,
) -> SharedBasis:
    """The directions that two layers have in common, and the tokens that excite them.

    Args:
        small: the small model.
        large: the large model.
        layers: (small layer, large layer).
        corpus: what is read, as for `fit_map`; None for ordinary text that suits the pair.
        directions: how many are shown with their tokens.
        tokens: pairs of tokens to use.
        progress: True for a bar, or a function that is called with each `Progress`.

    Raises:
        SettingsError: if a layer or the corpus does not exist, or a number is not positive.
        MapError: if too few tokens could be paired.
    """
    study = steps.basis(small, large, layers=layers, corpus=corpus, directions=directions, tokens=tokens)
    return run(study, progress)


def control_maps(
    small: Model,
    large: Model,
    *,
    layers: Layers | None = None,
    corpus: Texts | None = None,
    tokens: int = CONTROL_TOKENS,
    seeds: Sequence[int] = SEEDS,
    progress: Report = None,
) -> tuple[AffineMap, ...]:
    """Maps fitted on shuffled pairs, one for each seed: they know both models' activations, but not which go together.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        layers: (small layer, large layer).
        corpus: what is read, as for `fit_map`.
        tokens: pairs of tokens for each map.
        seeds: of the shuffling.
        progress: True for a bar, or a function that is called with each `Progress`.

    Raises:
        As `fit_map`.
    """
    return run(steps.control_maps(small, large, layers=layers, corpus=corpus, tokens=tokens, seeds=seeds), progress)


def dose_response(
    lm: LanguageModel,
    layer: int,
    vectors: Mapping[str, Tensor],
    prompts: Sequence[ReadoutPrompt],
    typical_deviation: TypicalDeviation | float,
    *,
    strengths: Sequence[float] | None = None,
    seed: int = SEED,
    progress: Report = None,
) -> DoseResponse:
    """The readout of every prompt under every arm at every strength, for vectors of your own.

    Args:
        lm: the steered model.
        layer: the block whose output is steered.
        vectors: `[d]` per arm, of any length.
        prompts: held-out readout prompts.
        typical_deviation: m, what a strength of 1 amounts to.
        strengths: at least two different ones; None for the calibrated grid of the native vector, or of the first one.
        seed: of the bootstrap.
        progress: True for a bar, or a function that is called with each `Progress`.

    Raises:
        ContrastError: without prompts, or where answers cannot be told apart.
        VectorError: if a vector has no length.
        SettingsError: if the strengths do not differ or the layer does not exist.
    """
    study = steps.dose_response(lm, layer, vectors, prompts, typical_deviation, strengths=strengths, seed=seed)
    return run(study, progress)


def find_vector(
    model: Model,
    concept: Concept,
    layer: int,
    *,
    reading: str | None = None,
    method: Method = METHODS.default,
    whiten: bool = False,
    progress: Report = None,
) -> SteeringVector:
    """The vector of a concept at a layer of a model; it is read once and then cached.

    Args:
        model: the model.
        concept: the concept.
        layer: block whose output is read, counted from 0.
        reading: which tokens are read; None for what the concept prefers.
        method: how the texts become a direction.
        whiten: whether that is done in whitened activations.
        progress: True for a bar, or a function that is called with each `Progress`.

    Raises:
        ModelError: if the model cannot be loaded.
        ContrastError, VectorError: if there is no such concept, or it gives no vector.
        SettingsError: if there is no such layer, reading or method.
    """
    study = steps.find_vector(model, concept, layer, reading=reading, method=method, whiten=whiten)
    return run(study, progress)
