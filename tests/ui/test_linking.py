"""A link puts on the screen what it says, and says what it cannot."""

from typing import Any

import pytest

from lrt_explorer.ui.screen import Screen
from lrt_explorer.ui.share_panel import Compared
from lrt_explorer.ui.steer_controls import SteerControls
from lrt_explorer.workbench.session import Session
from tests.ui.fakes import CONCEPTS, PAIRS, page_request


def opened(screen: Screen, query: str) -> dict[Any, Any]:
    """All that the page shows in the end."""
    shown: dict[Any, Any] = {}
    for step in screen.opening.on_page_loaded(None, page_request(query)):
        shown |= step
    return shown


def test_a_link_restores_pair_layers_and_controls(screen: Screen) -> None:
    steer, settings = screen.steer, screen.steer.settings
    shown = opened(
        screen,
        f"small={PAIRS[1].small}&large={PAIRS[1].large}&layers=1-4&concept=register&prompt=Ahoy+%26&strength=-1.5"
        "&seed=7&temperature=0.5&tokens=12&reading=last-token&equal_cost=1&arms=prompt,native&tab=space&also=mood:1.5,register:-0.1&ask=Is+it%3F&per_token=1&other_layers=0-3",
    )
    session = shown[screen.session]
    assert (session.small, session.small_layer, session.large_layer) == (PAIRS[1].small, 1, 4)
    assert shown[screen.setup.pair] == PAIRS[1].name
    assert (shown[steer.steered.concept], shown[steer.steered.prompt]) == ("register", "Ahoy &")
    slider = shown[steer.slider.strength]
    assert (slider.value, slider.minimum, slider.maximum) == (-1.5, -1.5, 1.5)
    assert shown[steer.slider.tuned].position is None, "a strength that was asked for is kept"
    assert (shown[settings.seed], shown[settings.temperature], shown[settings.length]) == (7, 0.5, 12)
    assert shown[settings.reading] == "last-token" and shown[settings.equal_cost] is True
    assert settings.as_in_paper not in shown and shown[settings.per_token] is True
    assert shown[settings.arms] == ["native", "prompt"] and shown[settings.ask] == "Is it?"
    assert shown[settings.other_layers] == "0-3"
    (first, first_strength), (second, second_strength) = settings.also
    assert (shown[first], shown[second]) == ("mood", "register")
    assert (shown[first_strength].value, shown[first_strength].maximum) == (1.5, 1.5)
    assert (shown[second_strength].value, shown[second_strength].minimum) == (-0.1, -1.0)
    assert shown[screen.tab] == "space" and shown[screen.linking.tabs].selected == "space"
    assert shown[screen.linking.linked] == ""


def test_concept_and_prompt_of_a_link_stay_when_the_pair_has_opened(screen: Screen, session: Session) -> None:
    other = CONCEPTS[1].examples[0]
    shown = opened(screen, f"concept=mood&prompt={other.replace(' ', '+')}")
    steered = screen.steer.steered
    after = steered.on_pair_opened(session, steered.shelf.value, shown[steered.world], "mood", other, 0)
    assert steered.prompt not in after and after[steered.concept].value == "mood"
    assert steered.temperature not in after


def test_without_a_link_the_first_pair_opens_as_ever(screen: Screen) -> None:
    shown = opened(screen, "__theme=dark")
    assert shown[screen.session].small == PAIRS[0].small
    assert screen.steer.steered.prompt not in shown and shown[screen.linking.linked] == ""


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("small=/etc&large=tinyworld-l", "cannot open here"),
        ("concept=nosuch", "does not ship for this pair"),
        ("also=nosuch:0.2", "does not ship for this pair"),
        ("layers=1-99", "Layer 99 is not in tinyworld-l"),
        ("strength=inf", "not valid"),
        ("tab=<b>", "no tab"),
        ("arms=<b>", "not valid"),
        ("method=sgd", "not valid"),
        ("tokens=200", "tokens 200 lies beyond 8 to 96"),
        ("temperature=3", "temperature 3 lies beyond 0 to 1.5"),
        ("arms=native,no-map", "“No map” cannot be written with this pair"),
    ],
)
def test_what_cannot_be_restored_is_said_once_and_the_page_opens(screen: Screen, query: str, sentence: str) -> None:
    shown = opened(screen, query)
    assert shown[screen.session].small == PAIRS[0].small
    said = shown[screen.linking.linked]
    assert sentence in said and said.count('class="notice') == 1 and "<b>" not in said


def test_a_link_opens_with_its_estimator(screen: Screen) -> None:
    shown = opened(screen, "method=procrustes")
    assert shown[screen.session].method == "procrustes" and shown[screen.session].map_folder
    assert shown[screen.linking.linked] == ""


def test_what_is_shared_is_the_comparison_on_the_screen(screen: Screen, session: Session) -> None:
    steer = screen.steer
    asked = SteerControls("mood", "Start", 0.4, "", 3, 0.0, 8, "", False)
    *_, last = steer.texts.on_texts_asked(session, None, 0, None, asked)
    compared = last[steer.compared]
    assert compared == Compared(session, asked.spec())
    (given,) = screen.share.on_view_changed(compared, "layers")
    assert "tab=layers" in given[screen.share.query] and "small=tinyworld-s" in given[screen.share.query]
    assert 'prompt="Start"' in given[screen.share.python] and "seed=3" in given[screen.share.python]
    assert given[screen.share.command].startswith("lrt-explorer compare tinyworld-s tinyworld-l")
