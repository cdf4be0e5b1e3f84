"""The held-out prompts of a concept one by one: where transfer falls short, and where it holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.evaluation.written import Passage
from lrt_explorer.study.steering.arms import NATIVE, TRANSFERRED


@dataclass(frozen=True)
class PromptEvidence:
    """One held-out prompt.

    Attributes:
        number: its place among the prompts of the concept.
        text: the prompt.
        unsteered: its readout without any vector, in nats.
        native, transferred: the slope of its readout under both vectors, in nats per typical deviation.
        gap: transferred − native slope, in the direction of the mean native slope: below 0 where the transferred vector
            moves the prompt less far than the native one does.
        wrong_way: whether the transferred vector moves it against the direction of the mean native slope.
        passages: what was written after it.
    """

    number: int
    text: str
    unsteered: float
    native: float
    transferred: float
    gap: float
    wrong_way: bool
    passages: tuple[Passage, ...]


def prompts_by_gap(evidence: ConceptEvidence) -> tuple[PromptEvidence, ...]:
    """All held-out prompts, from the one where the transferred vector falls furthest short of the native one."""
    native, transferred = evidence.arm(NATIVE).prompt_slopes, evidence.arm(TRANSFERRED).prompt_slopes
    sign = -1.0 if sum(native) < 0 else 1.0
    found = [
        PromptEvidence(
            number,
            text,
            evidence.unsteered[number],
            native[number],
            transferred[number],
            sign * (transferred[number] - native[number]),
            sign * transferred[number] < 0,
            tuple(passage for passage in evidence.passages if passage.prompt == number),
        )
        for number, text in enumerate(evidence.prompts)
    ]
    return tuple(sorted(found, key=lambda one: one.gap))


def worst_and_best(
    prompts: Sequence[PromptEvidence], count: int
) -> tuple[tuple[PromptEvidence, ...], tuple[PromptEvidence, ...]]:
    """The first and the last of the prompts, the best one first; none is both."""
    count = min(count, len(prompts) // 2)
    return tuple(prompts[:count]), tuple(reversed(prompts[len(prompts) - count :]))
