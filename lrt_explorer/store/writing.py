"""Whether a place can be written, asked before the work whose result goes there."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from lrt_explorer.errors import ArtifactError
from lrt_explorer.store.homes import data_home


def check_folder(folder: Path | None) -> None:
    """Try to write below a folder, and leave it as it was.

    Args:
        folder: it need not exist yet; None is the data folder.

    Raises:
        ArtifactError: if the system refuses.
    """
    place = (data_home() if folder is None else folder).expanduser().absolute()
    remedy = "set LRT_EXPLORER_HOME to a folder that can be" if folder is None else "name another place"
    what = f"the data folder {place}" if folder is None else str(folder)
    made: list[Path] = []
    try:
        for missing in reversed([part for part in (place, *place.parents) if not part.exists()]):
            missing.mkdir()
            made.append(missing)
        with tempfile.NamedTemporaryFile(dir=place, prefix=".trial-") as trial:
            trial.write(b"x")
            trial.flush()
    except OSError as error:
        raise ArtifactError(f"{what} cannot be written: {error.strerror or error}; {remedy}") from error
    finally:
        for part in reversed(made):
            with suppress(OSError):
                part.rmdir()


def check_file(file: Path) -> None:
    """Try to write where a file goes, and leave what lies there as it is.

    Raises:
        ArtifactError: if the system refuses, or a folder lies there.
    """
    place = file.expanduser().absolute()
    if place.is_dir():
        raise ArtifactError(f"{file} is a folder; name a file")
    try:
        check_folder(place.parent)
    except ArtifactError as error:
        cause = error.__cause__
        reason = (isinstance(cause, OSError) and cause.strerror) or str(cause)
        raise ArtifactError(f"{file} cannot be written: {reason}; name another place") from error
    if place.exists() and not os.access(place, os.W_OK):
        raise ArtifactError(f"{file} cannot be written: it is read-only; name another place")
