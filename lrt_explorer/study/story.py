"""The story of a comparison: whether its texts show at a glance what steering does, and that a random push does not."""

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.sets.scoring import Expression, WordList
from lrt_explorer.study.compare import Comparison
from lrt_explorer.study.evaluation.written import repeated_share
from lrt_explorer.study.sentence import SCORE, effects
from lrt_explorer.study.steering.arms import NATIVE, RANDOM, TRANSFERRED, UNSTEERED

STEERED, REST = (NATIVE, TRANSFERRED), (UNSTEERED, RANDOM)
LOW, HIGH = 0.35, 0.65
"""Scores up to and from which a text plainly has one end or the other; a text without evidence has neither."""
QUIET = 0.25
"""Share of the native effect that a random direction may have, where a readout takes the place of a score."""
REPEATED = 0.4
"""Share of three words in a row that have come before, above which a text reads as broken."""


def is_judged(concept: ContrastSet) -> bool:
    """Whether what scores a concept's texts understands them.

    A word list or an expression finds a word or two in a text of real models, steered or not, or none; so for these the
    readout tells the story, and their scores can only rule it out. Without a readout they are all there is.
    """
    if isinstance(concept.scorer, (WordList, Expression)):
        return not concept.prompts
    return concept.scorer is not None


def shows(comparison: Comparison, *, judged: bool) -> bool:
    """Whether both steered texts reach the end that they are pushed to, and the other two do not.

    Args:
        comparison: finished.
        judged: see `is_judged`. If so, the scores count, and a text that holds no evidence reaches nothing. If not, the
            readout counts (`moves`), and texts can only rule it out: no steered one may have a lower score than the
            unsteered or the random one, and none may be called hard to read or broken (`Arm.remark`).
    """
    if judged:
        return reaches(comparison)
    scores = _scores(comparison)
    steered, rest = ([score for name in names if (score := scores[name]) is not None] for names in (STEERED, REST))
    readable = not any(arm.remark for arm in comparison.arms)
    return readable and moves(comparison) and min(steered, default=1.0) >= max(rest, default=0.0)


def reaches(comparison: Comparison) -> bool:
    """Whether by their scores both steered texts have the end that they are pushed to, and the other two do not."""
    scores = _scores(comparison)
    steered = all((scores[name] or 0.0) >= HIGH for name in STEERED)
    return steered and all((scores[name] or 0.0) <= LOW for name in REST)


def moves(comparison: Comparison) -> bool:
    """Whether by the readout the transferred vector does at least half of what the native one does.

    And the random one at most a quarter. The readout stands right after the prompt, so one token is enough to ask it.
    """
    found = effects(comparison)
    if found.unit == SCORE or found.native is None or found.outcome != "transfers":
        return False
    return abs(found.random or 0.0) <= QUIET * found.native


def _scores(comparison: Comparison) -> dict[str, float | None]:
    """The score of each arm, of the end that the vectors push to."""
    scores = {arm.name: arm.score for arm in comparison.arms}
    if comparison.strength < 0:
        return {name: None if score is None else 1 - score for name, score in scores.items()}
    return scores


def reads_well(comparison: Comparison) -> bool:
    """Whether no text repeats itself so much that it reads as broken."""
    return all(repeated_share(arm.text) <= REPEATED for arm in comparison.arms)
