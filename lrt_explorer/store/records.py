"""Small results kept as JSON, each under a key of what it depends on: they can be made again, so a bad one is none."""

import json
from pathlib import Path
from typing import Any

from lrt_explorer.store.swap import write_text


def save_record(path: Path, kind: str, version: int, content: dict[str, Any]) -> Path:
    """Write a record; a kill at any moment leaves the old one or the new one.

    Args:
        path: the file.
        kind: what it is; `find_record` asks for it again.
        version: counted up whenever the same content would mean something else.
        content: JSON values with finite numbers.

    Raises:
        ArtifactError: if the system refuses to write there.
    """
    text = json.dumps({"kind": kind, "version": version, **content}, indent=1, allow_nan=False) + "\n"
    return write_text(path, text)


def find_record(path: Path, kind: str, version: int) -> dict[str, Any] | None:
    """The content of a record; None if there is none, or one that is damaged, of another kind or of another version."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or (content.get("kind"), content.get("version")) != (kind, version):
        return None
    return content
