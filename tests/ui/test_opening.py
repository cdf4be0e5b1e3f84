"""Opening a pair: what the screen shows meanwhile, the first map, and that nothing of the old pair stays."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from lrt_explorer.defaults import FIRST_FIT_TOKENS
from lrt_explorer.study.compare import Comparison
from lrt_explorer.ui.map_panel import offer_fit, show_map
from lrt_explorer.ui.opening import LONGEST_UNASKED, change_layers, open_first, open_models, open_preset, stopped
from lrt_explorer.ui.panes import added_line
from lrt_explorer.ui.setup_panel import OTHER
from lrt_explorer.ui.space_tab import PictureControls, draw_space
from lrt_explorer.ui.stage import Stage
from lrt_explorer.ui.steer_tab import Settled, SteerControls, compare_arms, read_on
from lrt_explorer.ui.steered import follow_pair
from lrt_explorer.ui.wiring import wire_stop
from lrt_explorer.workbench.session import Session, Shelf
from tests.ui.fakes import CONCEPTS, EVERYDAY, PAIRS, FakeEngine

SKIP: Any = {"__type__": "update"}
REAL = PAIRS[2]
AT = {"status": 3, "tokens": 4, "banner": 5, "panes": 6, "wide": 7, "plot": 8}
"""Where the handlers give what, with the stage of these tests."""


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path)


@pytest.fixture
def stage() -> Stage:
    stage = Stage(gr.HTML(), gr.HTML())
    stage.add(gr.HTML(), blank="nothing", all_layers=True)
    stage.add(gr.HTML())
    return stage


@pytest.fixture
def demo(engine: FakeEngine, stage: Stage) -> Session:
    *_, last = open_first(engine, stage, None)
    return last[0]  # type: ignore[no-any-return]


def shown(steps: list[tuple[Any, ...]], part: str) -> list[Any]:
    return [step[AT[part]] for step in steps]


def sessions(steps: list[tuple[Any, ...]]) -> list[Session]:
    return [step[0] for step in steps if isinstance(step[0], Session)]


def test_while_a_pair_is_opened_the_old_one_is_named_and_dimmed(
    engine: FakeEngine, stage: Stage, demo: Session
) -> None:
    *loading, last = open_preset(engine, stage, demo, PAIRS[1].name)
    assert len(loading) == 2 and all(step[0] == SKIP for step in loading)
    for step in loading:
        assert 'class="opening veil"' in step[AT["banner"]] and "still tinyworld-s → tinyworld-l" in step[AT["banner"]]
        assert "Opening tinyworld-m → tinyworld-l" in step[AT["banner"]] and "Loading" in step[AT["status"]]
    assert last[AT["banner"]] == "" and last[AT["status"]] == ""


def test_with_the_new_pair_nothing_of_the_old_one_stays(engine: FakeEngine, stage: Stage, demo: Session) -> None:
    *_, last = open_preset(engine, stage, demo, PAIRS[1].name)
    assert last[0].small == "tinyworld-m" and (last[1].info, last[2].info) == ("0 to 3", "0 to 7")
    assert last[AT["panes"]].count("<article") == 4 and "Reading the vectors" in last[AT["panes"]]
    assert (last[AT["wide"]], last[AT["plot"]]) == ("nothing", "")


def test_the_first_pair_has_no_old_one(engine: FakeEngine, stage: Stage) -> None:
    first, *_ = open_first(engine, stage, None)
    assert "veil" not in first[AT["banner"]] and "Dimmed" not in first[AT["banner"]]


def test_a_pair_without_a_map_gets_one_unasked(engine: FakeEngine, stage: Stage, demo: Session) -> None:
    steps = list(open_preset(engine, stage, demo, REAL.name))
    opened, fitted = sessions(steps)
    assert opened.map_folder == "" and fitted == replace(opened, map_folder="maps/fitted-1")
    (published,) = [step for step in steps if step[0] == opened]
    assert published[AT["tokens"]] == FIRST_FIT_TOKENS and "One is being fitted" in published[AT["panes"]]
    assert "veil" not in published[AT["banner"]], "nothing of the old pair is left to be dimmed"
    busy = [text for text in shown(steps, "status") if "fitting a first map" in str(text).lower()]
    assert len(busy) == 10 and "about 2 min left" in busy[0] and "about" not in busy[1], "the timing, then the pace"
    assert steps[-1][AT["banner"]] == "" and steps[-1][AT["status"]] == ""


def test_a_map_that_would_take_long_is_not_begun_unasked(engine: FakeEngine, stage: Stage) -> None:
    engine.seconds_per_pair = 1.1 * LONGEST_UNASKED / FIRST_FIT_TOKENS
    *_, last = open_models(engine, stage, None, REAL.small, REAL.large)
    assert engine.fits == 0 and "A first map takes about 11 min to fit; press Fit a map" in last[AT["status"]]
    assert last[AT["banner"]] == ""


def test_a_fit_that_is_stopped_leaves_the_pair_open_and_goes_on_from_a_click(engine: FakeEngine, stage: Stage) -> None:
    opening = open_models(engine, stage, None, REAL.small, REAL.large)
    steps = [step for step, _ in zip(opening, range(6), strict=False)]
    (session,) = sessions(steps)
    opening.close()  # type: ignore[attr-defined]
    assert (engine.fits, engine.fits_left) == (1, 1)
    said = stopped(session)
    assert "gemma-2-2b → gemma-2-9b is open without a map" in said and "Fit a map goes on" in said
    button, ways = offer_fit(engine, session, FIRST_FIT_TOKENS)
    assert button.value == "Fit a map (about 2 min)" and ways.open
    assert "is open." in stopped(replace(session, map_folder="x")) and "no models are open" in stopped(None)


def test_the_fit_button_says_no_time_that_is_not_known(engine: FakeEngine, demo: Session) -> None:
    button, ways = offer_fit(engine, demo, 20_000)
    assert button.value == "Fit a map" and ways == SKIP
    assert offer_fit(engine, None, 20_000) == (SKIP, SKIP)
    engine.timed = True
    assert offer_fit(engine, demo, None)[0].value == "Fit a map"


def test_other_models_wait_for_their_names(engine: FakeEngine, stage: Stage, demo: Session) -> None:
    ((*rest, _, _, _),) = open_preset(engine, stage, demo, OTHER)
    assert rest == [SKIP, SKIP, SKIP, "", SKIP, SKIP]
    ((*_,),) = [step[:4] for step in open_models(engine, stage, demo, " ", "large")]
    (last,) = open_models(engine, stage, demo, " ", "large")
    assert "Name both models" in last[AT["status"]]


def test_models_that_cannot_be_opened_leave_the_old_pair_as_it_was(
    engine: FakeEngine, stage: Stage, demo: Session
) -> None:
    *_, last = open_models(engine, stage, demo, "no-such/model", "tinyworld-l")
    assert last[:3] == (SKIP, SKIP, SKIP) and last[AT["panes"] :] == (SKIP, SKIP, SKIP)
    assert "There is no model &#x27;no-such/model&#x27; here" in last[AT["status"]]
    assert last[AT["banner"]] == "", "no longer dimmed"


def test_other_layers_blank_what_was_said_of_the_old_ones(engine: FakeEngine, stage: Stage, demo: Session) -> None:
    ((moved, _, _, _, panes, wide, plot),) = change_layers(engine, stage, demo, 1, 4)
    assert (moved.small_layer, moved.large_layer) == (1, 4)
    assert "Reading the vectors" in panes and plot == "" and wide == SKIP, "the heat map holds for all layers"
    ((*kept,),) = change_layers(engine, stage, demo, 2, 9)
    assert kept[3:] == [SKIP] * 4


# What follows the pair


def test_the_concept_prompt_and_examples_follow_the_world_of_the_pair(engine: FakeEngine) -> None:
    real = Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1)
    old = CONCEPTS[1].examples[1]
    followed = follow_pair(engine, real, Shelf(), "demo", "register", old, 3)
    world, warmth, dropdown, prompt, examples, ends, asked = followed
    assert (dropdown.value, [value for _, value in dropdown.choices]) == ("sentiment", ["sentiment", "mood"])
    assert prompt == EVERYDAY[0].examples[0] and "praise →" in ends and EVERYDAY[0].examples[0] in examples
    assert asked == 4 and (world, warmth) == ("everyday", 0.7)
    again = follow_pair(engine, real, Shelf(), "everyday", "register", "My own words", 3)
    assert again[3] == SKIP and again[1] == SKIP, "what a visitor has set stays within a world"


def test_a_name_in_both_worlds_means_the_pairs_own(engine: FakeEngine) -> None:
    real = Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1)
    _, _, dropdown, _, _, ends, _ = follow_pair(engine, real, Shelf(), "everyday", "mood", "x", 0)
    assert (dropdown.value, dropdown.info) == ("mood", "how a writer feels") and "cheerful →" in ends


def test_a_chosen_example_stays_when_only_layers_change(engine: FakeEngine, demo: Session) -> None:
    _, _, _, prompt, *_ = follow_pair(engine, demo, Shelf(), "demo", "mood", CONCEPTS[0].examples[1], 0)
    assert prompt == SKIP


def test_a_visitors_own_set_stays_with_any_pair(engine: FakeEngine, tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text('{"with": "a b", "without": "c d"}\n{"with": "a e", "without": "c f"}\n')
    real = Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1)
    shelf = engine.import_set(Shelf(), file)
    ((_, name),) = shelf.sets
    _, _, dropdown, *_ = follow_pair(engine, real, shelf, "demo", name, "x", 0)
    assert dropdown.value == name


def test_until_the_concept_has_followed_nothing_is_said_of_the_old_one(engine: FakeEngine) -> None:
    real = Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1, "maps/fitted")
    assert list(show_map(engine, real, "register")) == [(SKIP,) * 4]
    drawn = draw_space(engine, "space", real, PictureControls("register", 50, "pca", 2, "model", True, True))
    assert list(drawn) == [(SKIP, SKIP, SKIP, SKIP)]


# A few pairs first


def steer(engine: FakeEngine, session: Session, partly: int = 0) -> Iterator[tuple[Any, ...]]:
    return compare_arms(engine, session, None, partly, SteerControls("sentiment", "Once", 0.5, 0, 0.0, 16, "", False))


def test_a_vector_from_a_few_pairs_says_so_until_all_are_read(engine: FakeEngine) -> None:
    real = Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1, "maps/fitted")
    _, (waiting, reading, *_), *_, (_, added, settled, partly) = steer(engine, real, 6)
    assert "Reading the vectors" in waiting and 'role="progressbar"' in reading
    assert "Vectors from 32 of 120 pairs" in added and partly == 7
    *busy, (line, whole) = read_on(engine, real, "sentiment", "", "", 2)
    assert len(busy) == 2 and all('role="progressbar"' in text for text, _ in busy) and (line, whole) == ("", 3)
    *_, (_, added, again, partly) = steer(engine, real, 7)
    assert "pairs" not in added and partly == SKIP
    assert isinstance(settled, Settled) and settled != again, "the badges are to be shown again"
    assert list(read_on(engine, real, "sentiment", "", "", 3)) == [("", SKIP)], "read once"


def test_without_a_map_the_panes_say_what_is_missing(engine: FakeEngine) -> None:
    ((html, *_),) = steer(engine, Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1))
    assert "no map between these layers yet" in html and 'role="alert"' not in html


def test_the_line_names_the_pairs_only_where_they_are_not_all() -> None:
    session = Session("a", "b", 0, 0, 1, 1, 1, 1)
    lines = [added_line(Comparison("p", 1, 1, (), {"pairs": n}), session, EVERYDAY[0]) for n in (32, 120)]
    assert "32 of 120 pairs" in lines[0] and "pairs" not in lines[1]


# Stop


def test_a_stop_is_said_at_once_and_again_a_moment_later() -> None:
    with gr.Blocks() as app:
        start, button = gr.Button(), gr.Button()
        status, other = gr.HTML(), gr.HTML()
        running = start.click(lambda: "busy", None, status)
        wire_stop(button, [running], status, lambda: "stopped", emptied=[other])
        wire_stop(button, [running], status, lambda: "stopped")
    said = [fn.fn() for fn in app.fns.values() if fn.fn is not None and fn.fn.__name__ == "stop"]
    assert said == [("stopped", "")] * 2 + ["stopped"] * 2, "one component gets no tuple"
    assert [fn.cancels for fn in app.fns.values() if fn.cancels] == [[0]] * 2
