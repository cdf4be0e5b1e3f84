"""The table of readout kinds: what the answers to a prompt are counted in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lrt_explorer.registry import Entry, Table

if TYPE_CHECKING:
    from torch import Tensor

Readout = str
"""The name of a readout kind."""

ReadoutFunction = Callable[["Tensor", tuple[int, ...], tuple[int, ...]], "Tensor"]
"""Takes logits `[vocabulary, ...]` of the token after a prompt, and the first tokens of its positive and its negative
answers; without negative tokens, every token that is not positive counts as negative. Gives one number for each column,
`[...]`.

Logits are log-probabilities up to a constant of each column; `logits.log_softmax(0)` removes it.
"""


@dataclass(frozen=True, kw_only=True)
class ReadoutKind(Entry[ReadoutFunction]):
    """What readouts, slopes and effects are counted in."""

    KIND: ClassVar[str] = "readout"


READOUTS: Table[ReadoutKind] = Table(
    [
        ReadoutKind(
            name="log-odds",
            label="Log-odds",
            unit="nats",
            help="log-probability of the concept’s answers minus that of their opposites",
            function="lrt_explorer.concepts.readout:log_odds",
        ),
        ReadoutKind(
            name="probability",
            label="Probability",
            unit="probability",
            help="probability of the concept’s answers among both",
            function="lrt_explorer.concepts.readout:probability",
        ),
    ],
    group="lrt_explorer.readouts",
)
