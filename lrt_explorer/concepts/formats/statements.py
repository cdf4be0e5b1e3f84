"""Statements with labels: one text a row and which of two classes it belongs to, as CSV or JSON Lines."""

import csv
import io
from collections.abc import Iterable, Sequence

from lrt_explorer.concepts.formats import preferences
from lrt_explorer.concepts.formats.preferences import pair_names
from lrt_explorer.concepts.formats.source import Row, Source, is_text
from lrt_explorer.concepts.sets.contrast_set import ContrastSet
from lrt_explorer.errors import ContrastError

TEXT_NAMES = ("text", "statement", "sentence", "claim", "prompt", "content", "input")
LABEL_NAMES = ("label", "labels", "class", "target", "is_true", "true", "answer", "category", "sentiment")
_YES = ("1", "1.0", "true", "t", "yes", "y", "positive", "pos", "with")
_NO = ("0", "0.0", "-1", "false", "f", "no", "n", "negative", "neg", "without")
_NOTHING = ("", "nan", "none", "null", "na", "n/a")

Statement = tuple[str, str, str]  # where, text, label


def knows(names: Iterable[str]) -> bool:
    """Whether these are the keys or columns of a statement with its label."""
    found = {name.strip().casefold() for name in names}
    return bool(found & set(TEXT_NAMES)) and bool(found & set(LABEL_NAMES))


def from_rows(source: Source, rows: Sequence[Row]) -> ContrastSet:
    """A set from JSON objects that have a text and a label each.

    Raises:
        ContrastError: naming the line at fault.
    """
    first = next(row for row in rows if knows(row.values))
    text, label = (_named(list(first.values), names) for names in (TEXT_NAMES, LABEL_NAMES))
    statements = []
    for row in rows:
        value = row.values.get(label)
        if not isinstance(value, str | int | float) or str(value).strip().casefold() in _NOTHING:
            raise ContrastError(f"{row.where} has no label under {label!r}; add one of two labels")
        statements.append((row.where, row.text(text), str(value)))
    return contrast_statements(source, statements)


def from_table(source: Source) -> ContrastSet:
    """A set from a CSV file with a header: a text and a label column, or two columns of texts.

    Commas, semicolons or tabs part the columns. It is read row by row, not through a data frame, so that an error can
    name its line.

    Raises:
        ContrastError: naming the line at fault.
    """
    header, rows = _table(source)
    if (pair := pair_names(header)) is not None:
        for where, row in rows:
            for name in pair:
                _cell(row, header.index(name), header, where)
        return preferences.from_rows(source, [Row(where, dict(zip(header, row, strict=True))) for where, row in rows])
    text, label = _column(header, TEXT_NAMES, source), _column(header, LABEL_NAMES, source)
    return contrast_statements(
        source, [(w, _cell(row, text, header, w), _cell(row, label, header, w)) for w, row in rows]
    )


def contrast_statements(source: Source, statements: Sequence[Statement]) -> ContrastSet:
    """Statements of two labels, paired in order: the first of one label with the first of the other.

    What is left over on the longer side is not used; a repeated statement counts once. Of labels such as 1 and 0, true
    and false, the meaning is known; of two others, the one that comes first is the behaviour.

    Raises:
        ContrastError: if there is one label only, or a third, or one statement has both.
    """
    sides: dict[str, dict[str, str]] = {}
    words: dict[str, str] = {}
    seen: dict[str, tuple[str, str]] = {}
    for where, text, label in statements:
        key = label.strip().casefold()
        words.setdefault(key, label.strip())
        if key not in sides and len(sides) == 2:
            raise ContrastError(
                f"{where} has a third label {label.strip()!r} besides {' and '.join(words[k] for k in sides)}; keep two"
            )
        other, place = seen.setdefault(text, (key, where))
        if other != key:
            raise ContrastError(f"{where} gives the statement of {place} another label; keep one of them")
        sides.setdefault(key, {})[text] = where
    if len(sides) < 2:
        which = f"is labelled {next(iter(words.values()))!r}" if words else "is missing"
        raise ContrastError(f"{source.name} is one-sided: every statement {which}; add statements of another label")
    first, second = sides
    if (first in _YES) == (second in _YES) and (first in _NO) == (second in _NO) and (first in _YES or first in _NO):
        raise ContrastError(f"the labels {words[first]} and {words[second]} of {source.name} mean the same; keep two")
    positive, negative = (second, first) if first in _NO or second in _YES else (first, second)
    pairs = tuple(zip(sides[positive], sides[negative], strict=False))
    used, count = 2 * len(pairs), len(sides[first]) + len(sides[second])
    left = f"; {count - used} without a partner are left out" if count > used else ""
    return ContrastSet(
        name=source.stem,
        pairs=pairs,
        description=f"Statements of {source.name}, paired in order{left}.",
        positive_label=_word(words[positive], "with"),
        negative_label=_word(words[negative], "without"),
    )


def _table(source: Source) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """The header, and every row with the place where it begins."""
    header = next(line for _, line in source.lines())
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(source.text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[str, list[str]]] = []
    before = 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((source.where(before + 1), row))
            before = reader.line_num
    except csv.Error as error:
        raise ContrastError(
            f"{source.where(before + 1)} is not a valid table row ({error}); check its quotes and separators"
        ) from error
    _, names = rows[0]
    folded = [name.strip().casefold() for name in names]
    seen: set[str] = set()
    for name in folded:
        if name in seen:
            raise ContrastError(f"{rows[0][0]} names the column {name[:60]!r} twice; keep one of them")
        seen.add(name)
    for where, row in rows[1:]:
        if len(row) != len(names):
            raise ContrastError(f"{where} has {len(row)} columns, but the header has {len(names)}; correct that line")
    return names, rows[1:]


def _column(header: Sequence[str], names: Sequence[str], source: Source) -> int:
    folded = [name.strip().casefold() for name in header]
    for name in names:
        if name in folded:
            return folded.index(name)
    first = next(number for number, _ in source.lines())
    raise ContrastError(
        f"{source.where(first)} has no column {' or '.join(names[:2])}; name the columns 'text' and 'label', or "
        "'with' and 'without'"
    )


def _cell(row: Sequence[str], column: int, header: Sequence[str], where: str) -> str:
    if row[column].strip().casefold() in _NOTHING or not is_text(row[column]):
        raise ContrastError(f"{where} has nothing under {header[column].strip()!r}; add a text")
    return row[column]


def _named(keys: Sequence[str], names: Sequence[str]) -> str:
    return next(key for name in names for key in keys if key.strip().casefold() == name)


def _word(label: str, otherwise: str) -> str:
    return label if label.isalpha() and label.casefold() not in (*_YES, *_NO) else otherwise
