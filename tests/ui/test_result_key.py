"""The key that travels with a result: what it holds, how it is said, and that every control it names is on the page."""

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from lrt_explorer.ui.result_key import WORDS, ResultKey, keyed, session_values, values_in_use
from lrt_explorer.ui.screen import Screen
from lrt_explorer.ui.space_controls import PictureControls
from lrt_explorer.ui.steer_controls import SteerControls
from lrt_explorer.workbench.session import Session
from tests.ui.fakes import CONCEPTS

CONTROLS = SteerControls("register", 'He said "no" & <left>', 0.3, "", 7, 0.0, 16, "", False, True)


def carried(html: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings of the first result in a piece of HTML, and their words, as the page reads them."""
    found = re.search(r'data-for="([^"]*)" data-said="([^"]*)"', html)
    assert found is not None, html[:200]
    made, said = (json.loads(unescape(text)) for text in found.groups())
    return made, said


def test_a_result_carries_its_settings_and_their_words_whatever_they_hold(session: Session) -> None:
    made, said = carried(keyed(CONTROLS.key(session, CONCEPTS[1]), "<p>text</p>"))
    assert made["prompt"] == CONTROLS.prompt and made["seed"] == 7 and made["models"] == ["tinyworld-s", "tinyworld-l"]
    assert (
        said["strength"] == "s = +0.30" and said["concept"] == CONCEPTS[1].title and said["equal_cost"] == "equal cost"
    )
    assert set(made) == set(said)


def test_nothing_shown_carries_nothing() -> None:
    assert keyed(ResultKey({"seed": 1}), "") == ""


def test_a_setting_without_words_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="colour of the sky"):
        _ = ResultKey({"colour of the sky": "grey"}).said


def test_every_name_is_that_of_a_control_or_of_what_is_in_use_and_of_no_other(screen: Screen, session: Session) -> None:
    """A name that the page does not know would never differ, so its results would never be dimmed."""
    on_page = {*screen.shown.controls, *values_in_use(session, None)} - {"in_use"}
    assert on_page == set(WORDS)


def test_the_fields_of_the_controls_are_named_as_on_the_page(screen: Screen, session: Session) -> None:
    assert list(screen.steer.controls) == list(vars(CONTROLS))
    picture = PictureControls("mood", 50, "umap", 2, "model", True, False)
    assert {*screen.space.controls, "concept"} == set(vars(picture)) < set(picture.key(session, "happy").values)
    other = replace(picture, method="pca").key(session, "happy").values
    assert not {"neighbours", "min_dist", "umap_seed"} & set(other), "they change nothing there"


def test_the_order_in_which_arms_were_ticked_makes_no_difference() -> None:
    one, other = (replace(CONTROLS, arms=arms) for arms in (("random", "native"), ("native", "random")))
    assert one == other and one.spec().arms == ("unsteered", "native", "random")


def test_the_map_is_told_by_a_mark_that_names_no_folder(session: Session) -> None:
    other = replace(session, map_mark="another")
    marks = {str(session_values(one)["map"]) for one in (session, other, replace(session, map_folder="maps/b"))}
    assert len(marks) == 3 and not any("maps" in mark for mark in marks)
    assert session_values(replace(session, map_folder=""))["map"] == ""
    assert json.loads(json.dumps(values_in_use(session, "/home/own.txt")))["text"] not in ("", "/home/own.txt")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("strength", -0.05, "s = −0.050"),
        ("prompt", "short", "“short”"),
        ("prompt", "x" * 100, f"“{'x' * 40} …”"),
        ("concept", "/shelf/noise.jsonl", "noise"),
        ("length", 40.0, "40 tokens"),
        ("reading", "", "tokens read: concept’s default"),
        ("strengths", " ", "calibrated strengths"),
        ("dims", 3, "3D"),
        ("arms", ("native", "random"), "arms: native, random"),
        ("arms", (), "the unsteered text alone"),
        ("score", "cka", "CKA"),
    ],
)
def test_how_settings_are_said(name: str, value: Any, words: str) -> None:
    assert ResultKey({name: value}).said == {name: words}


def test_every_result_of_every_tab_carries_its_settings(screen: Screen, session: Session) -> None:
    """What a handler shows of a result, as HTML or as a figure; progress, notices and empty places are none."""
    steer, space, layers, panel = screen.steer, screen.space, screen.layers, screen.map_panel
    asked = SteerControls("mood", "Once", 0.5, "", 0, 0.0, 16, "", False)
    *_, texts = steer.texts.on_texts_asked(session, None, 0, None, asked)
    for part in (steer.panes, steer.said, steer.added):
        made, _ = carried(texts[part])
        assert (made["strength"], made["prompt"], made["small_layer"]) == (0.5, "Once", 2)
    *_, picture = space.on_view_changed(
        "space", session, "", None, PictureControls("mood", 50, "pca", 2, "model", True, True)
    )
    *_, grid = layers.on_compute_clicked(session, 20_000, None, "cka")
    (figures,) = panel.on_map_changed(session, "mood")
    *_, check = screen.concepts.check.on_check_clicked(session, "mood", "mean-difference", "", False)
    checked = screen.concepts.check
    for found, part, name in (
        (picture, space.caption, "points"),
        (grid, layers.caption, "score"),
        (figures, panel.route, "map"),
        (figures, panel.notice, "concept"),
        (figures, panel.badges, "concept"),
        (check, checked.found, "set"),
    ):
        assert name in carried(found[part])[0]
    drawings = [(picture, space.plot), (grid, layers.plot), (figures, panel.path)]
    drawings += [(check, one) for one in (checked.agreement, checked.separation, checked.stability)]
    for found, plot in drawings:
        meta = json.loads(found[plot])["layout"]["meta"]
        assert json.loads(meta["for"])["small_layer"] == 2 and set(meta) == {"for", "said"}
