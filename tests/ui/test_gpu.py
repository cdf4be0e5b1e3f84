"""Jobs on a borrowed GPU: each study asks for one with an estimate, and nothing else does."""

import functools
import inspect
import pickle
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lrt_explorer.errors import LRTError
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.gpu import MOST_SECONDS, SECONDS, on_gpu
from lrt_explorer.ui.screen import create_app
from tests.ui.fakes import FakeEngine

NO_GPU = {"open"}
"""Studies that load models, which the main process does."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What was asked for, by a stand-in for the package that Spaces have."""
    seen: list[tuple[str, int]] = []

    def gpu(duration: Callable[..., int]) -> Callable[..., Any]:
        def decorate(study: Callable[..., Any]) -> Callable[..., Any]:
            assert inspect.isgeneratorfunction(study), "else the package takes it for a plain function"

            @functools.wraps(study)
            def borrowed(*args: Any, **kwargs: Any) -> Any:
                seen.append((study.__name__, duration(*args, **kwargs)))
                # As from another process: what is yielded comes back as a copy, what is returned is lost.
                for step in study(*args, **kwargs):
                    yield pickle.loads(pickle.dumps(step))

            return borrowed

        return decorate

    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=gpu))
    return seen


def test_without_the_package_the_engine_is_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spaces", None)
    engine = FakeEngine(tmp_path)
    assert on_gpu(engine) is engine


def test_every_study_asks_for_a_gpu_and_nothing_else_does() -> None:
    studies = {
        name
        for name, method in vars(Engine).items() | vars(Engine.__mro__[1]).items()
        if "Generator" in str(getattr(method, "__annotations__", {}).get("return", ""))
    }
    assert studies - NO_GPU == set(SECONDS)


def test_a_fit_asks_for_what_a_small_batch_says(asked: list[tuple[str, int]], tmp_path: Path) -> None:
    inner = FakeEngine(tmp_path)
    engine = on_gpu(inner)
    session = finish(engine.open("tinyworld-s", "tinyworld-l"))
    assert asked == [] and engine.pairs() == inner.pairs()
    finish(engine.time_fit(session))
    next(engine.fit(session, 20_000, None))
    next(engine.fit(session, 1_000_000, None))
    assert asked == [("time_fit", 20), ("fit", 200), ("fit", MOST_SECONDS)]


def test_a_comparison_with_a_control_map_asks_for_as_long_as_an_evaluation(
    asked: list[tuple[str, int]], tmp_path: Path
) -> None:
    engine = on_gpu(FakeEngine(tmp_path))
    session = finish(engine.open("tinyworld-s", "tinyworld-l"))
    spec = SteerSpec(concept="mood", prompt="Once", strength=0.5, max_new_tokens=8)
    for arms in (("native",), ("native", "shuffled map")):
        finish(engine.compare(session, replace(spec, arms=arms)))
    assert asked == [("compare", SECONDS["compare"]), ("compare", SECONDS["evaluate"])]


def test_results_and_refusals_come_back(asked: list[tuple[str, int]], tmp_path: Path) -> None:
    inner = FakeEngine(tmp_path)
    engine = on_gpu(inner)
    session = finish(engine.open("tinyworld-s", "tinyworld-l"))
    fitted = finish(engine.fit(session, 20_000, None))
    assert fitted.map_folder and asked[-1][0] == "fit"
    with pytest.raises(LRTError) as theirs:
        finish(inner.compare(session, SteerSpec(concept="mood", prompt=" ")))
    with pytest.raises(type(theirs.value), match=re.escape(str(theirs.value))):
        finish(engine.compare(session, SteerSpec(concept="mood", prompt=" ")))


@pytest.mark.usefixtures("asked")
def test_the_screen_stands_over_it_as_over_any_engine(tmp_path: Path) -> None:
    assert create_app(on_gpu(FakeEngine(tmp_path))).fns
