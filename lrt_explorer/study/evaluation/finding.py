"""Why a concept that the large model is steered by does not come over whole, in one sentence from the numbers."""

from lrt_explorer.numerals import plain
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.evaluation.holding import Holding
from lrt_explorer.study.steering.arms import BOUND

WHY = "Why: "
"""How every finding begins."""
WHOLE = 0.85
"""Retention from which on nothing needs to be explained."""
HELD = 0.5
"""Cosine of halves below which a layer hardly tells both sides of the concept apart."""
CLEARER = 0.1
"""By how much another layer must hold it more clearly to be worth a word."""
SELDOM = 0.5
"""Variance along the vector, in units of that along an average direction, below which ordinary text hardly shows it."""


def finding(evidence: ConceptEvidence) -> str:
    """What keeps the retention below `WHOLE`: the small model, its layer, any linear map, or this one.

    Args:
        evidence: of one concept.

    Returns:
        "" where the retention is not measurable, or nothing is missing, or it is not known.
    """
    retention, held = evidence.retention, evidence.holding
    bound = next((arm.retention for arm in evidence.arms if arm.name == BOUND), None)
    if retention is None or held is None or bound is None or retention.value >= WHOLE:
        return ""
    if held.here < HELD:
        return f"{WHY}the small model hardly holds it at layer {held.layer}{_halves(held.here)}{_elsewhere(held)}."
    if retention.value <= bound.value < WHOLE:
        return (
            f"{WHY}not even a map between these layers that was fitted on half of its own pairs carries all of it: it "
            f"keeps {plain(bound.value)} of the native effect for the other half{_elsewhere(held)}."
        )
    if bound.value < WHOLE:
        # Few pairs fit a poor map: less than this one carries is no bound on any.
        return ""
    seen = ""
    if held.ordinary < SELDOM:
        times = plain(held.ordinary)
        seen = f": ordinary text varies along its direction only {times} times as much as along an average one"
    return (
        f"{WHY}the map loses it{seen}. The small model holds it at layer {held.layer}{_halves(held.here)}. "
        f"A map fitted on half of its own pairs keeps {plain(bound.value)} of the native effect for the other half; "
        f"this one, which saw none of them, keeps {plain(retention.value)}."
    )


def _halves(cosine: float) -> str:
    return f" (the vectors of the two halves of its pairs have a cosine of {plain(cosine)})"


def _elsewhere(held: Holding) -> str:
    best = held.by_layer[held.best]
    if best < held.here + CLEARER:
        return ""
    return f"; layer {held.best} holds it more clearly ({plain(best)})"
