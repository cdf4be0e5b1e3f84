"""Documents that are longer than a context, cut into windows that both models read whole."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lrt_explorer.lm.chat import Conversation, Document, RefusedConversationError, render
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import token_ends
from lrt_explorer.study.corpora.paired import CONTEXT

MARKS = 8
"""Tokens at most that a tokenizer, or a template for each message, puts around a text."""
PIECE_CHARACTERS = 65_536
"""A text is tokenized in pieces of so many characters, because some tokenizers slow down on long ones."""
KEPT_SHARE = 4
"""A system message, or a question, that takes more than one in so many tokens is not repeated in every window."""

Fits = Callable[[Sequence[tuple[str, str]]], bool]


@dataclass(frozen=True)
class Windows:
    """How a pair of models reads a document: in consecutive parts, each a text of its own.

    A text is cut where a token of both models ends, before white space where there is any. So a window has the tokens
    that the whole text has there, and no window is cut again when it is read.

    Attributes:
        small: the small model.
        large: the large model.
    """

    small: LanguageModel
    large: LanguageModel

    @property
    def context(self) -> int:
        """Tokens that are read at once."""
        return min(CONTEXT, self.small.context, self.large.context)

    def of(self, document: Document) -> list[Document]:
        """The windows of a document in order; none of a blank one.

        A conversation is parted between its turns, and only a turn that is too long on its own within its messages.

        Raises:
            RefusedConversationError: if a model's chat template refuses a conversation.
        """
        if isinstance(document, Conversation):
            return list(self._of_conversation(document)) if document.text.strip() else []
        if len(document.encode()) + MARKS <= self.context:
            return [document] if document.strip() else []
        return [window for window in self._of_text(document, self.context - MARKS) if window.strip()]

    def _of_text(self, text: str, limit: int) -> Iterator[str]:
        start = 0
        while start < len(text):
            piece = text[start : start + PIECE_CHARACTERS]
            last = start + len(piece) == len(text)
            cuts = self._cuts(piece, limit)
            # The end of a piece that is not the last is nothing to cut at, unless nothing else is.
            if not last and len(cuts) > 1:
                cuts.pop()
            for before, cut in zip([0, *cuts], cuts, strict=False):
                yield piece[before:cut]
            start += cuts[-1]

    def _cuts(self, text: str, limit: int) -> list[int]:
        """Where the windows of a text end, in characters, the last at its end."""
        ends = self._ends(text)
        both = sorted(set(ends[0]) & set(ends[1]) | {len(text)})
        cuts: list[int] = []
        # Windows of like length, rather than a last one of a few tokens.
        longest = max(map(len, ends))
        limit = min(limit, -(-longest // -(-longest // limit)) + MARKS)
        begun, at = 0, [0, 0]
        while begun < len(text):
            reached = [_reach(of_model, start, limit, len(text)) for of_model, start in zip(ends, at, strict=True)]
            most = min(reached)
            fitting = [end for end in both if begun < end <= most]
            if most == len(text):
                cut = most
            else:
                blank = [end for end in fitting if text[end].isspace()]
                cut = (blank or fitting or [max(most, begun + 1)])[-1]
            cuts.append(cut)
            begun = cut
            at = [_first_after(of_model, start, cut) for of_model, start in zip(ends, at, strict=True)]
        return cuts

    def _ends(self, text: str) -> list[list[int]]:
        """`token_ends` of both models; one tokenizer that both share is asked once."""
        small, large = self.small, self.large
        of_small = token_ends(small, text)
        shared = small.tokenizer_digest is not None and small.tokenizer_digest == large.tokenizer_digest
        return [of_small, of_small if shared and small.vocabulary <= large.vocabulary else token_ends(large, text)]

    def _of_conversation(self, said: Conversation) -> Iterator[Conversation]:
        if self._fits(said.messages):
            yield said
            return
        lead = said.messages[:1] if said.messages[0][0] == "system" else ()
        turns = _turns(said.messages[len(lead) :])
        if lead and self._tokens(lead[0][1]) > self.context // KEPT_SHARE:
            turns[:1] = [(*lead, *turns[0])] if turns else [lead]
            lead = ()
        held: tuple[tuple[str, str], ...] = ()
        for turn in turns:
            if held and not self._fits((*lead, *held, *turn)):
                yield Conversation((*lead, *held))
                held = ()
            if held or self._fits((*lead, *turn)):
                held += turn
            else:
                yield from self._of_turn(lead, turn)
        if held:
            yield Conversation((*lead, *held))

    def _of_turn(self, lead: tuple[tuple[str, str], ...], turn: Sequence[tuple[str, str]]) -> Iterator[Conversation]:
        """The parts of a turn that is too long: its messages one by one, each answer after the end of its question."""
        share = self.context // KEPT_SHARE
        asked: tuple[tuple[str, str], ...] = ()
        for role, content in turn:
            around = sum(self._tokens(text) + MARKS for _, text in (*lead, *asked))
            for part in self._of_text(content, max(share, self.context - around - 2 * MARKS)):
                if part.strip():
                    yield Conversation((*lead, *(asked if role != "user" else ()), (role, part.strip())))
            if role == "user" and content:
                asked = ((role, list(self._of_text(content, share))[-1].strip()),)

    def _fits(self, messages: Sequence[tuple[str, str]]) -> bool:
        """Whether both models read these messages whole; asks their templates even where it is plain."""
        said = Conversation(tuple(messages))
        rendered = [(lm, render(lm, said)) for lm in (self.small, self.large)]
        return all(
            len(read.text.encode()) + MARKS <= self.context or len(token_ends(lm, read.text)) + MARKS <= self.context
            for lm, read in rendered
        )

    def _tokens(self, text: str) -> int:
        return max(len(token_ends(lm, text)) for lm in (self.small, self.large)) if text else 0


def refusal(error: RefusedConversationError) -> str:
    """Who refused a conversation and why, for people."""
    return f"the chat template of {error.model} refuses it: {error.reason}"


def _turns(messages: Sequence[tuple[str, str]]) -> list[tuple[tuple[str, str], ...]]:
    """Messages grouped so that each group but perhaps the first begins with a user's."""
    turns: list[tuple[tuple[str, str], ...]] = []
    for message in messages:
        if message[0] == "user" or not turns:
            turns.append((message,))
        else:
            turns[-1] += (message,)
    return turns


def _reach(ends: Sequence[int], start: int, limit: int, length: int) -> int:
    """The character up to which `limit` tokens from `start` on have read."""
    return length if start + limit >= len(ends) else ends[start + limit - 1]


def _first_after(ends: Sequence[int], start: int, cut: int) -> int:
    """The first token from `start` on that reads beyond a cut."""
    return bisect_right(ends, cut, lo=start)
