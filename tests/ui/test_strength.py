"""The strength slider follows the calibration, unless the visitor has moved it."""

from dataclasses import replace
from typing import Any

import pytest

from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.arms import PANES
from lrt_explorer.ui.screen import Screen
from lrt_explorer.ui.strength import LINKED, START, Tuned, slider_step
from lrt_explorer.ui.wiring import Outputs, nothing
from lrt_explorer.workbench.session import Session
from tests.ui.fakes import FakeEngine


def tune(screen: Screen, session: Session | None, **changed: Any) -> list[Outputs]:
    asked = {
        "tuned": None,
        "whole": 0,
        "concept": "mood",
        "reading": "",
        "vectors": "",
        "strength": START,
        "arms": PANES[1:],
    }
    return list(screen.steer.reading.on_vector_changed(session, **{**asked, **changed}))


def slider_and_tuned(screen: Screen, session: Session, **changed: Any) -> tuple[Any, Any]:
    """The slider at the end, and what it is set for."""
    *_, last = tune(screen, session, **changed)
    return last[screen.steer.slider.strength], last[screen.steer.slider.tuned]


def test_the_first_calibration_sets_range_position_and_marks(
    screen: Screen, engine: FakeEngine, session: Session
) -> None:
    control = screen.steer.slider
    busy, done = tune(screen, session)
    slider, tuned = done[control.strength], done[control.tuned]
    expected = finish(engine.calibration(session, "mood", "", ""))
    assert "Calibrating the strength" in busy[screen.steer.added]
    assert (slider.minimum, slider.maximum, slider.value) == (
        -expected.limit, expected.limit, expected.first,
    )  # fmt: skip
    assert "text breaks" in done[control.marks] and isinstance(tuned, Tuned) and tuned.position == expected.first
    step = slider_step(expected)
    assert expected.first / step == pytest.approx(round(expected.first / step))


def test_nothing_is_asked_while_nothing_has_changed(screen: Screen, session: Session) -> None:
    _, tuned = slider_and_tuned(screen, session)
    assert tune(screen, session, tuned=tuned, strength=0.1) == [nothing()]
    assert tune(screen, None) == [nothing()]
    bare = replace(session, map_folder="")
    assert tune(screen, bare, arms=("transferred",)) == [nothing()], "a map is fitted first"
    assert len(tune(screen, bare)) > 1, "the native vector needs none"
    assert len(tune(screen, session, tuned=tuned, whole=1)) > 1, "all pairs have been read"


def test_it_follows_concept_and_layer_unless_the_visitor_moved_it(
    screen: Screen, engine: FakeEngine, session: Session
) -> None:
    first, tuned = slider_and_tuned(screen, session)
    for changed in ({"concept": "register"}, {"reading": "last-token"}):
        slider, _ = slider_and_tuned(screen, session, tuned=tuned, strength=first.value, **changed)
        other = finish(engine.calibration(session, changed.get("concept", "mood"), "", ""))
        assert slider.value == other.first
    deeper = replace(session, large_layer=6)
    slider, _ = slider_and_tuned(screen, deeper, tuned=tuned, strength=first.value)
    assert slider.value > first.value
    slider, moved = slider_and_tuned(screen, deeper, tuned=tuned, strength=-0.07)
    assert slider.value == -0.07
    slider, _ = slider_and_tuned(screen, session, tuned=moved, strength=-0.07)
    assert slider.value == -0.07, "still moved"
    slider, _ = slider_and_tuned(screen, session, tuned=tuned, concept="register", strength=-99.0)
    assert slider.value == slider.minimum
    slider, _ = slider_and_tuned(screen, session, tuned=LINKED, strength=-99.0)
    assert slider.value == slider.minimum == -99.0, "a link's strength is kept, however far it goes"


def test_what_goes_wrong_is_left_to_the_comparison(screen: Screen, session: Session) -> None:
    assert tune(screen, session, concept="broken")[-1] == nothing()


def test_without_a_map_no_strength_of_another_pair_is_shown(screen: Screen, session: Session) -> None:
    control = screen.steer.slider
    bare = replace(session, map_folder="")
    tuned = Tuned(("the former pair",), None)
    shown = control.on_session_changed(bare, tuned, ("transferred",))
    assert (shown[control.strength].value, shown[control.strength].interactive) == (START, False)
    assert shown[control.marks] == "" and shown[control.tuned] is None
    assert control.on_session_changed(session, tuned, PANES[1:]) == nothing()
    assert control.on_session_changed(bare, tuned, ("native", "prompt")) == nothing(), "these need no map"
    linked = control.on_session_changed(bare, LINKED, ("transferred",))
    assert set(linked) == {control.strength} and linked[control.strength].interactive is False
    *_, after = tune(screen, session)
    assert after[control.strength].interactive is True
