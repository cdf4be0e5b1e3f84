"""A picture that is kept is the one that was asked for, whatever of its settings is another."""

from collections.abc import Generator
from dataclasses import fields, replace
from typing import Any

import pytest

from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.workbench import workbench
from lrt_explorer.workbench.session import Session, SpaceSettings
from lrt_explorer.workbench.workbench import Workbench

SESSION = Session("a", "b", 1, 2, 3, 5, 16, 32, map_folder="map", map_mark="1")
PLAIN = SpaceSettings("mood", 100, "pca", 2)
OTHER: dict[str, Any] = {"concept": "size", "points": 200, "method": "umap", "dims": 3}


class Drawing(Workbench):
    """Draws nothing; a picture is what it was asked for."""

    def contrast(self, session: Session | None, name: str) -> Any:
        return name

    def _pair(self, session: Session) -> Any:
        return None


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[SpaceSettings]:
    asked: list[SpaceSettings] = []

    def draw(_pair: Any, saved: Any, concept: Any, settings: SpaceSettings) -> Generator[Progress, None, Any]:
        yield Progress(0, 1, "drawing")
        asked.append(settings)
        return saved, settings

    monkeypatch.setattr(workbench, "project", draw)
    monkeypatch.setattr(workbench, "_needed", lambda session: session)
    return asked


def test_another_setting_is_another_picture(drawn: list[SpaceSettings]) -> None:
    assert {field.name for field in fields(SpaceSettings)} == set(OTHER)
    wanted = [PLAIN, *(replace(PLAIN, **{name: value}) for name, value in OTHER.items())]
    engine = Drawing()
    for _ in range(2):
        for settings in wanted:
            assert finish(engine.picture(SESSION, settings)) == (SESSION, settings)
    assert drawn == wanted, "each was drawn once"


def test_another_map_is_another_picture(drawn: list[SpaceSettings]) -> None:
    engine, moved = Drawing(), replace(SESSION, map_mark="2")
    assert finish(engine.picture(SESSION, PLAIN)) == (SESSION, PLAIN)
    assert finish(engine.picture(moved, PLAIN)) == (moved, PLAIN)
