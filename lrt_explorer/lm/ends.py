"""How much of a text each of its tokens completes, in characters."""

from __future__ import annotations

from collections.abc import Sequence
from operator import lt

import transformers

from lrt_explorer.lm.stream import TextStream

# A space as tokenizers write it within tokens: byte-level BPE, SentencePiece, plain.
SPACES = "Ġ▁ "


def ends_from_offsets(
    text: str, offsets: Sequence[tuple[int, int]], pieces: Sequence[str], special: Sequence[bool]
) -> list[int]:
    """For each token the number of characters read once it is read.

    A token that stops within a character has not read it: its end is that of the token before it. So are the ends of
    special tokens and of those that stand for nothing in the text.

    Args:
        text: the whole text.
        offsets: start and end of each token in the text, as a fast tokenizer gives them.
        pieces: each token as the vocabulary writes it.
        special: which tokens are not text.
    """
    if (gapless := _gapless_ends(len(text), offsets, special)) is not None:
        return gapless
    ends: list[int] = []
    following = _following_starts(len(text), offsets, special)
    read = 0
    for (start, end), piece, is_special, after in zip(offsets, pieces, special, following, strict=True):
        if not is_special:
            # Spaces trimmed to nothing may be placed at either of their ends, so they count from what was read before.
            end = read if start == end else end
            if end < after:
                end = _untrimmed(text, end, piece, after)
        read = max(read, min(end, after))
        ends.append(read)
    return ends


def _gapless_ends(length: int, offsets: Sequence[tuple[int, int]], special: Sequence[bool]) -> list[int] | None:
    """The ends where ordinary tokens fill the text one after another, as those of most texts do; None elsewhere."""
    count = len(special) - sum(special)
    if not count:
        return None
    first = special.index(False)
    last = first + count
    starts, ends = zip(*offsets[first:last], strict=True)
    filled = ends[-1] == length and starts[1:] == ends[:-1] and all(map(lt, starts, ends))
    around = [*offsets[:first], *offsets[last:]]
    if not filled or any(special[first:last]) or any(span[1] for span in around):
        return None
    return [*[0] * first, *ends, *[length] * (len(special) - last)]


def ends_from_decoding(
    tokenizer: transformers.PreTrainedTokenizerBase, text: str, ids: Sequence[int], special: Sequence[bool]
) -> list[int] | None:
    """The same for a tokenizer that gives no offsets, by decoding token after token.

    None where the tokens do not spell the text back exactly, but for spaces at its start.
    """
    stream = TextStream(tokenizer)
    lengths = []
    for token, is_special in zip(ids, special, strict=True):
        if not is_special:
            stream.push(token)
        lengths.append(len(stream.text))
    stream.finish()
    dropped = len(text) - len(stream.text)
    if text[dropped:] != stream.text or text[:dropped].strip():
        return None
    return [length + dropped if length else 0 for length in lengths]


def _following_starts(length: int, offsets: Sequence[tuple[int, int]], special: Sequence[bool]) -> list[int]:
    """Where the next token with a place in the text begins, for each token; the text's length after the last."""
    starts = [length] * len(offsets)
    for index in range(len(offsets) - 2, -1, -1):
        start, end = offsets[index + 1]
        # Special tokens that a tokenizer adds of itself are given the empty span at 0.
        starts[index] = starts[index + 1] if special[index + 1] and start == end else start
    return starts


def _untrimmed(text: str, end: int, piece: str, after: int) -> int:
    """The end of a token, with what lies between it and the next token and belongs to it.

    Some tokenizers trim spaces off the offsets, though not off the tokens, and normalisers drop or merge characters.
    """
    gap = text[end:after]
    swallowed = len(gap.rstrip())
    spaces = len(piece) - len(piece.rstrip(SPACES))
    return end + max(swallowed, min(spaces, len(gap)))
