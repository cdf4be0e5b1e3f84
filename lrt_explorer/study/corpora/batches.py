"""Documents in batches: the same ones in every run and process, and when a run is resumed."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from lrt_explorer.lm.chat import Document, RefusedConversationError
from lrt_explorer.study.corpora.windows import MARKS, Windows, refusal

BATCH_TEXTS = 16
"""Texts that are read at once where nothing is summed over them."""
BATCH_TOKENS = 2048
"""Tokens of a batch at most, padding counted; larger ones were no faster, and this bounds the activations held."""
BLOCK_TEXTS = 128
"""Documents among which those of like length are put together, so that little is padding."""


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
    """Documents, or windows of longer ones, to be read at once, either all texts or all conversations.

    Attributes:
        texts: what is read; may be nothing where a whole block of documents was left out.
        numbers: of which documents in the corpus, from 0.
        ends: whether each goes to the end of its document; windows before the last do not.
        begun: how many are the first window of their document.
        position: where the corpus stands once they are read.
        fingerprint: of all documents up to the end of their block.
        left_out: documents of the block that are not read, told with its first batch.
    """

    texts: tuple[Document, ...]
    numbers: tuple[int, ...]
    ends: tuple[bool, ...]
    begun: int
    position: Position
    fingerprint: str
    left_out: "LeftOut" = field(default_factory=lambda: LeftOut())


@dataclass(frozen=True)
class LeftOut:
    """Documents that are not read.

    Attributes:
        empty: how many have nothing in them.
        refused: how many conversations a chat template refuses.
        refusal: whose template, and why it refuses the first of them.
    """

    empty: int = 0
    refused: int = 0
    refusal: str = ""


class DocumentStream:
    """A corpus that is read once from its start, remembering how far and what."""

    def __init__(self, texts: Iterable[Document]) -> None:
        """Nothing is read yet."""
        self._texts: Iterator[Document] = iter(texts)
        self._read = 0
        self._digest = hashlib.sha256()

    def skip_to(self, position: Position, fingerprint: str) -> bool:
        """Leave out the documents of a former reading; False if they are not the same ones as then.

        Args:
            position: how far that reading went.
            fingerprint: of the last batch that was read.
        """
        for text in islice(self._texts, position.documents - self._read):
            self._take(text)
        if (self._read, self._digest.hexdigest()) != (position.documents, position.digest):
            return False
        if not position.batches:
            return True
        # A block that was read in part is read again, but must be the same.
        block = self._block()
        self._texts = chain(block, self._texts)
        digest = self._digest.copy()
        for text in block:
            digest.update(_bytes(text))
        return digest.hexdigest()[:16] == fingerprint

    def batches(self, windows: Windows, done: int = 0) -> Iterator[Batch]:
        """The rest of the corpus, every document in windows that both models read whole.

        Args:
            windows: how the models' contexts part a document.
            done: batches of the first block to leave out.
        """
        while block := self._block():
            begun, digest = self._read, self._digest.hexdigest()
            for text in block:
                self._take(text)
            fingerprint = self._digest.hexdigest()[:16]
            found, left_out = _windows(block, windows)
            texts = [window.text for window in found]
            cut = _cut(texts, windows.context) or [[]]
            for index, chosen in enumerate(cut[done:], done):
                last = index + 1 == len(cut)
                yield Batch(
                    tuple(texts[place] for place in chosen),
                    tuple(begun + found[place].document for place in chosen),
                    tuple(found[place].last for place in chosen),
                    sum(found[place].index == 0 for place in chosen),
                    Position(self._read, self._digest.hexdigest()) if last else Position(begun, digest, index + 1),
                    fingerprint,
                    LeftOut() if index else left_out,
                )
            done = 0

    def _block(self) -> list[Document]:
        """The next documents; the first blocks are smaller, because texts may take time to come by."""
        return list(islice(self._texts, BLOCK_TEXTS if self._read >= BLOCK_TEXTS else BLOCK_TEXTS // 2))

    def _take(self, text: Document) -> None:
        self._digest.update(_bytes(text))
        self._read += 1


def _bytes(text: Document) -> bytes:
    return (text if isinstance(text, str) else repr(text.messages)).encode() + b"\0"


@dataclass(frozen=True)
class _Window:
    """One window: which of its document's, of which document of a block, and whether it is the last."""

    index: int
    document: int
    text: Document
    last: bool


def _windows(block: list[Document], windows: Windows) -> tuple[list[_Window], LeftOut]:
    """The windows of a block's documents, and what has none.

    First come the first windows of all documents, then the second ones. So a few long documents do not make up a fit
    that ends early, and each of its parts has documents enough.
    """
    found: list[_Window] = []
    empty, refusals = 0, []
    for document, text in enumerate(block):
        try:
            of_text = windows.of(text)
        except RefusedConversationError as error:
            refusals.append(refusal(error))
            continue
        empty += not of_text
        found += [_Window(i, document, window, i + 1 == len(of_text)) for i, window in enumerate(of_text)]
    found.sort(key=lambda window: window.index)
    return found, LeftOut(empty, len(refusals), refusals[0] if refusals else "")


def _cut(texts: list[Document], context: int) -> list[list[int]]:
    """Texts as batches of like length, in the order of their first ones."""
    bounds: list[tuple[bool, int]] = []
    for text in texts:
        said, marks = (text, MARKS) if isinstance(text, str) else (text.text, MARKS * len(text.messages))
        # No tokenizer makes more tokens than there are bytes.
        bounds.append((isinstance(text, str), min(context, len(said.encode()) + marks)))
    batches: list[list[int]] = []
    # Longest first: then the first of a batch is the width of the whole.
    for place in sorted(range(len(texts)), key=lambda place: (bounds[place], -place), reverse=True):
        is_text, width = bounds[batches[-1][0]] if batches else (False, 0)
        if batches and bounds[place][0] == is_text and width * (len(batches[-1]) + 1) <= BATCH_TOKENS:
            batches[-1].append(place)
        else:
            batches.append([place])
    return sorted(map(sorted, batches))
