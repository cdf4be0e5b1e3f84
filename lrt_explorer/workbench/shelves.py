"""What visitors write, bring or make, as files in a folder of each visitor's own; the oldest folders go first."""

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet, write_contrast
from lrt_explorer.errors import SettingsError
from lrt_explorer.store import VectorFile, data_home, save_vector
from lrt_explorer.study.ground.known import folder_name
from lrt_explorer.study.steering.brought import Side
from lrt_explorer.workbench.session import Shelf

VISITORS = 200
EACH = 40
"""Sets, and vectors, of one visitor."""
LARGEST = 1_000_000_000
"""Bytes of all visitors together."""


def visitors_home() -> Path:
    """The folder that holds those of all visitors."""
    return data_home() / "visitors"


def put_set(shelf: Shelf, contrast: ContrastSet) -> Shelf:
    """Keep a contrast set; it is the last of the new shelf.

    Raises:
        SettingsError: if there is no room for another.
    """
    _check_room(len(shelf.sets), "contrast sets")
    kept = _with_folder(shelf)
    label = _fresh(contrast.name, [label for label, _ in kept.sets])
    # A folder for each, so that the file itself is called what the set is called.
    file = Path(kept.folder) / "sets" / secrets.token_hex(8) / f"{folder_name(contrast.name)[:80]}.jsonl"
    write_contrast(file, contrast)
    return replace(kept, sets=(*kept.sets, (label, str(file))))


def put_borrowed(shelf: Shelf, label: str, path: str) -> Shelf:
    """Remember a set that ships for other models, so that it is offered wherever the visitor's own are."""
    known = (label, path) in shelf.borrowed
    return shelf if known else replace(shelf, borrowed=(*shelf.borrowed, (label, path)))


def put_vectors(shelf: Shelf, label: str, vectors: Mapping[Side, VectorFile]) -> Shelf:
    """Keep the vectors of one or both models; they are the last of the new shelf.

    Raises:
        SettingsError: if there is no room for others.
    """
    _check_room(len(shelf.vectors), "vectors")
    kept = _with_folder(shelf)
    folder = Path(kept.folder) / "vectors" / secrets.token_hex(8)
    for side, vector in vectors.items():
        save_vector(folder / f"{side}.safetensors", vector)
    called = _fresh(label, [label for label, _ in kept.vectors])
    return replace(kept, vectors=(*kept.vectors, (called, str(folder))))


def _check_room(count: int, what: str) -> None:
    if count >= EACH:
        raise SettingsError(
            f"there are {count} {what} already; save those you want to keep as files, then reload the page"
        )


def _fresh(label: str, taken: list[str]) -> str:
    """The label, or the label with the first number that nothing else has."""
    number, fresh = 2, label
    while fresh in taken:
        number, fresh = number + 1, f"{label} ({number})"
    return fresh


def _with_folder(shelf: Shelf) -> Shelf:
    folder = Path(shelf.folder) if shelf.folder else visitors_home() / secrets.token_hex(16)
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    _tidy(folder)
    return replace(shelf, folder=str(folder))


def _tidy(keep: Path) -> None:
    """Remove the folders that were used the longest ago, until there are few enough and they hold little enough."""
    folders = sorted((f for f in visitors_home().iterdir() if f != keep), key=lambda f: f.stat().st_mtime)
    sizes = {f: sum(file.stat().st_size for file in f.rglob("*") if file.is_file()) for f in (*folders, keep)}
    while folders and (len(folders) >= VISITORS or sum(sizes.values()) > LARGEST):
        oldest = folders.pop(0)
        del sizes[oldest]
        shutil.rmtree(oldest, ignore_errors=True)
