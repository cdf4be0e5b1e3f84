"""The two folders that everything kept lies under."""

import os
from functools import cache
from importlib import resources
from pathlib import Path

from lrt_explorer.errors import ArtifactError


def data_home() -> Path:
    """Folder of what this user fits and saves: LRT_EXPLORER_HOME, or ~/.cache/lrt-explorer; it may not exist yet.

    Raises:
        ArtifactError: if neither says where it is.
    """
    try:
        return Path(os.environ.get("LRT_EXPLORER_HOME") or "~/.cache/lrt-explorer").expanduser()
    except RuntimeError as error:
        raise ArtifactError(
            "this user has no home folder; set LRT_EXPLORER_HOME to a folder that can be written"
        ) from error


def assets_home() -> Path:
    """Folder of what ships: LRT_EXPLORER_ASSETS, or assets/ beside the package, or within an installed package."""
    own = os.environ.get("LRT_EXPLORER_ASSETS")
    if own:
        return Path(own).expanduser()
    return _with_the_package()


@cache
def _with_the_package() -> Path:
    package = Path(str(resources.files("lrt_explorer")))
    installed = package / "assets"
    return installed if installed.is_dir() else package.resolve().parent / "assets"
