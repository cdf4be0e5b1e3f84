"""Documents in batches: the same ones in every run, whoever reads them and wherever it is taken up again."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from lrt_explorer.lm.chat import Document

BATCH_TEXTS = 16
"""Texts that are read at once where nothing is summed over them."""
BATCH_TOKENS = 2048
"""Tokens of a batch at most, padding counted; larger ones were no faster, and this bounds the activations held."""
BLOCK_TEXTS = 128
"""Documents among which those of like length are put together, so that little is padding."""
_MARKS = 8  # tokens at most that a tokenizer, or a template for each message, puts around a text


@dataclass(frozen=True)
class Position:
    """How far a corpus has been read.

    Attributes:
        documents: how many are done with, up to the block that is being read.
        digest: of these documents.
        batches: how many batches of the block that follows are done with too.
    """

    documents: int = 0
    digest: str = hashlib.sha256().hexdigest()
    batches: int = 0


@dataclass(frozen=True)
class Batch:
    """Documents to be read at once, either all texts or all conversations.

    Attributes:
        texts: the documents.
        numbers: their numbers in the corpus, from 0.
        position: where the corpus stands once they are read.
        fingerprint: of all documents up to the end of their block.
    """

    texts: tuple[Document, ...]
    numbers: tuple[int, ...]
    position: Position
    fingerprint: str


class DocumentStream:
    """A corpus that is read once from its start, remembering how far and what."""

    def __init__(self, texts: Iterable[Document]) -> None:
        """Nothing is read yet."""
        self._texts = iter(texts)
        self._read = 0
        self._digest = hashlib.sha256()

    def skip_to(self, position: Position) -> bool:
        """Leave out the documents of a former reading; False if they are not the same ones as then."""
        for text in islice(self._texts, position.documents - self._read):
            self._take(text)
        return (self._read, self._digest.hexdigest()) == (position.documents, position.digest)

    def batches(self, context: int, done: int = 0) -> Iterator[Batch]:
        """The rest of the corpus.

        Args:
            context: tokens of a document that are read at most.
            done: batches of the first block to leave out.
        """
        while block := list(islice(self._texts, BLOCK_TEXTS)):
            begun, digest = self._read, self._digest.hexdigest()
            for text in block:
                self._take(text)
            fingerprint = self._digest.hexdigest()[:16]
            cut = _cut(block, context)
            for index, places in enumerate(cut[done:], done):
                last = index + 1 == len(cut)
                yield Batch(
                    tuple(block[place] for place in places),
                    tuple(begun + place for place in places),
                    Position(self._read, self._digest.hexdigest()) if last else Position(begun, digest, index + 1),
                    fingerprint,
                )
            done = 0

    def _take(self, text: Document) -> None:
        self._digest.update((text if isinstance(text, str) else repr(text.messages)).encode() + b"\0")
        self._read += 1


def _cut(block: list[Document], context: int) -> list[list[int]]:
    """The documents of a block that say anything, as batches of like length, in the order of their first ones."""
    bounds: dict[int, tuple[bool, int]] = {}
    for place, text in enumerate(block):
        is_text = isinstance(text, str)
        said = text if isinstance(text, str) else text.text
        if said.strip():
            marks = _MARKS if isinstance(text, str) else _MARKS * len(text.messages)
            # No tokenizer makes more tokens than there are bytes.
            bounds[place] = is_text, min(context, len(said.encode()) + marks)
    batches: list[list[int]] = []
    # Longest first: then the first of a batch is the width of the whole.
    for place in sorted(bounds, key=lambda place: (bounds[place], -place), reverse=True):
        is_text, width = bounds[batches[-1][0]] if batches else (False, 0)
        if batches and bounds[place][0] == is_text and width * (len(batches[-1]) + 1) <= BATCH_TOKENS:
            batches[-1].append(place)
        else:
            batches.append([place])
    return sorted(map(sorted, batches))
