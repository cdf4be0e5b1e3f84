"""The two folders that everything kept lies under."""

import os
from pathlib import Path


def data_home() -> Path:
    """Folder of what this user fits and saves: LRT_EXPLORER_HOME, or ~/.cache/lrt-explorer; it may not exist yet."""
    return Path(os.environ.get("LRT_EXPLORER_HOME") or "~/.cache/lrt-explorer").expanduser()


def assets_home() -> Path:
    """Folder of what ships: LRT_EXPLORER_ASSETS, or assets/ beside the package."""
    own = os.environ.get("LRT_EXPLORER_ASSETS")
    return Path(own).expanduser() if own else Path(__file__).resolve().parents[2] / "assets"
