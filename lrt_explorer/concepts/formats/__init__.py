"""Contrast sets in the formats that people have: one file each, and one front door. See docs/formats.md."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lrt_explorer.concepts.formats import columns, evaluations, lists, own, preferences, statements
from lrt_explorer.concepts.formats.source import (
    Row,
    Source,
    as_row,
    json_elements,
    json_lines,
    json_object,
    read_source,
)
from lrt_explorer.concepts.sets.contrast_set import ContrastSet
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

    Known are the project's own JSON Lines, model-written evaluations, pairs as other tools write them and statements
    with labels (JSON, JSON Lines or tables), two columns (text), and JSON lists of texts, which have one side only:
    they are said by two personas, or paired with a second list.

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
        raise ContrastError(f"{source.name} is empty; write at least two pairs")
    other = None if against is None else read_source(against)
    contrast = _read(source, personas, other)
    return contrast if name is None else replace(contrast, name=name)


def _read(source: Source, personas: tuple[str, str] | None, against: Source | None) -> ContrastSet:
    start = source.text.lstrip()[0]
    if start == "[":
        elements = json_elements(source)
        if elements and all(isinstance(value, dict) for _, value in elements):
            return _from_rows(source, [as_row(where, value) for where, value in elements])
        if elements and all(_is_pair(value) for _, value in elements):
            return _from_rows(source, [Row(where, _sides(value)) for where, value in elements])
        return lists.from_elements(source, elements, personas, against)
    if personas is not None or against is not None:
        raise ContrastError(
            f"{source.name} is not a JSON list of texts; leave out the personas and the second list, or give a list"
        )
    if start == "{":
        whole = json_object(source)
        if whole is not None and (rows := _held_rows(source, whole)):
            return _from_rows(source, rows)
        if whole is not None and lists.KEYS & whole.values.keys() and not preferences.knows(whole):
            return lists.from_object(source, whole)
        return _from_rows(source, json_lines(source) if whole is None else [whole])
    suffix = Path(source.name).suffix.lower()
    if suffix in (".json", ".jsonl", ".ndjson"):
        json_lines(source)
    if suffix in _TABLES:
        return statements.from_table(source)
    return columns.from_source(source)


def _from_rows(source: Source, rows: Sequence[Row]) -> ContrastSet:
    """A set from JSON objects; the keys of the first that has known ones say which format it is."""
    for row in rows:
        if preferences.knows(row) and not own.knows(row):
            return preferences.from_rows(source, rows)
        if evaluations.KEYS & row.values.keys():
            return evaluations.from_rows(source, rows)
        if own.KEYS & row.values.keys():
            return own.from_rows(source, rows)
        if statements.knows(row.values.keys()):
            return statements.from_rows(source, rows)
    keys = ", ".join(repr(key) for key in list(rows[0].values)[:5]) or "no keys"
    raise ContrastError(
        f"{rows[0].where} has {keys} and none of the keys of a contrast set; write 'with' and 'without', 'chosen' "
        "and 'rejected', 'question' and its two answers, or 'text' and 'label'"
    )


def _held_rows(source: Source, whole: Row) -> list[Row]:
    """The rows of a JSON object that is nothing but a box around a list of objects, such as `{"data": [...]}`."""
    held = [value for value in whole.values.values() if isinstance(value, list) and value]
    if len(held) != 1 or not all(isinstance(one, dict) for one in held[0]) or preferences.knows(whole):
        return []
    return [as_row(f"entry {number} of {source.name}", value) for number, value in enumerate(held[0], 1)]


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(side, str) for side in value)


def _sides(value: object) -> dict[str, object]:
    assert isinstance(value, list)
    return dict(zip(("positive", "negative"), value, strict=True))
