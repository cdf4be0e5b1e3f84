"""The screen over an engine that answers at once, as its handlers are tested."""

from pathlib import Path
from typing import Any, cast

import pytest

from lrt_explorer.study.ground.progress import finish
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.screen import Screen
from lrt_explorer.workbench.session import Session
from tests.ui.fakes import FakeEngine


class StandIn:
    """An engine that is another one in every test, so that the screen is laid out only once."""

    engine: FakeEngine

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[StandIn, Screen]:
    stand_in = StandIn()
    stand_in.engine = FakeEngine(tmp_path_factory.mktemp("screen"))
    return stand_in, Screen(cast(Engine, stand_in))


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path)


@pytest.fixture
def screen(laid_out: tuple[StandIn, Screen], engine: FakeEngine) -> Screen:
    """The whole screen; its handlers ask the engine of this test."""
    stand_in, screen = laid_out
    stand_in.engine = engine
    return screen


@pytest.fixture
def session(engine: FakeEngine) -> Session:
    """The first pair, with the map that ships."""
    return finish(engine.open("tinyworld-s", "tinyworld-l"))
