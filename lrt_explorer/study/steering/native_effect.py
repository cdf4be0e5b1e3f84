"""Native effect: how far a layer's own vectors move the readout, at a strength of equal cost at every layer."""

from collections.abc import Generator, Mapping, Sequence

import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.concepts.readout import AnswerTokens, answer_tokens, counted_answers, settle
from lrt_explorer.errors import ContrastError
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.suffix import Start, read_starts, suffix_logits
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.calibrate import CostCurve
from lrt_explorer.study.steering.neutral import costs

COST = 0.3
"""Nats of KL(steered ‖ unsteered) on neutral text: clearly steered, and text is still fluent."""
TRIED = tuple(2.0**step for step in range(-2, 4))
"""Multiples of a vector's own length whose cost is measured, on both sides; between them it is interpolated."""
ROWS = 2 * len(TRIED) + 1


def native_effects(
    large: LanguageModel,
    layers: Sequence[int],
    concepts: Sequence[ContrastSet],
    neutral: Sequence[str],
    *,
    prompts: int,
    reading: Reading | None = None,
) -> Generator[Progress, None, Mapping[int, float]]:
    """How well each layer is steered by the model's own vectors, as a share of the best of these layers.

    At every layer a concept's vector is added as far as costs the same on neutral text, since equal lengths mean
    something else at each of them. The effect is half the difference of the readouts on both sides of 0.

    Args:
        large: the model that is steered.
        layers: blocks whose output is steered.
        concepts: what steers; those without prompts, or without a vector or answers in this model, do not count, nor
            those that steer at none of these layers.
        neutral: prompts that have nothing to do with the concepts, at least one.
        prompts: readout prompts of each concept, at most.
        reading: how vectors are read; None for what each set prefers.

    Returns:
        For each layer a number in [0, 1], averaged over the concepts; 1 where none counts.
    """
    effects: dict[str, dict[int, float]] = {}
    readable = [concept for concept in concepts if concept.prompts]
    for number, layer in enumerate(layers):
        if not readable:
            break
        yield Progress(number, len(layers), f"steering layer {layer} of {large.name} with its own vectors")
        quiet = read_starts(large, layer, neutral)
        for concept in readable:
            known = known_vectors().get_all(large, concept, [layer], reading, skip_empty=True).get(layer)
            try:
                asked = settle(large, concept.prompts[:prompts])
                answers = answer_tokens(large, asked)
            except ContrastError:
                continue
            if known is not None:
                values = known.vector.values
                step = strength_at_cost(large, quiet, values) * values.float()
                starts = read_starts(large, layer, [prompt.text for prompt in asked])
                effects.setdefault(concept.name, {})[layer] = max(_effect(large, starts, answers, step, concept), 0.0)
    shares: dict[int, list[float]] = {layer: [] for layer in layers}
    for by_layer in effects.values():
        if (best := max(by_layer.values())) > 0:
            for layer in layers:
                shares[layer].append(by_layer.get(layer, 0.0) / best)
    return {layer: sum(values) / len(values) if values else 1.0 for layer, values in shares.items()}


def strength_at_cost(large: LanguageModel, neutral: Sequence[Start], values: Tensor, cost: float = COST) -> float:
    """The multiple of a vector that costs so much on neutral text, on whichever side costs more.

    Args:
        large: the model that has read the neutral prompts, up to the steered layer.
        neutral: from `read_starts`.
        values: `[d]`, the vector.
        cost: mean KL(steered ‖ unsteered) of the next token, in nats.
    """
    steps = torch.tensor([*TRIED, *(-step for step in TRIED)])[:, None] * values.float()
    means = costs(large, neutral, steps).mean(1).tolist()
    return CostCurve(TRIED, tuple(means[: len(TRIED)]), tuple(means[len(TRIED) :])).strength(cost, beyond=True)


def _effect(
    large: LanguageModel, starts: Sequence[Start], answers: Sequence[AnswerTokens], step: Tensor, concept: ContrastSet
) -> float:
    """Half the difference between the readouts with the step added and taken away, mean over prompts."""
    changes = []
    for start, answer in zip(starts, answers, strict=True):
        logprobs = suffix_logits(large, start, torch.stack([step, -step])).log_softmax(1)
        with_it, against_it = counted_answers(logprobs.T, answer, concept.readout).tolist()
        changes.append((with_it - against_it) / 2)
    return float(sum(changes) / len(changes))
