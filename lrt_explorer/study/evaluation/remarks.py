"""What a reader must know beside a verdict, in plain sentences that follow from the numbers."""

from collections.abc import Sequence

from lrt_explorer.numerals import plain
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.evaluation.finding import finding
from lrt_explorer.study.evaluation.statistics import Interval
from lrt_explorer.study.evaluation.verdict import PARTLY, TRANSFERS, Verdict
from lrt_explorer.study.steering.arms import (
    ANCHORS,
    ANSWERS,
    EMBEDDINGS,
    NATIVE,
    OTHER_PAIRS,
    TRANSFERRED,
    UNTRAINED,
    VOCABULARY,
)

FEWEST_FORMS, FEWEST_PROMPTS = 8, 10
ALIKE = 0.5
"""Correlation off the answers below which two vectors are said to do different things."""
AS_MUCH = 0.8
"""Share of the transferred effect from which on a rival is said to do as much."""

RIVALS = {
    ANSWERS: (
        "A vector made of the answers’ own embeddings",
        ", so this readout alone cannot tell the concept from its answer words",
    ),
    UNTRAINED: (
        "The vector of an untrained model of the small one’s shape",
        ", so what came across may be the words of the texts rather than anything that was learned",
    ),
    EMBEDDINGS: (
        "The vector of the small model’s token embeddings alone",
        ", so what came across may be the words of the texts rather than what a model makes of them",
    ),
    VOCABULARY: (
        "The small model’s vector, carried across by its effect on the logits of shared tokens,",
        " and needs no map to be fitted",
    ),
    ANCHORS: (
        "The small model’s vector, carried across by its likeness to shared anchors,",
        " and needs no map to be fitted",
    ),
    OTHER_PAIRS: (
        "The small model’s vector, carried across by an orthogonal map of the pairs of other concepts,",
        " and needs no ordinary text",
    ),
}
"""What is said of a rival that does as much as the transferred vector: what it is, and what follows."""


def _brought(vectors: Sequence[str]) -> str:
    if not vectors:
        return ""
    return (
        f"Brought in place of what the texts of this set give: {'; '.join(vectors)}. Other ways across, and maps of "
        "shuffled pairs, carry the small model's vector that was brought, if one was; all else is from the set's texts."
    )


def as_much(rival: float, own: float) -> bool:
    """Whether the retention of a rival is about that of the transferred vector or more."""
    return rival >= AS_MUCH * own > 0


def remarks(evidence: ConceptEvidence, verdict: Verdict, together: int, brought: Sequence[str] = ()) -> tuple[str, ...]:
    """Sentences for people, the gravest first; none where there is nothing to say.

    Args:
        evidence: of one concept.
        verdict: on it.
        together: how many concepts were judged with it.
        brought: vectors that stand in for those of its texts, in words.
    """
    found = [
        _brought(brought),
        _backwards(evidence),
        finding(evidence),
        _rival(evidence, verdict, ANSWERS),
        _off_answers(evidence, verdict),
        *(_rival(evidence, verdict, arm) for arm in RIVALS if arm != ANSWERS),
        _whole_texts(evidence),
        _few(evidence),
        _seen(evidence),
        _alone(verdict, together),
    ]
    return tuple(sentence for sentence in found if sentence)


def _backwards(evidence: ConceptEvidence) -> str:
    slope = evidence.arm(NATIVE).slope
    if slope is None or slope.high >= 0:
        return ""
    return (
        f"The large model’s own vector steers backwards: it moves the readout away from {evidence.positive_label!r}. "
        "Retention says how far the transferred vector does the same."
    )


def _off_answers(evidence: ConceptEvidence, verdict: Verdict) -> str:
    found = evidence.arm(TRANSFERRED).off_answers
    if found is None or found.value >= ALIKE or verdict.word not in (TRANSFERS, PARTLY):
        return ""
    return (
        "On words that are not answers, the transferred vector does something other than the large model’s own: the "
        f"changes that the two make there have a correlation of {plain(found.value)}."
    )


def _rival(evidence: ConceptEvidence, verdict: Verdict, name: str) -> str:
    """A rival that does as much, also at equal cost; of the answers also what they do otherwise."""
    arm = next((arm for arm in evidence.arms if arm.name == name), None)
    if arm is None or arm.retention is None or evidence.retention is None or verdict.word not in (TRANSFERS, PARTLY):
        return ""
    (vector, so), moved = RIVALS[name], f"{arm.retention.value:.2f} of the native effect"
    if not as_much(arm.retention.value, evidence.retention.value):
        return f"{vector} does less ({moved})." if name == ANSWERS else ""
    rival, own = arm.retention_at_equal_cost, evidence.retention_at_equal_cost
    if rival is not None and own is not None and not as_much(rival.value, own.value):
        costs = (
            f"{vector} moves the readout as far ({moved}) but disturbs other text more: at equal cost it has "
            f"{plain(rival.value)}, the transferred vector {plain(own.value)}."
        )
        return costs if name == ANSWERS else ""
    return f"{vector} does as much ({moved}){so}."


def _whole_texts(evidence: ConceptEvidence) -> str:
    if evidence.whole_texts_missing:
        return f"Its whole texts could not be scored: {evidence.whole_texts_missing}."
    if (found := evidence.whole_texts) is None:
        return ""
    native, kept = found.slopes[NATIVE], found.retention
    moved = f"{_between(native, 3)} nats for each token and typical deviation"
    if native.holds(0.0):
        return (
            f"Whole texts do not follow the large model’s own vector ({moved}), so they say nothing about a transfer."
        )
    if kept is None:
        return f"Whole texts follow the large model’s own vector ({moved}), but too unevenly to say what is retained."
    turned = ", which here steers backwards" if native.high < 0 else ""
    beside = ""
    if found.relabelled is not None:
        beside = f"; vectors of relabelled pairs have {_between(found.relabelled, 2)} times"
    return (
        f"Over whole texts ({found.pairs} pairs, each scored with vectors from the other half), the transferred vector "
        f"has {_between(kept, 2)} times the effect of the large model’s own{turned}{beside}."
    )


def _between(found: Interval, decimals: int) -> str:
    value, low, high = (plain(number, decimals) for number in (found.value, found.low, found.high))
    return f"{value} ({low} … {high})"


def _few(evidence: ConceptEvidence) -> str:
    prompts = len(evidence.prompts)
    if prompts >= FEWEST_PROMPTS and evidence.forms >= FEWEST_FORMS:
        return ""
    form = "form" if evidence.forms == 1 else "forms"
    return (
        f"It was read out on {prompts} prompts of {evidence.forms} {form}, which say little about other prompts; add "
        f"prompts until there are {FEWEST_PROMPTS}, in {FEWEST_FORMS} different forms."
    )


def _seen(evidence: ConceptEvidence) -> str:
    if not (seen := evidence.prompts_in_pairs):
        return ""
    occur, them = ("occurs", f"it: {seen[0]!r}") if len(seen) == 1 else ("occur", f"them, such as {seen[0]!r}")
    return f"{len(seen)} of its prompts also {occur} in the contrast texts, so its vector has seen {them}."


def _alone(verdict: Verdict, together: int) -> str:
    if together > 1 or verdict.word not in (TRANSFERS, PARTLY):
        return ""
    return "It was judged alone. If you try many concepts one at a time, some seem to transfer by chance."
