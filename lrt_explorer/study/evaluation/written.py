"""Texts that the arms of an evaluation write, and what they are worth: score, perplexity, repetition."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import addition
from lrt_explorer.lm.chat import unframed
from lrt_explorer.lm.generate import generate_batch
from lrt_explorer.lm.likelihood import continuation_nats
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.evaluation.arms import ConceptArms
from lrt_explorer.study.evaluation.baseline import baseline_prompt
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.steering.arms import NATIVE, PROMPT, RANDOM, TRANSFERRED, UNSTEERED
from lrt_explorer.study.steering.judged import text_scorer

WRITING = (NATIVE, TRANSFERRED, f"{RANDOM} 1")
RUN = 3
"""Words in a row that count as repeated when they come again."""


@dataclass(frozen=True)
class Passage:
    """One text that an arm wrote.

    Attributes:
        direction: which one was added; "unsteered" and "prompt" add none.
        strength: how much of it, 0 for those two.
        prompt: number of the prompt.
        text: what was written after it.
        score: the scorer's, in [0, 1]; None without a scorer or without evidence.
        nats: mean negative log-likelihood of its tokens under the unsteered large model, after the plain prompt.
        repetition: see `repeated_share`.
    """

    direction: str
    strength: float
    prompt: int
    text: str
    score: float | None
    nats: float | None
    repetition: float


def write_passages(
    large: LanguageModel,
    layer: int,
    concept: ContrastSet,
    arms: ConceptArms,
    prompts: Sequence[str],
    direction: str,
    strength: float,
    settings: EvaluationSettings,
) -> list[Passage]:
    """What one arm writes after each prompt, all arms with the same noise.

    Raises what `text_scorer` raises, before anything is written.
    """
    scorer = text_scorer(settings.scorer or concept.scorer)
    read, additions = list(prompts), None
    if direction == PROMPT:
        read = [
            baseline_prompt(large, concept, text, settings.examples, room=settings.max_new_tokens) for text in prompts
        ]
    elif direction != UNSTEERED:
        values = next(one.values for one in arms.directions if one.name == direction)
        additions = addition(torch.as_tensor(values), strength, arms.typical_deviation).expand(len(prompts), -1)
    texts = generate_batch(
        large,
        read,
        None if additions is None else layer,
        additions,
        max_new_tokens=settings.max_new_tokens,
        temperature=settings.temperature,
        seed=settings.seed,
    )
    nats = continuation_nats(large, prompts, texts)
    # The template around a prompt is not part of what is scored.
    plain = [unframed(prompt) for prompt in prompts]
    scores = [None if scorer is None else scorer(prompt, text) for prompt, text in zip(plain, texts, strict=True)]
    return [
        Passage(direction, strength, number, text, scores[number], nats[number], repeated_share(text))
        for number, text in enumerate(texts)
    ]


def repeated_share(text: str, run: int = RUN) -> float:
    """Share of a text's runs of so many words that have come before in it; 0 for a text with at most one run."""
    words = text.split()
    runs = [tuple(words[at : at + run]) for at in range(len(words) - run + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0
