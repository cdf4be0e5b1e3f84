"""Where the documents of a fit come from: the small world's grammar, the shipped demo text, a file, or the hub."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from os.path import isfile
from pathlib import Path

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.chat import Document
from lrt_explorer.store import assets_home
from lrt_explorer.study.rows import HUB, csv_documents, hub_documents, json_document, parquet_documents
from lrt_explorer.tinyworld.contrasts import broken_off_texts
from lrt_explorer.tinyworld.corpus import documents

TINYWORLD, BROKEN_OFF, DEMO = "tinyworld", "tinyworld-broken-off", "demo"
SHIPPED = (DEMO, "everyday")
"""Corpora that ship as a file: sentences of the small world, and ordinary prose."""
BROKEN_OFF_END_WEIGHT = 600
"""So that the ends, one token in about fifty, make up some twelve thirteenths of what a map is fitted to."""
ENDLESS = 10_000_000
"""Documents of the small world at most; every study stops long before."""


@dataclass(frozen=True)
class Corpus:
    """Documents by name, read anew, one at a time, whenever it is gone through.

    Attributes:
        name: what it was asked for by.
        end_weight: how often the last token of each text is to count in a fit: 1, unless the texts are broken off where
            vectors are read.
    """

    name: str
    _open: Callable[[], Iterator[Document]] = field(repr=False)
    end_weight: int = 1

    def __iter__(self) -> Iterator[Document]:
        """From the first document on."""
        return self._open()


def read_texts(source: str) -> Corpus:
    """The documents of a corpus.

    Args:
        source: "tinyworld" for fresh documents of the small world (which no model was trained on);
            "tinyworld-broken-off" for such texts broken off where one of its latents decides the next word, which are
            to be fitted at their ends above all; "demo" for sentences of the small world, "everyday" for ordinary
            prose, both shipped; `hf:NAME` or `hf:NAME:SPLIT` for a
            data set of the hub, streamed; or a file: .jsonl with a "text" or the "messages" of a conversation in every
            line, .csv or .parquet with a column "text", "messages", or only one of strings, anything else one document
            a line.

    Raises:
        SettingsError: if there is no such corpus or it cannot be read; at once, not at the first document.
    """
    if source == TINYWORLD:
        return Corpus(source, lambda: (document.text for document in documents("fit", ENDLESS)))
    if source == BROKEN_OFF:
        return Corpus(source, lambda: broken_off_texts("fit", ENDLESS), BROKEN_OFF_END_WEIGHT)
    if source.startswith(HUB):
        return Corpus(source, hub_documents(source))
    path = assets_home() / "corpus" / f"{source}.txt" if source in SHIPPED else Path(source)
    if not isfile(path):
        raise SettingsError(
            f"there is no corpus {source!r}; name a text, .jsonl, .csv or .parquet file, a data set as {HUB}NAME, or "
            f"one of {', '.join(map(repr, (TINYWORLD, BROKEN_OFF, *SHIPPED)))}"
        )
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise SettingsError(f"cannot read the corpus {path}: {error.strerror}; check its permissions") from error
    if path.suffix == ".csv":
        return Corpus(source, csv_documents(path))
    if path.suffix == ".parquet":
        return Corpus(source, parquet_documents(path))
    return Corpus(source, lambda: _lines(path))


def sample_texts(count: int, source: str) -> list[str]:
    """The first documents of a corpus; of conversations what was said."""
    first = islice(read_texts(source), count)
    return [document if isinstance(document, str) else document.text for document in first]


def _lines(path: Path) -> Iterator[Document]:
    number = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    is_json = path.suffix == ".jsonl"
                    yield json_document(line, f"line {number} of {path.name}") if is_json else line.strip()
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path.name} is not UTF-8 text after line {number}; save it as UTF-8") from error
