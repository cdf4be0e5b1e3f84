"""A layer's states on ordinary text, and directions drawn from them: what a vector of no meaning looks like there."""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from lrt_explorer.bounded import BoundedCache
from lrt_explorer.concepts.reading import text_means
from lrt_explorer.linear.outliers import ordinary_rows
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.corpora.texts import sample_texts
from lrt_explorer.study.steering.deviation import ordinary_batches, ordinary_digest

TEXTS = 64
CAPACITY = 8
"""Layers whose states stay in memory, a few megabytes each."""


@dataclass(frozen=True, eq=False)
class OrdinaryStates:
    """What one layer makes of ordinary text.

    Attributes:
        tokens: `[n, d]` float32, the states of its ordinary tokens. Attention sinks are none: a few of them would be
            all that a covariance shows.
        texts: `[texts, d]` float64, their means over each text.
    """

    tokens: Tensor
    texts: Tensor

    def from_covariance(self, count: int, seed: int) -> Tensor:
        """`[count, d]` float32, normal draws with the covariance of the tokens and mean 0."""
        noise = torch.randn(count, len(self.tokens), generator=torch.Generator().manual_seed(seed))
        drawn: Tensor = noise @ (self.tokens - self.tokens.mean(0)) / len(self.tokens) ** 0.5
        return drawn

    def text_differences(self, count: int, seed: int) -> Tensor:
        """`[count, d]` float64, each the mean state of one text minus that of another; fewer where texts are few."""
        order = torch.randperm(len(self.texts), generator=torch.Generator().manual_seed(seed))
        pairs = order[: 2 * min(count, len(order) // 2)].reshape(-1, 2)
        return self.texts[pairs[:, 0]] - self.texts[pairs[:, 1]]


def ordinary_states(lm: LanguageModel, layer: int, ordinary: str) -> OrdinaryStates:
    """The states of the first ordinary texts; read once for each layer and kept in memory.

    Args:
        lm: the model.
        layer: a block.
        ordinary: name of the corpus (see `World.ordinary`).
    """
    key = (lm.reading_mark, layer, ordinary_digest(ordinary))
    if (known := _known().get(key)) is not None:
        return known
    tokens, means = [], []
    for read, kept in ordinary_batches(lm, [layer], sample_texts(TEXTS, ordinary)):
        states = read[layer]
        tokens.append(states[kept].float())
        means.append(text_means(states[kept.any(1)], kept[kept.any(1)]))
    rows = torch.cat(tokens)
    found = OrdinaryStates(rows[ordinary_rows(rows)], torch.cat(means))
    _known().keep(key, found)
    return found


@cache
def _known() -> BoundedCache[tuple[str, int, str], OrdinaryStates]:
    return BoundedCache(CAPACITY)
