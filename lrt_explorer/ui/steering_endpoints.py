"""Endpoints about steering: compare the arms, measure whether vectors transfer, find the strengths that suit one."""

from dataclasses import asdict
from typing import Any

from lrt_explorer.concepts.contrast import Reading
from lrt_explorer.concepts.methods import METHODS, Method
from lrt_explorer.concepts.sets.scoring import scorer_from_text
from lrt_explorer.defaults import (
    MAX_NEW_TOKENS,
    OTHER_CONCEPTS,
    PROMPTS,
    RANDOM_SEEDS,
    READING,
    SEED,
    STRENGTH,
    TEMPERATURE,
)
from lrt_explorer.study.compare import ComparisonStep
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.evaluate import EvaluationSettings
from lrt_explorer.study.ground.progress import Progress, finish, retold
from lrt_explorer.study.steering.also import read_also
from lrt_explorer.study.steering.arms import PANES, chosen_arms
from lrt_explorer.study.steering.other_layers import asked_layers
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.ui.answering import Endpoint, going_on
from lrt_explorer.ui.engine import Engine
from lrt_explorer.workbench.compare import comparison_document
from lrt_explorer.workbench.evidence import EvidenceSpec
from lrt_explorer.workbench.requests import Models


def steering_endpoints(engine: Engine) -> tuple[Endpoint, ...]:
    """`compare`, `evaluate` and `calibrate` over an engine."""

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
        also: str | None = None,
        ask: str | None = None,
        per_token: bool = False,
        other_layers: str | None = None,
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
            reading: which tokens are read: {readings}; by default what the concept prefers.
            method: how texts become a vector: {methods}.
            whiten: find the vectors in whitened activations.
            as_in_paper: add the map's bias to the direction, as arXiv 2506.00653 does.
            equal_cost: give every arm the strength that costs as much as the native vector.
            scorer: what scores the texts: {scorers}; by default the concept's own.
            arms: what is compared with the unsteered text: {arms}; by default {panes}.
            also: concepts that are steered beside the first, each with its strength, as in mood:0.2,tense:-0.1.
            ask: a message that the texts answer, in the chat template of the large model.
            other_layers: layers for the arm other-layers, such as 3-6; by default one block lower in both models.
            per_token: tell the log-probability of every token, steered and not, and the likeliest tokens there.
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
            also=read_also(also or ""),
            ask=ask,
            per_token=per_token,
            other_layers=asked_layers(other_layers),
        )
        models = Models(small=small, large=large, small_layer=small_layer, large_layer=large_layer)
        return comparison_document(finish(retold(engine.compare_models(models, spec), _written), going_on))

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
        whole_texts: bool = False,
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
            reading: which tokens are read: {readings}; by default what each concept prefers.
            readout: how the answers are counted: {readouts}; by default what each concept prefers.
            method: how texts become a vector: {methods}.
            whiten: find the vectors in whitened activations.
            generate: also write and score texts.
            scorer: what scores the texts: {scorers}; by default each concept's own.
            whole_texts: also score the texts of the pairs to their last token.
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
            whole_texts=whole_texts,
        )
        spec = EvidenceSpec(
            concepts=tuple(concepts) if concepts else None, settings=settings, corpus=corpus or None, tokens=tokens
        )
        models = Models(small=small, large=large, small_layer=small_layer, large_layer=large_layer)
        return evaluation_document(finish(engine.evaluate_models(models, spec), going_on))

    def calibrate(
        small: str,
        large: str,
        concept: str,
        small_layer: int | None = None,
        large_layer: int | None = None,
        reading: Reading | None = READING,
        method: Method = METHODS.default,
        whiten: bool = False,
    ) -> dict[str, Any]:
        """Find the strengths that suit a concept's native vector, by what they cost the large model on neutral text.

        Args:
            small: model that vectors come from; with the large one it decides what ordinary text is.
            large: model that is steered.
            concept: name of a concept that ships for these models.
            small_layer: block of the small model, from 0; by default what suits the pair.
            large_layer: block of the large model, from 0; likewise.
            reading: which tokens are read: {readings}; by default what the concept prefers.
            method: how texts become a vector: {methods}.
            whiten: find the vector in whitened activations.
        """
        spec = SteerSpec(concept=concept, reading=reading, method=method, whiten=whiten)
        models = Models(small=small, large=large, small_layer=small_layer, large_layer=large_layer)
        return asdict(finish(engine.calibrate_models(models, spec), going_on))

    return compare, evaluate, calibrate


def _written(step: Progress | ComparisonStep) -> Progress:
    """How far a comparison is, while it writes too."""
    return step if isinstance(step, Progress) else Progress(step.done, step.total, "writing")
