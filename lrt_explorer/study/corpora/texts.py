"""Where the documents of a fit come from: the models' own writing, what ships, a file, the hub, or memory."""

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from os.path import isfile
from pathlib import Path
from typing import NoReturn

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.chat import Document
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import assets_home
from lrt_explorer.study.corpora.files import file_documents
from lrt_explorer.study.corpora.hub import HUB, PUBLIC, hub_documents
from lrt_explorer.study.corpora.self_written import SelfWritten
from lrt_explorer.study.ground.processes import processes
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.tinyworld.contrasts import broken_off_texts
from lrt_explorer.tinyworld.corpus import documents

SELF = "self"
"""What the large model of a pair writes itself."""
TINYWORLD, BROKEN_OFF, DEMO = "tinyworld", "tinyworld-broken-off", "demo"
SHIPPED = (DEMO, "everyday")
"""Corpora that ship as a file: sentences of the small world, and ordinary prose."""
LISTED = (SELF, *SHIPPED, TINYWORLD, BROKEN_OFF)
"""Corpora that take neither a file nor a network."""
FILES = ".txt, .md, .jsonl, .ndjson, .json, .csv, .tsv or .parquet"
BROKEN_OFF_END_WEIGHT = 600
"""So that the ends, one token in about fifty, make up some twelve thirteenths of what a map is fitted to."""
ENDLESS = 10_000_000
"""Documents of the small world at most; every study stops long before."""
WRITTEN_SHARE = 1.15
"""Tokens that are written for each pair that is asked for, because not every token finds a partner."""

Open = Callable[[], Iterator[Document]]


@dataclass(frozen=True)
class Corpus:
    """Documents by name, read again, one at a time, whenever it is gone through.

    Attributes:
        name: what it was asked for by.
        end_weight: how often the last token of each text is to count in a fit: 1, unless the texts are broken off where
            vectors are read.
        to_write: share of the documents that a model is yet to write; see `prepared`.
    """

    name: str
    _open: Open = field(repr=False)
    end_weight: int = 1
    to_write: float = 0.0
    _opened_by: Callable[[LanguageModel], Open] | None = field(default=None, repr=False)

    def __iter__(self) -> Iterator[Document]:
        """From the first document on.

        Raises:
            SettingsError: at the first document that a model is to write, if none was named.
        """
        return self._open()

    def written_by(self, lm: LanguageModel) -> "Corpus":
        """The corpus whose own part is written by this model."""
        return self if self._opened_by is None else Corpus(self.name, self._opened_by(lm), self.end_weight)


Source = str | Corpus
"""A corpus, or what `read_texts` finds one by."""


def given_texts(texts: Iterable[str]) -> Corpus:
    """Texts in memory as a corpus, named by their number and a mark of their content.

    Raises:
        SettingsError: if there is none, or one is no text.
    """
    held = tuple(texts)
    if not held or not all(isinstance(text, str) for text in held):
        raise SettingsError("a corpus in memory is a list of texts, each a string; give at least one")
    digest = hashlib.sha256()
    for text in held:
        digest.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    return Corpus(f"{len(held)} texts ({digest.hexdigest()[:12]})", lambda: iter(held))


def read_texts(source: Source) -> Corpus:
    """The documents of a corpus.

    Args:
        source: a corpus, which is itself; "self" for text that the large model of a pair writes, when a study reads it;
            "everyday" for ordinary prose, which ships; a word of `PUBLIC`, `hf:NAME`, `hf:NAME:SPLIT` or
            `hf:NAME:CONFIG:SPLIT` for a data set of the hub, streamed; "tinyworld" for fresh documents of the small
            world (which no model was trained on); "tinyworld-broken-off" for such texts broken off where one of its
            latents decides the next word, which are to be fitted at their ends above all; "demo" for sentences of the
            small world, shipped; a file, see `file_documents`; or two or more of these joined by "+", whose documents
            come in turn.

    Raises:
        SettingsError: if there is no such corpus or it cannot be read; at once, not at the first document.
    """
    if isinstance(source, Corpus):
        return source
    if source == SELF:
        return Corpus(source, _without_author, to_write=1.0, _opened_by=lambda lm: SelfWritten(lm).__iter__)
    if source == TINYWORLD:
        return Corpus(source, lambda: (document.text for document in documents("fit", ENDLESS)))
    if source == BROKEN_OFF:
        return Corpus(source, lambda: broken_off_texts("fit", ENDLESS), BROKEN_OFF_END_WEIGHT)
    if source in PUBLIC and not isfile(source):
        return Corpus(source, hub_documents(PUBLIC[source].source))
    if source.startswith(HUB):
        return Corpus(source, hub_documents(source))
    path = assets_home() / "corpus" / f"{source}.txt" if source in SHIPPED else Path(source)
    if not isfile(path):
        parts = [part.strip() for part in source.split("+")]
        if len(parts) > 1 and all(parts):
            return _joined(source, [read_texts(part) for part in parts])
        raise SettingsError(
            f"there is no corpus {source!r}; name a file ({FILES}), a data set as {HUB}NAME, or "
            f"one of {', '.join(map(repr, (SELF, *SHIPPED, *PUBLIC, TINYWORLD, BROKEN_OFF)))}"
        )
    return Corpus(source, file_documents(path))


def prepared(
    texts: Iterable[Document], large: LanguageModel, tokens: int
) -> Generator[Progress, None, Iterable[Document]]:
    """The texts ready to be read: what the large model is to write itself is written first, as far as it is not there.

    Every study that reads texts with a pair of models begins with this; other texts come back as they are.

    Args:
        texts: documents; only a corpus can have something to write.
        large: the model that writes.
        tokens: pairs of tokens that will be asked for.
    """
    if not isinstance(texts, Corpus) or not texts.to_write:
        return texts
    crew = processes()
    if crew.main:
        yield from SelfWritten(large).ahead(round(tokens * texts.to_write * WRITTEN_SHARE))
    # The others wait here until it is written.
    crew.agree(True)
    return texts.written_by(large)


def sample_texts(count: int, source: str) -> list[str]:
    """The first documents of a corpus that say anything; of conversations what was said."""
    said = (document if isinstance(document, str) else document.text for document in read_texts(source))
    return list(islice((text for text in said if text.strip()), count))


def _joined(name: str, corpora: Sequence[Corpus]) -> Corpus:
    """Documents of several corpora in turn."""
    return Corpus(
        name,
        lambda: _in_turn([iter(corpus) for corpus in corpora]),
        to_write=sum(corpus.to_write for corpus in corpora) / len(corpora),
        _opened_by=lambda lm: _joined(name, [corpus.written_by(lm) for corpus in corpora]).__iter__,
    )


def _in_turn(running: list[Iterator[Document]]) -> Iterator[Document]:
    """One document of each, round and round; one that ends leaves the turn to the others."""
    while running:
        for one in list(running):
            try:
                yield next(one)
            except StopIteration:
                running.remove(one)


def _without_author() -> Iterator[Document]:
    """Documents of which the first already cannot be had."""
    return (_refused() for _ in range(1))


def _refused() -> NoReturn:
    raise SettingsError(
        f"the corpus '{SELF}' is written by the large model of a pair; use it with two models, or name a file"
    )
