"""Files that users bring, as text with numbered lines; a file that is not text is refused in one sentence."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lrt_explorer.errors import ContrastError
from lrt_explorer.limits import CONTRAST_SET_BYTES
from lrt_explorer.store.reading import read_whole
from lrt_explorer.strict_json import StrictJSONError, check_depth, strict_decoder

_WEB_PAGE = re.compile(r"\s*<(!doctype|html|head|body|\?xml|!--)", re.IGNORECASE)
_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Source:
    """A text and where it comes from.

    Attributes:
        name: the file's name, for messages.
        stem: the name without its ending: what the concept is called unless the file says more.
        text: all of it.
    """

    name: str
    stem: str
    text: str

    def where(self, line: int) -> str:
        """A place in it, for messages; lines count from 1."""
        return f"line {line} of {self.name}"

    def lines(self) -> Iterator[tuple[int, str]]:
        """Number and content of every line that is not blank.

        Only line feeds part lines: a text may hold the other characters that Unicode calls line ends.
        """
        for number, line in enumerate(self.text.split("\n"), 1):
            if line.strip():
                yield number, line.rstrip("\r")


@dataclass(frozen=True)
class Row:
    """One JSON object and the place where it begins."""

    where: str
    values: Mapping[str, object]

    def text(self, key: str) -> str:
        """The text under a key.

        Raises:
            ContrastError: if there is none.
        """
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip() or not is_text(value):
            raise ContrastError(f"{self.where} has no text under {key!r}; add one")
        return value


def read_source(path: Path) -> Source:
    """Read a text file.

    Raises:
        ContrastError: if it cannot be read, is too large, is binary, is not UTF-8, or is a web page.
    """
    try:
        content = read_whole(path, CONTRAST_SET_BYTES, ContrastError, "a contrast set")
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise ContrastError(f"cannot read the contrast set {path}: {reason}; check the path") from error
    if (zero := content.find(b"\0")) >= 0:
        line = content[:zero].count(b"\n") + 1
        raise ContrastError(
            f"line {line} of {path.name} is not text but binary data or UTF-16; save the file as UTF-8 text"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ContrastError(f"line {line} of {path.name} is not UTF-8 text; save the file as UTF-8") from error
    return checked_source(Source(path.name, path.stem, text))


def checked_source(source: Source) -> Source:
    """The source, unless it is too large or a web page, which raises ContrastError."""
    if len(source.text) > CONTRAST_SET_BYTES:
        raise ContrastError(f"{source.name} has {len(source.text):,} characters; {CONTRAST_SET_BYTES:,} are the most")
    if _WEB_PAGE.match(source.text):
        first = next(number for number, _ in source.lines())
        raise ContrastError(
            f"{source.where(first)} is neither JSON nor a table but a web page; download the file itself, not its page"
        )
    return source


def json_lines(source: Source) -> list[Row]:
    """One JSON object a line; blank lines are skipped.

    Raises:
        ContrastError: naming the line that is none.
    """
    rows = []
    for number, line in source.lines():
        where = source.where(number)
        _check_depth(line, where)
        value, end = _decode(line, _skip(line, 0), where)
        if line[end:].strip():
            raise ContrastError(f"{where} is not JSON; write one JSON object per line")
        rows.append(as_row(where, value))
    return rows


def json_elements(source: Source) -> list[tuple[str, object]]:
    """The elements of a file that is one JSON list, each with the place where it begins.

    Raises:
        ContrastError: naming the line where the list breaks off or is no JSON.
    """
    text, found = source.text, []
    _check_depth(text, source.name)
    at = _skip(text, _skip(text, 0) + 1)
    line, counted = 1, 0
    while text[at : at + 1] != "]":
        line, counted = line + text.count("\n", counted, at), at
        value, at = _decode(text, at, source.where(line))
        found.append((source.where(line), value))
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            here = source.where(text.count("\n", 0, at) + 1)
            raise ContrastError(f"{here} is not JSON: a comma or the end of the list is missing; add it")
    if text[at + 1 :].strip():
        line = text.count("\n", 0, _skip(text, at + 1)) + 1
        raise ContrastError(f"{source.where(line)} goes on after the end of the JSON list; remove the rest")
    return found


def json_object(source: Source) -> Row | None:
    """The one JSON object that the whole file is, or None if it is something else, such as one object a line."""
    start = _skip(source.text, 0)
    try:
        _check_depth(source.text, source.name)
        value, end = _decode(source.text, start, "")
    except ContrastError:
        return None
    if source.text[end:].strip() or not isinstance(value, dict):
        return None
    return Row(source.where(source.text.count("\n", 0, start) + 1), value)


def as_row(where: str, value: object) -> Row:
    """A JSON value as a row; raises ContrastError if it is not an object."""
    if not isinstance(value, dict):
        raise ContrastError(f"{where} is not a JSON object; write one JSON object per line")
    return Row(where, value)


def is_text(value: str) -> bool:
    """Whether it is text at all: JSON can spell halves of characters, which no tokenizer reads."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _decode(text: str, at: int, where: str) -> tuple[object, int]:
    try:
        value, end = _DECODER.raw_decode(text, at)
        return value, int(end)
    except StrictJSONError as error:
        raise ContrastError(f"{where} {error}") from error
    except (ValueError, RecursionError) as error:
        raise ContrastError(f"{where} is not JSON; write one JSON object per line, or one JSON list") from error


def _check_depth(text: str, where: str) -> None:
    try:
        check_depth(text)
    except StrictJSONError as error:
        raise ContrastError(f"{where} {error}") from error


_DECODER = strict_decoder()


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at
