"""Reading files of strangers: what is no plain file, or is too large, is refused before it is read."""

import os
import stat
from pathlib import Path

from lrt_explorer.errors import LRTError

_LENGTH_BYTES = 8


def check_size(path: Path, most: int, refusal: type[LRTError], what: str) -> None:
    """Check that a path is a plain file of at most so many bytes.

    Args:
        path: the file.
        most: bytes.
        refusal: the error that is raised.
        what: what the file should be, such as "a vector".

    Raises:
        LRTError: if it is too large, or a folder, a pipe or a device.
        OSError: if it cannot be looked at.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise refusal(f"{path.name} is not a file; choose the file of {what}")
    if status.st_size > most:
        raise _too_large(path, most, refusal, what)


def read_whole(path: Path, most: int, refusal: type[LRTError], what: str) -> bytes:
    """The bytes of a file, never more than `most`, whatever the system says of its size. Arguments as `check_size`.

    Raises:
        LRTError: likewise.
        OSError: if it cannot be read.
    """
    check_size(path, most, refusal, what)
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise _too_large(path, most, refusal, what)
    return content


def check_safetensors(path: Path, most: int, most_header: int, refusal: type[LRTError], what: str) -> None:
    """Check the size of a safetensors file and what it says of its own header, before either is parsed.

    Args:
        path: the file.
        most: bytes of the whole file.
        most_header: bytes of its header.
        refusal: the error that is raised.
        what: what the file should be, such as "a vector".

    Raises:
        LRTError: if one of them is too large.
        OSError: if it cannot be read.
    """
    check_size(path, most, refusal, what)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    # A file that is too short for its own header is cut off, which its reader says.
    if most_header < length <= os.path.getsize(path):
        raise refusal(
            f"{path.name} describes itself in {size(length)}, but {what} needs at most {size(most_header)}; "
            "choose another file"
        )


def size(count: int) -> str:
    """Bytes for people."""
    for unit, least in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= least:
            return f"{count / least:.3g} {unit}"
    return f"{count} bytes"


def _too_large(path: Path, most: int, refusal: type[LRTError], what: str) -> LRTError:
    return refusal(f"{path.name} is larger than {size(most)}, the most for {what}; choose another file")
