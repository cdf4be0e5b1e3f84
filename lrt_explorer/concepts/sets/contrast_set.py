"""What a contrast set is: texts in pairs, with and without a behaviour, and how to read that behaviour out."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

from lrt_explorer.concepts.sets.readings import READINGS, Reading
from lrt_explorer.concepts.sets.readout_kinds import READOUTS, Readout
from lrt_explorer.concepts.sets.scoring import ScorerChoice
from lrt_explorer.errors import ContrastError

MINIMUM_PAIRS = 2
UNNAMED = ("with", "without")
"""The ends of a contrast set that names none."""


def spoken_ends(positive: str, negative: str) -> str:
    """A concept by its two ends, as people speak of it: "pirate ↔ plain"; "" where they have no names."""
    return "" if (positive, negative) == UNNAMED else f"{positive} ↔ {negative}"


@dataclass(frozen=True)
class ReadoutPrompt:
    """A prompt whose next token tells how far the behaviour shows.

    Attributes:
        text: what the model reads.
        positive: continuations that show the behaviour, written as they follow the text (usually with a leading space).
        negative: continuations that show its opposite; if there are none, everything that is not positive counts.
        ask: the user message that a chat model answers with a reply that begins with the text; None in a set for the
            set's own, and without one the text is read as it stands.
        form: a word for the kind of text it begins, such as "letter". Prompts of one form count together where forms
            are few; it changes no readout.
    """

    text: str
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    ask: str | None = None
    form: str | None = None


@dataclass(frozen=True)
class ContrastSet:
    """Texts with and without one behaviour, and how to read it out. Raises ContrastError when it could not contrast.

    Attributes:
        name: the concept's name.
        pairs: (with the behaviour, without it), at least two.
        description: one sentence for people.
        positive_label: a word for the texts with the behaviour ("happy").
        negative_label: a word for the texts without it ("sad").
        suffix: neutral words that end every text when the last token is read; None where there are none.
        prompts: readout prompts, kept apart from the pairs.
        scorer: what scores generated text; None where nothing does.
        reading: where its vectors are read unless someone asks otherwise; what the evidence for this set prefers.
        readout: how the answers of a prompt are counted, a name of `READOUTS`: "log-odds" of the positive against the
            negative ones, in nats, or the "probability" of the positive ones among both.
        ask: the user message that the texts answer. A chat model reads every text as its own reply to it; a model
            without a chat template never sees it.
        pair_asks: for each pair the user message of its own, or None for the set's; empty where no pair has one.
        examples: prompts to start from, easier to read than those that measure.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    description: str = ""
    positive_label: str = UNNAMED[0]
    negative_label: str = UNNAMED[1]
    suffix: str | None = None
    prompts: tuple[ReadoutPrompt, ...] = field(default=())
    scorer: ScorerChoice | None = None
    reading: Reading = READINGS.default
    readout: Readout = READOUTS.default
    ask: str | None = None
    pair_asks: tuple[str | None, ...] = ()
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a set that holds no contrast."""
        if self.ask is not None:
            asked = tuple(p if p.ask is not None else replace(p, ask=self.ask) for p in self.prompts)
            object.__setattr__(self, "prompts", asked)
        if len(self.pair_asks) not in (0, len(self.pairs)):
            raise ContrastError(
                f"the contrast set {self.name} has {len(self.pair_asks)} user messages for {len(self.pairs)} pairs; "
                "give one per pair, or none"
            )
        if not self.name.strip():
            raise ContrastError("the contrast set has no name; give it one")
        if len(self.pairs) < MINIMUM_PAIRS:
            count = "no pairs" if not self.pairs else "only one pair"
            raise ContrastError(f"the contrast set {self.name} has {count}; write at least {MINIMUM_PAIRS}")
        for number, (positive, negative) in enumerate(self.pairs, 1):
            if not positive.strip() or not negative.strip():
                side = "with" if not positive.strip() else "without"
                raise ContrastError(
                    f"pair {number} of the contrast set {self.name} is one-sided: its '{side}' text is empty; "
                    "write both texts of every pair"
                )
        if all(positive == negative for positive, negative in self.pairs):
            raise ContrastError(
                f"every pair of the contrast set {self.name} holds the same text twice; "
                "write texts that differ in the behaviour"
            )

    def asks(self) -> list[str | None]:
        """The user message that each pair's texts answer."""
        return [ask or self.ask for ask in self.pair_asks or (None,) * len(self.pairs)]

    def ask_before(self, text: str) -> str | None:
        """The user message that a prompt answers: that of the set's own prompt, for any other text the set's."""
        return next((prompt.ask for prompt in self.prompts if prompt.text == text), self.ask)

    def some_pairs(self, numbers: Sequence[int]) -> "ContrastSet":
        """The set with some of its pairs, counted from 0; raises ContrastError if they are too few."""
        return replace(
            self,
            pairs=tuple(self.pairs[number] for number in numbers),
            pair_asks=tuple(self.pair_asks[number] for number in numbers) if self.pair_asks else (),
        )

    def fingerprint(self) -> str:
        """A hash of all that is read or measured, so that a changed set never passes for the one a vector came from."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        content = asdict(self)
        # What only people see is left out. So is what a set need not give: sets written before it existed must go on
        # matching the vectors that were read from them.
        del content["examples"]
        for key, default in (("readout", READOUTS.default), ("ask", None), ("pair_asks", ())):
            if content[key] == default:
                del content[key]
        for prompt in content["prompts"]:
            del prompt["form"]
            if prompt["ask"] is None:
                del prompt["ask"]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]
