"""Evidence and layer scores that ship are there when their tabs are opened, marked with when they were made."""

from dataclasses import replace

import pytest

from lrt_explorer.ui.evidence_view import Shown
from lrt_explorer.ui.layers_tab import layers_caption
from lrt_explorer.ui.result_key import ResultKey
from lrt_explorer.ui.screen import Screen
from lrt_explorer.ui.wiring import Outputs
from lrt_explorer.workbench.cards import LayerScores
from lrt_explorer.workbench.session import Session
from lrt_explorer.workbench.shipped import ShippedEvidence
from tests.ui.fake_evidence import fake_evaluation
from tests.ui.fakes import FakeEngine, fake_grid

KEY = ResultKey({"prompts": 8})
SHIPPED = ShippedEvidence(fake_evaluation(("mood", "register")), "2025-01-02")


def opened(screen: Screen, tab: str, session: Session | None, shown: Shown | None) -> Outputs:
    (outputs,) = screen.evidence.on_tab_opened(tab, session, shown)
    return outputs if isinstance(outputs, dict) and screen.evidence.status in outputs else {}


def test_the_tab_opens_with_what_ships_and_says_when_it_was_made(
    screen: Screen, engine: FakeEngine, session: Session
) -> None:
    engine.shipped = SHIPPED
    outputs = opened(screen, "evidence", session, None)
    shown = outputs[screen.evidence.shown]
    assert isinstance(shown, Shown) and shown.evaluation is SHIPPED.evaluation and shown.made == "2025-01-02"
    assert "Computed on 2025-01-02" in str(outputs[screen.evidence.status])


def test_elsewhere_nothing_is_read(screen: Screen, engine: FakeEngine, session: Session) -> None:
    engine.shipped = SHIPPED
    assert opened(screen, "steer", session, None) == {} and opened(screen, "evidence", None, None) == {}


def test_what_was_run_here_stays_and_what_ships_for_another_map_goes(
    screen: Screen, engine: FakeEngine, session: Session
) -> None:
    engine.shipped = SHIPPED
    assert opened(screen, "evidence", session, Shown(session, SHIPPED.evaluation, KEY)) == {}
    other = replace(session, map_folder="maps/fitted-1")
    outputs = opened(screen, "evidence", other, Shown(session, SHIPPED.evaluation, KEY, "2025-01-02"))
    assert outputs[screen.evidence.shown] is None
    assert "Nothing is evaluated yet" in str(outputs[screen.evidence.status])


@pytest.mark.parametrize("made", ["", "2025-01-02"])
def test_layer_scores_say_when_they_were_made_if_they_ship(session: Session, made: str) -> None:
    caption = layers_caption(session, LayerScores(fake_grid(), 1000, 12, None, made), "r2")
    assert ("Computed</b> on 2025-01-02" in caption) == bool(made)
