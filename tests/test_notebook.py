"""The notebook runs from top to bottom, and is kept without what running it leaves behind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "examples" / "quickstart.ipynb"

RUNNER = """
import ast, json, sys

names = {"__name__": "__main__"}
for cell in json.loads(open(sys.argv[1], encoding="utf-8").read())["cells"]:
    if cell["cell_type"] != "code":
        continue
    tree = ast.parse("".join(cell["source"]))
    shown = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if shown is not None:
        value = eval(compile(ast.Expression(shown.value), "cell", "eval"), names)
        show = getattr(value, "_repr_html_", None)
        print(type(value).__name__, len(repr(value) if show is None else show()))
"""
"""Runs the cells in one namespace, and shows the last value of each as a notebook does."""


def notebook() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return read


def test_the_notebook_runs_and_every_value_can_be_shown(tmp_path: Path) -> None:
    environment = {**os.environ, "LRT_EXPLORER_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, NOTEBOOK], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    shown = [line.split() for line in done.stdout.splitlines()]
    assert {"FittedMap", "Comparison", "Evaluation", "DataFrame", "Figure"} <= {kind for kind, _ in shown}
    assert all(int(length) > 10 for _, length in shown)


def test_a_cell_that_fails_is_seen(tmp_path: Path) -> None:
    """So that the test above says something."""
    broken = notebook()
    broken["cells"] = [{"cell_type": "code", "source": ["import lrt_explorer as lrt\n", "lrt.nothing"]}]
    (tmp_path / "broken.ipynb").write_text(json.dumps(broken), encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", RUNNER, tmp_path / "broken.ipynb"], capture_output=True, text=True)
    assert done.returncode != 0 and "nothing" in done.stderr


def test_it_is_a_notebook_without_outputs() -> None:
    found = notebook()
    assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in found["cells"]]
    assert len(set(ids)) == len(ids)
    code = [cell for cell in found["cells"] if cell["cell_type"] == "code"]
    assert code and all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
