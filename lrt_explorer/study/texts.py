"""Where the documents of a fit come from: the small world's grammar, the shipped demo text, or a file."""

import json
from collections.abc import Iterator
from itertools import islice
from os.path import isfile
from pathlib import Path

from lrt_explorer.errors import SettingsError
from lrt_explorer.store import assets_home
from lrt_explorer.tinyworld.corpus import documents

TINYWORLD, DEMO = "tinyworld", "demo"
ENDLESS = 10_000_000
"""Documents of the small world at most; every study stops long before."""


def read_texts(source: str) -> Iterator[str]:
    """The documents of a corpus, one at a time.

    Args:
        source: "tinyworld" for fresh documents of the small world (which no model was trained on), "demo" for the
            shipped demo text, or a file: .jsonl with a "text" in every line, anything else one document a line.

    Raises:
        SettingsError: if there is no such corpus or it cannot be read; at once, not at the first document.
    """
    if source == TINYWORLD:
        return (document.text for document in documents("fit", ENDLESS))
    path = assets_home() / "corpus" / "demo.txt" if source == DEMO else Path(source)
    if not isfile(path):
        raise SettingsError(
            f"there is no corpus {source!r}; name a text or .jsonl file, or one of {TINYWORLD!r} and {DEMO!r}"
        )
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise SettingsError(f"cannot read the corpus {path}: {error.strerror}; check its permissions") from error
    return _lines(path)


def sample_texts(count: int, source: str = DEMO) -> list[str]:
    """The first documents of a corpus."""
    return list(islice(read_texts(source), count))


def _lines(path: Path) -> Iterator[str]:
    number = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _json_text(line, f"line {number} of {path.name}") if path.suffix == ".jsonl" else line.strip()
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path.name} is not UTF-8 text after line {number}; save it as UTF-8") from error


def _json_text(line: str, where: str) -> str:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise SettingsError(f"{where} is not JSON; write one JSON object a line") from error
    text = row.get("text") if isinstance(row, dict) else None
    # JSON can spell halves of characters, which no tokenizer reads.
    if not isinstance(text, str) or any("\ud800" <= character <= "\udfff" for character in text):
        raise SettingsError(where + ' has no \'text\'; write objects such as {"text": "..."}')
    return text
