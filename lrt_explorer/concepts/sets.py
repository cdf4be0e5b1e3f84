"""What a contrast set is: texts in pairs, with and without a behaviour, and how to read that behaviour out."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from lrt_explorer.concepts.scoring import ScorerChoice
from lrt_explorer.errors import ContrastError, SettingsError

MINIMUM_PAIRS = 2

Reading = str
"""Which tokens of a text are read: one of `READINGS`, or "token-K" (see `tokens_from_end`)."""
READINGS: tuple[Reading, ...] = ("all-tokens", "last-token")
READING_HELP = "all-tokens, last-token, or token-K for the K-th ordinary token from the end (token-1 is the last)"
_FROM_THE_END = re.compile(r"token-([1-9]\d{0,3})")

Readout = Literal["log-odds", "probability"]
READOUTS: tuple[Readout, ...] = ("log-odds", "probability")


def tokens_from_end(reading: Reading) -> int | None:
    """How far from a text's end the token lies that is read, 1 for the last; None where all tokens are.

    Raises:
        SettingsError: if there is no such reading.
    """
    if reading == "all-tokens":
        return None
    if reading == "last-token":
        return 1
    if match := _FROM_THE_END.fullmatch(reading):
        return int(match[1])
    raise SettingsError(f"{reading[:60]!r} is no way to read a vector; choose {READING_HELP}")


@dataclass(frozen=True)
class ReadoutPrompt:
    """A prompt whose next token tells how far the behaviour shows.

    Attributes:
        text: what the model reads.
        positive: continuations that show the behaviour, written as they follow the text (usually with a leading space).
        negative: continuations that show its opposite; none at all stand for everything that is not positive.
    """

    text: str
    positive: tuple[str, ...]
    negative: tuple[str, ...]


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
        readout: how an evaluation counts the answers of a prompt: "log-odds" of the positive against the negative ones,
            in nats, or the "probability" of the positive ones among both.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    description: str = ""
    positive_label: str = "with"
    negative_label: str = "without"
    suffix: str | None = None
    prompts: tuple[ReadoutPrompt, ...] = field(default=())
    scorer: ScorerChoice | None = None
    reading: Reading = "all-tokens"
    readout: Readout = "log-odds"

    def __post_init__(self) -> None:
        """Refuse a set that holds no contrast."""
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

    def some_pairs(self, numbers: Sequence[int]) -> "ContrastSet":
        """The set with some of its pairs, counted from 0; raises ContrastError if they are too few."""
        return replace(self, pairs=tuple(self.pairs[number] for number in numbers))

    def fingerprint(self) -> str:
        """A hash of everything in the set, so that a changed set is never taken for the one a vector came from."""
        content = asdict(self)
        if self.readout == READOUTS[0]:
            # The sets that ship had their vectors read before there was a choice, and must go on matching them.
            del content["readout"]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]
