"""What the package offers at its top is all there, and nothing more is loaded than was asked for."""

import importlib
import inspect
import subprocess
import sys
from collections.abc import Callable

import pytest

import lrt_explorer


def test_every_offered_name_is_there() -> None:
    for name in lrt_explorer.__all__:
        assert callable(getattr(lrt_explorer, name)), name
    offered = {name for names in lrt_explorer._HOMES.values() for name in names}
    assert offered == set(lrt_explorer.__all__)


def booleans_by_place(function: Callable[..., object]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and "bool" in str(p.annotation)]


def test_no_offered_function_takes_a_boolean_by_its_place() -> None:
    def unclear(text: str, whiten: bool) -> None: ...

    def clear(text: str, *, whiten: bool) -> None: ...

    assert booleans_by_place(unclear) == ["whiten"] and booleans_by_place(clear) == []
    offered = [getattr(lrt_explorer, name) for name in lrt_explorer.__all__]
    assert {
        one.__name__: found for one in offered if inspect.isfunction(one) and (found := booleans_by_place(one))
    } == {}


def test_a_submodule_of_the_same_name_does_not_stand_before_a_study() -> None:
    importlib.import_module("lrt_explorer.cli.compare")
    importlib.import_module("lrt_explorer.study.compare")
    assert lrt_explorer.compare.__module__ == "lrt_explorer.study.compare"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'fly'"):
        _ = lrt_explorer.fly


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys, lrt_explorer; print(any(m in sys.modules for m in ('torch', 'transformers', 'numpy')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
