"""A picture of the shared space as a file to download."""

from pathlib import Path

from lrt_explorer.study.ground.known import folder_name
from lrt_explorer.workbench.downloads import download
from lrt_explorer.workbench.session import Session


def picture_file(text: str, session: Session, kind: str) -> Path:
    """Write a sheet ("csv") or a page ("html"), named by the pair and its layers; equal text finds its file again."""
    pair = f"{folder_name(session.small)}--{folder_name(session.large)}"
    return download(text, f"space-{pair}-{session.small_layer}-{session.large_layer}.{kind}")
