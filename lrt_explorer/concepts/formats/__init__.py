"""Contrast sets in the formats that people have: one file each, and one front door. See docs/formats.md."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lrt_explorer.concepts.formats import columns, evaluations, lists, own, statements
from lrt_explorer.concepts.formats.source import (
    Row,
    Source,
    as_row,
    json_elements,
    json_lines,
    json_object,
    read_source,
)
from lrt_explorer.concepts.sets import ContrastSet
from lrt_explorer.errors import ContrastError

__all__ = ["import_contrast"]

_TABLES = (".csv", ".tsv")


def import_contrast(
    path: Path,
    *,
    name: str | None = None,
    personas: tuple[str, str] | None = None,
    against: Path | None = None,
) -> ContrastSet:
    """Read a contrast set from a file in any known format; what the file holds decides, not its name.

    Known are the project's own JSON Lines, model-written evaluations, statements with labels (JSON Lines or CSV), two
    columns (text), and JSON lists of texts, which have one side only: they are said by two personas, or paired with a
    second list.

    Args:
        path: the file.
        name: of the concept; None for the one in the file, or the file's own name.
        personas: for a list of texts, who says them with and without the behaviour ("extremely happy",
            "extremely sad"); None for those that fit the file's name (`lists.default_personas`).
        against: for a list of texts, a second list that shows the opposite, paired in order.

    Raises:
        ContrastError: in one sentence, naming the line where one is at fault.
    """
    source = read_source(path)
    if not source.text.strip():
        raise ContrastError(f"{source.name} is empty and has no pairs; write at least two")
    other = None if against is None else read_source(against)
    contrast = _read(source, personas, other)
    return contrast if name is None else replace(contrast, name=name)


def _read(source: Source, personas: tuple[str, str] | None, against: Source | None) -> ContrastSet:
    start = source.text.lstrip()[0]
    if start == "[":
        elements = json_elements(source)
        if elements and all(isinstance(value, dict) for _, value in elements):
            return _from_rows(source, [as_row(where, value) for where, value in elements])
        return lists.from_elements(source, elements, personas, against)
    if personas is not None or against is not None:
        raise ContrastError(f"{source.name} is no JSON list of texts; give personas or a second list only with one")
    if start == "{":
        whole = json_object(source)
        if whole is not None and lists.KEYS & whole.values.keys():
            return lists.from_object(source, whole)
        return _from_rows(source, json_lines(source) if whole is None else [whole])
    suffix = Path(source.name).suffix.lower()
    if suffix in (".json", ".jsonl"):
        json_lines(source)
    if suffix in _TABLES:
        return statements.from_table(source)
    return columns.from_source(source)


def _from_rows(source: Source, rows: Sequence[Row]) -> ContrastSet:
    """A set from JSON objects; the keys of the first that has known ones say which format it is."""
    for row in rows:
        if evaluations.KEYS & row.values.keys():
            return evaluations.from_rows(source, rows)
        if own.KEYS & row.values.keys():
            return own.from_rows(source, rows)
        if statements.knows(row.values.keys()):
            return statements.from_rows(source, rows)
    keys = ", ".join(repr(key) for key in list(rows[0].values)[:5]) or "no keys"
    raise ContrastError(
        f"{rows[0].where} has {keys} and none of the keys of a contrast set; write 'with' and 'without', 'question' "
        "and its two answers, or 'text' and 'label'"
    )
