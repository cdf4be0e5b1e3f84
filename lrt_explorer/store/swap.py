"""Putting files and folders in place whole: a kill at any moment leaves the old one or the new one."""

import errno
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from lrt_explorer.errors import ArtifactError

_NEW, _OLD, _GONE = "new", "old", "gone"
_ABANDONED_AFTER_SECONDS = 3600.0
_ATTEMPTS = 100

swap_lock = threading.RLock()
"""Held while a folder is read or exchanged, so that no reader of this process sees parts of two."""


@contextmanager
def new_folder(place: Path) -> Iterator[Path]:
    """A hidden folder to fill, which becomes `place` when the block ends well and vanishes when it does not.

    Not every system can rename a folder over a full one in one step. So one that is replaced is first set aside under
    a hidden name, and `take_back` returns it if the process dies before the new one is in place.

    Args:
        place: Absolute path. What lies there is replaced whole.

    Raises:
        OSError: If the system refuses.
    """
    fresh = _beside(place, _NEW)
    try:
        fresh.mkdir(parents=True)
        yield fresh
        for path in fresh.iterdir():
            _to_disk(path)
        with swap_lock:
            _exchange(fresh, place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        take_back(place)
    _sweep(place)


@contextmanager
def new_file(place: Path) -> Iterator[Path]:
    """The path of a hidden file to write, which becomes `place` when the block ends well and vanishes when not.

    Args:
        place: Absolute path. A file that lies there is replaced in one step.

    Raises:
        OSError: If the system refuses.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = _beside(place, _NEW)
    try:
        yield fresh
        _to_disk(fresh)
        fresh.replace(place)
    finally:
        fresh.unlink(missing_ok=True)
    _sweep(place)


def write_text(place: Path, text: str) -> Path:
    """Write a text file whole, with its folder, or leave what was there.

    Returns:
        The path.

    Raises:
        ArtifactError: If the system refuses.
    """
    try:
        with new_file(place.expanduser().resolve()) as fresh:
            fresh.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise ArtifactError(
            f"cannot write {place}: {error.strerror}; free some space or choose another path"
        ) from error
    return place


def take_back(place: Path) -> None:
    """If nothing is in place but something was set aside, put that back."""
    if place.exists():
        return
    # Another process may be doing the same, or may be about to put a new one in place: both are well.
    with suppress(OSError):
        if set_aside := _left(place, _OLD):
            max(set_aside, key=lambda path: path.stat().st_mtime).rename(place)


def _exchange(fresh: Path, place: Path) -> None:
    """Rename fresh to place, setting aside what is there; other writers may do the same meanwhile."""
    for attempt in range(_ATTEMPTS):
        try:
            fresh.rename(place)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or attempt == _ATTEMPTS - 1:
                raise
        with suppress(FileNotFoundError):
            place.rename(_beside(place, _OLD))


def _sweep(place: Path) -> None:
    """Remove what was replaced, and what killed writers left half written."""
    for path in _left(place, _OLD):
        # Renamed first, so that a folder that is half removed is never taken back.
        with suppress(OSError):
            path.rename(_beside(place, _GONE))
    for path in _left(place, _GONE):
        shutil.rmtree(path, ignore_errors=True)
    for path in _left(place, _NEW):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime < _ABANDONED_AFTER_SECONDS:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _beside(place: Path, role: str) -> Path:
    return place.with_name(f"{_prefix(place, role)}{uuid4().hex}")


def _left(place: Path, role: str) -> list[Path]:
    prefix = _prefix(place, role)
    try:
        # Names rather than paths: a folder may hold hundreds of artifacts, and this is asked about each.
        return [place.with_name(name) for name in os.listdir(place.parent) if name.startswith(prefix)]
    except OSError:
        return []


def _prefix(place: Path, role: str) -> str:
    return f".{place.name}.{role}-"


def _to_disk(path: Path) -> None:
    """Wait until the file's bytes are on disk, so that a power cut cannot leave a name without them."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
