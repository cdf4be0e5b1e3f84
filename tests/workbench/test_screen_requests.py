"""What the screen asks the workbench for arrives: every setting, with a value that is not the default."""

from collections.abc import Generator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from lrt_explorer.errors import ModelError
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.workbench import space, workbench
from lrt_explorer.workbench.evidence import EvidenceSpec
from lrt_explorer.workbench.session import EvidenceSettings, Session, SpaceSettings
from lrt_explorer.workbench.umap_process import UmapProcess
from lrt_explorer.workbench.workbench import Workbench

SESSION = Session("a", "b", 1, 2, 3, 5, 16, 32, map_folder="map", map_mark="1")
PLAIN = SpaceSettings("mood", 100, "pca", 2)
OTHER: dict[str, Any] = {"concept": "size", "points": 200, "method": "umap", "dims": 3}
OTHER_UMAP: dict[str, Any] = {"neighbours": 5, "min_dist": 0.5, "seed": 3}


class Bare(Workbench):
    """A workbench that loads nothing."""

    def contrast(self, session: Session | None, name: str) -> Any:
        return name

    def _pair(self, session: Session) -> Any:
        return None


@dataclass
class Read:
    """What was read for a picture."""

    saved: Any
    numbers: int = 1


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The settings of what is drawn; a picture is what it was asked for, and nothing is evaluated."""
    noted: list[Any] = []

    def read(_pair: Any, saved: Any, concept: Any, points: int) -> Generator[Progress, None, Any]:
        yield Progress(0, 1, "reading")
        noted.append((concept, points))
        return Read(saved)

    def view(states: Read, settings: SpaceSettings, umap_by: Any) -> Any:
        assert isinstance(umap_by, UmapProcess)
        noted.append(settings)
        return states.saved, settings

    def evaluate(_pair: Any, _saved: Any, spec: EvidenceSpec) -> Generator[Progress, None, Any]:
        yield Progress(0, 1, "noted")
        noted.append(spec)
        raise ModelError("only noted")

    monkeypatch.setattr(space, "read", read)
    monkeypatch.setattr(space, "view", view)
    monkeypatch.setattr(workbench, "evaluate", evaluate)
    monkeypatch.setattr(workbench, "_needed", lambda session: session)
    return noted


def drawn(engine: Workbench, session: Session, settings: SpaceSettings) -> Any:
    return finish(engine.picture(session, settings))


def test_another_setting_is_another_picture(asked: list[Any]) -> None:
    assert {field.name for field in fields(SpaceSettings)} == {*OTHER, *OTHER_UMAP}
    umap = replace(PLAIN, method="umap")
    wanted = [
        PLAIN,
        *(replace(PLAIN, **{name: value}) for name, value in OTHER.items()),
        *(replace(umap, **{name: value}) for name, value in OTHER_UMAP.items()),
    ]
    engine = Bare()
    for _ in range(2):
        for settings in wanted:
            assert drawn(engine, SESSION, settings) == (SESSION, settings)
    assert [one for one in asked if isinstance(one, SpaceSettings)] == wanted, "each was laid out once"
    read = [("mood", 100), ("size", 100), ("mood", 200)]
    assert [one for one in asked if isinstance(one, tuple)] == read, "every layout is made from one reading"


@pytest.mark.usefixtures("asked")
def test_what_only_umap_knows_is_not_another_picture_of_other_layouts() -> None:
    engine = Bare()
    for name, value in OTHER_UMAP.items():
        assert drawn(engine, SESSION, PLAIN) is drawn(engine, SESSION, replace(PLAIN, **{name: value}))


def test_another_map_is_another_picture(asked: list[Any]) -> None:
    engine, moved = Bare(), replace(SESSION, map_mark="2")
    assert drawn(engine, SESSION, PLAIN) == (SESSION, PLAIN)
    assert drawn(engine, moved, PLAIN) == (moved, PLAIN)


def test_evidence_is_asked_for_as_the_tab_says(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    settings = EvidenceSettings(("mood", "size"), 5, (-0.5, 0.0, 0.75), True, "probability", "mine", True)
    monkeypatch.setattr(workbench, "own_vectors", lambda name: Path("/shelf") / name)
    with pytest.raises(ModelError, match="only noted"):
        finish(Bare().evaluate(SESSION, settings, None))
    (spec,) = asked
    assert spec.concepts == ("mood", "size") and spec.vectors == "/shelf/mine"
    assert spec.settings == EvaluationSettings(
        prompts=5, strengths=(-0.5, 0.0, 0.75), generate=True, readout="probability", whole_texts=True
    )
