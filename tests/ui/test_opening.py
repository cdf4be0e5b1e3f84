"""Opening a pair: what the screen shows meanwhile, the first map, and that nothing of the old pair stays."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lrt_explorer.defaults import FIRST_FIT_TOKENS
from lrt_explorer.study.compare import Comparison
from lrt_explorer.ui.opening import LONGEST_UNASKED, stopped
from lrt_explorer.ui.panes import added_line
from lrt_explorer.ui.screen import Screen
from lrt_explorer.ui.setup_panel import OTHER
from lrt_explorer.ui.space_controls import PictureControls
from lrt_explorer.ui.steer_controls import SteerControls
from lrt_explorer.ui.steer_texts import Settled
from lrt_explorer.ui.strength import Tuned
from lrt_explorer.ui.token_table import EMPTY
from lrt_explorer.ui.wiring import Outputs, nothing
from lrt_explorer.workbench.cards import PairCard
from lrt_explorer.workbench.session import Session, Shelf
from tests.ui.fakes import CONCEPTS, EVERYDAY, PAIRS, FakeEngine, page_request

REAL = PAIRS[2]


def sessions(screen: Screen, steps: list[Outputs]) -> list[Session]:
    return [step[screen.session] for step in steps if screen.session in step]


def test_while_a_pair_is_opened_the_old_one_is_named_and_dimmed(screen: Screen, session: Session) -> None:
    banner, status = screen.stage.banner, screen.setup.status
    *loading, last = screen.opening.on_pair_chosen(session, PAIRS[1].name)
    assert len(loading) == 2
    for step in loading:
        assert set(step) == {banner, status, screen.setup.stop, screen.setup.suggest}
        assert step[screen.setup.suggest].interactive is False, "layers of a pair that is about to go"
        assert 'class="opening veil"' in step[banner] and "still tinyworld-s → tinyworld-l" in step[banner]
        assert "Opening tinyworld-m → tinyworld-l" in step[banner] and "Loading" in step[status]
    assert last[banner] == "" and last[status] == ""


def test_with_the_new_pair_nothing_of_the_old_one_stays(screen: Screen, session: Session) -> None:
    *_, last = screen.opening.on_pair_chosen(session, PAIRS[1].name)
    small, large = last[screen.setup.small_layer], last[screen.setup.large_layer]
    assert last[screen.session].small == "tinyworld-m" and (small.info, large.info) == ("0 to 3", "0 to 7")
    panes = last[screen.stage.panes]
    assert panes.count("<article") == 4 and "Reading the vectors" in panes
    assert (last[screen.layers.plot], last[screen.space.plot], last[screen.space.listing]) == ("", "", EMPTY)
    assert last[screen.setup.reason] == "", "why layers of the old pair were suggested"
    assert set(screen.stage.outputs) <= set(last)


def test_the_first_pair_has_no_old_one(screen: Screen) -> None:
    steps = screen.opening.on_page_loaded(None, page_request())
    banner = next(step[screen.stage.banner] for step in steps if screen.stage.banner in step)
    assert "veil" not in banner and "Dimmed" not in banner


def test_a_pair_without_a_map_gets_one_unasked(screen: Screen, session: Session) -> None:
    banner, status = screen.stage.banner, screen.setup.status
    steps = list(screen.opening.on_pair_chosen(session, REAL.name))
    opened, fitted = sessions(screen, steps)
    assert opened.map_folder == "" and fitted == replace(opened, map_folder="maps/fitted-1")
    (published,) = [step for step in steps if step.get(screen.session) == opened]
    assert published[screen.map_panel.tokens] == FIRST_FIT_TOKENS
    assert "One is being fitted" in published[screen.stage.panes]
    assert "veil" not in published[banner], "nothing of the old pair is left to be dimmed"
    assert not any("veil" in step[banner] for step in steps[steps.index(published) :])
    busy = [step[status] for step in steps if "fitting a first map" in step.get(status, "").lower()]
    assert len(busy) == 11 and "about 2 min left" in busy[0] and "about" not in busy[1], "the timing, then the pace"
    assert "solving" in busy[-1] and "left" not in busy[-1], "the timing is of the whole, not of its last phase"
    assert steps[-1][banner] == "" and steps[-1][status] == ""


def test_a_map_that_would_take_long_is_not_begun_unasked(screen: Screen, engine: FakeEngine) -> None:
    engine.seconds_per_pair = 1.1 * LONGEST_UNASKED / FIRST_FIT_TOKENS
    *_, last = screen.opening.on_open_clicked(None, REAL.small, REAL.large)
    assert engine.fits == 0
    assert "A first map takes about 11 min to fit; press Fit a map" in last[screen.setup.status]
    assert last[screen.stage.banner] == ""


def test_a_fit_that_is_stopped_leaves_the_pair_open_and_goes_on_from_a_click(
    screen: Screen, engine: FakeEngine
) -> None:
    opening = screen.opening.on_open_clicked(None, REAL.small, REAL.large)
    steps = [step for step, _ in zip(opening, range(6), strict=False)]
    (session,) = sessions(screen, steps)
    opening.close()  # type: ignore[attr-defined]
    assert (engine.fits, engine.fits_left) == (1, 1)
    said = stopped(session)
    assert "gemma-2-2b → gemma-2-9b is open without a map" in said and "Fit a map continues" in said
    shown = screen.map_panel.on_tokens_changed(session, FIRST_FIT_TOKENS)
    assert shown[screen.map_panel.fit].value == "Fit a map (about 2 min)" and shown[screen.map_panel.ways].open
    assert "is open." in stopped(replace(session, map_folder="x")) and "no models are open" in stopped(None)


def test_the_fit_button_says_no_time_that_is_not_known(screen: Screen, engine: FakeEngine, session: Session) -> None:
    panel = screen.map_panel
    shown = panel.on_tokens_changed(session, 20_000)
    assert shown[panel.fit].value == "Fit a map" and panel.ways not in shown
    assert panel.on_tokens_changed(None, 20_000) == nothing()
    engine.timed = True
    assert panel.on_tokens_changed(session, None)[panel.fit].value == "Fit a map"


def test_other_models_wait_for_their_names(screen: Screen, session: Session) -> None:
    assert list(screen.opening.on_pair_chosen(session, OTHER)) == [{screen.setup.status: ""}]
    (last,) = screen.opening.on_open_clicked(session, " ", "large")
    assert "Name both models" in last[screen.setup.status]


def test_models_that_cannot_be_opened_leave_the_old_pair_as_it_was(screen: Screen, session: Session) -> None:
    *_, last = screen.opening.on_open_clicked(session, "no-such/model", "tinyworld-l")
    assert set(last) == {screen.setup.status, screen.stage.banner, screen.setup.stop, screen.setup.suggest}
    assert "There is no model &#39;no-such/model&#39; here" in last[screen.setup.status]
    assert last[screen.stage.banner] == "", "no longer dimmed"


def test_a_pair_that_cannot_be_opened_leaves_the_open_one_in_the_list(
    screen: Screen, engine: FakeEngine, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = PairCard("no-such → tinyworld-l", "no-such", "tinyworld-l")
    monkeypatch.setattr(engine, "pairs", lambda: (*PAIRS, broken))
    *_, last = screen.opening.on_pair_chosen(session, broken.name)
    assert last[screen.setup.pair] == PAIRS[0].name and "no model" in last[screen.setup.status]
    shown = screen.opening.on_stopped(session, PAIRS[1].name)
    assert shown[screen.setup.pair] == PAIRS[0].name and shown[screen.setup.suggest].interactive is True
    assert screen.setup.pair not in screen.opening.on_stopped(session, OTHER), "its names are being written"
    assert screen.setup.pair not in screen.opening.on_stopped(None, PAIRS[1].name)


def test_the_pair_that_is_open_is_not_opened_again(
    screen: Screen, engine: FakeEngine, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that is only left tells of an input too."""
    monkeypatch.setattr(engine, "open", lambda *_: pytest.fail("it was opened again"))
    suggesting = screen.opening.on_suggest_clicked(session)
    next(suggesting)
    screen.opening.on_other_pair_chosen(session, PAIRS[0].name)
    assert list(screen.opening.on_pair_chosen(session, PAIRS[0].name)) == [nothing()]
    *_, last = suggesting
    assert last[screen.session].large_layer == 4, "what runs for it goes on"


def test_the_first_pair_is_not_opened_a_second_time_while_it_is_opened(
    screen: Screen, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading = screen.opening.on_page_loaded(None, page_request())
    for step in loading:
        if screen.setup.status in step:
            break
    with monkeypatch.context() as patch:
        patch.setattr(engine, "open", lambda *_: pytest.fail("it was opened again"))
        screen.opening.on_other_pair_chosen(None, PAIRS[0].name)
        assert list(screen.opening.on_pair_chosen(None, PAIRS[0].name)) == [nothing()]
    *_, last = loading
    assert last[screen.session].small == PAIRS[0].small


def test_a_stopped_opening_may_be_chosen_again(screen: Screen, session: Session) -> None:
    loading = screen.opening.on_pair_chosen(session, PAIRS[1].name)
    next(loading)
    loading.close()  # type: ignore[attr-defined]
    *_, last = screen.opening.on_pair_chosen(session, PAIRS[1].name)
    assert last[screen.session].small == PAIRS[1].small
    left = screen.opening.on_pair_chosen(session, PAIRS[1].name)
    next(left)
    screen.setup.newest.move("something else")
    assert list(left) == [nothing()]
    *_, last = screen.opening.on_pair_chosen(session, PAIRS[1].name)
    assert last[screen.session].small == PAIRS[1].small, "not taken for one that is still being opened"


def test_chosen_again_while_another_is_opened_the_open_pair_is_bright_again_and_its_first_fit_goes_on(
    screen: Screen, session: Session
) -> None:
    other = screen.opening.on_pair_chosen(session, PAIRS[1].name)
    next(other)
    screen.opening.on_other_pair_chosen(session, PAIRS[0].name)
    assert list(other) == [nothing()]
    (shown,) = screen.opening.on_pair_chosen(session, PAIRS[0].name)
    assert shown[screen.stage.banner] == ""
    fitting = screen.opening.on_pair_chosen(session, REAL.name)
    bare = next(step[screen.session] for step in fitting if screen.session in step)
    screen.opening.on_other_pair_chosen(bare, REAL.name)
    assert list(screen.opening.on_pair_chosen(bare, REAL.name)) == [nothing()], "its first map is being fitted"
    *_, last = fitting
    assert last[screen.session].map_folder and last[screen.stage.banner] == ""


def test_the_pair_chosen_last_is_the_one_that_opens(screen: Screen, session: Session) -> None:
    first = screen.opening.on_pair_chosen(session, PAIRS[1].name)
    next(first)
    screen.opening.on_other_pair_chosen(session, PAIRS[1].name)
    assert screen.session not in next(first), "the same pair again ends nothing"
    screen.opening.on_other_pair_chosen(session, PAIRS[2].name)
    assert list(first) == [nothing()], "ended without a word, and without a session"
    *_, last = screen.opening.on_pair_chosen(session, PAIRS[2].name)
    assert last[screen.session].small == PAIRS[2].small
    named = screen.opening.on_open_clicked(session, PAIRS[1].small, PAIRS[1].large)
    next(named)
    screen.opening.on_other_models_asked(" another ", "one")
    assert not any(screen.session in step for step in named)


def test_a_pair_that_is_open_loses_nothing_when_it_is_chosen_again(screen: Screen, session: Session) -> None:
    """Nothing is told of a session that stays as it is, so nothing would fill what was blanked."""
    *_, last = screen.opening.on_open_clicked(session, session.small, session.large)
    assert last[screen.session] == session and last[screen.stage.banner] == ""
    assert screen.steer.panes not in last and last[screen.setup.stop].interactive is False


def test_a_map_that_is_fitted_for_the_old_pair_is_not_taken_into_use(
    screen: Screen, engine: FakeEngine, session: Session
) -> None:
    fitting = screen.map_panel.on_fit_clicked(session, 20_000, None)
    next(fitting)
    screen.opening.on_other_pair_chosen(session, PAIRS[1].name)
    (last,) = fitting
    assert screen.session not in last and "Stopped" in last[screen.map_panel.status]
    assert (engine.fits, engine.fits_left) == (1, 1)


def test_a_link_to_models_that_are_not_in_the_list_names_them(screen: Screen) -> None:
    shown = screen.opening._named("tinyworld-l", "tinyworld-s")
    assert shown[screen.setup.pair] == OTHER and shown[screen.setup.others].visible is True
    assert (shown[screen.setup.small], shown[screen.setup.large]) == ("tinyworld-l", "tinyworld-s")


@pytest.mark.parametrize("layer", [1.5, None])
def test_layers_are_whole_numbers(screen: Screen, session: Session, layer: float | None) -> None:
    (shown,) = screen.opening.on_layers_changed(session, layer, 3)
    assert screen.session not in shown and "as whole numbers" in shown[screen.setup.status]


def test_other_layers_blank_what_was_said_of_the_old_ones(screen: Screen, session: Session) -> None:
    (last,) = screen.opening.on_layers_changed(session, 1, 4)
    moved = last[screen.session]
    assert (moved.small_layer, moved.large_layer) == (1, 4)
    assert "Reading the vectors" in last[screen.stage.panes] and last[screen.space.plot] == ""
    assert screen.layers.plot not in last, "the heat map holds for all layers"
    (kept,) = screen.opening.on_layers_changed(session, 2, 9)
    assert not set(kept) & set(screen.stage.outputs)


def test_a_stop_leaves_no_progress_of_a_suggestion(screen: Screen) -> None:
    (stopping,) = [
        event
        for event in screen.app.fns.values()
        if event.name == "on_stop_clicked" and screen.stage.banner in event.outputs and event.queue is False
    ]
    assert stopping.fn is not None
    shown = stopping.fn(None)
    assert shown[screen.setup.reason] == "" == shown[screen.stage.banner]
    assert "no models are open" in shown[screen.setup.status]


# What follows the pair


def test_the_concept_prompt_and_examples_follow_the_world_of_the_pair(screen: Screen) -> None:
    steered = screen.steer.steered
    real = Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1)
    old = CONCEPTS[1].examples[1]
    shown = steered.on_pair_opened(real, Shelf(), "demo", "register", old, 3)
    concept = shown[steered.concept]
    assert (concept.value, [value for _, value in concept.choices]) == ("sentiment", ["sentiment", "mood"])
    assert shown[steered.prompt] == EVERYDAY[0].examples[0] and "praise →" in shown[steered.ends]
    assert EVERYDAY[0].examples[0] in shown[steered.examples]
    assert shown[steered.asked] == 4 and (shown[steered.world], shown[steered.temperature]) == ("everyday", 0.7)
    again = steered.on_pair_opened(real, Shelf(), "everyday", "register", "My own words", 3)
    assert not {steered.prompt, steered.temperature} & set(again), "what a visitor has set stays within a world"


def test_a_name_in_both_worlds_means_the_pairs_own(screen: Screen) -> None:
    steered = screen.steer.steered
    real = Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1)
    shown = steered.on_pair_opened(real, Shelf(), "everyday", "mood", "x", 0)
    concept = shown[steered.concept]
    assert (concept.value, concept.info) == ("mood", "how a writer feels") and "cheerful →" in shown[steered.ends]


def test_a_chosen_example_stays_when_only_layers_change(screen: Screen, session: Session) -> None:
    steered = screen.steer.steered
    shown = steered.on_pair_opened(session, Shelf(), "demo", "mood", CONCEPTS[0].examples[1], 0)
    assert steered.prompt not in shown


def test_a_visitors_own_set_stays_with_any_pair(engine: FakeEngine, screen: Screen, tmp_path: Path) -> None:
    steered = screen.steer.steered
    file = tmp_path / "own.jsonl"
    file.write_text('{"with": "a b", "without": "c d"}\n{"with": "a e", "without": "c f"}\n')
    real = Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1)
    shelf = engine.import_set(Shelf(), file)
    ((_, name),) = shelf.sets
    shown = steered.on_pair_opened(real, shelf, "demo", name, "x", 0)
    assert shown[steered.concept].value == name


def test_until_the_concept_has_followed_nothing_is_said_of_the_old_one(screen: Screen) -> None:
    real = Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1, "maps/fitted")
    assert list(screen.map_panel.on_map_changed(real, "register")) == [nothing()]
    controls = PictureControls("register", 50, "pca", 2, "model", True, True)
    assert list(screen.space.on_view_changed("space", real, "", None, controls)) == [nothing()]


# A few pairs first


def steer(screen: Screen, session: Session, partly: int = 0, **more: Any) -> list[Outputs]:
    controls: dict[str, Any] = {"seed": 0, "temperature": 0.0, "length": 16, "reading": "", "as_in_paper": False}
    asked = SteerControls("sentiment", "Once", 0.5, "", **controls, **more)
    return list(screen.steer.texts.on_texts_asked(session, None, partly, None, asked))


def test_a_vector_from_a_few_pairs_says_so_until_all_are_read(screen: Screen) -> None:
    tab = screen.steer
    real = Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1, "maps/fitted")
    _, waiting, *_, last = steer(screen, real, 6)
    assert "Reading the vectors" in waiting[tab.panes] and 'role="progressbar"' in waiting[tab.added]
    assert "Vectors from 32 of 120 pairs" in last[tab.added] and last[tab.partly] == 7
    *busy, done = tab.reading.on_part_read(real, "sentiment", "", "", 2)
    assert len(busy) == 2 and all('role="progressbar"' in step[tab.reading_on] for step in busy)
    assert done.pop(tab.stop).interactive is False
    assert done == {tab.reading_on: "", tab.whole: 3}
    *_, again = steer(screen, real, 7)
    assert "pairs" not in again[tab.added] and tab.partly not in again
    settled = last[tab.settled]
    assert isinstance(settled, Settled) and settled != again[tab.settled], "the badges are to be shown again"
    (read_once,) = tab.reading.on_part_read(real, "sentiment", "", "", 3)
    assert set(read_once) == {tab.reading_on, tab.stop}


def test_a_comparison_follows_once_the_slider_is_set(screen: Screen) -> None:
    tab = screen.steer
    assert tab.texts.on_texts_wanted(4, None) == {tab.due: 5, tab.compared: None}
    *_, last = steer(screen, Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1, "maps/fitted"))
    asked_again = tab.texts.on_texts_wanted(4, last[tab.compared])[tab.compared]
    assert asked_again != last[tab.compared] and asked_again.spec == last[tab.compared].spec


def test_texts_are_written_anew_only_for_vectors_that_may_have_changed(screen: Screen) -> None:
    tab = screen.steer
    *_, last = steer(screen, Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1, "maps/fitted"))
    whole = last[tab.compared]
    one, other = Tuned(("a",), 0.5), Tuned(("b",), None)
    first = tab.texts.on_vectors_known(4, whole, one, None)
    assert first[tab.compared].again and first[tab.known] == ("a",)
    assert tab.texts.on_vectors_known(5, whole, one, ("a",)) == {tab.due: 6, tab.known: ("a",)}, "a list was left"
    assert tab.texts.on_vectors_known(6, whole, other, ("a",))[tab.compared].again
    assert tab.texts.on_vectors_known(7, whole, None, None)[tab.compared].again, "nothing is known of them"


def test_without_a_map_the_panes_say_what_is_missing(screen: Screen) -> None:
    bare = Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1)
    (shown,) = steer(screen, bare, arms=("transferred",))
    html = shown[screen.steer.panes]
    assert "no map between these layers yet" in html and 'role="alert"' not in html
    first, *_, last = steer(screen, bare)
    html = last[screen.steer.panes]
    assert html.count('<article class="pane') == 3 and "pane-native" in html and "pane-transferred" not in html
    assert "so Transferred cannot be written" in first[screen.steer.trouble]
    *_, last = steer(screen, Session("gemma-a", "gemma-b", 0, 0, 1, 1, 1, 1), arms=("native", "prompt"))
    html = last[screen.steer.panes]
    assert html.count('<article class="pane') == 3 and "pane-prompt" in html and "pane-transferred" not in html


def test_the_line_names_the_pairs_only_where_they_are_not_all() -> None:
    session = Session("a", "b", 0, 0, 1, 1, 1, 1)
    lines = [added_line(Comparison("p", 1, 1, (), {"pairs": n}), session, EVERYDAY[0]) for n in (32, 120)]
    assert "32 of 120 pairs" in lines[0] and "pairs" not in lines[1]
