"""When pairs are switched quickly, events of the old pair still come in: none of them may fail or read its concept."""

import asyncio
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.exceptions import Error
from gradio.state_holder import SessionState

from lrt_explorer.study.ground.world import WORLDS
from lrt_explorer.ui.choices import GONE, NONE, ConceptList, ShelfList, followed
from lrt_explorer.ui.screen import Screen, create_app
from lrt_explorer.ui.space_controls import PictureControls
from lrt_explorer.ui.steer_controls import SteerControls
from lrt_explorer.ui.vectors_panel import RecipeControls
from lrt_explorer.ui.wiring import nothing
from lrt_explorer.workbench.evidence import shipped_suites
from lrt_explorer.workbench.session import Session, Shelf
from tests.ui.fakes import FakeEngine

OLD = "register"
"""Ships for the demo pair, not for the other."""
DEMO = Session("tinyworld-s", "tinyworld-l", 2, 3, 4, 8, 96, 192, "maps/shipped")
NOW = Session("google/gemma-2-2b", "google/gemma-2-9b", 12, 20, 26, 42, 8, 12, "maps/other")


@pytest.fixture
def app(engine: FakeEngine) -> gr.Blocks:
    return create_app(engine)


def lists(app: gr.Blocks) -> list[gr.Dropdown]:
    found = [block for block in app.blocks.values() if isinstance(block, ConceptList)]
    assert [block.label for block in found] == [
        *("Concept", "Also steered by", "And by", "Concepts", "Contrast set", "Another set")
    ]
    return found


def received(app: gr.Blocks, event: Any, state: SessionState, concept: Any) -> list[Any]:
    """What a handler is given when a page sends the values it starts with, and this concept."""
    values = [concept if block in lists(app) else getattr(block, "value", None) for block in event.inputs]
    return asyncio.run(app.preprocess_data(event, values, state))


def after_another_pair(app: gr.Blocks) -> SessionState:
    """The state of a visitor whose lists have followed the pair to concepts that the old one does not have."""
    state = SessionState(app)
    for block in lists(app):
        state[block._id] = type(block)(choices=[("sentiment", "sentiment")], value="sentiment", render=False)
    for other in app.blocks.values():
        if isinstance(other, ShelfList):
            state[other._id] = type(other)(choices=[("mine", "/shelf/mine")], value="/shelf/mine", render=False)
    return state


def test_what_an_event_brings_from_the_old_pair_is_not_an_error(app: gr.Blocks) -> None:
    state = after_another_pair(app)
    events = [event for event in app.fns.values() if event.fn and any(block in lists(app) for block in event.inputs)]
    assert len(events) >= 14
    for event in events:
        assert OLD in received(app, event, state, OLD), event.name


@pytest.mark.parametrize(
    "value", ["/etc/hostname", "nosuch", "../concepts/mood.jsonl", str(WORLDS[0].concepts()["mood"]), ["mood"]]
)
def test_what_no_list_has_ever_offered_is_refused(app: gr.Blocks, value: Any) -> None:
    block = after_another_pair(app)[lists(app)[0]._id]
    with pytest.raises(Error, match="not in the list of choices"):
        block.preprocess(value)
    assert block.preprocess("sentiment") == "sentiment"
    assert block.preprocess(None) is None
    assert block.preprocess("demo/mood") == "demo/mood", "as the sets of other pairs are offered"


def test_a_concept_list_is_a_dropdown_to_the_page_and_leaves_no_file(app: gr.Blocks) -> None:
    assert {block.get_block_name() for block in lists(app)} == {"dropdown"}
    assert not list(Path(__file__).parents[2].glob("lrt_explorer/ui/*.pyi"))


def test_a_suite_of_the_old_pair_is_no_error_either(app: gr.Blocks) -> None:
    block = after_another_pair(app)[lists(app)[3]._id]
    (suite, *_) = shipped_suites(WORLDS[0])
    assert block.preprocess(suite.title) == suite.title


def test_a_value_that_is_not_on_the_shelf_counts_as_none(app: gr.Blocks) -> None:
    state = after_another_pair(app)
    (block,) = (state[block._id] for block in app.blocks.values() if isinstance(block, ShelfList))
    assert block.preprocess("/shelf/mine") == "/shelf/mine"
    for value in ("/shelf/other", "/etc", None, ["/shelf/mine"]):
        assert block.preprocess(value) is None, "whatever a page makes up names no folder"


def test_nothing_is_read_for_a_concept_of_the_old_pair(
    screen: Screen, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for study in ("compare", "calibration", "picture", "read_all", "check", "contrast", "make", "evaluate"):
        monkeypatch.setattr(engine, study, lambda *_, study=study: pytest.fail(f"{study} was asked for"))
    steer, concepts, evidence = screen.steer, screen.concepts, screen.evidence
    controls = SteerControls(OLD, "Once", 0.1, "", 0, 0.0, 8, "", False)
    picture = PictureControls(OLD, 100, "pca", 2, "model", False, False)
    recipe = RecipeControls("mean-difference", "", False, "remove", 1.0, 1.0)
    quiet = [
        *steer.texts.on_texts_asked(NOW, None, 0, None, controls),
        *steer.reading.on_vector_changed(NOW, None, 0, OLD, "", "", 0.1, ("native",)),
        steer.choice.on_concept_chosen(NOW, OLD, "", "Once", 1),
        *screen.space.on_view_changed("space", NOW, "", None, picture),
        screen.space.on_points_picked(None, gr.EventData(None, {"points": [1]})),
    ]
    assert quiet == [nothing()] * 5
    assert list(steer.reading.on_part_read(NOW, OLD, "", "", 0)) == [{steer.reading_on: ""}]
    said = [
        *concepts.on_set_chosen(NOW, OLD),
        *concepts.on_use_clicked(NOW, Shelf(), OLD, "Once", 1),
        *concepts.check.on_check_clicked(NOW, OLD, "mean-difference", "", False),
        *concepts.vectors.on_make_clicked(NOW, Shelf(), "sentiment", OLD, recipe),
        *concepts.vectors.on_make_clicked(NOW, Shelf(), OLD, "", recipe),
        *concepts.vectors.on_steer_clicked(NOW, Shelf(), "folder", OLD, "Once", 1),
        *evidence.on_run_clicked(NOW, OLD, 8, "", [], None),
        *evidence.on_run_clicked(NOW, "all 3 demo concepts", 8, "", [], None),
    ]
    assert len(said) == 8
    for step in said:
        (sentence,) = step.values()
        assert GONE in sentence


def test_the_same_concept_stays_in_use_whether_it_is_offered_by_name_or_with_its_world(screen: Screen) -> None:
    named = f"{WORLDS[1].name}/sentiment"
    offered = [NONE, ("sentiment", "sentiment"), ("pirate", "pirate"), ("mine", "/own/sentiment.jsonl")]
    assert followed(offered, named, "pirate") == followed(offered, "sentiment", "pirate") == "sentiment"
    assert followed(offered, "/own/sentiment.jsonl", "pirate") == "/own/sentiment.jsonl"
    assert followed(offered, OLD, "pirate") == "pirate" and followed(offered, "", "pirate") == ""
    for session, name, expected in ((NOW, "sentiment", "sentiment"), (NOW, OLD, "sentiment"), (DEMO, OLD, OLD)):
        steered = screen.steer.steered
        shown = steered.on_pair_opened(session, Shelf(), "demo", name, "Once", 0)
        assert shown[steered.concept].value == expected
