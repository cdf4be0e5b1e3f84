"""The sentence: what happened in a comparison, in one line that follows from its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lrt_explorer.numerals import change
from lrt_explorer.study.compare import Comparison
from lrt_explorer.study.ground.known import model_label
from lrt_explorer.study.steering.arms import NATIVE, RANDOM, TRANSFERRED, UNSTEERED

Outcome = Literal["transfers", "partly", "not transferred", "no native effect", "backwards", "silent"]
"""What a single comparison shows; "silent" where there is nothing to say it by. One prompt is no evidence: that is what
an evaluation is for."""

PART = 0.5
"""Share of the native effect below which only a part is said to have come across."""
LEAST = {"nats": 0.1}
"""The smallest change that counts, by unit; of what is bounded by 1, such as a score, `LEAST_SHARE`."""
LEAST_SHARE = 0.02
SCORE = "points of score"
"""The unit where there is no readout and a score takes its place."""


@dataclass(frozen=True)
class Effects:
    """How far each vector moved the large model towards the end that it was pushed to.

    Attributes:
        towards: the word for that end.
        unit: of the numbers, "" where there are none.
        native, transferred, random: change against unsteered, positive towards that end; None without a number.
    """

    towards: str
    unit: str
    native: float | None
    transferred: float | None
    random: float | None

    @property
    def outcome(self) -> Outcome:
        """What the numbers show."""
        if self.transferred is None:
            return "silent"
        least = max(self._least, abs(self.random or 0.0))
        if self.native is not None and abs(self.native) <= least:
            return "no native effect"
        if self.transferred <= least:
            return "backwards" if self.transferred < -least else "not transferred"
        return "partly" if self.native is not None and self.transferred < PART * self.native else "transfers"

    def little(self, arm: Literal["native", "transferred"]) -> str:
        """What to say of a vector that does no more than a random one."""
        value = self.native if arm == "native" else self.transferred
        return "did next to nothing" if abs(value or 0.0) <= self._least else "did no more than a random one"

    @property
    def _least(self) -> float:
        return LEAST.get(self.unit, LEAST_SHARE)


def effects(comparison: Comparison) -> Effects:
    """The change of the readout under each vector, or of the score where the concept has no readout."""
    at, pushed = comparison.settings, comparison.strength
    towards = str(at.get("positive_label" if pushed >= 0 else "negative_label", "the concept"))
    readouts = {arm.name: arm.readout for arm in comparison.arms}
    scores = {arm.name: arm.score for arm in comparison.arms}
    if _measured(readouts):
        return _effects(towards, str(at.get("readout_unit", "nats")), readouts, pushed)
    if _measured(scores):
        return _effects(towards, SCORE, scores, pushed)
    return Effects(towards, "", None, None, None)


def sentence(comparison: Comparison) -> str:
    """One line that says whether the small model's vector did what the large model's own does, and how far."""
    if comparison.strength == 0:
        return "At strength 0 nothing is added, so every text is the same."
    at, found = comparison.settings, effects(comparison)
    if found.transferred is None:
        concept = at.get("concept", "The concept")
        return f"“{concept}” has no readout, and nothing scored these texts, so only reading them tells."
    large = model_label(str(at.get("large", "the large model")))
    mine = "Your vector, mapped," if "small_vector" in at else "The small model’s vector"
    own = "your vector for it" if "large_vector" in at else "its own vector"
    goal = f"towards “{found.towards}”"
    others = [(own, found.native), ("a random one", found.random)]
    beside = "".join(f"; {name} {change(value)}" for name, value in others if value is not None)
    moved = f"{change(found.transferred)} {found.unit}"
    said = {
        "transfers": f"{mine} moved {large} by {moved} {goal}{beside}.",
        "partly": f"{mine} moved {large} by only {moved} {goal}{beside}.",
        "not transferred": f"It does not transfer here: {_lower(mine)} {found.little('transferred')}, "
        f"{moved} {goal}{beside}.",
        "backwards": f"{mine} moved {large} the wrong way, {moved} {goal}{beside}.",
        "no native effect": f"Nothing can transfer here: {large}’s {own.removeprefix('its ')} "
        f"{found.little('native')}, {change(found.native or 0.0)} {found.unit} {goal}; "
        f"{_lower(mine)} {change(found.transferred)}"
        f"{'' if found.random is None else f'; a random one {change(found.random)}'}.",
    }[found.outcome]
    return said + (" All arms cost the same." if at.get("equal_cost") else "")


def _measured(values: Mapping[str, float | None]) -> bool:
    return values.get(UNSTEERED) is not None and values.get(TRANSFERRED) is not None


def _effects(towards: str, unit: str, values: Mapping[str, float | None], pushed: float) -> Effects:
    start, way = values[UNSTEERED], -1.0 if pushed < 0 else 1.0

    def moved(arm: str) -> float | None:
        value = values.get(arm)
        return None if value is None or start is None else way * (value - start)

    return Effects(towards, unit, moved(NATIVE), moved(TRANSFERRED), moved(RANDOM))


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
