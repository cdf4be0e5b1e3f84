"""The handlers behind the screen, called as Gradio calls them, with an engine that answers at once."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from lrt_explorer.errors import ModelError
from lrt_explorer.ui.evidence_tab import (
    Shown,
    asked_strengths,
    draw_evidence,
    is_stale,
    offer_own,
    picked_concept,
    run_evidence,
    save_evidence,
)
from lrt_explorer.ui.guard import UNEXPECTED, guarded
from lrt_explorer.ui.layers_tab import compute_layers, draw_layers, pick_pair
from lrt_explorer.ui.map_panel import choose_method, fit_map, load_map, save_map, show_map
from lrt_explorer.ui.opening import change_layers, open_first, suggest_layers
from lrt_explorer.ui.space_tab import PictureControls, draw_space, list_tokens
from lrt_explorer.ui.stage import Stage
from lrt_explorer.ui.steer_tab import Settled, SteerControls, compare_arms, show_concept, use_contrast
from lrt_explorer.workbench.session import EvidenceSettings, Session, Shelf
from tests.ui.fake_evidence import fake_evaluation
from tests.ui.fakes import CONCEPTS, PAIRS, FakeEngine

SKIP: Any = {"__type__": "update"}
STAGE = Stage(gr.HTML(), gr.HTML())


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path)


@pytest.fixture
def session(engine: FakeEngine) -> Session:
    *_, last = open_first(engine, STAGE, None)
    assert isinstance(last[0], Session)
    return last[0]


def steer(
    engine: FakeEngine, session: Session | None, settled: Settled | None = None, partly: int = 0, **changed: Any
) -> list[tuple[Any, ...]]:
    settings: dict[str, Any] = {
        "concept": "mood",
        "prompt": "Once",
        "strength": 0.5,
        "seed": 0,
        "temperature": 0.0,
        "length": 16,
        "reading": "all-tokens",
        "as_in_paper": False,
    }
    return list(compare_arms(engine, session, settled, partly, SteerControls(**{**settings, **changed})))


# Opening


def test_the_first_pair_opens_with_its_layers_and_its_map(session: Session) -> None:
    assert (session.small, session.large, session.small_layer, session.large_layer) == (
        PAIRS[0].small,
        PAIRS[0].large,
        2,
        3,
    )
    assert session.map_folder


# Layers and map


def test_a_layer_out_of_range_leaves_the_session_and_one_sentence(engine: FakeEngine, session: Session) -> None:
    ((kept, status, *_),) = change_layers(engine, STAGE, session, 2, 9)
    assert kept == SKIP
    assert "Layer 9 is not in tinyworld-l, which has blocks 0 to 7; choose one of these" in status


def test_other_layers_have_no_map_until_one_is_fitted(engine: FakeEngine, session: Session) -> None:
    ((moved, status, *_),) = change_layers(engine, STAGE, session, 1, 4)
    assert moved.map_folder == "" and status == ""
    *_, (fitted, done) = fit_map(engine, moved, 20_000, None)
    assert fitted.map_folder == "maps/fitted-1" and "Fitted and in use" in done


def test_layers_that_were_not_changed_or_not_given_do_nothing(engine: FakeEngine, session: Session) -> None:
    assert list(change_layers(engine, STAGE, session, 2, 3)) == [(SKIP, "", SKIP, SKIP, SKIP)]
    assert list(change_layers(engine, STAGE, None, 2, 3)) == [(SKIP, "", SKIP, SKIP, SKIP)]
    ((kept, status, *_),) = change_layers(engine, STAGE, session, None, 3)
    assert kept == SKIP and "Give both layers" in status


def test_suggested_layers_come_with_their_reason(engine: FakeEngine, session: Session) -> None:
    *_, (moved, small, large, status, *_) = suggest_layers(engine, STAGE, session)
    assert (moved.small_layer, moved.large_layer, small.value, large.value) == (2, 4, 2, 4)
    assert "cosine 0.88" in status


def test_a_fit_shows_progress(engine: FakeEngine, session: Session) -> None:
    shown = list(fit_map(engine, session, 20_000, None))
    assert len(shown) == 11
    assert all(kept == SKIP and 'role="progressbar"' in status for kept, status in shown[:-1])


def test_a_fit_that_is_closed_in_mid_work_is_cleaned_up_and_another_can_follow(
    engine: FakeEngine, session: Session
) -> None:
    fitting = fit_map(engine, session, 20_000, None)
    next(fitting)
    fitting.close()  # type: ignore[attr-defined]
    assert (engine.fits, engine.fits_left) == (1, 1)
    *_, (fitted, _) = fit_map(engine, session, 20_000, None)
    assert fitted.map_folder == "maps/fitted-2"


@pytest.mark.parametrize("tokens", [None, 0, 1e9])
def test_a_senseless_number_of_tokens_is_refused(engine: FakeEngine, session: Session, tokens: float | None) -> None:
    ((kept, status),) = fit_map(engine, session, tokens, None)
    assert kept == SKIP and "tokens to fit on" in status
    assert engine.fits == 0


def test_a_damaged_map_leaves_the_session_and_one_sentence(
    engine: FakeEngine, session: Session, tmp_path: Path
) -> None:
    broken = tmp_path / "map.zip"
    broken.write_bytes(b"PK\x03\x04 no more")
    ((kept, status),) = load_map(engine, session, [str(broken)])
    assert kept == SKIP and "map.zip is damaged" in status


def test_a_map_is_saved_as_one_file(engine: FakeEngine, session: Session) -> None:
    ((button, status),) = save_map(engine, session)
    assert Path(button.value["path"]).name == "map.zip" and "Saved as map.zip" in status


def test_before_the_models_are_open_every_button_says_so(engine: FakeEngine) -> None:
    ((_, _, _, suggested, *_),) = suggest_layers(engine, STAGE, None)
    ((_, fitted),) = fit_map(engine, None, 20_000, None)
    ((_, saved),) = save_map(engine, None)
    assert all("not open yet" in status for status in (suggested, fitted, saved))


def test_the_map_is_described_for_the_concept(engine: FakeEngine, session: Session) -> None:
    ((way, badges, method, path),) = show_map(engine, session, "mood")
    assert "tinyworld-s" in way and "native mood vector" in badges
    assert method.value == "ridge" and json.loads(path)["data"][1]["y"] == [0.8437]
    assert list(show_map(engine, None, "mood")) == [(SKIP,) * 4]


def test_a_map_by_another_estimator_is_named_and_one_without_a_path_shows_none(
    engine: FakeEngine, session: Session
) -> None:
    ((_, _, method, _),) = show_map(engine, replace(session, method="sgd"), "mood")
    assert (method.value, ("SGD", "sgd") in method.choices) == ("sgd", True)
    ((moved, *_),) = change_layers(engine, STAGE, session, 0, 0)
    ((_, badges, method, path),) = show_map(engine, moved, "mood")
    assert "fit one below" in badges and method.value == "ridge" and path == ""


def test_another_estimator_is_in_use_at_once_where_moments_are_there_and_asks_for_a_fit_elsewhere(
    engine: FakeEngine, session: Session
) -> None:
    _, (chosen, status) = choose_method(engine, session, "reduced-rank")
    assert (chosen.method, chosen.map_folder) == ("reduced-rank", "") and "Reduced rank map" in status
    list(compute_layers(engine, session, 20_000, None, "r2"))
    _, (chosen, status) = choose_method(engine, session, "reduced-rank")
    assert chosen.map_folder == "maps/solved-reduced-rank" and "in use" in status
    _, (kept, status) = choose_method(engine, None, "ridge")
    assert kept == SKIP and "not open yet" in status


# Steer


def test_the_arms_stream_and_settle(engine: FakeEngine, session: Session) -> None:
    (_, reading, *_), *writing, (html, added, settled, more) = steer(engine, session)
    assert "Reading the vectors" in reading
    assert next(line for _, line, *_ in writing) == '<p class="added">Writing token 4 of at most 16 …</p>'
    assert all(kept == SKIP for _, _, kept, _ in writing) and more == SKIP
    assert html.count("<article") == 4 and 'aria-busy="false"' in html
    assert "<b>4.16</b>" in added
    assert isinstance(settled, Settled) and settled.arm.name == "unsteered"


def test_while_only_the_strength_changes_the_unsteered_pane_stands_still(engine: FakeEngine, session: Session) -> None:
    *_, (before, _, settled, _) = steer(engine, session)
    unsteered = before[before.index("pane-unsteered") : before.index("pane-native")]
    for html, *_ in steer(engine, session, settled=settled, strength=-0.8)[1:]:
        assert unsteered in html
        assert html[html.index("pane-native") :] != before[before.index("pane-native") :]


@pytest.mark.parametrize("changed", [{"prompt": "Twice"}, {"seed": 1}, {"temperature": 0.7}, {"concept": "register"}])
def test_what_the_unsteered_arm_depends_on_unsettles_it(
    engine: FakeEngine, session: Session, changed: dict[str, Any]
) -> None:
    *_, (_, _, settled, _) = steer(engine, session)
    _, (html, *_), *_ = steer(engine, session, settled=settled, **changed)
    assert settled.arm.text not in html


@pytest.mark.parametrize(
    ("prompt", "sentence"), [("  ", "The prompt is empty"), ("word " * 10_000, "but tinyworld-l reads at most 128")]
)
def test_a_bad_prompt_gets_one_sentence(engine: FakeEngine, session: Session, prompt: str, sentence: str) -> None:
    *_, (html, added, settled, _) = steer(engine, session, prompt=prompt)
    assert sentence in html and 'role="alert"' in html
    assert added == "" and settled == SKIP


def test_without_a_seed_or_a_session_nothing_is_written(engine: FakeEngine, session: Session) -> None:
    ((html, *_),) = steer(engine, session, seed=None)
    assert "Give the seed" in html
    ((html, *_),) = steer(engine, None)
    assert "models are not open yet" in html


def test_a_concept_brings_its_own_prompt_unless_the_visitor_wrote_one(engine: FakeEngine) -> None:
    dropdown, prompt, examples, ends, asked = show_concept(engine, None, "register", CONCEPTS[0].examples[1], 6)
    assert dropdown.info == CONCEPTS[1].description and prompt == CONCEPTS[1].examples[0]
    assert CONCEPTS[1].examples[1] in examples and "pirate" in ends and asked == 7
    assert show_concept(engine, None, "register", "My own words", 6)[1] == SKIP


CONTRAST = """{"kind": "lrt-contrast-set", "version": 1, "name": "loud", "positive_label": "loud"}
{"with": "HEY YOU", "without": "hey you"}
{"with": "GO AWAY", "without": "go away"}
"""


def test_an_own_contrast_set_becomes_the_concept(engine: FakeEngine, tmp_path: Path) -> None:
    file = tmp_path / "loud.jsonl"
    file.write_text(CONTRAST)
    shelf, dropdown, _, _, ends, asked, status = use_contrast(engine, None, str(file), Shelf(), "x", 0)
    ((label, kept),) = shelf.sets
    assert label == "loud" and dropdown.value == kept and ("loud (own)", kept) in dropdown.choices
    assert "loud →" in ends and asked == 1 and "loud.jsonl is in use" in status


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "has no pairs"),
        ('{"with": "a", "without": ""}\n' * 2, "no text under &#x27;without&#x27;"),
        ("<html>", "Line 1 of own.jsonl is not JSON and no table but a web page"),
    ],
)
def test_a_bad_contrast_set_gets_one_sentence(engine: FakeEngine, tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text(content)
    *kept, status = use_contrast(engine, None, str(file), Shelf(), "x", 0)
    assert kept == [SKIP] * 6 and sentence in status


# Space


def draw(engine: FakeEngine, session: Session | None, tab: str = "space") -> list[tuple[Any, ...]]:
    return list(draw_space(engine, tab, session, PictureControls("mood", 50, "pca", 2, "model", True, True)))


def test_the_picture_is_drawn_only_while_somebody_looks(engine: FakeEngine, session: Session) -> None:
    assert draw(engine, session, tab="layers") == [(SKIP, SKIP, SKIP, SKIP)]
    (_, progress, _, _), (figure, status, caption, listing) = draw(engine, session)
    assert 'role="progressbar"' in progress and status == ""
    assert figure.startswith("{") and '"partners"' in figure and "50 tokens" in caption and "Click a point" in listing


def test_without_a_map_the_space_says_so(engine: FakeEngine, session: Session) -> None:
    ((moved, *_),) = change_layers(engine, STAGE, session, 0, 0)
    for given in (None, moved):
        ((figure, status, _, _),) = draw(engine, given)
        assert figure == SKIP and "no map for these layers yet" in status


def test_selected_points_are_listed(engine: FakeEngine, session: Session) -> None:
    html = list_tokens(engine, session, "mood", 50, "pca", 2, [0, 1, 99, 4000, -1])
    assert html.count("<tr class") == 3 and "3 points selected" in html


# Layers


def test_before_anything_is_computed_the_tab_says_what_to_do(engine: FakeEngine, session: Session) -> None:
    assert list(draw_layers(engine, "space", session, None, "r2")) == [(SKIP, SKIP, SKIP)]
    assert list(draw_layers(engine, "layers", None, None, "r2")) == [(SKIP, SKIP, SKIP)]
    ((figure, caption, _),) = draw_layers(engine, "layers", session, None, "r2")
    assert figure == "" and "One pass over the text" in caption


def test_all_layer_pairs_are_computed_with_progress_and_stay(engine: FakeEngine, session: Session) -> None:
    (kept, _, progress), (figure, caption, status) = compute_layers(engine, session, 20_000, None, "cka")
    assert kept == SKIP and 'role="progressbar"' in progress and status == ""
    assert json.loads(figure)["data"][0]["type"] == "heatmap"
    assert "<b>CKA</b>" in caption and "layer 2 → layer 3" in caption and "&lt;on held-out texts&gt;" in caption
    assert list(draw_layers(engine, "layers", session, None, "cka")) == [(figure, caption, "")]
    assert "In use and suggested" not in caption and "dotted frame" in caption
    ((_, caption, _),) = draw_layers(engine, "layers", replace(session, large_layer=4), None, "cka")
    assert "In use and suggested" in caption and "dotted frame" not in caption
    ((figure, _, _),) = draw_layers(engine, "layers", session, "/tmp/own.txt", "cka")
    assert figure == "", "what one text says is not shown for another"


@pytest.mark.parametrize(("tokens", "sentence"), [(1, "tokens to fit on"), (None, "tokens to fit on")])
def test_all_pairs_need_a_sensible_number_of_tokens(
    engine: FakeEngine, session: Session, tokens: float | None, sentence: str
) -> None:
    ((kept, _, status),) = compute_layers(engine, session, tokens, None, "r2")
    assert kept == SKIP and sentence in status and engine.scores is None


def test_a_picked_cell_becomes_the_pair_in_use(engine: FakeEngine, session: Session) -> None:
    list(compute_layers(engine, session, 20_000, None, "r2"))
    assert engine.scores is not None
    index = next(n for n, c in enumerate(engine.scores.grid.cells) if (c.small_layer, c.large_layer) == (1, 4))
    (_, _, _, progress, *_), (moved, small, large, status, *_) = pick_pair(engine, STAGE, session, None, [index])
    assert "Solving layer 1 → 4" in progress
    assert (moved.small_layer, moved.large_layer, moved.map_folder) == (1, 4, "maps/solved-1-4")
    assert (small.value, large.value, status) == (1, 4, "")


@pytest.mark.parametrize("points", [[], [-1], [32], [10**9]])
def test_a_cell_that_does_not_exist_leaves_the_pair(engine: FakeEngine, session: Session, points: list[int]) -> None:
    for _ in range(2):  # before anything is computed, and after
        ((kept, _, _, status, *_),) = pick_pair(engine, STAGE, session, None, points)
        assert kept == SKIP and "no longer kept" in status
        list(compute_layers(engine, session, 20_000, None, "r2"))


# Evidence


def run(engine: FakeEngine, session: Session | None, **changed: Any) -> list[tuple[Any, str]]:
    settings = {"concepts": "mood", "prompts": 8, "strengths": "-0.5 0 0.5", "texts": False, "corpus": None}
    return list(run_evidence(engine, session, **{**settings, **changed}))


def test_a_suite_runs_with_progress_and_shows_every_concept_as_it_is_finished(
    engine: FakeEngine, session: Session
) -> None:
    steps = run(engine, session, concepts="all 3 demo concepts", texts=True)
    assert all('role="progressbar"' in status for _, status in steps[:-1]) and steps[-1][1] == ""
    shown = [found for found, _ in steps if isinstance(found, Shown)]
    assert [len(found.evaluation.concepts) for found in shown] == [1, 2, 3, 3]
    assert all(found.session == session for found in shown)
    assert engine.asked == EvidenceSettings(("mood", "register", "weather"), 8, (-0.5, 0.0, 0.5), True)


def test_one_concept_or_an_own_one_runs_alone(engine: FakeEngine, session: Session) -> None:
    for name in ("register", "/tmp/own.jsonl"):
        run(engine, session, concepts=name)
        assert engine.asked is not None and engine.asked.concepts == (name,)


@pytest.mark.parametrize(
    ("written", "strengths"), [("0.5, −0.5;0", (-0.5, 0.0, 0.5)), ("-.2 .2", (-0.2, 0.2)), ("", ())]
)
def test_strengths_are_read_as_people_write_them(written: str, strengths: tuple[float, ...]) -> None:
    assert asked_strengths(written) == strengths


def test_what_cannot_be_evaluated_gets_one_sentence(engine: FakeEngine, session: Session) -> None:
    for changed, sentence in (({"strengths": "0 strong"}, "not all numbers"), ({"prompts": None}, "how many prompts")):
        ((found, status),) = run(engine, session, **changed)
        assert found == SKIP and sentence in status
    for given, sentence in ((None, "not open yet"), (replace(session, map_folder=""), "no map yet")):
        ((found, status),) = run(engine, given)
        assert found == SKIP and sentence in status


@pytest.fixture
def shown(session: Session) -> Shown:
    return Shown(session, fake_evaluation(("weather", "register", "mood"), texts=True))


def test_the_highest_concept_is_drawn_until_one_is_picked(shown: Shown) -> None:
    def names(pieces: tuple[Any, ...]) -> tuple[str, list[str]]:
        _, _, table, _, about, *_ = pieces
        return re.findall('concept-head">(\\w+)', about)[0], re.findall('"(\\w+)" aria-selected="true"', table)

    assert names(draw_evidence(shown, "")) == ("mood", ["mood"])
    assert names(draw_evidence(shown, "weather")) == ("weather", ["weather"])
    assert names(draw_evidence(shown, "gone")) == ("mood", ["mood"])
    pieces = draw_evidence(shown, "")
    assert [json.loads(pieces[at])["data"] != [] for at in (3, 5, 7, 10)] == [True] * 4
    assert len(draw_evidence(None, "")) == len(pieces)
    assert set(map(str, draw_evidence(None, "")[2:])) == {""}


def test_a_marker_of_the_forest_picks_its_concept(shown: Shown) -> None:
    assert picked_concept(shown, [1]) == "register"
    for points in ([], [3], [-1]):
        assert picked_concept(shown, points) == SKIP
    assert picked_concept(None, [0]) == SKIP


def test_evidence_for_another_map_says_so(shown: Shown, session: Session) -> None:
    assert is_stale(shown, session) == "" == is_stale(None, session) == is_stale(shown, None)
    assert is_stale(shown, replace(session, method="ridge")) == ""
    for changed, said in (
        ({"large_layer": 5}, "another pair"),
        ({"small": "tinyworld-m"}, "another pair"),
        ({"map_mark": "fitted again"}, "the map in use is another"),
    ):
        notice = is_stale(shown, replace(session, **changed))
        assert said in notice and "tinyworld-s layer 2 → tinyworld-l layer 3" in notice


def test_evidence_is_saved_as_a_report_and_as_a_sheet(shown: Shown) -> None:
    for kind, begins in (("html", "<!DOCTYPE html>"), ("csv", "concept,arm,strength")):
        ((button, status),) = save_evidence(kind, shown)
        file = Path(button.value["path"])
        assert file.name == f"evidence-models_tinyworld-s--tinyworld-l-2-3.{kind}" and file.name in status
        assert file.read_text(encoding="utf-8").startswith(begins)
    ((button, status),) = save_evidence("html", None)
    assert button == SKIP and "no evidence to save yet" in status


def test_a_visitors_own_concept_of_the_steer_tab_is_offered(engine: FakeEngine, tmp_path: Path) -> None:
    file = tmp_path / "loud.jsonl"
    file.write_text(CONTRAST)
    ((_, name),) = engine.import_set(Shelf(), file).sets
    dropdown = offer_own(engine, None, name, "mood")
    assert ("loud (own)", name) in dropdown.choices and dropdown.value == "mood"
    dropdown = offer_own(engine, None, "mood", name)
    assert len(dropdown.choices) == 4 and dropdown.value == "all 3 demo concepts"


# The guard


def test_a_clear_error_is_shown_and_an_unexpected_one_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    @guarded(lambda sentence: sentence)
    def handler(error: Exception | None) -> Iterator[str]:
        yield "working"
        if error is not None:
            raise error

    assert list(handler(None)) == ["working"]
    assert list(handler(ModelError("no such model"))) == ["working", "no such model"]
    assert not caplog.records
    with caplog.at_level(logging.ERROR):
        assert list(handler(ZeroDivisionError("secret"))) == ["working", UNEXPECTED]
    assert "secret" in caplog.text
