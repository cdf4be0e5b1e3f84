"""What a reader must know beside a verdict, in plain sentences that follow from the numbers."""

from lrt_explorer.numerals import plain
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.evaluation.finding import finding
from lrt_explorer.study.evaluation.verdict import PARTLY, TRANSFERS, Verdict
from lrt_explorer.study.steering.arms import ANSWERS, EMBEDDINGS, NATIVE, TRANSFERRED, UNTRAINED, VOCABULARY

FEWEST_FORMS, FEWEST_PROMPTS = 8, 10
ALIKE = 0.5
"""Correlation off the answers below which two vectors are said to do different things."""
AS_MUCH = 0.8
"""Share of the transferred effect from which on a rival is said to do as much."""

RIVALS = {
    UNTRAINED: (
        "The vector of an untrained model of the small one’s shape",
        "what was carried across may be the words of the texts rather than anything that was learned",
    ),
    EMBEDDINGS: (
        "The vector of the small model’s token embeddings alone",
        "what was carried across may be the words of the texts rather than what a model makes of them",
    ),
    VOCABULARY: (
        "The small model’s vector, carried across by its effect on the logits of shared tokens,",
        "no map had to be fitted for it",
    ),
}
"""What is said of a rival that does as much as the transferred vector: what it is, and what follows."""


def remarks(evidence: ConceptEvidence, verdict: Verdict, together: int) -> tuple[str, ...]:
    """Sentences for people, the gravest first; none where there is nothing to say.

    Args:
        evidence: of one concept.
        verdict: on it.
        together: how many concepts were judged with it.
    """
    found = [
        _backwards(evidence),
        finding(evidence),
        _answers(evidence, verdict),
        _off_answers(evidence, verdict),
        *(_rival(evidence, verdict, arm) for arm in RIVALS),
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


def _answers(evidence: ConceptEvidence, verdict: Verdict) -> str:
    rival = next((arm.retention for arm in evidence.arms if arm.name == ANSWERS), None)
    if rival is None or evidence.retention is None or verdict.word not in (TRANSFERS, PARTLY):
        return ""
    as_much = rival.value >= AS_MUCH * evidence.retention.value
    said = (
        f"A vector made of the answers’ own embeddings does {'as much' if as_much else 'less'} "
        f"({rival.value:.2f} of the native effect)"
    )
    return f"{said}, so this readout alone does not tell a concept from its answer words." if as_much else f"{said}."


def _off_answers(evidence: ConceptEvidence, verdict: Verdict) -> str:
    found = evidence.arm(TRANSFERRED).off_answers
    if found is None or found.value >= ALIKE or verdict.word not in (TRANSFERS, PARTLY):
        return ""
    return (
        "Apart from the answers it does something else than the large model’s own vector: their changes of all other "
        f"words have a correlation of {plain(found.value)}."
    )


def _rival(evidence: ConceptEvidence, verdict: Verdict, name: str) -> str:
    rival = next((arm.retention for arm in evidence.arms if arm.name == name), None)
    if rival is None or evidence.retention is None or verdict.word not in (TRANSFERS, PARTLY):
        return ""
    if rival.value < AS_MUCH * evidence.retention.value:
        return ""
    vector, so = RIVALS[name]
    return f"{vector} does as much ({rival.value:.2f} of the native effect), so {so}."


def _few(evidence: ConceptEvidence) -> str:
    prompts = len(evidence.prompts)
    if prompts >= FEWEST_PROMPTS and evidence.forms >= FEWEST_FORMS:
        return ""
    form = "form" if evidence.forms == 1 else "forms"
    return (
        f"It was read out on {prompts} prompts of {evidence.forms} {form}, which say little about other prompts; add "
        f"prompts until there are {FEWEST_PROMPTS} of {FEWEST_FORMS} forms."
    )


def _seen(evidence: ConceptEvidence) -> str:
    if not (seen := evidence.prompts_in_pairs):
        return ""
    what = "prompts stands" if len(seen) == 1 else "prompts stand"
    return f"{len(seen)} of its {what} in the contrast texts, so its vector has seen them, such as {seen[0]!r}."


def _alone(verdict: Verdict, together: int) -> str:
    if together > 1 or verdict.word not in (TRANSFERS, PARTLY):
        return ""
    return "It was judged alone: whoever tries many concepts one by one finds some that seem to transfer by chance."
