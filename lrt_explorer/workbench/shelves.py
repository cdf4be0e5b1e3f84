"""What visitors write, bring or make, as files in a folder of each visitor's own; the oldest folders go first."""

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet, write_contrast
from lrt_explorer.errors import ArtifactError, ContrastError, SettingsError, VectorError
from lrt_explorer.store import VectorFile, data_home, save_vector
from lrt_explorer.study.ground.known import folder_name
from lrt_explorer.study.steering.brought import Side
from lrt_explorer.workbench.session import Shelf

VISITORS = 2000
IDLE_SECONDS = 7200
"""After so long without use a folder may make room; never before, however many others are made."""
EACH = 40
"""Sets, and vectors, of one visitor."""
LARGEST = 1_000_000_000
"""Bytes of all visitors together."""
OWN = "own"
"""How the name of what stands on a shelf begins. Names travel to the page and back; paths never do."""
SETS, VECTORS = "sets", "vectors"
_NAME = re.compile(rf"{OWN}/([0-9a-f]{{32}})/([0-9a-f]{{16}})")


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
    item = secrets.token_hex(8)
    with _room_on_disk():
        write_contrast(Path(kept.folder) / SETS / item / f"{folder_name(contrast.name)[:80]}.jsonl", contrast)
    return replace(kept, sets=(*kept.sets, (label, _name(kept, item))))


def forget_shelf(shelf: Shelf | None) -> None:
    """Remove what lies on a shelf, because its page is closed for good."""
    if shelf is not None and shelf.folder and Path(shelf.folder).parent == visitors_home():
        shutil.rmtree(shelf.folder, ignore_errors=True)


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
    item = secrets.token_hex(8)
    folder = Path(kept.folder) / VECTORS / item
    try:
        for side, vector in vectors.items():
            save_vector(folder / f"{side}.safetensors", vector)
    except VectorError as error:
        raise no_room(error) from error
    called = _fresh(label, [label for label, _ in kept.vectors])
    return replace(kept, vectors=(*kept.vectors, (called, _name(kept, item))))


def own_set(name: str) -> Path:
    """The file of a set on a shelf, by the name that the shelf gives it.

    Raises:
        ContrastError: if it is gone.
    """
    folder = _item(name, SETS)
    file = next(iter(folder.glob("*.jsonl")), None) if folder else None
    if file is None:
        raise ContrastError("this contrast set has been removed; write or import it again")
    return file


def own_vectors(name: str) -> Path:
    """The folder of vectors on a shelf, by the name that the shelf gives them.

    Raises:
        ArtifactError: if they are gone.
    """
    folder = _item(name, VECTORS)
    if folder is None or not folder.is_dir():
        raise ArtifactError("these vectors have been removed; make or load them again")
    return folder


def is_own(name: str) -> bool:
    """Whether a name is one that a shelf gives."""
    return _NAME.fullmatch(name) is not None


def no_room(error: BaseException) -> ArtifactError:
    """What a visitor is told when the data folder takes nothing more; where it lies is nobody's business."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__
    reason = (cause.strerror if isinstance(cause, OSError) else None) or "the disk refuses it"
    return ArtifactError(f"this cannot be kept here ({reason}); tell whoever runs this server, or try again later")


@contextmanager
def _room_on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise no_room(error) from error


def _name(shelf: Shelf, item: str) -> str:
    return f"{OWN}/{Path(shelf.folder).name}/{item}"


def _item(name: str, kind: str) -> Path | None:
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    folder = visitors_home() / match[1]
    # Looking something up is a use of it. A disk that may not be written does not keep anyone from reading.
    with suppress(OSError):
        os.utime(folder)
    return folder / kind / match[2]


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
    with _room_on_disk():
        fresh = not folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        try:
            make_room(folder)
        except SettingsError:
            if fresh:
                folder.rmdir()
            raise
    return replace(shelf, folder=str(folder))


def make_room(keep: Path) -> None:
    """Remove the folders that were used the longest ago, until there are few enough and they hold little enough.

    Raises:
        SettingsError: if that is not enough, because all others are in use.
    """
    used = {folder: last_change(folder) for folder in visitors_home().iterdir() if folder != keep}
    sizes = {folder: held_bytes(folder) for folder in (*used, keep)}
    idle = sorted((f for f, last in used.items() if time.time() - last > IDLE_SECONDS), key=used.__getitem__)
    while len(sizes) > VISITORS or sum(sizes.values()) > LARGEST:
        if not idle:
            raise SettingsError("there is no room for more from visitors just now; try again in an hour")
        oldest = idle.pop(0)
        del sizes[oldest]
        shutil.rmtree(oldest, ignore_errors=True)


def held_bytes(place: Path) -> int:
    """Bytes of a file, or of all files in a folder; what is removed meanwhile counts for nothing."""
    total = 0
    for folder, _, names in os.walk(place):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    with suppress(OSError):
        total += place.stat().st_size if place.is_file() else 0
    return total


def last_change(place: Path) -> float:
    """When a file or folder was changed last, in seconds since 1970; 0 where it was removed meanwhile."""
    with suppress(OSError):
        return place.stat().st_mtime
    return 0.0
