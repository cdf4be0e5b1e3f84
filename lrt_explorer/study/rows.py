"""Documents from files of rows: JSON lines, CSV, Parquet, and data sets of the hub."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.chat import Document, conversation

TEXT, MESSAGES = "text", "messages"
ROWS_AT_ONCE = 1000
HUB = "hf:"


def json_document(line: str, where: str) -> Document:
    """The document of one line of JSON: its "text", or the conversation in its "messages".

    Raises:
        SettingsError: if it has neither.
    """
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise SettingsError(f"{where} is not JSON; write one JSON object a line") from error
    found = _document(row, MESSAGES if isinstance(row, dict) and MESSAGES in row else TEXT)
    if found is None:
        raise SettingsError(
            f'{where} has no \'{TEXT}\'; write objects such as {{"text": "..."}}, or '
            '{"messages": [{"role": "user", "content": "..."}]}'
        )
    return found


def csv_documents(path: Path) -> Callable[[], Iterator[Document]]:
    """The documents of a CSV file with a header, some rows at a time; which column holds them is settled at once.

    Raises:
        SettingsError: if it cannot be read, or it is not clear which column holds the documents.
    """
    try:
        head = pd.read_csv(path, nrows=ROWS_AT_ONCE)
    except (ValueError, OSError) as error:  # parser errors and bad UTF-8 are ValueErrors
        raise SettingsError(
            f"{path.name} cannot be read as CSV ({_first_line(error)}); save it as UTF-8 CSV"
        ) from error
    column = _column({str(name): bool(pd.api.types.is_string_dtype(head[name])) for name in head.columns}, path.name)

    def documents() -> Iterator[Document]:
        try:
            for part in pd.read_csv(path, usecols=[column], dtype=str, keep_default_na=False, chunksize=ROWS_AT_ONCE):
                yield from (text for text in part[column].tolist() if _readable(text))
        except (ValueError, OSError) as error:
            raise SettingsError(
                f"{path.name} cannot be read to its end ({_first_line(error)}); save it as UTF-8 CSV"
            ) from error

    return documents


def parquet_documents(path: Path) -> Callable[[], Iterator[Document]]:
    """The documents of a Parquet file, some rows at a time; needs pyarrow, which is not installed with this package.

    Raises:
        SettingsError: without pyarrow, or if the file cannot be read, or has no clear column of documents.
    """
    parquet: Any = _optional("pyarrow.parquet", f"{path.name} is Parquet, which needs the package pyarrow", "pyarrow")
    try:
        schema = parquet.ParquetFile(path).schema_arrow
        kinds = dict(zip(schema.names, map(str, schema.types), strict=True))
    except (ValueError, OSError) as error:  # pyarrow's own errors are among these
        raise SettingsError(f"{path.name} cannot be read as Parquet ({_first_line(error)}); save it anew") from error
    column = _column({name: kind in ("string", "large_string") for name, kind in kinds.items()}, path.name)

    def documents() -> Iterator[Document]:
        for batch in parquet.ParquetFile(path).iter_batches(batch_size=ROWS_AT_ONCE, columns=[column]):
            for row in batch.to_pylist():
                if (found := _document(row, column)) is not None:
                    yield found

    return documents


def hub_documents(source: str) -> Callable[[], Iterator[Document]]:
    """The documents of a data set of the hub, streamed: `hf:NAME` or `hf:NAME:SPLIT`, by default its "train" split.

    Needs the package datasets, which is not installed with this package.

    Raises:
        SettingsError: without that package, or if there is no such data set or it cannot be reached.
    """
    name, _, split = source.removeprefix(HUB).partition(":")
    if not name:
        raise SettingsError(f"{source!r} names no data set; write {HUB}NAME or {HUB}NAME:SPLIT")
    library: Any = _optional("datasets", f"{source} is read with the package datasets", "datasets")

    def opened() -> Any:
        try:
            return library.load_dataset(name, split=split or "train", streaming=True)
        except Exception as error:  # the hub's own kinds, ValueError, OSError and more
            raise _unreachable(name, error) from error

    first = opened()

    def documents() -> Iterator[Document]:
        column = ""
        try:
            for row in first:
                if not column:
                    column = _column({key: isinstance(value, str) for key, value in row.items()}, name)
                if (found := _document(row, column)) is not None:
                    yield found
        except SettingsError:
            raise
        except Exception as error:  # as above, in the middle of a stream
            raise _unreachable(name, error) from error

    return documents


def _column(strings: Mapping[str, bool], name: str) -> str:
    """The column of documents: "messages", "text", or the only one with strings."""
    for known in (MESSAGES, TEXT):
        if known in strings:
            return known
    fitting = [column for column, is_string in strings.items() if is_string]
    if len(fitting) == 1:
        return fitting[0]
    raise SettingsError(
        f"{name} has the columns {', '.join(strings) or 'none'}, and it is not clear which holds the documents; "
        f"name that column {TEXT!r}"
    )


def _document(row: object, column: str) -> Document | None:
    value = row.get(column) if isinstance(row, dict) else None
    if column == MESSAGES:
        said = conversation(value)
        return said if said is not None and _readable(said.text) else None
    return value if isinstance(value, str) and _readable(value) else None


def _readable(text: str) -> bool:
    """Whether it has no halves of characters, which JSON can spell but no tokenizer reads."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _optional(module: str, why: str, package: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise SettingsError(f"{why}; install it with `pip install {package}`, or save the texts as .jsonl") from error


def _unreachable(name: str, error: BaseException) -> SettingsError:
    return SettingsError(
        f"the data set {name} cannot be read from the hub ({_first_line(error)}); check its name, its split and the "
        "network, or give a file"
    )


def _first_line(error: BaseException) -> str:
    lines: Sequence[str] = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")[:160]
