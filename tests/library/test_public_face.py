"""What the package offers at its top is all there, and nothing more is loaded than was asked for."""

import importlib
import inspect
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import lrt_explorer
from lrt_explorer.errors import LRTError
from lrt_explorer.library import functions, steps


def test_every_offered_name_is_there() -> None:
    for name in lrt_explorer.__all__:
        offered = getattr(lrt_explorer, name)
        assert isinstance(offered, ModuleType) if name in lrt_explorer._MODULES else callable(offered), name
    homes = {name for names in lrt_explorer._HOMES.values() for name in names} | set(lrt_explorer._MODULES)
    assert homes == set(lrt_explorer.__all__)


def booleans_by_place(function: Callable[..., object]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and "bool" in str(p.annotation)]


def test_no_offered_function_takes_a_boolean_by_its_place() -> None:
    def unclear(text: str, whiten: bool) -> None: ...

    def clear(text: str, *, whiten: bool) -> None: ...

    assert booleans_by_place(unclear) == ["whiten"] and booleans_by_place(clear) == []
    offered: list[Any] = [getattr(lrt_explorer, name) for name in lrt_explorer.__all__]
    assert {
        one.__name__: found for one in offered if inspect.isfunction(one) and (found := booleans_by_place(one))
    } == {}


def test_dir_lists_what_there_is_and_no_more() -> None:
    assert {name for name in dir(lrt_explorer) if not name.startswith("_")} == set(lrt_explorer.__all__)


def test_every_error_is_offered() -> None:
    kinds: list[type[LRTError]] = [LRTError, *LRTError.__subclasses__()]
    assert {kind.__name__ for kind in kinds} <= set(lrt_explorer.__all__)


def test_no_function_takes_more_than_eight_parameters() -> None:
    offered = [getattr(home, name) for home in (lrt_explorer, steps) for name in dir(home) if not name.startswith("_")]
    functions = [
        found for found in offered if inspect.isfunction(found) and found.__module__.startswith("lrt_explorer.library")
    ]
    assert len(functions) > 20
    assert [found.__name__ for found in functions if len(inspect.signature(found).parameters) > 8] == []


def test_every_study_is_there_step_by_step_too_with_the_same_arguments() -> None:
    plain = {name: found for name, found in vars(functions).items() if inspect.isfunction(found)}
    studies = {name: found for name, found in plain.items() if "progress" in inspect.signature(found).parameters}
    studies = {name: found for name, found in studies.items() if found.__module__ == functions.__name__}
    assert len(studies) > 10
    for name, found in studies.items():
        own, stepwise = (dict(inspect.signature(one).parameters) for one in (found, getattr(steps, name)))
        del own["progress"]
        assert {n: (p.kind, p.default) for n, p in own.items()} == {n: (p.kind, p.default) for n, p in stepwise.items()}


def test_a_submodule_of_the_same_name_does_not_stand_before_a_study() -> None:
    importlib.import_module("lrt_explorer.cli.compare")
    importlib.import_module("lrt_explorer.study.compare")
    assert lrt_explorer.compare.__module__ == "lrt_explorer.library.functions"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'fly'"):
        _ = lrt_explorer.fly


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys, lrt_explorer; print(any(m in sys.modules for m in ('torch', 'transformers', 'numpy')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
