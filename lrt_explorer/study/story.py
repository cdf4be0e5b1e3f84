"""The story of a comparison: whether its texts show at a glance what steering does, and that a random push does not."""

from lrt_explorer.study.compare import Comparison
from lrt_explorer.study.evaluation.written import repeated_share
from lrt_explorer.study.sentence import SCORE, effects
from lrt_explorer.study.steering.arms import NATIVE, RANDOM, TRANSFERRED, UNSTEERED

LOW, HIGH = 0.35, 0.65
"""Scores up to and from which a text plainly has one end or the other; a text without evidence has neither."""
QUIET = 0.25
"""Share of the native effect that a random direction may have, where a readout takes the place of a score."""
REPEATED = 0.4
"""Share of three words in a row that have come before, above which a text reads as broken."""


def shows(comparison: Comparison) -> bool:
    """Whether both steered texts reach the end that they are pushed to, and the other two do not.

    By the scores of the texts. Where there are none, by the readout: the transferred vector does at least half of what
    the native one does, and the random one at most a quarter.
    """
    scores = {arm.name: arm.score for arm in comparison.arms}
    if any(scores[name] is not None for name in (NATIVE, TRANSFERRED)):
        if comparison.strength < 0:
            scores = {name: None if score is None else 1 - score for name, score in scores.items()}
        steered = all((scores[name] or 0.0) >= HIGH for name in (NATIVE, TRANSFERRED))
        return steered and all((scores[name] or 0.0) <= LOW for name in (UNSTEERED, RANDOM))
    found = effects(comparison)
    if found.unit == SCORE or found.native is None or found.outcome != "transfers":
        return False
    return abs(found.random or 0.0) <= QUIET * found.native


def reads_well(comparison: Comparison) -> bool:
    """Whether no text repeats itself so much that it reads as broken."""
    return all(repeated_share(arm.text) <= REPEATED for arm in comparison.arms)
