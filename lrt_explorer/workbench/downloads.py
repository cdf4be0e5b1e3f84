"""Text as a file that a visitor takes away."""

from pathlib import Path

from lrt_explorer.store import data_home
from lrt_explorer.store.swap import new_file
from lrt_explorer.study.ground.known import short_hash


def download(text: str, name: str) -> Path:
    """Write a file of this name; equal text finds its own file again."""
    place = data_home() / "downloads" / short_hash(text) / name
    with new_file(place.resolve()) as fresh:
        fresh.write_text(text, encoding="utf-8", newline="")
    return place
