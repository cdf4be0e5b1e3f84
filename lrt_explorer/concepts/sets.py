"""What a contrast set is: texts in pairs, with and without a behaviour, and how to read that behaviour out."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Literal

from lrt_explorer.errors import ContrastError

MINIMUM_PAIRS = 2

Reading = Literal["all-tokens", "last-token"]
READINGS: tuple[Reading, ...] = ("all-tokens", "last-token")


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
        scorer: name of the judge that scores generated text; None where no judge knows the behaviour.
        reading: where its vectors are read unless someone asks otherwise; what the evidence for this set prefers.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    description: str = ""
    positive_label: str = "with"
    negative_label: str = "without"
    suffix: str | None = None
    prompts: tuple[ReadoutPrompt, ...] = field(default=())
    scorer: str | None = None
    reading: Reading = "all-tokens"

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

    def fingerprint(self) -> str:
        """A hash of everything in the set, so that a changed set is never taken for the one a vector came from."""
        content = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]
