"""The table of readings: which tokens of a contrast text its state is read from."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lrt_explorer.errors import SettingsError
from lrt_explorer.registry import Entry, Table

if TYPE_CHECKING:
    from torch import Tensor

Reading = str
"""Which tokens of a text are read: a name of `READINGS`, or "token-K" with a number for K."""

Reader = Callable[["Tensor", "Tensor"], "Tensor"]
"""Takes a batch's states `[b, t, d]` and its ordinary tokens `[b, t]` to `[b, d]` float64; NaN where a text has no
such token."""


@dataclass(frozen=True, kw_only=True)
class ReadingKind(Entry[Reader]):
    """A way to read a text. Its unit is what is read of each text.

    Attributes:
        suffix: whether the set's neutral words follow each text.
    """

    KIND: ClassVar[str] = "reading"
    suffix: bool = False


READINGS: Table[ReadingKind] = Table(
    [
        ReadingKind(
            name="all-tokens",
            label="all tokens",
            unit="mean of all tokens",
            help="mean over the ordinary tokens of each text",
            function="lrt_explorer.concepts.reading:text_means",
        ),
        ReadingKind(
            name="last-token",
            label="last token",
            unit="one token",
            help="last token of each text, after the set's suffix",
            function="lrt_explorer.concepts.reading:last_tokens",
            suffix=True,
        ),
    ]
)
FROM_THE_END = "token-K: K-th ordinary token from the end (token-1 is the last)"
"""The family of readings that a number completes, and which no list can offer whole."""
_FROM_THE_END = re.compile(r"token-([1-9]\d{0,3})")


def readings_help() -> str:
    """Every reading with its help, in one line."""
    return f"{READINGS.help()}; {FROM_THE_END}"


def token_from_end(reading: Reading) -> int | None:
    """How far from a text's end "token-K" lies, 1 for the last; None for the readings of the table.

    Raises:
        SettingsError: if there is no such reading.
    """
    if reading in READINGS:
        return None
    if match := _FROM_THE_END.fullmatch(reading):
        return int(match[1])
    names = ", ".join(READINGS)
    raise SettingsError(
        f"{reading[:60]!r} is not a way to read a vector; choose {names}, or token-K for the K-th ordinary token from "
        "the end (token-1 is the last)"
    )
