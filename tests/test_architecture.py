"""The rules of the house: imports point down, importing does no work, signatures are short (docs/architecture.md)."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "lrt_explorer"

# The longest prefix that fits decides. The package itself is its public face, a floor with the other faces.
FLOORS = {
    "lrt_explorer.defaults": 0,
    "lrt_explorer.errors": 0,
    "lrt_explorer.registry": 0,
    "lrt_explorer.bounded": 0,
    "lrt_explorer.limits": 0,
    "lrt_explorer.numerals": 0,
    "lrt_explorer.strict_json": 0,
    "lrt_explorer.version": 0,
    "lrt_explorer.linear": 1,
    "lrt_explorer.store": 1,
    "lrt_explorer.lm": 2,
    "lrt_explorer.concepts": 3,
    "lrt_explorer.tinyworld": 3,
    "lrt_explorer.study": 4,
    "lrt_explorer.plots": 4,
    "lrt_explorer.report": 4,
    "lrt_explorer.workbench": 5,
    "lrt_explorer.library": 6,
    "lrt_explorer.ui": 6,
    "lrt_explorer.cli": 6,
    "lrt_explorer.__main__": 6,
    "app": 6,
}
PUBLIC_FACE_FLOOR = 6

# Who may import the libraries that would otherwise spread everywhere.
CONFINED = {
    "transformers": ("lrt_explorer.lm", "lrt_explorer.tinyworld"),
    "plotly": ("lrt_explorer.plots",),
    "gradio": ("lrt_explorer.ui", "app"),
    "argparse": ("lrt_explorer.cli", "lrt_explorer.tinyworld.commands", "app"),
}


@dataclass(frozen=True)
class Import:
    """One name that a module imports, and where."""

    importer: str
    target: str
    line: int


def within(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix + ".")


def floor(module: str) -> int | None:
    if module == PACKAGE:
        return PUBLIC_FACE_FLOOR
    fitting = [prefix for prefix in FLOORS if within(module, prefix)]
    return FLOORS[max(fitting, key=len)] if fitting else None


def imports(module: str, source: str, modules: Mapping[str, str]) -> Iterator[Import]:
    """Every import of a module, also those inside functions and under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            for alias in node.names:
                # `from package import submodule` depends on the submodule, `from module import name` on the module.
                submodule = f"{origin}.{alias.name}"
                yield Import(module, submodule if submodule in modules else origin, node.lineno)


def references(module: str, source: str) -> Iterator[Import]:
    """Every module that a text names, as "module:function" in a table does, to be imported later."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (match := re.fullmatch(rf"({PACKAGE}(?:\.\w+)+)(?::\w+)?", node.value))
        ):
            yield Import(module, match[1], node.lineno)


def violations(modules: Mapping[str, str]) -> list[str]:
    """Say what breaks the rule in these modules (name -> source), one sentence each; empty where it holds."""
    found = [f"{module} has no floor: give it one in FLOORS" for module in modules if floor(module) is None]
    graph: dict[str, set[str]] = {module: set() for module in modules}
    for module, source in modules.items():
        for entry in imports(module, source, modules):
            place = f"{module}, line {entry.line}"
            own, other = floor(module), floor(entry.target)
            if entry.target.startswith("."):
                found.append(f"{place}: relative import, write the whole name")
            if own is not None and other is not None and other > own:
                found.append(f"{place}: floor {own} imports {entry.target} from floor {other} above it")
            library = entry.target.partition(".")[0]
            if not any(within(module, allowed) for allowed in CONFINED.get(library, (module,))):
                found.append(f"{place}: {library} is imported only in {' and '.join(CONFINED[library])}")
            if entry.target in modules:
                graph[module].add(entry.target)
    for module, source in modules.items():
        for entry in references(module, source):
            own, other = floor(module), floor(entry.target)
            if own is not None and other is not None and other > own:
                found.append(
                    f"{module}, line {entry.line}: floor {own} names {entry.target} from floor {other} above it"
                )
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append("imports go in a circle: " + " -> ".join(error.args[1]))
    return found


def sources(root: Path) -> dict[str, str]:
    files = [*sorted((root / PACKAGE).rglob("*.py")), *root.glob("app.py")]
    names = (".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__") for file in files)
    return {name: file.read_text(encoding="utf-8") for name, file in zip(names, files, strict=True)}


def test_imports_point_down() -> None:
    modules = sources(ROOT)
    assert len(modules) > 10, "the modules were not found, so nothing was checked"
    assert violations(modules) == []


SOUND = {
    "lrt_explorer": "",
    "lrt_explorer.errors": "",
    "lrt_explorer.linear": "",
    "lrt_explorer.linear.affine": "import torch\nfrom lrt_explorer.errors import MapError",
    "lrt_explorer.linear.ridge": "from lrt_explorer.linear import affine",
    "lrt_explorer.lm.load": "import transformers",
    "lrt_explorer.plots": "import plotly.graph_objects as go",
    "lrt_explorer.workbench.maps": "from lrt_explorer.linear import affine",
    "lrt_explorer.ui.app": "import gradio as gr\nfrom lrt_explorer import plots",
    "lrt_explorer.cli.fit": "import argparse\nfrom lrt_explorer.workbench import maps",
    "app": "from lrt_explorer.ui.app import create_app",
}


def test_a_sound_house_has_no_violation() -> None:
    assert violations(SOUND) == []


@pytest.mark.parametrize(
    ("module", "planted", "complaint"),
    [
        ("lrt_explorer.linear.affine", "from lrt_explorer.lm.load import load", "floor 1 imports lrt_explorer.lm.load"),
        ("lrt_explorer.linear.affine", "from lrt_explorer import plots", "floor 1 imports lrt_explorer.plots"),
        ("lrt_explorer.linear.affine", "import lrt_explorer.ui.app", "floor 1 imports lrt_explorer.ui.app"),
        ("lrt_explorer.lm.load", "def f():\n    import lrt_explorer.plots", "floor 2 imports lrt_explorer.plots"),
        ("lrt_explorer.lm.load", "from lrt_explorer import __version__", "floor 2 imports lrt_explorer from floor 6"),
        ("lrt_explorer.linear.affine", "from lrt_explorer.linear.ridge import RidgePath", "imports go in a circle"),
        ("lrt_explorer.linear.affine", "from .ridge import RidgePath", "relative import"),
        ("lrt_explorer.ui.app", "from transformers import AutoModel", "transformers is imported only in"),
        ("lrt_explorer.ui.app", "import plotly.express as px", "plotly is imported only in"),
        ("lrt_explorer.plots", "import gradio", "gradio is imported only in"),
        ("lrt_explorer.linear.affine", "f = 'lrt_explorer.lm.load:load'", "floor 1 names lrt_explorer.lm.load"),
        ("lrt_explorer.workbench.maps", "import gradio", "gradio is imported only in"),
        ("lrt_explorer.workbench.maps", "import argparse", "argparse is imported only in"),
        ("lrt_explorer.workbench.maps", "from lrt_explorer.ui import app", "floor 5 imports lrt_explorer.ui.app"),
        (
            "lrt_explorer.plots",
            "from lrt_explorer.workbench import maps",
            "floor 4 imports lrt_explorer.workbench.maps",
        ),
        ("lrt_explorer.helpers", "", "lrt_explorer.helpers has no floor"),
    ],
)
def test_a_planted_violation_is_found(module: str, planted: str, complaint: str) -> None:
    found = violations(SOUND | {module: planted})
    assert len(found) == 1
    assert complaint in found[0]


def folder(module: str, packages: Collection[str]) -> str:
    """The folder that a module lies in."""
    return module if module in packages else module.rpartition(".")[0]


def folder_circle(modules: Mapping[str, str], packages: Collection[str]) -> list[str]:
    """Folders that import each other in a circle, "" for none; the folder of the package itself holds all floors."""
    graph: dict[str, set[str]] = {}
    for module, source in modules.items():
        for entry in imports(module, source, modules):
            own, other = folder(module, packages), folder(entry.target, packages)
            if entry.target in modules and own != other and not {own, other} & {PACKAGE, ""}:
                graph.setdefault(own, set()).add(other)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_folders_import_each_other() -> None:
    modules = sources(ROOT)
    packages = {name for name in modules if (ROOT / name.replace(".", "/")).is_dir()}
    assert {f"{PACKAGE}.study.steering", f"{PACKAGE}.study.evaluation"} <= packages
    assert folder_circle(modules, packages) == []
    # Each module alone is in no circle, but the folders are.
    modules[f"{PACKAGE}.study.steering.arms"] += f"\nfrom {PACKAGE}.study.evaluation import settings"
    assert {f"{PACKAGE}.study.steering", f"{PACKAGE}.study.evaluation"} == set(folder_circle(modules, packages))


MOST_PARAMETERS = 8


def crowded(source: str) -> list[str]:
    """Public functions and methods with more parameters than anyone remembers; those inside functions are not public.

    What a dataclass is made from is its fields, which are named where it is made.
    """
    found = []

    def look(body: Sequence[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                given = node.args
                named = [arg.arg for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
                named += [arg.arg for arg in (given.vararg, given.kwarg) if arg is not None]
                public = not node.name.startswith("_") or node.name.endswith("__")
                if public and len([name for name in named if name not in ("self", "cls")]) > MOST_PARAMETERS:
                    found.append(node.name)
            else:
                for part in ("body", "orelse", "finalbody"):
                    look(getattr(node, part, []))

    look(ast.parse(source).body)
    return found


def test_no_public_function_takes_more_parameters_than_anyone_remembers() -> None:
    assert {module: names for module, source in sources(ROOT).items() if (names := crowded(source))} == {}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(a, b, c, d, e, f, g, h): ...", []),
        ("def f(a, b, c, d, e, f, g, h, i): ...", ["f"]),
        ("def f(a, /, b, c, d, *, e, f, g, h, **i): ...", ["f"]),
        ("def _f(a, b, c, d, e, f, g, h, i): ...", []),
        ("class C:\n def f(self, a, b, c, d, e, f, g, h): ...", []),
        ("class C:\n def __init__(self, a, b, c, d, e, f, g, h, i): ...", ["__init__"]),
        ("if True:\n async def f(a, b, c, d, e, f, g, h, i): ...", ["f"]),
        ("def outer():\n def f(a, b, c, d, e, f, g, h, i): ...", []),
    ],
)
def test_parameters_are_counted(source: str, names: list[str]) -> None:
    assert crowded(source) == names


# Runs in a fresh interpreter: imports the modules named in argv and reports what that loaded and which files it opened.
OBSERVER = dedent("""
    import importlib, json, os, sys
    opened = []
    def note(event, arguments):
        if event == "open" and isinstance(arguments[0], str):
            opened.append(os.path.abspath(arguments[0]))
    sys.addaudithook(note)
    for name in sys.argv[1:]:
        importlib.import_module(name)
    print(json.dumps({"loaded": sorted(sys.modules), "opened": opened}))
""")


def observe_import(modules: list[str], folder: Path) -> tuple[set[str], set[Path]]:
    """Import modules in a fresh interpreter: the names then loaded, and the files under folder opened beside code."""
    command = [sys.executable, "-c", OBSERVER, *modules]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    opened = {Path(name) for name in report["opened"]}
    own = {path for path in opened if path.is_relative_to(folder) and ".venv" not in path.parts}
    # An editable installation puts a name on the path that is no folder, and whoever searches the path tries it.
    own = {path for path in own if not path.name.startswith("__editable__")}
    return set(report["loaded"]), {path for path in own if path.suffix != ".py" and "__pycache__" not in path.parts}


HEAVY = {"torch", "transformers", "gradio", "plotly", "umap", "pandas", "numpy"}


def test_importing_the_package_does_no_work() -> None:
    loaded, opened = observe_import([PACKAGE], ROOT)
    assert PACKAGE in loaded
    assert loaded & HEAVY == set()
    assert opened == set()


def test_importing_every_module_reads_no_file_and_leaves_umap_for_its_first_use() -> None:
    modules = [name for name in sources(ROOT) if within(name, PACKAGE) and not name.endswith("__main__")]
    loaded, opened = observe_import(modules, ROOT)
    assert set(modules) <= loaded
    assert "umap" not in loaded
    # Libraries look through the metadata of whatever is installed, this package's too.
    assert {path for path in opened if path.parent.suffix != ".egg-info"} == set()


def test_work_at_import_is_seen(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("read at import")
    (tmp_path / "busy.py").write_text("import numpy\ntext = open('notes.txt').read()\n")
    loaded, opened = observe_import(["busy"], tmp_path)
    assert "numpy" in loaded
    assert opened == {tmp_path / "notes.txt"}
