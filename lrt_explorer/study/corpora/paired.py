"""The same texts read by two models: activations of the tokens at which both have read the same prefix."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate

import torch
from torch import Tensor

from lrt_explorer.linear.outliers import ordinary_norms
from lrt_explorer.lm.capture import Rows, capture_rows
from lrt_explorer.lm.chat import Conversation, Document, Rendered, render
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import Encoded, Pairing, encode, pair_batches, pair_with_itself

CONTEXT = 512


@dataclass(frozen=True)
class PairedStates:
    """Activations of n token pairs of one batch of texts, without special tokens and norm outliers.

    Attributes:
        small: `[n, d_small]` for each layer kept.
        large: `[n, d_large]` for each layer kept.
        text: `[n]` which text of the batch each pair comes from, in ascending order.
        special: tokens of both models that are not text.
        outliers: pairs left out because an activation is far larger than is ordinary.
        partnered: tokens of both models that found a partner.
        ordinary: tokens of both models that could have found one.
        coverage_by_text: `[b]` for each text the share of its tokens, of both models, that found a partner.
        tokens: `[n, 4]` int64, the large model's last three tokens, of which the state is that of the third, and the
            one that follows; -1 where there is none.
    """

    small: dict[int, Tensor]
    large: dict[int, Tensor]
    text: Tensor
    special: int
    outliers: int
    partnered: int
    ordinary: int
    coverage_by_text: Tensor
    tokens: Tensor
    _large_positions: Tensor = field(repr=False)
    _large_ends: Sequence[Sequence[int]] = field(repr=False)

    @property
    def position(self) -> Tensor:
        """`[n]` int64, which of its text's tokens each is to the large model, from 0."""
        return self._large_positions

    @cached_property
    def start(self) -> Tensor:
        """`[n]` where the large model's token begins in its text."""
        return self._ends(-1)

    @cached_property
    def end(self) -> Tensor:
        """`[n]` how many characters of its text both models have read."""
        return self._ends(0)

    def _ends(self, offset: int) -> Tensor:
        places = zip(self.text.tolist(), self._large_positions.tolist(), strict=True)
        ends = [self._large_ends[row][at + offset] if at + offset >= 0 else 0 for row, at in places]
        return torch.tensor(ends, dtype=torch.long)


@dataclass(frozen=True)
class Placed:
    """A batch of texts as tokens of both models, and which of them are partners; no model has read them yet."""

    small: Encoded
    large: Encoded
    pairing: Pairing


def read_paired(
    small: LanguageModel,
    large: LanguageModel,
    texts: Sequence[Document],
    small_layers: Collection[int],
    large_layers: Collection[int],
    *,
    kept_small: Collection[int] | None = None,
    kept_large: Collection[int] | None = None,
    device: torch.device | str = "cpu",
) -> PairedStates:
    """Read a batch of texts with both models, each text up to the shorter of the two contexts.

    Two models with one tokenizer are the case in which every token finds its partner.

    Args:
        small: the small model.
        large: the large model.
        texts: b texts, or b conversations, but not both.
        small_layers: blocks of the small model in which outliers are looked for.
        large_layers: blocks of the large model, likewise.
        kept_small: those of them whose states are wanted; by default all.
        kept_large: likewise.
        device: where the states are to lie.
    """
    placed = place(small, large, texts)
    pairing = placed.pairing
    kept_small = small_layers if kept_small is None else kept_small
    kept_large = large_layers if kept_large is None else kept_large
    at_small, at_large = (
        pairing.rows * read.ids.shape[1] + positions
        for read, positions in ((placed.small, pairing.small), (placed.large, pairing.large))
    )
    rows_small = capture_rows(small, placed.small, at_small, small_layers, kept_small, device)
    rows_large = capture_rows(large, placed.large, at_large, large_layers, kept_large, device)
    kept = _ordinary(rows_small, rows_large, len(pairing.rows))
    outliers = int((~kept).sum())
    text, positions = pairing.rows, pairing.large
    states_small, states_large = rows_small.states, rows_large.states
    if outliers:
        places = kept.nonzero().flatten()
        text, positions = text[places.cpu()], positions[places.cpu()]
        states_small = {layer: rows.index_select(0, places) for layer, rows in states_small.items()}
        states_large = {layer: rows.index_select(0, places) for layer, rows in states_large.items()}
    return PairedStates(
        states_small,
        states_large,
        text,
        special=_special(placed.small) + _special(placed.large),
        outliers=outliers,
        partnered=2 * len(pairing.rows),
        ordinary=pairing.tokens_small + pairing.tokens_large,
        coverage_by_text=pairing.coverage_by_text,
        tokens=_around(placed.large, text, positions),
        _large_positions=positions,
        _large_ends=placed.large.ends,
    )


def _around(read: Encoded, text: Tensor, positions: Tensor) -> Tensor:
    """`[n, 4]`: the two tokens before each place, its own, and the one that follows."""
    lengths = read.mask.sum(dim=1)[text]
    places = positions[:, None] + torch.arange(-2, 2)
    known = (places >= 0) & (places < lengths[:, None])
    return torch.where(known, read.ids[text[:, None], places.clamp(0, read.ids.shape[1] - 1)], -1)


def place(small: LanguageModel, large: LanguageModel, texts: Sequence[Document]) -> Placed:
    """Tokens of both models with their partners.

    A conversation is read by each model in its own chat template. Where both come out as the same string, all tokens
    but the first can have partners, those of the template too. Where the templates differ, only tokens within the
    messages can: there both have read the same messages up to the same character, each with its own marks around them.
    """
    context = min(CONTEXT, small.context, large.context)
    said = [text for text in texts if isinstance(text, Conversation)]
    if not said:
        plain = [text for text in texts if isinstance(text, str)]
        return _place_texts(small, large, plain, context, templated=(False, False))
    read_small, read_large = ([render(lm, conversation) for conversation in said] for lm in (small, large))
    templated = (read_small[0].templated, read_large[0].templated)
    if [read.text for read in read_small] == [read.text for read in read_large]:
        return _place_texts(small, large, [read.text for read in read_small], context, templated)
    placed_small, placed_large = (
        _within_messages(encode(lm, [one.text for one in read], max_length=context, templated=by_template), read, said)
        for lm, read, by_template in zip((small, large), (read_small, read_large), templated, strict=True)
    )
    return Placed(placed_small, placed_large, pair_batches(placed_small, placed_large))


def _place_texts(
    small: LanguageModel, large: LanguageModel, texts: Sequence[str], context: int, templated: tuple[bool, bool]
) -> Placed:
    read_small = encode(small, texts, max_length=context, templated=templated[0])
    one_tokenizer = small.tokenizer_digest is not None and small.tokenizer_digest == large.tokenizer_digest
    if one_tokenizer and int(read_small.ids.max()) < large.vocabulary:
        return Placed(read_small, read_small, pair_with_itself(read_small))
    read_large = encode(large, texts, max_length=context, templated=templated[1])
    return Placed(read_small, read_large, pair_batches(read_small, read_large))


def _within_messages(encoded: Encoded, rendered: Sequence[Rendered], said: Sequence[Conversation]) -> Encoded:
    """Tokens that end within a message's content, with their ends counted through the contents alone."""
    special = encoded.special.clone()
    ends = []
    for row, (read, conversation) in enumerate(zip(rendered, said, strict=True)):
        before = [0, *accumulate(len(content) for _, content in conversation.messages)]
        spans = [(*span, offset) for span, offset in zip(read.spans, before, strict=False) if span is not None]
        counted, reached, index = [], 0, 0
        for position, end in enumerate(encoded.ends[row]):
            while index < len(spans) and end > spans[index][1]:
                index += 1
            within = index < len(spans) and spans[index][0] < end
            if within:
                reached = spans[index][2] + end - spans[index][0]
            else:
                special[row, position] = True
            counted.append(reached)
        ends.append(counted)
    return replace(encoded, ends=ends, special=special)


def _ordinary(small: Rows, large: Rows, count: int) -> Tensor:
    """`[n]` bool, False for pairs with an outlying norm at any of the layers read."""
    norms = [*small.norms.values(), *large.norms.values()]
    kept = torch.ones(count, dtype=torch.bool, device=norms[0].device)
    for of_layer in norms:
        kept &= ordinary_norms(of_layer)
    return kept


def _special(read: Encoded) -> int:
    """Tokens that a tokenizer or a template put around the texts; padding is none."""
    return int((read.mask.bool() & read.special).sum())
