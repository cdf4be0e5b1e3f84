"""Controls handed over as one value: every control has its field, in their order."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lrt_explorer.ui.screen import create_app
from lrt_explorer.ui.wiring import from_controls
from tests.ui.fakes import FakeEngine


@dataclass(frozen=True)
class Controls:
    concept: str
    points: int


def test_what_follows_the_first_values_comes_as_one() -> None:
    def handler(session: str, asked: Controls) -> Iterator[tuple[str, Controls]]:
        yield session, asked

    handle = from_controls(handler, Controls, 1)
    assert inspect.isgeneratorfunction(handle), "or the screen would show no progress"
    assert list(handle("a", "mood", 3)) == [("a", Controls("mood", 3))]


def test_every_control_on_the_screen_has_a_field(tmp_path: Path) -> None:
    gathered: dict[str, Any] = {}
    for event in create_app(FakeEngine(tmp_path)).fns.values():
        if inspect.isfunction(event.fn) and event.fn.__qualname__.startswith("from_controls."):
            wired = inspect.getclosurevars(event.fn).nonlocals
            assert len(event.inputs) == wired["first"] + len(fields(wired["kind"])), wired["kind"]
            gathered[wired["kind"].__name__] = event
    assert set(gathered) == {"SteerControls", "PictureControls", "RecipeControls"}
