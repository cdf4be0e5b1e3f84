"""Pins keep what was shown, beside what is shown now, until they are removed; whatever they hold is escaped."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lrt_explorer.ui.kept_pins import from_browser, to_browser
from lrt_explorer.ui.pin import MOST_PINS, Pin
from lrt_explorer.ui.pins import board, can_pin
from lrt_explorer.ui.screen import Screen
from lrt_explorer.ui.steer_controls import SteerControls
from lrt_explorer.ui.wiring import nothing
from lrt_explorer.workbench.session import Session
from tests.ui.test_handlers import picked


def shown(screen: Screen, session: Session, prompt: str = "Once", **more: Any) -> tuple[Pin, Any]:
    """What is shown after a comparison, and what it was asked for."""
    controls: dict[str, Any] = {"seed": 0, "temperature": 0.0, "length": 8, "reading": "", "as_in_paper": False}
    asked = SteerControls("mood", prompt, more.pop("strength", 0.5), "", **(controls | more))
    *_, last = screen.steer.texts.on_texts_asked(session, None, 0, None, asked)
    return last[screen.steer.pins.shown], last[screen.steer.compared]


def test_a_pin_keeps_texts_figures_settings_and_a_link(screen: Screen, session: Session) -> None:
    pins = screen.steer.pins
    now, compared = shown(screen, session)
    kept = pins.on_pin_clicked(now, (), compared)[pins.pins]
    other, _ = shown(screen, session, strength=-0.5)
    html = board(other, kept)
    assert html.count("<article") == 2 and html.index("Now: ") < html.index('data-pin="1"')
    assert "s = +0.50" in html and "s = −0.50" in html and "seed 0" in html and "layers 2 → 3" in html
    assert all(arm.text.strip() in html for arm in (*now.arms, *other.arms))
    assert f"?{kept[0].query.replace('&', '&amp;')}" in html and "small=tinyworld-s" in kept[0].query
    assert html.count(" nats</small>") == 2 * len(now.arms)
    assert html.count("data-for=") == 1, "only what is shown now can become stale"


def test_the_same_result_is_pinned_once_and_at_most_six_are_kept(screen: Screen, session: Session) -> None:
    pins = screen.steer.pins
    now, compared = shown(screen, session)
    kept = pins.on_pin_clicked(now, (), compared)[pins.pins]
    assert not can_pin(now, kept) and pins.on_pin_clicked(now, kept, compared) == nothing()
    for tenth in range(1, 9):
        other, asked = shown(screen, session, strength=tenth / 10 + 0.01)
        kept = pins.on_pin_clicked(other, kept, asked).get(pins.pins, kept)
    assert len(kept) == MOST_PINS and len({pin.number for pin in kept}) == MOST_PINS
    assert "remove one to pin another" in board(now, kept)
    assert pins.on_pins_changed(other, kept, asked)[pins.button].interactive is False
    left = pins.on_pin_removed(kept, picked(number="2"))[pins.pins]
    assert [pin.number for pin in left] == [1, 3, 4, 5, 6]
    again = pins.on_pin_clicked(other, left, asked)[pins.pins]
    assert again[-1].number == 7, "a number is not given twice"


def test_nothing_is_pinned_while_texts_are_written(screen: Screen, session: Session) -> None:
    pins = screen.steer.pins
    now, _ = shown(screen, session)
    assert pins.on_pin_clicked(now, (), None) == nothing() == pins.on_pin_clicked(None, (), None)
    assert pins.on_pins_changed(now, (), None)[pins.button].interactive is False


def test_without_pins_nothing_is_listed(screen: Screen, session: Session) -> None:
    assert board(shown(screen, session)[0], ()) == ""


def test_what_a_pin_holds_is_escaped(screen: Screen, session: Session) -> None:
    evil = "<img src=x onerror=alert(1)>\"'"
    now, _ = shown(screen, session, prompt=evil)
    arms = tuple(replace(arm, text=evil, remark=evil) for arm in now.arms)
    kept = replace(now, title=evil, made=evil, said=evil, arms=arms, query=f"prompt={evil}", number=1)
    html = board(replace(kept, number=None), (kept,))
    assert "<img" not in html and evil not in html and "&lt;img" in html


def test_a_pair_that_is_opened_leaves_the_pins(screen: Screen) -> None:
    assert screen.steer.pins.board not in screen.stage.outputs


def test_the_browser_keeps_what_the_cards_show(screen: Screen, session: Session) -> None:
    pins = screen.steer.pins
    now, compared = shown(screen, session, prompt="<b>")
    kept = pins.on_pin_clicked(now, (), compared)[pins.pins]
    sent = json.loads(json.dumps(pins.on_pins_to_keep(kept)[pins.kept]))
    again = pins.on_page_loaded((), sent)[pins.pins]
    assert board(None, again) == board(None, kept) and "&lt;b&gt;" in board(None, again)
    assert not can_pin(now, again), "what is pinned already is not pinned twice"
    assert pins.on_page_loaded(kept, sent) == nothing(), "what is on the page comes first"
    assert pins.on_page_loaded((), []) == nothing()


def bad(**changed: Any) -> Callable[[list[Any]], Any]:
    return lambda sent: [sent[0] | changed]


@pytest.mark.parametrize(
    "damage",
    [
        lambda sent: None,
        lambda sent: "pins",
        lambda sent: sent * 2,
        lambda sent: [sent[0] | {"number": number} for number in range(1, MOST_PINS + 2)],
        bad(number=0),
        bad(number="1"),
        bad(title=None),
        bad(said="x" * 20_001),
        bad(arms=[{"name": "no such arm", "text": "", "score": None, "readout": None, "remark": ""}]),
        bad(arms=[{"name": "native", "text": "", "score": float("nan"), "readout": None, "remark": ""}]),
        bad(arms=[{"name": "native"}]),
    ],
)
def test_whatever_else_a_browser_sends_is_no_pin(
    screen: Screen, session: Session, damage: Callable[[Any], Any]
) -> None:
    pins = screen.steer.pins
    now, compared = shown(screen, session)
    sent = to_browser(pins.on_pin_clicked(now, (), compared)[pins.pins])
    assert from_browser(sent) and from_browser(damage(sent)) == ()


def test_a_pin_that_is_too_long_for_the_browser_costs_no_other(screen: Screen, session: Session) -> None:
    pins = screen.steer.pins
    now, compared = shown(screen, session)
    (pin,) = pins.on_pin_clicked(now, (), compared)[pins.pins]
    long = replace(pin, number=2, query="prompt=" + "%C3%A9" * 10_000)
    endless = replace(pin, number=3, said="x" * 20_001)
    assert [kept.number for kept in from_browser(to_browser([pin, long, endless]))] == [1, 2]
    assert [kept.number for kept in from_browser([*to_browser([pin]), {"number": 2}])] == [1]
