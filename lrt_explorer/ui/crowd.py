"""Who else is here: one line at the head of a hosted app, so that nobody wonders why it is slow."""

import threading
import time
from collections.abc import Callable

import gradio as gr

from lrt_explorer.ui.asker import page
from lrt_explorer.ui.cards import added
from lrt_explorer.ui.leaving import GONE_SECONDS
from lrt_explorer.ui.wiring import Outputs
from lrt_explorer.workbench.lanes import Lanes

TICK_SECONDS = 10.0


class CrowdLine:
    """The line, brought up to date by a timer of each page.

    Attributes:
        line: where it is shown.
    """

    def __init__(self, lanes: Lanes, clock: Callable[[], float] = time.monotonic) -> None:
        """Lay it out and wire it."""
        self._lanes, self._clock = lanes, clock
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}
        self.line = gr.HTML(elem_id="crowd")
        # Outside of the queue: it answers at once, and fills no line.
        gr.Timer(TICK_SECONDS).tick(
            self.on_tick, None, self.line, api_visibility="private", show_progress="hidden", queue=False
        )

    @property
    def visitors(self) -> int:
        """How many pages are open."""
        with self._lock:
            return len(self._seen)

    def on_tick(self) -> Outputs:
        """Count this page in, and those out that have gone."""
        now = self._clock()
        with self._lock:
            self._seen[page()] = now
            for gone in [key for key, last in self._seen.items() if now - last > GONE_SECONDS]:
                del self._seen[gone]
            visitors = len(self._seen)
        return {self.line: added(crowd(visitors, self._lanes.long.running, self._lanes.waiting))}


def crowd(visitors: int, long_jobs: int, waiting: int) -> str:
    """How busy it is, in a few words."""
    said = [counted(visitors, "visitor"), counted(long_jobs, "long job")]
    return ", ".join([*said, f"{waiting} waiting"] if waiting else said)


def counted(count: int, noun: str) -> str:
    """A number with its noun."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
