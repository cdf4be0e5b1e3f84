"""The sentence: what happened in a comparison, in one line that follows from its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lrt_explorer.numerals import change
from lrt_explorer.study.compare import Comparison
from lrt_explorer.study.ground.known import model_label
from lrt_explorer.study.steering.also import told_also
from lrt_explorer.study.steering.arms import ARMS, NATIVE, PROMPT, RANDOM, TRANSFERRED, UNSTEERED

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
        others: that of the other arms that have a number, by name.
    """

    towards: str
    unit: str
    native: float | None
    transferred: float | None
    random: float | None
    others: Mapping[str, float] = field(default_factory=dict)

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
    names = [arm.name for arm in comparison.arms]
    if names == [UNSTEERED]:
        return "Only the unsteered text is written; switch on an arm to compare it."
    if comparison.strength == 0 and not comparison.also:
        same = "every text but the prompted one" if PROMPT in names else "every text"
        return f"At strength 0 nothing is added, so {same} is the same."
    at, found = comparison.settings, effects(comparison)
    large = model_label(str(at.get("large", "the large model")))
    brought = "small_vector" in at or "transferred_vector" in at
    mine = "Your vector, mapped," if brought else "The small model’s vector"
    own = "your vector for it" if "large_vector" in at else "the large model’s own vector"
    its = f"your vector for {large}" if "large_vector" in at else f"{large}’s own vector"
    goal = f"towards “{found.towards}”"
    named = [(own, found.native), ("a random one", found.random)]
    rest = [(_spoken(name), value) for name, value in found.others.items()]
    beside = "".join(f"; {name} {change(value)}" for name, value in (*named, *rest) if value is not None)
    if found.transferred is None:
        if found.unit:
            return f"How far {large} moved {goal}, in {found.unit}: {beside.removeprefix('; ')}."
        concept = at.get("concept", "The concept")
        return f"“{concept}” has no readout and nothing scores its texts, so judge them by reading."
    moved = f"{change(found.transferred)} {found.unit}"
    said = {
        "transfers": f"{mine} moved {large} by {moved} {goal}{beside}.",
        "partly": f"{mine} moved {large} by only {moved} {goal}{beside}.",
        "not transferred": f"It does not transfer here: {_lower(mine)} {found.little('transferred')}, "
        f"{moved} {goal}{beside}.",
        "backwards": f"{mine} moved {large} the wrong way, {moved} {goal}{beside}.",
        "no native effect": f"Nothing can transfer here: {its} {found.little('native')}, "
        f"{change(found.native or 0.0)} {found.unit} {goal}; "
        f"{_lower(mine)} {change(found.transferred)}"
        f"{''.join(f'; {name} {change(value)}' for name, value in (*named[1:], *rest) if value is not None)}.",
    }[found.outcome]
    also = f" Every arm was also steered by {told_also(comparison.also)}." if comparison.also else ""
    return said + also + (" All arms cost the same." if at.get("equal_cost") else "")


def _spoken(name: str) -> str:
    return "asking in words" if name == PROMPT else _lower(ARMS.label(name))


def _measured(values: Mapping[str, float | None]) -> bool:
    """Whether the transferred vector has a number, or any other arm where it is not compared."""
    steered = [TRANSFERRED] if TRANSFERRED in values else [name for name in values if name != UNSTEERED]
    return values.get(UNSTEERED) is not None and any(values[name] is not None for name in steered)


def _effects(towards: str, unit: str, values: Mapping[str, float | None], pushed: float) -> Effects:
    start, way = values[UNSTEERED], -1.0 if pushed < 0 else 1.0

    def moved(arm: str) -> float | None:
        value = values.get(arm)
        return None if value is None or start is None else way * (value - start)

    own = (UNSTEERED, NATIVE, TRANSFERRED, RANDOM)
    others = {name: value for name in values if name not in own and (value := moved(name)) is not None}
    return Effects(towards, unit, moved(NATIVE), moved(TRANSFERRED), moved(RANDOM), others)


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
