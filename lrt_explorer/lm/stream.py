"""Turn a growing list of tokens into text that never takes back what it has said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import transformers

# How the libraries show bytes that are not a whole character, or not yet.
BROKEN = "\N{REPLACEMENT CHARACTER}"
# What a tokenizer writes for a token depends on its neighbours (SentencePiece drops the space at the start of a text),
# so new tokens are decoded after a few old ones; a window that has grown this long is cut down to those.
CONTEXT_TOKENS = 6
WINDOW_TOKENS = 24
# A character has at most four bytes: more waiting tokens than this are not one that is unfinished.
WAITING_TOKENS = 8
UNFINISHED_TOKENS = 3


class TextStream:
    """The text of tokens as they come; a character split over tokens appears with its last one.

    Attributes:
        text: all that was said so far.
    """

    def __init__(self, tokenizer: transformers.PreTrainedTokenizerBase, before: Sequence[int] = ()) -> None:
        """Start with no text, after the tokens `before`, whose text counts as said."""
        self.text = ""
        self._spell = _speller(tokenizer)
        self._special = frozenset(tokenizer.all_special_ids)
        self._window = self._tail([token for token in before if token not in self._special])
        self._said = len(self._window)
        self._said_text = self._decode(self._window)

    def push(self, token: int) -> str:
        """Take the next token and return the text it adds, "" for special tokens and unfinished characters."""
        if token in self._special:
            return ""
        self._window.append(token)
        whole = self._decode(self._window)
        if not whole.endswith(BROKEN):
            return self._say(whole, len(self._window))
        if len(self._window) - self._said > WAITING_TOKENS:
            settled = len(self._window) - UNFINISHED_TOKENS
            return self._say(self._decode(self._window[:settled]), settled)
        return ""

    def finish(self) -> str:
        """Return the text still held back, without a character that was never finished."""
        whole = self._decode(self._window).rstrip(BROKEN)
        return self._say(whole, len(self._window))

    def _say(self, whole: str, upto: int) -> str:
        piece = whole[len(self._said_text) :]
        # Tokens without text of their own count as unsaid: after them alone, the next would be decoded as a start.
        if piece:
            self.text += piece
            self._said, self._said_text = upto, whole
            if upto > WINDOW_TOKENS:
                said = self._tail(self._window[:upto])
                self._window = said + self._window[upto:]
                self._said, self._said_text = len(said), self._decode(said)
        return piece

    def _tail(self, tokens: list[int]) -> list[int]:
        """The last few tokens, from the start of a character on."""
        start = max(0, len(tokens) - CONTEXT_TOKENS)
        while start > 0 and self._decode(tokens[start:]).startswith(BROKEN):
            start -= 1
        return tokens[start:]

    def _decode(self, tokens: list[int]) -> str:
        return self._spell(tokens) if tokens else ""


def _speller(tokenizer: transformers.PreTrainedTokenizerBase) -> Callable[[list[int]], str]:
    """How to turn tokens into text exactly; it is done for every token of every arm, so the shortest way counts."""
    if tokenizer.is_fast:
        backend: Any = tokenizer
        return partial(backend.backend_tokenizer.decode, skip_special_tokens=False)
    return lambda tokens: str(tokenizer.decode(tokens, clean_up_tokenization_spaces=False))
