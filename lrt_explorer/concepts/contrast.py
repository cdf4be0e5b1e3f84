"""Contrast sets by name or file: the ones that ship, and files in every format that is understood."""

from os.path import isfile
from pathlib import Path

from lrt_explorer.concepts.formats import import_contrast
from lrt_explorer.concepts.formats.own import KIND, VERSION, read_contrast, write_contrast
from lrt_explorer.concepts.sets.contrast_set import MINIMUM_PAIRS, ContrastSet, ReadoutPrompt
from lrt_explorer.concepts.sets.readings import READINGS, Reading
from lrt_explorer.errors import ContrastError
from lrt_explorer.store import assets_home

__all__ = [
    "KIND",
    "MINIMUM_PAIRS",
    "READINGS",
    "VERSION",
    "ContrastSet",
    "Reading",
    "ReadoutPrompt",
    "import_contrast",
    "load_concept",
    "read_contrast",
    "real_concepts",
    "shipped_concepts",
    "write_contrast",
]

_FILE_ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".txt")


def shipped_concepts() -> dict[str, Path]:
    """Name and file of every contrast set for the demo family, sorted by name."""
    return _named("concepts")


def real_concepts() -> dict[str, Path]:
    """Name and file of every contrast set that ships for instruct models of everyday language, sorted by name."""
    return _named("concepts-real")


def load_concept(name: str) -> ContrastSet:
    """A shipped concept by its name, or a contrast set by the path of its file, in any format (docs/formats.md).

    A name that both the demo family and `real_concepts` know means the demo family's.

    Raises:
        ContrastError: if it is neither, naming the concepts there are.
    """
    known = real_concepts() | shipped_concepts()
    if name in known:
        return read_contrast(known[name])
    if name.endswith(_FILE_ENDINGS) or isfile(name):
        return import_contrast(Path(name))
    names = ", ".join(shipped_concepts() | real_concepts()) or "none are installed"
    raise ContrastError(f"there is no concept {name!r}; choose one of these ({names}) or give a file of pairs")


def _named(folder: str) -> dict[str, Path]:
    return {path.stem: path for path in sorted((assets_home() / folder).glob("*.jsonl"))}
