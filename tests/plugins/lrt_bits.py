"""A readout kind as another package brings it: everything of it in this file."""

import math
from typing import TYPE_CHECKING

from lrt_explorer.concepts.readout_kinds import ReadoutKind

if TYPE_CHECKING:
    from torch import Tensor


def in_bits(logits: "Tensor", positive: tuple[int, ...], negative: tuple[int, ...]) -> "Tensor":
    """Log-odds of the answers to base 2."""
    from lrt_explorer.concepts.readout import log_odds

    return log_odds(logits, positive, negative) / math.log(2)


BITS = ReadoutKind(
    name="bits",
    label="Log-odds in bits",
    unit="bits",
    help="log-odds of the concept’s answers, to base 2",
    function=in_bits,
)
