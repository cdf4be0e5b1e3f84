"""What the screen asks the workbench for arrives: every setting, with a value that is not the default."""

from collections.abc import Generator
from dataclasses import fields, replace
from typing import Any

import pytest

from lrt_explorer.errors import ModelError
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.workbench import workbench
from lrt_explorer.workbench.evidence import EvidenceSpec
from lrt_explorer.workbench.session import EvidenceSettings, Session, SpaceSettings
from lrt_explorer.workbench.workbench import Workbench

SESSION = Session("a", "b", 1, 2, 3, 5, 16, 32, map_folder="map", map_mark="1")
PLAIN = SpaceSettings("mood", 100, "pca", 2)
OTHER: dict[str, Any] = {"concept": "size", "points": 200, "method": "umap", "dims": 3}


class Bare(Workbench):
    """A workbench that loads nothing."""

    def contrast(self, session: Session | None, name: str) -> Any:
        return name

    def _pair(self, session: Session) -> Any:
        return None


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The settings of what is drawn; a picture is what it was asked for, and nothing is evaluated."""
    noted: list[Any] = []

    def draw(_pair: Any, saved: Any, concept: Any, settings: SpaceSettings) -> Generator[Progress, None, Any]:
        yield Progress(0, 1, "drawing")
        noted.append(settings)
        return saved, settings

    def evaluate(_pair: Any, _saved: Any, spec: EvidenceSpec) -> Generator[Progress, None, Any]:
        yield Progress(0, 1, "noted")
        noted.append(spec)
        raise ModelError("only noted")

    monkeypatch.setattr(workbench, "project", draw)
    monkeypatch.setattr(workbench, "evaluate", evaluate)
    monkeypatch.setattr(workbench, "_needed", lambda session: session)
    return noted


def drawn(engine: Workbench, session: Session, settings: SpaceSettings) -> Any:
    return finish(engine.picture(session, settings))


def test_another_setting_is_another_picture(asked: list[Any]) -> None:
    assert {field.name for field in fields(SpaceSettings)} == set(OTHER)
    wanted = [PLAIN, *(replace(PLAIN, **{name: value}) for name, value in OTHER.items())]
    engine = Bare()
    for _ in range(2):
        for settings in wanted:
            assert drawn(engine, SESSION, settings) == (SESSION, settings)
    assert asked == wanted, "each was drawn once"


def test_another_map_is_another_picture(asked: list[Any]) -> None:
    engine, moved = Bare(), replace(SESSION, map_mark="2")
    assert drawn(engine, SESSION, PLAIN) == (SESSION, PLAIN)
    assert drawn(engine, moved, PLAIN) == (moved, PLAIN)


def test_evidence_is_asked_for_as_the_tab_says(asked: list[Any]) -> None:
    settings = EvidenceSettings(("mood", "size"), 5, (-0.5, 0.0, 0.75), True, "probability")
    with pytest.raises(ModelError, match="only noted"):
        finish(Bare().evaluate(SESSION, settings, None))
    (spec,) = asked
    assert spec.concepts == ("mood", "size")
    assert spec.settings == EvaluationSettings(
        prompts=5, strengths=(-0.5, 0.0, 0.75), generate=True, readout="probability"
    )
