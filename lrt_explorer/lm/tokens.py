"""Texts as tokens of one model, and tokens of two models in pairs that have read the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lrt_explorer.errors import ModelError, PromptError
from lrt_explorer.lm.chat import Framed
from lrt_explorer.lm.ends import ends_from_decoding, ends_from_offsets
from lrt_explorer.lm.model import LanguageModel


@dataclass(frozen=True)
class Encoded:
    """b texts as one batch of t tokens, with padding on the right.

    Attributes:
        ids: `[b, t]` int64.
        mask: `[b, t]` int64, 1 at tokens and 0 at padding.
        ends: for each text and each of its tokens (padding has none) how many characters of the text are read once
            the token is read. A token that stops within a character has the end of the token before it.
        special: `[b, t]` bool, True at what is not text: special tokens and padding.
    """

    ids: Tensor
    mask: Tensor
    ends: list[list[int]]
    special: Tensor


@dataclass(frozen=True)
class Pairing:
    """Where two models, reading the same texts, have read the same.

    Attributes:
        rows: `[n]` which text.
        small: `[n]` position in the small model's tokens.
        large: `[n]` position in the large model's tokens.
        tokens_small, tokens_large: ordinary tokens within what both models read of the texts.
        ordinary: `[b]` of both models together, for each text.
    """

    rows: Tensor
    small: Tensor
    large: Tensor
    tokens_small: int
    tokens_large: int
    ordinary: Tensor

    @property
    def coverage_by_text(self) -> Tensor:
        """`[b]` float32, per text, the share of both models' tokens that found a partner; 0 without tokens."""
        met = 2 * torch.bincount(self.rows, minlength=len(self.ordinary))
        return met / self.ordinary.clamp(min=1)


def encode(
    lm: LanguageModel, texts: Sequence[str], max_length: int | None = None, *, templated: bool = False
) -> Encoded:
    """Tokenize texts the way the model expects them, with whatever special tokens its tokenizer puts around them.

    A text that spells these out itself, as one from a chat template does, is given no second ones. Of a framed text
    (see `chat.Framed`) the whole frame is special, the text within is not.

    Args:
        lm: the model that is to read them.
        texts: b texts.
        max_length: cut texts to so many tokens; never more than the model's context.
        templated: the texts come from a chat template, which has spelled out the tokens around them already; then only
            the token that begins a text is special.

    Raises:
        PromptError: if there is no text, or one with nothing to read in it.
        ModelError: if the tokenizer cannot say where its tokens are in a text, or does not belong to the model.
    """
    if not texts or not all(texts):
        raise PromptError("a text is empty, or there is none; remove empty texts")
    limit = lm.context if max_length is None else min(max_length, lm.context)
    rows = _tokenize(lm, list(texts), templated=templated)
    length = min(limit, max(len(row.ids) for row in rows))
    # Any token serves as padding on the right, for nothing before it looks at it.
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    mask = torch.zeros(len(rows), length, dtype=torch.long)
    special = torch.ones(len(rows), length, dtype=torch.bool)
    for number, row in enumerate(rows):
        kept = slice(min(limit, len(row.ids)))
        ids[number, kept] = torch.tensor(row.ids[kept], dtype=torch.long)
        special[number, kept] = torch.tensor(row.special[kept], dtype=torch.bool)
        mask[number, kept] = 1
    return Encoded(ids, mask, [row.ends[:limit] for row in rows], special)


def token_counts(lm: LanguageModel, texts: Sequence[str]) -> list[int]:
    """How many tokens each whole text has, special ones included; raises what `encode` raises."""
    return [len(row.ids) for row in _tokenize(lm, list(texts))] if texts else []


def prompt_tokens(lm: LanguageModel, prompt: str) -> list[int]:
    """The tokens of a prompt to be continued: as `encode`, without what a tokenizer appends to mark the end of a text.

    Raises:
        PromptError: if there is nothing to continue, or it leaves no room in the model's context.
    """
    if not prompt.strip():
        raise PromptError("the prompt is empty; write a few words for the model to continue")
    row = _tokenize(lm, [prompt])[0]
    ids = row.ids[: len(row.ids) - row.appended]
    if len(ids) >= lm.context:
        raise PromptError(
            f"the prompt has {len(ids):,} tokens, but {lm.name} reads at most {lm.context - 1:,} before it writes; "
            "shorten it"
        )
    return ids


def token_ends(lm: LanguageModel, text: str) -> list[int]:
    """For each token of a text, uncut, how many characters are read once it is read; see `Encoded.ends`.

    Raises:
        PromptError: if the text is empty. ModelError as `encode`.
    """
    if not text:
        raise PromptError("a text is empty; remove empty texts")
    return _tokenize(lm, [text])[0].ends


def pair_tokens(
    ends_small: Sequence[int],
    ends_large: Sequence[int],
    special_small: Sequence[bool],
    special_large: Sequence[bool],
) -> list[tuple[int, int]]:
    """Positions in two tokenizations of one text at which both have read exactly the same characters.

    Where several tokens have one end, the first has read up to it; those after it are already within the next
    character. Special tokens, and tokens before the first character is read, have no partner.

    Args:
        ends_small: of the small model's tokens, as in `Encoded.ends`.
        ends_large: of the large model's tokens.
        special_small: which of the small model's tokens are not text; what goes beyond `ends_small` is padding.
        special_large: which of the large model's tokens are not text.
    """
    small, large = _firsts(ends_small, special_small), _firsts(ends_large, special_large)
    return [(position, large[end]) for end, position in small.items() if end in large]


def pair_batches(small: Encoded, large: Encoded) -> Pairing:
    """All pairs of one batch of texts read by two models.

    Where both models have the same tokens, every ordinary one is paired with itself, also within characters.
    """
    rows: list[tuple[int, int, int]] = []
    counts: list[tuple[int, int]] = []
    for row, (ends_small, ends_large) in enumerate(zip(small.ends, large.ends, strict=True)):
        special_small = small.special[row, : len(ends_small)].tolist()
        special_large = large.special[row, : len(ends_large)].tolist()
        common = min(ends_small[-1], ends_large[-1])
        counts.append(
            (
                _ordinary_within(ends_small, special_small, common),
                _ordinary_within(ends_large, special_large, common),
            )
        )
        if _same(small, large, row):
            rows += [(row, position, position) for position, special in enumerate(special_small) if not special]
        else:
            pairs = pair_tokens(ends_small, ends_large, special_small, special_large)
            rows += [(row, at_small, at_large) for at_small, at_large in pairs]
    places = torch.tensor(rows, dtype=torch.long).reshape(-1, 3)
    ordinary = torch.tensor(counts, dtype=torch.long).reshape(-1, 2)
    of_small, of_large = ordinary.sum(0).tolist()
    return Pairing(places[:, 0], places[:, 1], places[:, 2], of_small, of_large, ordinary.sum(1))


def pair_with_itself(encoded: Encoded) -> Pairing:
    """`pair_batches` of a batch with itself: every ordinary token is its own partner."""
    rows, places = (~encoded.special).nonzero(as_tuple=True)
    ordinary = (~encoded.special).sum(1)
    return Pairing(rows, places, places, len(rows), len(rows), 2 * ordinary)


def _firsts(ends: Sequence[int], special: Sequence[bool]) -> dict[int, int]:
    """The first ordinary token at each end."""
    firsts: dict[int, int] = {}
    for position, (end, is_special) in enumerate(zip(ends, special, strict=False)):
        if end > 0 and not is_special:
            firsts.setdefault(end, position)
    return firsts


def _ordinary_within(ends: Sequence[int], special: Sequence[bool], common: int) -> int:
    return sum(end <= common and not is_special for end, is_special in zip(ends, special, strict=True))


def _same(small: Encoded, large: Encoded, row: int) -> bool:
    """Whether both models read this text as the same tokens at the same places."""
    length = len(small.ends[row])
    return small.ends[row] == large.ends[row] and torch.equal(small.ids[row, :length], large.ids[row, :length])


@dataclass(frozen=True)
class _Row:
    """One text. The last `appended` tokens are not of the text but mark its end."""

    ids: list[int]
    ends: list[int]
    special: list[bool]
    appended: int


def _tokenize(lm: LanguageModel, texts: list[str], *, templated: bool = False) -> list[_Row]:
    by_itself = [templated or isinstance(text, Framed) for text in texts]
    if len(set(by_itself)) > 1:
        # Framed and plain texts in one batch, tokenized apart.
        found = {
            kind: iter(_tokenize(lm, [t for t, own in zip(texts, by_itself, strict=True) if own == kind]))
            for kind in (True, False)
        }
        return [next(found[kind]) for kind in by_itself]
    return _tokenize_alike(lm, texts, templated=by_itself[0])


def _tokenize_alike(lm: LanguageModel, texts: list[str], *, templated: bool) -> list[_Row]:
    tokenizer: Any = lm.tokenizer
    # Whole texts, even where they will be cut: the end of a token depends on the next one.
    found = tokenizer(
        texts,
        add_special_tokens=not templated,
        return_special_tokens_mask=True,
        return_offsets_mapping=bool(tokenizer.is_fast),
        verbose=False,
    )
    # Within a template what marks the turns is what the model was tuned to read.
    names = frozenset({tokenizer.bos_token_id} if templated else tokenizer.all_special_ids)
    rows = []
    for number, text in enumerate(texts):
        marks = found["special_tokens_mask"][number]
        kept, appended = _kept(found["input_ids"][number], marks)
        ids, added = found["input_ids"][number][kept], marks[kept]
        special = [(bool(mark) and not templated) or token in names for mark, token in zip(added, ids, strict=True)]
        if tokenizer.is_fast:
            pieces = found.encodings[number].tokens[kept]
            ends: list[int] | None = ends_from_offsets(text, found["offset_mapping"][number][kept], pieces, special)
        else:
            ends = ends_from_decoding(tokenizer, text, ids, special)
        if ends is None:
            raise ModelError(
                f"the tokenizer of {lm.name} neither says where its tokens are nor reproduces its text exactly; "
                "choose a model with a fast tokenizer (tokenizer.json)"
            )
        if not ids:
            raise PromptError(f"the text {text[:40]!r} has no character that {lm.name} can read; remove it")
        if isinstance(text, Framed):
            special = [mark or end <= text.start for mark, end in zip(special, ends, strict=True)]
        rows.append(_Row(ids, ends, special, appended))
    embeddings: Any = lm.model.get_input_embeddings()
    known = int(embeddings.weight.shape[0])
    if (highest := max(max(row.ids) for row in rows)) >= known:
        raise ModelError(
            f"the tokenizer of {lm.name} has tokens up to {highest}, but its model knows only {known}; "
            "they do not belong together, so choose another model"
        )
    return rows


def _kept(ids: Sequence[int], marks: Sequence[int]) -> tuple[slice, int]:
    """Which tokens to keep, and how many of the last of them the tokenizer has appended.

    What it puts before or after a text is left out where the text begins or ends with just that.

    Args:
        ids: the tokens of a text.
        marks: 1 at those which the tokenizer has put around it.
    """
    count = len(ids)
    before = next((at for at, mark in enumerate(marks) if not mark), count)
    after = next((at for at, mark in enumerate(reversed(marks)) if not mark), 0)
    first = before if before and list(ids[before : 2 * before]) == list(ids[:before]) else 0
    doubled = after and list(ids[count - 2 * after : count - after]) == list(ids[count - after :])
    return slice(first, count - after if doubled else count), 0 if doubled else after
