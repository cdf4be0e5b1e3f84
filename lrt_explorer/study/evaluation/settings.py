"""What an evaluation does, in numbers that can be written down and repeated."""

from dataclasses import dataclass

import numpy as np

from lrt_explorer.concepts.contrast import Reading
from lrt_explorer.concepts.methods import METHODS, Method, check_finding
from lrt_explorer.concepts.sets.readout_kinds import READOUTS, Readout
from lrt_explorer.concepts.sets.scoring import ScorerChoice
from lrt_explorer.defaults import (
    GENERATE_PROMPTS,
    GENERATE_TEMPERATURE,
    MAX_NEW_TOKENS,
    NEUTRAL_PROMPTS,
    ORDINARY_DIRECTIONS,
    OTHER_CONCEPTS,
    PERMUTED_VECTORS,
    PROMPT_EXAMPLES,
    PROMPTS,
    RANDOM_SEEDS,
    READING,
    SEED,
)
from lrt_explorer.errors import SettingsError


@dataclass(frozen=True)
class EvaluationSettings:
    """Everything that an evaluation can be asked for beside models, map and concepts.

    Attributes:
        strengths: the grid, in typical deviations; the opposite of each joins it, because controls are judged over
            strengths that lie evenly around 0. None for the calibrated grid of each concept's native vector.
        prompts: how many held-out prompts of each concept, at most.
        random_seeds: random directions, each an arm of its own.
        permuted: vectors of relabelled pairs that are steered with, mapped and native ones each.
        ordinary: directions drawn from the covariance of ordinary states, and differences of ordinary texts, each.
        other_concepts: how many other concepts' vectors go through the same map as controls, as far as there are any.
        neutral_prompts: prompts on which the coherence cost is measured.
        reading: where vectors are read; None for what each concept prefers.
        method: how vectors are found in the texts, a name of `METHODS`.
        whiten: whether that is done in whitened activations, each model's by its own covariance.
        as_in_paper: whether the map's offset is added to transferred vectors (arXiv 2506.00653).
        readout: what the answers are counted in, a name of `READOUTS`; None for what each concept asks for.
        generate: whether texts are written and scored too, at the two ends of the grid.
        scorer: what scores the texts of all concepts; None for each concept's own.
        generate_prompts: prompts to continue.
        max_new_tokens: length of those texts.
        temperature: of their sampling.
        whole_texts: whether the texts of the pairs are scored to their last token too.
        examples: texts of the positive side that the prompt baseline puts before a prompt.
        seed: of the bootstrap and the sampling.
        brought: which vectors were brought in place of those of the concept's texts, each in words with a digest; it
            follows from `Controls.vectors`.

    Raises:
        SettingsError: if a number makes no sense.
    """

    strengths: tuple[float, ...] | None = None
    prompts: int = PROMPTS
    random_seeds: int = RANDOM_SEEDS
    permuted: int = PERMUTED_VECTORS
    ordinary: int = ORDINARY_DIRECTIONS
    other_concepts: int = OTHER_CONCEPTS
    neutral_prompts: int = NEUTRAL_PROMPTS
    reading: Reading | None = READING
    method: Method = METHODS.default
    whiten: bool = False
    as_in_paper: bool = False
    readout: Readout | None = None
    generate: bool = False
    scorer: ScorerChoice | None = None
    generate_prompts: int = GENERATE_PROMPTS
    max_new_tokens: int = MAX_NEW_TOKENS
    temperature: float = GENERATE_TEMPERATURE
    whole_texts: bool = False
    examples: int = PROMPT_EXAMPLES
    seed: int = SEED
    brought: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be measured."""
        if self.strengths is not None:
            if len(set(self.strengths)) < 2 or len(set(self.strengths)) < len(self.strengths):
                raise SettingsError("an evaluation needs at least two strengths, each given once; change them")
            if not np.isfinite(self.strengths).all():
                raise SettingsError("a strength is not a finite number; give finite ones")
            # A control's slope has mean 0 over strengths that lie evenly around 0 alone.
            both = set(self.strengths) | {-strength for strength in self.strengths if strength}
            object.__setattr__(self, "strengths", tuple(sorted(both)))
        if self.prompts < 2:
            raise SettingsError(f"{self.prompts} prompts say nothing about other prompts; ask for at least 2")
        check_finding(self.reading, self.method)
        if self.readout is not None:
            READOUTS.find(self.readout)
        if self.scorer is not None and not self.generate:
            raise SettingsError("a scorer reads written texts; have texts written too, or leave the scorer out")
        for what, count, least in (
            ("random directions", self.random_seeds, 1),
            ("vectors of permuted labels", self.permuted, 1),
            ("directions of ordinary text", self.ordinary, 0),
            ("other concepts", self.other_concepts, 0),
            ("neutral prompts", self.neutral_prompts, 1),
            ("prompts to write texts after", self.generate_prompts, 1),
            ("new tokens", self.max_new_tokens, 1),
            ("examples", self.examples, 1),
        ):
            if count < least:
                raise SettingsError(f"{count} {what} are too few; ask for at least {least}")
