"""The same texts read by two models: activations of the tokens at which both have read the same prefix."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.linear.outliers import ordinary_rows
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import Encoded, encode, pair_batches

CONTEXT = 512


@dataclass(frozen=True)
class PairedStates:
    """Activations of n token pairs of one batch of texts, without special tokens and norm outliers.

    Attributes:
        small: `[n, d_small]` for each layer read.
        large: `[n, d_large]` for each layer read.
        text: `[n]` which text of the batch each pair comes from.
        start: `[n]` where the large model's token begins in that text.
        end: `[n]` how many characters of that text both models have read.
        special: tokens of both models that are not text.
        outliers: pairs left out because an activation is far larger than is ordinary.
        partnered: tokens of both models that found a partner.
        ordinary: tokens of both models that could have found one.
    """

    small: dict[int, Tensor]
    large: dict[int, Tensor]
    text: Tensor
    start: Tensor
    end: Tensor
    special: int
    outliers: int
    partnered: int
    ordinary: int


def read_paired(
    small: LanguageModel,
    large: LanguageModel,
    texts: Sequence[str],
    small_layers: Sequence[int],
    large_layers: Sequence[int],
) -> PairedStates:
    """Read a batch of texts with both models, each text up to the shorter of the two contexts.

    Two models with one tokenizer are the case in which every token finds its partner.
    """
    context = min(CONTEXT, small.context, large.context)
    read_small, read_large = (encode(lm, texts, max_length=context) for lm in (small, large))
    pairing = pair_batches(read_small, read_large)
    text = pairing.rows
    states_small = {layer: x[text, pairing.small] for layer, x in capture(small, read_small, small_layers).items()}
    states_large = {layer: x[text, pairing.large] for layer, x in capture(large, read_large, large_layers).items()}
    kept = torch.ones(len(text), dtype=torch.bool)
    for rows in (*states_small.values(), *states_large.values()):
        kept &= ordinary_rows(rows)
    places = list(zip(text.tolist(), pairing.large.tolist(), strict=True))
    return PairedStates(
        {layer: rows[kept] for layer, rows in states_small.items()},
        {layer: rows[kept] for layer, rows in states_large.items()},
        text[kept],
        torch.tensor([read_large.ends[row][at - 1] if at else 0 for row, at in places], dtype=torch.long)[kept],
        torch.tensor([read_large.ends[row][at] for row, at in places], dtype=torch.long)[kept],
        special=_special(read_small) + _special(read_large),
        outliers=int((~kept).sum()),
        partnered=2 * len(text),
        ordinary=pairing.tokens_small + pairing.tokens_large,
    )


def _special(read: Encoded) -> int:
    """Tokens that a tokenizer put around the texts; padding is none."""
    return int((read.mask.bool() & read.special).sum())
