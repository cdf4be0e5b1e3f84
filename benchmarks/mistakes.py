"""Whether the tests notice mistakes in the numbers that people quote.

    python -m benchmarks.mistakes [--only NAME ...] [--jobs 2]

Plants the mistakes of `benchmarks/planted/` one at a time in a copy of the package, outside the repository, and runs
the tests that should notice. Prints one line for each, `NAME: killed by TEST` or `NAME: ALIVE`. Exits with 1 if one
lives, if a planted text is not found exactly once, or if these tests fail without any mistake.
"""

import argparse
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

import pytest

from benchmarks.planted import MISTAKES, Mistake

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("lrt_explorer", "tests", "benchmarks", "pyproject.toml", "app.py")
"""What a mistake may be planted in, or tests are run from."""
LINKED = ("assets", "docs", "README.md")
"""What tests only read."""
_PROCESSES = multiprocessing.get_context("forkserver")
"""Each run is a fork of a process that has imported the libraries, and nothing of the package: most of a run's time."""
_NOTICED = re.compile(r"^(?:FAILED|ERROR) (\S+::.+?)(?: - |$)", re.MULTILINE)


def stale(mistakes: Sequence[Mistake], root: Path = ROOT) -> list[str]:
    """A sentence for each mistake whose text is not found exactly once."""
    counts = [(one, (root / one.file).read_text("utf-8").count(one.text)) for one in mistakes]
    return [
        f"{one.name}: its text is found {count} times in {one.file}, not once; bring the list up to date"
        for one, count in counts
        if count != 1
    ]


def noticed(mistake: Mistake, copy: Path) -> str | None:
    """The first test that fails once the mistake is planted in a copy, which is then as before; None if all pass.

    Raises:
        RuntimeError: if the tests cannot be run.
    """
    source = copy / mistake.file
    before = source.read_text("utf-8")
    source.write_text(before.replace(mistake.text, mistake.instead), "utf-8")
    try:
        return first_failure([mistake.tests], copy)
    finally:
        source.write_text(before, "utf-8")


def first_failure(tests: Sequence[str], copy: Path) -> str | None:
    """The first of these tests that fails in a copy; None if all pass.

    Raises:
        RuntimeError: if they cannot be run.
    """
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out.txt"
        process = _PROCESSES.Process(target=run_tests, args=(tests, copy, out))
        process.start()
        process.join()
        told = out.read_text("utf-8") if out.exists() else ""
    failed = _NOTICED.search(told)
    if process.exitcode == 0:
        return None
    if process.exitcode != 1 or failed is None:
        raise RuntimeError(f"these tests could not be run: {' '.join(tests)}\n{told[-3000:]}")
    return failed[1]


def run_tests(tests: Sequence[str], copy: Path, out: Path) -> None:
    """Run tests in a copy, to their first failure, and leave this process with pytest's exit code."""
    with out.open("w", encoding="utf-8") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.chdir(copy)
    # Also for the processes that tests start.
    os.environ["PYTHONPATH"] = str(copy)
    sys.path.insert(0, str(copy))
    # Sources change within a second, too fast for the times by which Python would know that a cache is old.
    sys.dont_write_bytecode = True
    sys.exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])))


def copied(root: Path, copy: Path) -> Path:
    """A copy of what the tests need."""
    copy.mkdir()
    for name in (*COPIED, *LINKED):
        here, there = root / name, copy / name
        if name in LINKED and here.exists():
            there.symlink_to(here)
        elif here.is_dir():
            shutil.copytree(here, there, ignore=shutil.ignore_patterns("__pycache__"))
        elif here.exists():
            shutil.copyfile(here, there)
    # Caches that go by what a source holds, and not by its time, are right whatever is planted.
    compiling = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "."]
    subprocess.run(compiling, cwd=copy, check=True)
    return copy


def run(mistakes: Sequence[Mistake], root: Path = ROOT, jobs: int = 2) -> int:
    """Plant each mistake, print what became of it, and give the exit code."""
    if told := stale(mistakes, root):
        print("\n".join(told))
        return 1
    alive = 0
    with TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            copies.put(copied(root, Path(folder) / str(number)))

        def plant(mistake: Mistake) -> str | None:
            copy = copies.get()
            try:
                return noticed(mistake, copy)
            finally:
                copies.put(copy)

        copy = copies.get()
        failed = first_failure(sorted({one.tests for one in mistakes}), copy)
        copies.put(copy)
        if failed is not None:
            print(f"{failed} fails without any mistake; mend it first")
            return 1
        for mistake, test in zip(mistakes, pool.map(plant, mistakes), strict=True):
            alive += test is None
            print(f"{mistake.name}: {'ALIVE' if test is None else f'killed by {test}'}", flush=True)
    print(f"{len(mistakes) - alive} of {len(mistakes)} killed")
    return 1 if alive else 0


def main(arguments: list[str] | None = None) -> int:
    """Plant all mistakes, or those named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="the mistakes to plant")
    parser.add_argument("--jobs", type=int, default=2, help="how many are tried at once")
    options = parser.parse_args(arguments)
    names = options.only or [one.name for one in MISTAKES]
    if unknown := [name for name in names if name not in {one.name for one in MISTAKES}]:
        parser.error(f"there is no mistake {unknown[0]}; choose from {', '.join(one.name for one in MISTAKES)}")
    _PROCESSES.set_forkserver_preload(["benchmarks.planted.libraries"])
    return run([one for one in MISTAKES if one.name in names], jobs=options.jobs)


if __name__ == "__main__":
    sys.exit(main())
