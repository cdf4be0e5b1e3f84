"""What the self-check costs of the time that loading a model takes.

    python -m benchmarks.selfcheck MODEL [--loads 5] [--dtype auto]

Loads the model with and without the check, in turn, and prints one JSON object: the median seconds of both, and the
median over the loads of the share that the check took of its own load. The project holds the share at 0.15 or below.
"""

import argparse
import json
import statistics
import time
from unittest.mock import patch

from lrt_explorer.lm import load as loading
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.selfcheck import self_check

BAR = 0.15


def seconds_to_load(model: str, dtype: str, checked: bool) -> tuple[float, float]:
    """How long a load took, and how long the check took of it."""
    taken = 0.0

    def timed(lm: LanguageModel) -> LanguageModel:
        nonlocal taken
        start = time.perf_counter()
        found = self_check(lm) if checked else lm
        taken = time.perf_counter() - start
        return found

    with patch.object(loading, "self_check", timed):
        start = time.perf_counter()
        loading.load(model, "cpu", dtype)
        return time.perf_counter() - start, taken


def measure(model: str, dtype: str, loads: int) -> dict[str, float]:
    """Medians over loads made in turn, so that whatever else the machine does meets both alike."""
    found: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for number in range(loads + 1):
        # Whichever comes second finds the memory that the first has given back.
        for checked in ((True, False), (False, True))[number % 2]:
            times = seconds_to_load(model, dtype, checked)
            # The first loads import what is needed, and bring the files into memory.
            if number:
                found[checked].append(times)
    checked_s, unchecked_s = (statistics.median(whole for whole, _ in found[kind]) for kind in (True, False))
    return {
        "checked_s": checked_s,
        "unchecked_s": unchecked_s,
        "check_s": statistics.median(check for _, check in found[True]),
        "share": statistics.median(check / whole for whole, check in found[True]),
        "share_by_difference": 1 - unchecked_s / checked_s,
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="preset, folder or hub id")
    parser.add_argument("--loads", type=int, default=5, help="measured loads of each kind")
    parser.add_argument("--dtype", default="auto", help="precision of the weights")
    options = parser.parse_args(arguments)
    measured = measure(options.model, options.dtype, options.loads)
    report = {"model": options.model, "dtype": options.dtype, "loads": options.loads, "bar": BAR, **measured}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
