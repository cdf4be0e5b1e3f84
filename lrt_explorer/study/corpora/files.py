"""Documents from files: text, Markdown, tables, JSON and Parquet, packed with gzip or not, by the file's ending."""

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

import pandas as pd

from lrt_explorer.errors import SettingsError, first_line
from lrt_explorer.lm.chat import Document
from lrt_explorer.strict_json import StrictJSONError, check_depth
from lrt_explorer.study.corpora.rows import document_columns, row_documents, table_document

ROWS_AT_ONCE = 1000
JSON_ENDINGS = (".json", ".jsonl", ".ndjson")
TABLE_ENDINGS = (".csv", ".tsv")
MARKDOWN_ENDINGS = (".md", ".markdown")
ENDINGS = (".txt", *MARKDOWN_ENDINGS, *JSON_ENDINGS, *TABLE_ENDINGS)
"""Endings of files that need no further package; any other file is read as one document a line."""
SECTION_CHARACTERS = 1000
"""A document of Markdown ends at the first blank line after so many characters, and before every heading."""
CONTAINERS = ("data", "rows", "train", "examples", "documents", "instances", "items")
"""Where a JSON file that is one object keeps its list of rows."""
INSTALL = "pip install '.[corpora]'"
_HEAD_BYTES = 4096
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ARCHIVES = {b"%PDF": "a PDF", b"PK\x03\x04": "a zip archive or an office document", b"\x1f\x8b": "packed with gzip"}

Documents = Callable[[], Iterator[Document]]


def file_documents(path: Path) -> Documents:
    """The documents of a file.

    Raises:
        SettingsError: if it cannot be read, at once as far as its beginning shows it.
    """
    packed = path.suffix.lower() == ".gz"
    ending = (Path(path.stem) if packed else path).suffix.lower()
    if ending == ".parquet":
        return parquet_documents(path)
    _check_head(path, packed=packed)
    if ending in TABLE_ENDINGS:
        return table_documents(path, packed=packed, ending=ending)
    if ending in JSON_ENDINGS:
        return lambda: row_documents(_json_values(path, packed=packed))
    if ending in MARKDOWN_ENDINGS:
        return lambda: _sections(path, packed=packed)
    return lambda: (line.strip() for _, line in _lines(path, packed=packed))


def table_documents(path: Path, *, packed: bool, ending: str) -> Documents:
    """The documents of a CSV or TSV file with a header, some rows at a time; its columns are settled at once.

    Raises:
        SettingsError: if it cannot be read, or it is not clear which column holds the documents.
    """
    kind = ending[1:].upper()
    how: dict[str, Any] = {
        "sep": "\t" if ending == ".tsv" else _separator(path, packed=packed),
        "encoding": "utf-8-sig",
        "compression": "gzip" if packed else None,
    }
    try:
        head = pd.read_csv(path, nrows=ROWS_AT_ONCE, **how)
    except (ValueError, OSError, EOFError) as error:  # parser errors and bad UTF-8 are ValueErrors
        raise SettingsError(
            f"{path.name} cannot be read as {kind} ({first_line(error)}); save it as UTF-8 {kind}"
        ) from error
    strings = {str(name): bool(pd.api.types.is_string_dtype(head[name])) for name in head.columns}
    how["usecols"] = document_columns(strings, path.name)

    def documents() -> Iterator[Document]:
        try:
            for part in pd.read_csv(path, dtype=str, keep_default_na=False, chunksize=ROWS_AT_ONCE, **how):
                yield from map(table_document, cast(list[dict[str, object]], part.to_dict("records")))
        except (ValueError, OSError, EOFError) as error:
            raise SettingsError(
                f"{path.name} cannot be read to its end ({first_line(error)}); save it as UTF-8 {kind}"
            ) from error

    return documents


def parquet_documents(path: Path) -> Documents:
    """The documents of a Parquet file, some rows at a time; needs pyarrow, which is not installed with this package.

    Raises:
        SettingsError: without pyarrow, or if the file cannot be read, or has no clear column of documents.
    """
    parquet: Any = optional("pyarrow.parquet", f"{path.name} is Parquet, which needs the package pyarrow")
    try:
        schema = parquet.ParquetFile(path).schema_arrow
        kinds = dict(zip(schema.names, map(str, schema.types), strict=True))
    except (ValueError, OSError) as error:  # pyarrow's own errors are among these
        raise SettingsError(f"{path.name} cannot be read as Parquet ({first_line(error)}); save it again") from error
    columns = document_columns({name: kind in ("string", "large_string") for name, kind in kinds.items()}, path.name)

    def documents() -> Iterator[Document]:
        for batch in parquet.ParquetFile(path).iter_batches(batch_size=ROWS_AT_ONCE, columns=columns):
            yield from map(table_document, batch.to_pylist())

    return documents


def optional(module: str, why: str) -> Any:
    """A module that is not installed with this package.

    Raises:
        SettingsError: if it is not there.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise SettingsError(f"{why}; install it with `{INSTALL}`, or save the texts as .jsonl") from error


def _open(path: Path, *, packed: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if packed else path.open("rb")


def _check_head(path: Path, *, packed: bool) -> None:
    """Refuse at once what is no UTF-8 text by its first bytes."""
    try:
        with _open(path, packed=packed) as file:
            head = file.read(_HEAD_BYTES)
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise SettingsError(f"cannot read the corpus {path}: {reason}; check the file and its permissions") from error
    if head.startswith(_UTF16) or (head[:2].count(b"\0") == 1 and b"\0" in head[2:4]):
        raise SettingsError(f"{path.name} is UTF-16 text; save it as UTF-8")
    for mark, kind in _ARCHIVES.items():
        if head.startswith(mark):
            raise SettingsError(f"{path.name} is not text but {kind}; save its text as .txt or .jsonl")
    if b"\0" in head:
        raise SettingsError(f"{path.name} is not text but binary data; give a text, .jsonl, .csv or .parquet file")


def _lines(path: Path, *, packed: bool) -> Iterator[tuple[int, str]]:
    """Number and content of every line that is not blank; only line feeds part lines."""
    number = 0
    try:
        with _open(path, packed=packed) as file:
            for number, line in enumerate(file, 1):
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if text.strip():
                    yield number, text
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path.name} is not UTF-8 text on line {number}; save it as UTF-8") from error
    except (OSError, EOFError) as error:
        raise SettingsError(f"{path.name} cannot be read to its end ({first_line(error)}); save it again") from error


def _json_values(path: Path, *, packed: bool) -> Iterator[tuple[str, object]]:
    """The values of a JSON file with their places: one a line, or those of the list that the file is or holds."""
    lines = _lines(path, packed=packed)
    number, first = next(lines, (0, ""))
    if not number:
        return
    try:
        value, by_line = _parsed(first), True
    except ValueError:
        value, by_line = None, False
    second = next(lines, None)
    if by_line and second is not None:
        yield f"line {number} of {path.name}", value
        for number, line in chain([second], lines):
            try:
                yield f"line {number} of {path.name}", _parsed(line)
            except ValueError as error:
                raise SettingsError(
                    f"line {number} of {path.name} is not JSON; write one JSON object per line"
                ) from error
        return
    if not by_line:
        value = _whole(path, packed=packed, line=number)
    rows: list[Any]
    if isinstance(value, Mapping):
        lists = [value[key] for key in CONTAINERS if isinstance(value.get(key), list)]
        if not lists:
            yield f"line {number} of {path.name}", value
            return
        rows = lists[0]
    else:
        rows = value if isinstance(value, list) else [value]
    for index, row in enumerate(rows, 1):
        # The viewer of data sets wraps each row in another object.
        inner = row.get("row") if isinstance(row, Mapping) else None
        yield f"entry {index} of {path.name}", inner if isinstance(inner, Mapping) else row


def _whole(path: Path, *, packed: bool, line: int) -> Any:
    """A file that is one JSON value over several lines."""
    try:
        with _open(path, packed=packed) as file:
            return _parsed(file.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path.name} is not UTF-8 text; save it as UTF-8") from error
    except StrictJSONError as error:
        raise SettingsError(f"{path.name} {error}") from error
    except json.JSONDecodeError as error:
        at = error.lineno if error.lineno > line else line
        raise SettingsError(
            f"line {at} of {path.name} is not JSON; write one JSON object per line, or a list"
        ) from error


def _parsed(text: str) -> Any:
    """The value of a text, bounded in depth; a data set may hold NaN in columns that are not read."""
    check_depth(text)
    return json.loads(text)


def _sections(path: Path, *, packed: bool) -> Iterator[Document]:
    """Markdown in pieces: a heading with what follows it, long ones parted at blank lines."""
    held: list[str] = []
    before, fenced = 0, False
    for number, line in _lines(path, packed=packed):
        text = line.rstrip()
        if text.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced:
            heading = re.match(r"#{1,6}\s", text) is not None
            long = number > before + 1 and sum(map(len, held)) >= SECTION_CHARACTERS
            if held and (heading or long):
                yield "\n".join(held)
                held = []
        if held and number > before + 1:
            held.append("")
        held.append(text)
        before = number
    if held:
        yield "\n".join(held)


def _separator(path: Path, *, packed: bool) -> str:
    """What parts the columns of a CSV file, by its header: a comma, or the semicolon or tab of some spreadsheets."""
    with _open(path, packed=packed) as file:
        header = file.readline(_HEAD_BYTES).decode("utf-8-sig", errors="replace")
    bare = re.sub(r'"[^"]*"', "", header)
    return max(",;\t", key=bare.count)
