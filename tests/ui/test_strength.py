"""The strength slider follows the calibration, unless the visitor has moved it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lrt_explorer.study.ground.progress import finish
from lrt_explorer.ui.strength import START, Tuned, slider_step, tune_slider
from lrt_explorer.workbench.session import Session
from tests.ui.fakes import FakeEngine

SKIP = {"__type__": "update"}


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path)


@pytest.fixture
def session(engine: FakeEngine) -> Session:
    return finish(engine.open("tinyworld-s", "tinyworld-l"))


def tune(engine: FakeEngine, session: Session | None, **changed: Any) -> list[Any]:
    asked = {"tuned": None, "whole": 0, "concept": "mood", "reading": "", "vectors": "", "strength": START}
    return list(tune_slider(engine, session, **{**asked, **changed}))


def test_the_first_calibration_sets_range_position_and_marks(engine: FakeEngine, session: Session) -> None:
    (_, _, line, _), (slider, marks, _, tuned) = tune(engine, session)
    expected = finish(engine.calibration(session, "mood", "", ""))
    assert "Calibrating the strength" in line
    assert (slider.minimum, slider.maximum, slider.value) == (
        -expected.limit, expected.limit, expected.first,
    )  # fmt: skip
    assert "text breaks" in marks and isinstance(tuned, Tuned) and tuned.position == expected.first
    step = slider_step(expected)
    assert expected.first / step == pytest.approx(round(expected.first / step))


def test_nothing_is_asked_while_nothing_has_changed(engine: FakeEngine, session: Session) -> None:
    *_, (_, _, _, tuned) = tune(engine, session)
    assert tune(engine, session, tuned=tuned, strength=0.1) == [(SKIP,) * 4]
    assert tune(engine, None) == [(SKIP,) * 4]
    assert tune(engine, replace(session, map_folder="")) == [(SKIP,) * 4], "a map is fitted first"
    assert len(tune(engine, session, tuned=tuned, whole=1)) > 1, "all pairs have been read"


def test_it_follows_concept_and_layer_unless_the_visitor_moved_it(engine: FakeEngine, session: Session) -> None:
    *_, (first, _, _, tuned) = tune(engine, session)
    for changed in ({"concept": "register"}, {"reading": "last-token"}):
        *_, (slider, _, _, _) = tune(engine, session, tuned=tuned, strength=first.value, **changed)
        other = finish(engine.calibration(session, changed.get("concept", "mood"), "", ""))
        assert slider.value == other.first
    deeper = replace(session, large_layer=6)
    *_, (slider, _, _, _) = tune(engine, deeper, tuned=tuned, strength=first.value)
    assert slider.value > first.value
    *_, (slider, _, _, moved) = tune(engine, deeper, tuned=tuned, strength=-0.07)
    assert slider.value == -0.07
    *_, (slider, _, _, _) = tune(engine, session, tuned=moved, strength=-0.07)
    assert slider.value == -0.07, "still moved"
    *_, (slider, _, _, _) = tune(engine, session, tuned=tuned, concept="register", strength=-99.0)
    assert slider.value == slider.minimum


def test_what_goes_wrong_is_left_to_the_comparison(engine: FakeEngine, session: Session) -> None:
    assert tune(engine, session, concept="broken")[-1] == (SKIP,) * 4
