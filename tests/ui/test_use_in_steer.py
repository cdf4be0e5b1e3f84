"""What is chosen for the Steer tab is seen there at once."""

from lrt_explorer.ui.screen import Screen
from lrt_explorer.workbench.session import Session, Shelf


def test_use_in_steer_goes_there(screen: Screen, session: Session) -> None:
    steered = screen.steer.steered
    (outputs,) = screen.concepts.on_use_clicked(session, Shelf(), "mood", "Start", 0)
    assert outputs[steered.tabs].selected == "steer" and outputs[steered.tab] == "steer"
    assert {steered.tabs, steered.tab} <= set(steered.outputs)


def test_what_is_no_longer_offered_leaves_the_tab_open(screen: Screen, session: Session) -> None:
    (outputs,) = screen.concepts.on_use_clicked(session, Shelf(), "sentiment", "Start", 0)
    assert screen.steer.steered.tabs not in outputs
