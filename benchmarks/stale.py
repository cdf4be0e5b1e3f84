"""Whether the screen ever shows what belongs to other settings than those shown, undimmed.

    python -m benchmarks.stale [--sequences 40]

Runs `tests/browser/test_stale.py` with so many random sequences of fifteen actions of a visitor in a headless browser,
half a minute or so each. Prints one JSON object, and exits with 1 if something was stale.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.browser.sequences import ACTIONS, VARIABLE

TEST = Path(__file__).resolve().parents[1] / "tests" / "browser" / "test_stale.py"


def main(arguments: list[str] | None = None) -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--sequences", type=int, default=40)
    asked = parser.parse_args(arguments)
    # In a process of its own: how many there are is read once, when the tests are imported.
    command = [sys.executable, "-m", "pytest", "-q", str(TEST), "-k", "random"]
    surroundings = os.environ | {VARIABLE: str(asked.sequences)}
    status = subprocess.run(command, env=surroundings, stdout=sys.stderr, check=False).returncode
    print(json.dumps({"sequences": asked.sequences, "actions": ACTIONS, "stale": bool(status)}))
    return int(bool(status))


if __name__ == "__main__":
    sys.exit(main())
