"""How much memory loading a model takes at its peak, against the size of its weights and what is stated beforehand.

    python -m benchmarks.memory MODEL [--dtype auto]

Loads the model in a process of its own, its tokenizer in another, and prints one JSON object. What counts is memory
that belongs to the process alone: pages of files that the system has mapped or cached give way, so they do not count.
The tokenizer is measured apart, since it is of the same size whatever the weights. The project holds the ratio at 1.2
or below.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lrt_explorer.lm import load as loading
from lrt_explorer.lm.load import load
from lrt_explorer.lm.memory import needed_memory
from lrt_explorer.lm.placement import placement
from lrt_explorer.lm.presets import locate
from lrt_explorer.store import assets_home

BAR = 1.2
EVERY_S = 0.001
"""How often memory is looked at."""
PAGE = os.sysconf("SC_PAGE_SIZE")
WARM_UP = "tinyworld-xs"
PARTS = ("model", "tokenizer")


def own_bytes() -> int:
    """Memory of this process that is not part of a file."""
    _, resident, shared, *_ = Path("/proc/self/statm").read_text().split()
    return (int(resident) - int(shared)) * PAGE


def peak_of(work: Callable[[], Any]) -> tuple[int, int]:
    """How many bytes more than before are in use at the highest while something runs, and after it."""
    before, highest, over = own_bytes(), 0, threading.Event()

    def watch() -> None:
        nonlocal highest
        while not over.wait(EVERY_S):
            highest = max(highest, own_bytes() - before)

    watching = threading.Thread(target=watch)
    watching.start()
    kept = work()
    over.set()
    watching.join()
    after = own_bytes() - before
    del kept
    return max(highest, after), after


def measure_here(model: str, dtype: str, part: str) -> dict[str, Any]:
    """Load a model, or its tokenizer alone, in this process, which must be a fresh one."""
    # Imports what loading needs, none of which belongs to the model.
    load(str(assets_home() / "models" / WARM_UP), "cpu", dtype)
    if part == "tokenizer":
        return {"tokenizer": peak_of(lambda: read_tokenizer(model))[1]}
    weights = 0

    def loaded() -> Any:
        nonlocal weights
        lm = load(model, "cpu", dtype)
        weights = sum(part.numel() * part.element_size() for part in {*lm.model.parameters(), *lm.model.buffers()})
        return lm

    peak, after = peak_of(loaded)
    return {"weights": weights, "peak": peak, "after": after}


def read_tokenizer(model: str) -> Any:
    """The tokenizer of a model, as it is loaded with it."""
    return loading._read_tokenizer(model, locate(model), local=True)


def measure(model: str, dtype: str) -> dict[str, Any]:
    """Load a model in a process of its own; bytes, and what they are of its weights."""
    found: dict[str, Any] = {}
    for part in PARTS:
        command = [sys.executable, "-m", "benchmarks.memory", model, "--dtype", dtype, "--here", part]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        found |= json.loads(done.stdout)
    need = needed_memory(locate(model), placement("cpu", dtype, None).weights)
    return {
        **found,
        "ratio": (found["peak"] - found["tokenizer"]) / found["weights"],
        "ratio_with_tokenizer": found["peak"] / found["weights"],
        "stated": None if need is None else vars(need),
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="preset, folder or hub id on this machine")
    parser.add_argument("--dtype", default="auto", help="precision of the weights")
    parser.add_argument("--here", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.here:
        print(json.dumps(measure_here(options.model, options.dtype, options.here)))
        return
    report = {"model": options.model, "dtype": options.dtype, "bar": BAR, **measure(options.model, options.dtype)}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
