"""When pairs are switched quickly, events of the old pair still come in: none of them may fail or read its concept."""

import asyncio
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.exceptions import Error
from gradio.state_holder import SessionState

from lrt_explorer.study.ground.world import WORLDS
from lrt_explorer.ui.check_panel import check_set
from lrt_explorer.ui.choices import GONE, NONE, ConceptList, followed
from lrt_explorer.ui.concepts_tab import show_set, use_set
from lrt_explorer.ui.screen import create_app
from lrt_explorer.ui.space_tab import PictureControls, draw_space, list_tokens
from lrt_explorer.ui.steer_tab import SteerControls, compare_arms, read_on, show_concept, tune
from lrt_explorer.ui.steered import follow_pair
from lrt_explorer.workbench.session import Session, Shelf
from tests.ui.fakes import FakeEngine

OLD = "register"
"""Ships for the demo pair, not for the other."""
DEMO = Session("tinyworld-s", "tinyworld-l", 2, 3, 4, 8, 96, 192, "maps/shipped")
NOW = Session("google/gemma-2-2b", "google/gemma-2-9b", 12, 20, 26, 42, 8, 12, "maps/other")
SKIP = {"__type__": "update"}


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path)


@pytest.fixture
def app(engine: FakeEngine) -> gr.Blocks:
    return create_app(engine)


def lists(app: gr.Blocks) -> list[gr.Dropdown]:
    found = [block for block in app.blocks.values() if isinstance(block, ConceptList)]
    assert [block.label for block in found] == ["Concept", "Contrast set"]
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
    return state


def test_what_an_event_brings_from_the_old_pair_is_not_an_error(app: gr.Blocks) -> None:
    state = after_another_pair(app)
    events = [event for event in app.fns.values() if event.fn and any(block in lists(app) for block in event.inputs)]
    assert len(events) >= 12
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


def test_nothing_is_read_for_a_concept_of_the_old_pair(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    for study in ("compare", "calibration", "picture", "read_all", "check", "contrast"):
        monkeypatch.setattr(engine, study, lambda *_, study=study: pytest.fail(f"{study} was asked for"))
    steps = [
        *compare_arms(engine, NOW, None, 0, SteerControls(OLD, "Once", 0.1, 0, 0.0, 8, "", False)),
        *tune(engine, NOW, None, 0, OLD, "", "", 0.1),
        *draw_space(engine, "space", NOW, PictureControls(OLD, 100, "pca", 2, "model", False, False)),
        show_concept(engine, NOW, OLD, "Once", 1),
    ]
    assert {part == SKIP for step in steps for part in step} == {True}
    assert list(read_on(engine, NOW, OLD, "", "", 0)) == [("", SKIP)]
    assert list_tokens(engine, NOW, OLD, 100, "pca", 2, [1]) == SKIP
    for ((*_, said),) in (list(show_set(engine, NOW, OLD)), list(use_set(engine, NOW, Shelf(), OLD, "Once", 1))):
        assert GONE in said
    ((checked, *_),) = check_set(engine, NOW, OLD, "mean-difference", "", False)
    assert GONE in checked


def test_the_same_concept_stays_in_use_whether_it_is_offered_by_name_or_with_its_world(engine: FakeEngine) -> None:
    named = f"{WORLDS[1].name}/sentiment"
    offered = [NONE, ("sentiment", "sentiment"), ("pirate", "pirate"), ("mine", "/own/sentiment.jsonl")]
    assert followed(offered, named, "pirate") == followed(offered, "sentiment", "pirate") == "sentiment"
    assert followed(offered, "/own/sentiment.jsonl", "pirate") == "/own/sentiment.jsonl"
    assert followed(offered, OLD, "pirate") == "pirate" and followed(offered, "", "pirate") == ""
    for session, name, expected in ((NOW, "sentiment", "sentiment"), (NOW, OLD, "sentiment"), (DEMO, OLD, OLD)):
        _, _, concept, *_ = follow_pair(engine, session, Shelf(), "demo", name, "Once", 0)
        assert concept.value == expected
