"""What the package offers at its top is all there, and nothing more is loaded than was asked for."""

import importlib
import subprocess
import sys

import pytest

import lrt_explorer


def test_every_offered_name_is_there() -> None:
    for name in lrt_explorer.__all__:
        assert callable(getattr(lrt_explorer, name)), name
    offered = {name for names in lrt_explorer._HOMES.values() for name in names}
    assert offered == set(lrt_explorer.__all__)


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
