"""Reading contrast texts: one state per text and layer, from all of its tokens, the last one, or a chosen one."""

from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from lrt_explorer.concepts.sets.contrast_set import MINIMUM_PAIRS, ContrastSet
from lrt_explorer.concepts.sets.readings import READINGS, Reader, Reading, token_from_end
from lrt_explorer.concepts.whitening import whitening
from lrt_explorer.errors import ContrastError
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.outliers import ordinary_rows
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.chat import framed
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode, token_counts

BATCH_TEXTS = 32


@dataclass(frozen=True, eq=False)
class PairStates:
    """What one layer makes of the texts of a contrast set.

    Attributes:
        positive: `[pairs, d]` float64, the texts with the behaviour.
        negative: `[pairs, d]` float64, those without it, row i of the same pair.
        covariance: `[d, d]` float64, of the ordinary tokens of all texts; None where it was not asked for.
        left_out: pairs that were not read, because a text of theirs is longer than the model's context.
        read: numbers of the pairs that were read, from 0.
    """

    positive: Tensor
    negative: Tensor
    covariance: Tensor | None = None
    left_out: int = 0
    read: tuple[int, ...] = ()

    @property
    def differences(self) -> Tensor:
        """`[pairs, d]` float64, with the behaviour less without it."""
        return self.positive - self.negative

    def same_pairs(self, other: "PairStates") -> bool:
        """Whether both are of the same pairs, so that row i of one belongs to row i of the other."""
        return len(self.positive) == len(other.positive) and self.read == other.read

    def of(self, wanted: Collection[int]) -> "PairStates":
        """The states of some pairs alone, by their numbers in the set."""
        rows = [row for row, number in enumerate(self.read) if number in wanted]
        return replace(
            self,
            positive=self.positive[rows],
            negative=self.negative[rows],
            read=tuple(self.read[row] for row in rows),
        )

    @cached_property
    def whitener(self) -> Tensor | None:
        """`[d, d]`, what whitens these states; None where their covariance was not read."""
        return None if self.covariance is None else whitening(self.covariance)


def reader(reading: Reading) -> Reader:
    """The function that takes a batch's states `[b, t, d]` and its ordinary tokens `[b, t]` to `[b, d]` float64.

    Raises:
        SettingsError: if there is no such reading.
    """
    place = token_from_end(reading)
    return READINGS[reading].load() if place is None else _from_the_end(place)


def read_pairs(
    lm: LanguageModel, contrast: ContrastSet, layers: Sequence[int], reading: Reading, *, covariance: bool = False
) -> dict[int, PairStates]:
    """Every text of a set as one state, at each layer.

    Every text counts once, however long it is. "all-tokens" averages its ordinary tokens (no special tokens, no norm
    outliers); "last-token" takes the last one, after the set's neutral suffix where it has one (arXiv 2506.00653);
    "token-K" takes the K-th from the end of the text itself, such as the letter within " (A)". A pair with a text that
    is longer than the model's context is left out: what tells its texts apart may lie in what would be cut off.

    Raises:
        ContrastError: if a text has no such token, or fewer than two pairs fit into the model's context.
        SettingsError: if there is no such layer or reading.
    """
    reading_on = reading_pairs(lm, contrast, layers, reading, covariance=covariance)
    while True:
        try:
            next(reading_on)
        except StopIteration as stop:
            states: dict[int, PairStates] = stop.value
            return states


def reading_pairs(
    lm: LanguageModel, contrast: ContrastSet, layers: Sequence[int], reading: str, *, covariance: bool = False
) -> Generator[int, None, dict[int, PairStates]]:
    """`read_pairs` with progress: yields how many of the texts have been read, after each batch."""
    read = reader(reading)
    fitting = fitting_pairs(lm, contrast, reading)
    left_out = len(contrast.pairs) - len(fitting)
    if left_out and len(fitting) < MINIMUM_PAIRS:
        raise ContrastError(
            f"{left_out} of {len(contrast.pairs)} pairs of the contrast set {contrast.name} are longer than the "
            f"{lm.context:,} tokens that {lm.name} reads; shorten their texts"
        )
    texts = texts_read(lm, contrast.some_pairs(fitting) if left_out else contrast, reading)
    parts: dict[int, list[Tensor]] = {layer: [] for layer in layers}
    moments = {layer: CrossMoments(lm.width, 1) for layer in layers} if covariance else {}
    for batch, (states, ordinary) in enumerate(text_states(lm, texts, layers), 1):
        for layer in layers:
            parts[layer].append(read(states[layer], ordinary))
            if covariance:
                rows = states[layer][ordinary]
                rows = rows[ordinary_rows(rows)]
                # Only the moments of x are wanted; the narrowest y costs nothing.
                moments[layer].update(rows, rows[:, :1])
        yield min(batch * BATCH_TEXTS, len(texts))
    found = {}
    for layer in layers:
        rows = torch.cat(parts[layer])
        if not torch.isfinite(rows).all():
            raise ContrastError(
                f"a text of the contrast set {contrast.name} has no token that could be read; write longer texts"
            )
        spread = moments[layer].cxx / max(1, moments[layer].count - 1) if covariance else None
        found[layer] = PairStates(rows[0::2], rows[1::2], spread, left_out, tuple(fitting))
    return found


def fitting_pairs(lm: LanguageModel, contrast: ContrastSet, reading: str) -> list[int]:
    """Numbers of the pairs, from 0, whose texts both fit into the model's context as they are read."""
    counts = token_counts(lm, texts_read(lm, contrast, reading))
    pairs = zip(counts[0::2], counts[1::2], strict=True)
    return [number for number, pair in enumerate(pairs) if max(pair) <= lm.context]


def texts_read(lm: LanguageModel, contrast: ContrastSet, reading: str) -> list[str]:
    """The texts of all pairs as a model reads them, with before without: at the last token, with the set's suffix.

    A chat model reads each as its reply to the pair's user message, and only the reply's own tokens are ordinary ones.
    """
    suffix = (contrast.suffix or "") if reading in READINGS and READINGS[reading].suffix else ""
    asked = zip(contrast.pairs, contrast.asks(), strict=True)
    return [framed(lm, ask, text + suffix) for pair, ask in asked for text in pair]


def text_states(
    lm: LanguageModel, texts: Sequence[str], layers: Sequence[int]
) -> Iterator[tuple[dict[int, Tensor], Tensor]]:
    """Activations of batches of texts, `[b, t, d]` per layer, and `[b, t]` where the ordinary tokens are."""
    for start in range(0, len(texts), BATCH_TEXTS):
        encoded = encode(lm, texts[start : start + BATCH_TEXTS], max_length=lm.context)
        yield capture(lm, encoded, layers), encoded.mask.bool() & ~encoded.special


def text_means(states: Tensor, ordinary: Tensor) -> Tensor:
    """Mean over the ordinary tokens of each text, `[b, d]` float64; NaN where a text has none."""
    kept = ordinary.clone()
    kept[ordinary] = ordinary_rows(states[ordinary])
    weights = kept.double()
    return torch.einsum("bt,btd->bd", weights, states.double()) / weights.sum(1, keepdim=True)


def last_tokens(states: Tensor, ordinary: Tensor) -> Tensor:
    """The last ordinary token of each text, `[b, d]` float64; NaN where a text has none."""
    return _from_the_end(1)(states, ordinary)


def _from_the_end(place: int) -> Reader:
    def read(states: Tensor, ordinary: Tensor) -> Tensor:
        """The ordinary token at that place from the end of each text, NaN where there are fewer."""
        still_to_come = ordinary.flip(1).cumsum(1).flip(1)
        chosen = ordinary & (still_to_come == place)
        rows = states[torch.arange(len(states)), chosen.int().argmax(1)].double()
        rows[~chosen.any(1)] = torch.nan
        return rows

    return read
