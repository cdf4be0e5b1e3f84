"""What other programs can ask of a running app: plain functions with the answers of the command line."""

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import gradio as gr
from gradio.events import api

from lrt_explorer.concepts.contrast import Reading
from lrt_explorer.concepts.methods import METHODS, Method
from lrt_explorer.concepts.sets.scoring import scorer_from_text
from lrt_explorer.defaults import (
    FIT_TOKENS,
    MAX_NEW_TOKENS,
    OTHER_CONCEPTS,
    PROMPTS,
    RANDOM_SEEDS,
    READING,
    SEED,
    STRENGTH,
    TEMPERATURE,
)
from lrt_explorer.errors import CancelledError, LRTError
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.evaluate import EvaluationSettings
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.steering.arms import PANES, chosen_arms
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.study.tables import choices as all_choices
from lrt_explorer.ui.arguments import checked
from lrt_explorer.ui.asker import check_still_there
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.guard import failure, sentence_of
from lrt_explorer.ui.work import CANCELLED, FAILED, REFUSED, WORK, Job
from lrt_explorer.workbench.compare import comparison_document
from lrt_explorer.workbench.evidence import EvidenceSpec
from lrt_explorer.workbench.fitting import FitSpec, fit_document
from lrt_explorer.workbench.hosting import Hosting
from lrt_explorer.workbench.presets import pairs_document
from lrt_explorer.workbench.requests import Models

_JOB: ContextVar[Job] = ContextVar("job")


def add_api(engine: Engine, hosting: Hosting) -> None:
    """Offer the studies as endpoints; to be called inside the app's blocks."""

    def compare(
        small: str,
        large: str,
        concept: str,
        prompt: str | None = None,
        strength: float | None = STRENGTH,
        seed: int = SEED,
        max_new_tokens: int = MAX_NEW_TOKENS,
        temperature: float | None = TEMPERATURE,
        small_layer: int | None = None,
        large_layer: int | None = None,
        reading: Reading | None = READING,
        method: Method = METHODS.default,
        whiten: bool = False,
        as_in_paper: bool = False,
        equal_cost: bool = False,
        scorer: str | None = None,
        arms: list[str] | None = None,
    ) -> dict[str, Any]:
        """Write the large model's text unsteered and under its native, the transferred and a random vector.

        Args:
            small: model that the vector comes from; a preset, a folder, a GGUF file or a hub id.
            large: model that is steered.
            concept: name of a concept that ships for these models.
            prompt: shared start of all texts; by default one that suits the concept.
            strength: in typical deviations; by default calibrated for the native vector.
            seed: of the sampling.
            max_new_tokens: length of each text.
            temperature: 0 is greedy; by default what suits the pair.
            small_layer: block of the small model, from 0; by default what suits the pair.
            large_layer: block of the large model, from 0; likewise.
            reading: all-tokens, last-token or token-K; by default what the concept prefers.
            method: mean-difference or principal-component.
            whiten: find the vectors in whitened activations.
            as_in_paper: add the map's bias to the direction, as arXiv 2506.00653 does.
            equal_cost: make every arm cost what the native vector costs.
            scorer: what scores the texts, as on the command line; by default the concept's own.
            arms: what is compared with the unsteered text, of unsteered, native, transferred, random, shuffled map,
                other concept, no map, as in the paper and prompt; by default the first four.
        """
        spec = SteerSpec(
            concept=concept,
            prompt=prompt,
            strength=strength,
            seed=seed,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            reading=reading,
            method=method,
            whiten=whiten,
            as_in_paper=as_in_paper,
            equal_cost=equal_cost,
            scorer=scorer_from_text(scorer) if scorer else None,
            arms=PANES if arms is None else chosen_arms(arms),
        )
        models = Models(small=small, large=large, small_layer=small_layer, large_layer=large_layer)
        return comparison_document(finish(engine.compare_models(models, spec), going_on))

    def evaluate(
        small: str,
        large: str,
        concepts: list[str] | None = None,
        small_layer: int | None = None,
        large_layer: int | None = None,
        prompts: int = PROMPTS,
        strengths: list[float] | None = None,
        seeds: int = RANDOM_SEEDS,
        others: int = OTHER_CONCEPTS,
        reading: Reading | None = READING,
        readout: str | None = None,
        method: Method = METHODS.default,
        whiten: bool = False,
        generate: bool = False,
        scorer: str | None = None,
        corpus: str | None = None,
        tokens: int | None = None,
    ) -> dict[str, Any]:
        """Measure whether vectors transfer, how certain that is and what it costs; docs/evidence.md explains every key.

        Args:
            small: model that the vectors come from.
            large: model that is steered.
            concepts: names of concepts that ship for these models; by default all.
            small_layer: block of the small model, from 0; by default what suits the pair.
            large_layer: block of the large model, from 0; likewise.
            prompts: held-out prompts of each concept, at most.
            strengths: in typical deviations; by default calibrated.
            seeds: random directions.
            others: other concepts sent through the same map as controls.
            reading: all-tokens, last-token or token-K; by default what each concept prefers.
            readout: how the answers are counted, as `/choices` lists them; by default what each concept prefers.
            method: mean-difference or principal-component.
            whiten: find the vectors in whitened activations.
            generate: also write and score texts.
            scorer: what scores the texts, as on the command line; by default each concept's own.
            corpus: name of the text for control maps, and for the map if there is none; by default the map's own.
            tokens: pairs of tokens for each of these maps; by default as many as the map has, within a limit.
        """
        settings = EvaluationSettings(
            strengths=tuple(strengths) if strengths else None,
            prompts=prompts,
            random_seeds=seeds,
            other_concepts=others,
            reading=reading or None,
            readout=readout or None,
            method=method,
            whiten=whiten,
            generate=generate,
            scorer=scorer_from_text(scorer) if scorer else None,
        )
        spec = EvidenceSpec(
            concepts=tuple(concepts) if concepts else None, settings=settings, corpus=corpus or None, tokens=tokens
        )
        models = Models(small=small, large=large, small_layer=small_layer, large_layer=large_layer)
        return evaluation_document(finish(engine.evaluate_models(models, spec), going_on))

    def fit(
        small: str,
        large: str,
        small_layer: int | None = None,
        large_layer: int | None = None,
        tokens: int = FIT_TOKENS,
        corpus: str | None = None,
        method: str | None = None,
    ) -> dict[str, Any]:
        """Fit a map between one layer of each model, save it, and report how good it is.

        Args:
            small: model that vectors come from.
            large: model that is steered.
            small_layer: block of the small model, from 0; by default what suits the pair.
            large_layer: block of the large model, from 0; likewise.
            tokens: pairs of tokens to use.
            corpus: name of the text; by default what suits the pair.
            method: the estimator; by default what suits the pair.
        """
        models = Models(small=small, large=large, small_layer=small_layer, large_layer=large_layer)
        spec = FitSpec(corpus=corpus or None, tokens=tokens, method=method)
        document = fit_document(finish(engine.fit_models(models, spec), going_on))
        # Where a hosted server keeps things is nobody's business.
        return document | ({"artifact": None} if hosting.hosted else {})

    def pairs() -> dict[str, Any]:
        """List the models and pairs that have names, with the concepts that ship for each pair."""
        return pairs_document(hosting.models if hosting.hosted else None)

    def choices() -> dict[str, Any]:
        """List what can be chosen by name: estimators, readouts, methods, readings, arms, scorers, with their units."""
        return all_choices()

    api(in_sentences(choices), api_name="choices")
    for study in (compare, evaluate, fit):
        api(in_sentences(study), api_name=study.__name__, concurrency_limit=None)
    api(in_sentences(pairs), api_name="pairs")


def going_on(_: Progress) -> None:
    """Between the steps of a study: let it end if the server stops, or the page that asked is closed."""
    _JOB.get().go_on()
    check_still_there()


def in_sentences(function: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The function as an endpoint: wrong arguments, and all that fails, end in the sentence that people would see.

    Raises:
        gr.Error: with that sentence.
    """
    call = checked(function)

    @functools.wraps(function)
    def endpoint(*args: Any, **kwargs: Any) -> dict[str, Any]:
        with WORK.job(f"/{function.__name__}") as job:
            _JOB.set(job)
            try:
                return call(*args, **kwargs)
            except LRTError as error:
                job.outcome = CANCELLED if isinstance(error, CancelledError) else REFUSED
                raise gr.Error(sentence_of(error), print_exception=False) from error
            except Exception as error:
                job.outcome = FAILED
                raise gr.Error(failure(error, "an endpoint failed"), print_exception=False) from error

    return endpoint
