"""Whose a vector is, and how a file of one is named with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lrt_explorer.errors import SettingsError

Side = Literal["small", "large", "transferred"]
"""Whose vector: a model's own, or the small model's as a map took it across, which lives in the large one."""
SIDES: Mapping[str, Side] = {"small": "small", "large": "large", "transferred": "transferred"}
OWNERS: Mapping[Side, str] = {
    "small": "the small model’s own",
    "large": "the large model’s own",
    "transferred": "mapped into the large model",
}


@dataclass(frozen=True)
class GivenFile:
    """A vector file that was given.

    Attributes:
        path: of the file.
        side: whose vector it was said to be; None where that is left to the file.
    """

    path: Path
    side: Side | None = None


def given_file(text: str) -> GivenFile:
    """A file as it is written on a command line: FILE, or SIDE=FILE.

    Raises:
        SettingsError: if a word before the file is not a side.
    """
    word, equals, path = text.partition("=")
    if not equals or Path(text).expanduser().exists():
        return GivenFile(Path(text))
    if word in SIDES:
        return GivenFile(Path(path), SIDES[word])
    if word.isalpha():
        raise SettingsError(
            f"{word!r} does not say whose vector {path} is; write {one_of(list(SIDES.values()), '=')} before the file"
        )
    return GivenFile(Path(text))


def one_of(sides: Sequence[Side], after: str = "") -> str:
    """Sides as a list in words, with something after each."""
    *others, last = (f"{side}{after}" for side in sides)
    return f"{', '.join(others)} or {last}" if others else last
