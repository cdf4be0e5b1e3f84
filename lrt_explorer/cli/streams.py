"""Standard output and error as they may be: closed, not UTF-8, on a full disk, or a pipe whose end has left."""

import json
import os
import sys
import time
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from lrt_explorer.errors import ArtifactError


def prepare_streams() -> None:
    """Let no character and no closed stream stop a command."""
    for stream in (sys.stdout, sys.stderr):
        # What a terminal of another encoding cannot show is shown by its number.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if sys.stderr is None:
        # Else print() would write to standard output.
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (as long as the process)


def check_output() -> None:
    """Check before the work that its result can be said.

    Raises:
        ArtifactError: if standard output is closed.
    """
    if sys.stdout is None:
        raise ArtifactError("standard output is closed, so the result would be lost; send it to a file")


def as_json(result: Any) -> str:
    """A result as one line of JSON, in letters that standard output takes."""
    takes_all = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
    return json.dumps(result, ensure_ascii=not takes_all, allow_nan=False)


def tell(text: str, end: str = "\n") -> None:
    """Say how far something is; if nobody listens any more, the work goes on."""
    with suppress(OSError, ValueError):
        print(text, end=end, file=sys.stderr, flush=True)


def print_result(text: str, result: Any, command: str) -> str | None:
    """Print a result; if that fails, keep it as JSON in the data folder.

    Args:
        text: what is printed.
        result: as JSON.
        command: what made it.

    Returns:
        None, or one sentence that says where it is kept.

    Raises:
        BrokenPipeError: if whoever read the output has left and the result cost no work worth keeping.
    """
    try:
        print(text)
        sys.stdout.flush()
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        _silence()
        if command in CHEAP:
            raise BrokenPipeError(reason) from error
        place = keep_result(f"{command}.json", json.dumps(result, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
        return f"the result could not be printed ({reason}); it is kept in {place}"


CHEAP = ("pairs", "tinyworld", "bundle", "transfer")
"""Commands whose result takes no time to make again, or lies in files anyway."""


def write_or_keep(place: Path, text: str) -> str | None:
    """Write a file whole; if that fails, keep its text in the data folder.

    Returns:
        None, or one sentence that says where it is kept.

    Raises:
        ArtifactError: if it cannot be kept there either.
    """
    from lrt_explorer.store.swap import new_file

    try:
        with new_file(place.expanduser().resolve()) as fresh:
            fresh.write_text(text, encoding="utf-8", newline="")
        return None
    except OSError as error:
        return f"{place} could not be written ({error.strerror}); it is kept in {keep_result(place.name, text)}"


def keep_result(name: str, text: str) -> Path:
    """Keep a text in the data folder under a name with the time before it.

    Raises:
        ArtifactError: if the system refuses that too.
    """
    from lrt_explorer.store import data_home
    from lrt_explorer.store.swap import new_file

    place = data_home() / "results" / f"{time.strftime('%Y%m%d-%H%M%S')}-{name}"
    try:
        with new_file(place.absolute()) as fresh:
            fresh.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise ArtifactError(
            f"{name} could be written neither where it was asked for nor in the data folder ({error.strerror}); free "
            "some space and run the command again"
        ) from error
    return place


def _silence() -> None:
    """Send what is left to nowhere; without this the interpreter complains once more on leaving."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
