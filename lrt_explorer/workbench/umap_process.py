"""A process that lays out pictures by UMAP, so that a server goes on answering while that compiles and computes."""

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO, cast

from lrt_explorer.linear import umap_layout as module
from lrt_explorer.linear.umap_layout import Points, ask, umap_layout

logger = logging.getLogger(__name__)
PACKAGE_HOME = str(Path(module.__file__).parents[2])
"""Where the process finds the package, wherever this one was started."""


class UmapProcess:
    """`umap_layout` in a process that begins with the first layout and ends with this one; here if that cannot be."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, points: Points, k: int, neighbours: int, min_dist: float, seed: int) -> Points:
        """As `umap_layout`; one after the other."""
        with self._lock:
            try:
                into, back = self._running()
                return ask(into, back, points, k, neighbours, min_dist, seed)
            except OSError as error:
                logger.warning("UMAP has no process of its own (%s), so the server waits for it", error)
                self._end()
        return umap_layout(points, k, neighbours, min_dist, seed)

    def _running(self) -> tuple[BinaryIO, BinaryIO]:
        """Into the process and back, which is begun if there is none."""
        if self._process is None or self._process.poll() is not None:
            # It sees the end of its input when this process is gone, however that came about.
            path = os.pathsep.join([PACKAGE_HOME, *filter(None, [os.environ.get("PYTHONPATH")])])
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", module.__name__],
                env={**os.environ, "PYTHONPATH": path},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
