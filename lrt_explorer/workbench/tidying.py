"""What a hosted server has measured and packed for its visitors: bounded, the longest unused goes first."""

import shutil
import time
from contextlib import suppress
from pathlib import Path

from lrt_explorer.store import data_home
from lrt_explorer.workbench.shelves import held_bytes, last_change

BOUNDS = {
    "downloads/*": 1_000_000_000,
    "evaluations/*/*/*/*": 1_000_000_000,
    "calibrations/*/*": 100_000_000,
    "deviations/*/*": 100_000_000,
    "written/*": 500_000_000,
}
"""Bytes of what lies at such places in the data folder."""
MOST_ITEMS = 20_000
"""At each of them: small files take room too."""
SPARED_SECONDS = 600.0
"""What is younger may be on its way to a visitor, and stays."""
TIDY_SECONDS = 300.0


def tidy(bounds: dict[str, int] | None = None, now: float | None = None) -> None:
    """Remove what was written the longest ago, until each place is within its bound.

    All of it can be made again. Maps are not among it: those of visitors have a bound of their own (`own.py`), and
    those of the owner stay.

    Args:
        bounds: bytes by pattern; by default `BOUNDS`.
        now: seconds since 1970; by default the clock's.
    """
    now = time.time() if now is None else now
    for pattern, most in (BOUNDS if bounds is None else bounds).items():
        places = list(data_home().glob(pattern))
        items = [(last_change(place), held_bytes(place), place) for place in places]
        held, count = sum(size for _, size, _ in items), len(items)
        for last, size, place in sorted(items, key=lambda item: item[0]):
            if (held <= most and count <= MOST_ITEMS) or now - last < SPARED_SECONDS:
                break
            _remove(place)
            held, count = held - size, count - 1


def tidy_on(seconds: float = TIDY_SECONDS) -> None:
    """Tidy now and then, for as long as the program runs."""
    while True:
        time.sleep(seconds)
        tidy()


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        with suppress(OSError):
            place.unlink()
