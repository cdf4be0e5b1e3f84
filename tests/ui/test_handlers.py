"""The handlers behind the screen, called as Gradio calls them, with an engine that answers at once."""

import json
import logging
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from lrt_explorer.errors import ModelError, SettingsError
from lrt_explorer.ui.evidence_tab import asked_strengths, shown_file
from lrt_explorer.ui.evidence_view import Shown
from lrt_explorer.ui.guard import UNEXPECTED, guarded
from lrt_explorer.ui.result_key import ResultKey
from lrt_explorer.ui.screen import Screen
from lrt_explorer.ui.share_panel import Compared
from lrt_explorer.ui.space_controls import PictureControls
from lrt_explorer.ui.steer_controls import SteerControls
from lrt_explorer.ui.steer_texts import Settled
from lrt_explorer.ui.token_table import EMPTY
from lrt_explorer.ui.wiring import STOPPED, Outputs, nothing
from lrt_explorer.workbench.session import EvidenceSettings, Session, Shelf, SpaceSettings
from tests.ui.fake_evidence import fake_evaluation
from tests.ui.fakes import CONCEPTS, PAIRS, FakeEngine, fake_picture, page_request


def picked(**data: Any) -> gr.EventData:
    """The event of a custom component, as the page sends it."""
    return gr.EventData(None, data)


def steer(
    screen: Screen,
    session: Session | None,
    settled: Settled | None = None,
    partly: int = 0,
    compared: Compared | None = None,
    **changed: Any,
) -> list[Outputs]:
    settings: dict[str, Any] = {
        "concept": "mood",
        "prompt": "Once",
        "strength": 0.5,
        "vectors": "",
        "seed": 0,
        "temperature": 0.0,
        "length": 16,
        "reading": "all-tokens",
        "as_in_paper": False,
    }
    return list(
        screen.steer.texts.on_texts_asked(session, settled, partly, compared, SteerControls(**{**settings, **changed}))
    )


# Opening


def test_the_first_pair_opens_with_its_layers_and_its_map(screen: Screen) -> None:
    *_, last = screen.opening.on_page_loaded(None, page_request())
    session = last[screen.session]
    assert (session.small, session.large, session.small_layer, session.large_layer) == (
        PAIRS[0].small,
        PAIRS[0].large,
        2,
        3,
    )
    assert session.map_folder


def test_the_names_of_other_models_are_asked_for_where_they_are_wanted(screen: Screen) -> None:
    for name, wanted in ((PAIRS[0].name, False), ("Other models …", True)):
        assert screen.setup.on_pair_chosen(name)[screen.setup.others].visible == wanted


# Layers and map


def test_a_layer_out_of_range_leaves_the_session_and_one_sentence(screen: Screen, session: Session) -> None:
    (shown,) = screen.opening.on_layers_changed(session, 2, 9)
    assert screen.session not in shown
    assert "Layer 9 is not in tinyworld-l, which has blocks 0 to 7; choose one of these" in shown[screen.setup.status]


def test_other_layers_have_no_map_until_one_is_fitted(screen: Screen, session: Session) -> None:
    (shown,) = screen.opening.on_layers_changed(session, 1, 4)
    moved = shown[screen.session]
    assert moved.map_folder == "" and shown[screen.setup.status] == ""
    *_, fitted = screen.map_panel.on_fit_clicked(moved, 20_000, None)
    assert fitted[screen.session].map_folder == "maps/fitted-1"
    assert "Fitted and in use" in fitted[screen.map_panel.status]


def test_layers_that_were_not_changed_or_not_given_do_nothing(screen: Screen, session: Session) -> None:
    assert list(screen.opening.on_layers_changed(session, 2, 3)) == [{screen.setup.status: ""}]
    assert list(screen.opening.on_layers_changed(None, 2, 3)) == [{screen.setup.status: ""}]
    (shown,) = screen.opening.on_layers_changed(session, None, 3)
    assert screen.session not in shown and "Give both layers" in shown[screen.setup.status]


def test_suggested_layers_come_with_their_reason(screen: Screen, session: Session) -> None:
    *_, shown = screen.opening.on_suggest_clicked(session)
    moved, small, large = (shown[part] for part in (screen.session, screen.setup.small_layer, screen.setup.large_layer))
    assert (moved.small_layer, moved.large_layer, small.value, large.value) == (2, 4, 2, 4)
    assert "cosine 0.88" in shown[screen.setup.reason]


def test_a_fit_shows_progress(screen: Screen, session: Session) -> None:
    status = screen.map_panel.status
    shown = list(screen.map_panel.on_fit_clicked(session, 20_000, None))
    assert len(shown) == 12
    assert all(set(step) == {status} and 'role="progressbar"' in step[status] for step in shown[:-1])


def test_a_fit_that_is_closed_in_mid_work_is_cleaned_up_and_another_can_follow(
    screen: Screen, engine: FakeEngine, session: Session
) -> None:
    fitting = screen.map_panel.on_fit_clicked(session, 20_000, None)
    next(fitting)
    fitting.close()  # type: ignore[attr-defined]
    assert (engine.fits, engine.fits_left) == (1, 1)
    *_, fitted = screen.map_panel.on_fit_clicked(session, 20_000, None)
    assert fitted[screen.session].map_folder == "maps/fitted-2"


@pytest.mark.parametrize("tokens", [None, 0, 1e9])
def test_a_senseless_number_of_tokens_is_refused(
    screen: Screen, engine: FakeEngine, session: Session, tokens: float | None
) -> None:
    (shown,) = screen.map_panel.on_fit_clicked(session, tokens, None)
    assert screen.session not in shown and "tokens to fit on" in shown[screen.map_panel.status]
    assert engine.fits == 0


def test_a_damaged_map_leaves_the_session_and_one_sentence(screen: Screen, session: Session, tmp_path: Path) -> None:
    broken = tmp_path / "map.zip"
    broken.write_bytes(b"PK\x03\x04 no more")
    (shown,) = screen.map_panel.on_map_uploaded(session, [str(broken)])
    assert screen.session not in shown and "map.zip is damaged" in shown[screen.map_panel.status]


def test_a_map_is_saved_as_one_file(screen: Screen, session: Session) -> None:
    assert screen.map_panel.map_file(session).name == "map.zip"


def test_a_visitors_own_text_is_used_until_the_shipped_one_is_asked_for(screen: Screen) -> None:
    panel = screen.map_panel
    shown = panel.on_text_uploaded(None, "/tmp/mine.txt")
    assert shown[panel.corpus] == "/tmp/mine.txt" and shown[panel.own_text].label == "mine.txt"
    assert panel.on_shipped_text_clicked()[panel.corpus] is None


def test_before_the_models_are_open_every_button_says_so(screen: Screen) -> None:
    (suggested,) = screen.opening.on_suggest_clicked(None)
    (fitted,) = screen.map_panel.on_fit_clicked(None, 20_000, None)
    assert "not open yet" in suggested[screen.setup.reason] and "not open yet" in fitted[screen.map_panel.status]
    with pytest.raises(SettingsError, match="not open yet"):
        screen.map_panel.map_file(None)


def test_the_map_is_described_for_the_concept(screen: Screen, session: Session) -> None:
    panel = screen.map_panel
    (shown,) = panel.on_map_changed(session, "mood")
    assert "tinyworld-s" in shown[panel.route] and "native mood vector" in shown[panel.badges]
    assert shown[panel.method].value == "ridge" and json.loads(shown[panel.path])["data"][1]["y"] == [0.8437]
    assert list(panel.on_map_changed(None, "mood")) == [nothing()]


def test_a_map_by_another_estimator_is_named_and_one_without_a_path_shows_none(
    screen: Screen, session: Session
) -> None:
    panel = screen.map_panel
    (shown,) = panel.on_map_changed(replace(session, method="sgd"), "mood")
    method = shown[panel.method]
    assert (method.value, ("SGD", "sgd") in method.choices) == ("sgd", True)
    (moved,) = screen.opening.on_layers_changed(session, 0, 0)
    (shown,) = panel.on_map_changed(moved[screen.session], "mood")
    assert (
        "fit one below" in shown[panel.notice]
        and shown[panel.figures].visible is False
        and shown[panel.method].value == "ridge"
        and shown[panel.path] == ""
    )


def test_another_estimator_is_in_use_at_once_where_moments_are_there_and_asks_for_a_fit_elsewhere(
    screen: Screen, session: Session
) -> None:
    panel = screen.map_panel
    _, shown = panel.on_estimator_chosen(session, "reduced-rank", "ridge")
    chosen = shown[screen.session]
    assert (chosen.method, chosen.map_folder) == ("reduced-rank", "") and "Reduced rank map" in shown[panel.status]
    list(screen.layers.on_compute_clicked(session, 20_000, None, "r2"))
    _, shown = panel.on_estimator_chosen(session, "reduced-rank", "ridge")
    assert shown[screen.session].map_folder == "maps/solved-reduced-rank" and "in use" in shown[panel.status]
    _, shown = panel.on_estimator_chosen(None, "ridge", "")
    assert screen.session not in shown and "not open yet" in shown[panel.status]


def test_a_list_of_estimators_that_is_only_left_keeps_the_map_in_use(
    screen: Screen, engine: FakeEngine, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = screen.map_panel
    (shown,) = panel.on_map_changed(session, "mood")
    used = shown[panel.used]
    assert used == shown[panel.method].value
    monkeypatch.setattr(engine, "with_method", lambda *_: pytest.fail("another map was looked for"))
    assert list(panel.on_estimator_chosen(session, used, used)) == [nothing()]


# Steer


def test_the_arms_stream_and_settle(screen: Screen, session: Session) -> None:
    tab = screen.steer
    reading, *writing, last = steer(screen, session)
    assert "Reading the vectors" in reading[tab.added]
    assert writing[0][tab.added] == '<p class="added">Writing token 4 of at most 16 …</p>'
    assert all(tab.settled not in step for step in writing) and tab.partly not in last
    assert last[tab.panes].count("<article") == 4 and 'aria-busy="false"' in last[tab.panes]
    assert "<b>4.16</b>" in last[tab.added]
    settled = last[tab.settled]
    assert isinstance(settled, Settled) and settled.arm.name == "unsteered"


def test_while_only_the_strength_changes_the_unsteered_pane_stands_still(screen: Screen, session: Session) -> None:
    tab = screen.steer
    *_, last = steer(screen, session)
    before = last[tab.panes]
    unsteered = before[before.index("pane-unsteered") : before.index("pane-native")]
    for step in steer(screen, session, settled=last[tab.settled], strength=-0.8)[1:]:
        html = step[tab.panes]
        assert unsteered in html
        assert html[html.index("pane-native") :] != before[before.index("pane-native") :]


@pytest.mark.parametrize("changed", [{"prompt": "Twice"}, {"seed": 1}, {"temperature": 0.7}, {"concept": "register"}])
def test_what_the_unsteered_arm_depends_on_unsettles_it(
    screen: Screen, session: Session, changed: dict[str, Any]
) -> None:
    tab = screen.steer
    *_, last = steer(screen, session)
    settled = last[tab.settled]
    _, step, *_ = steer(screen, session, settled=settled, **changed)
    assert settled.arm.text not in step[tab.panes]


@pytest.mark.parametrize(
    ("prompt", "sentence"), [("  ", "The prompt is empty"), ("word " * 10_000, "but tinyworld-l reads at most 128")]
)
def test_a_bad_prompt_gets_one_sentence(screen: Screen, session: Session, prompt: str, sentence: str) -> None:
    tab = screen.steer
    *_, last = steer(screen, session, prompt=prompt)
    assert sentence in last[tab.panes] and 'role="alert"' in last[tab.panes]
    assert last[tab.added] == "" and tab.settled not in last


def test_without_a_seed_or_a_session_nothing_is_written(screen: Screen, session: Session) -> None:
    *_, last = steer(screen, session)
    whole = last[screen.steer.compared]
    for wrong in ({"seed": None}, {"seed": 1.5}, {"seed": -3}, {"strength": math.nan}, {"length": math.nan}):
        (shown,) = steer(screen, session, compared=whole, **wrong)
        assert next(iter(wrong)) in shown[screen.steer.trouble]
        assert set(shown) == {screen.steer.trouble, screen.steer.stop}, "what is shown stays"
        (shown,) = steer(screen, session, **wrong)
        assert next(iter(wrong)) in shown[screen.steer.panes], "no texts that were broken off"
        (shown,) = steer(screen, replace(session, large_layer=4), compared=whole, **wrong)
        assert next(iter(wrong)) in shown[screen.steer.panes], (
            "a move has blanked the texts, and nothing else fills them"
        )
    (shown,) = steer(screen, None)
    assert "models are not open yet" in shown[screen.steer.trouble]
    assert screen.steer.panes not in shown, "the texts that came with the pair stay"


def test_a_concept_brings_its_own_prompt_unless_the_visitor_wrote_one(screen: Screen) -> None:
    tab, steered = screen.steer, screen.steer.steered
    shown = tab.choice.on_concept_chosen(None, "register", "mood", CONCEPTS[0].examples[1], 6)
    assert shown[steered.concept].info == CONCEPTS[1].description and shown[steered.prompt] == CONCEPTS[1].examples[0]
    assert CONCEPTS[1].examples[1] in shown[steered.examples] and "pirate" in shown[steered.ends]
    assert (shown[steered.asked], shown[steered.told]) == (7, "register")
    assert tab.choice.on_concept_chosen(None, "register", "register", "Once", 7) == nothing(), "the list was only left"
    assert steered.prompt not in tab.choice.on_concept_chosen(None, "register", "mood", "My own words", 6)


def test_an_example_becomes_the_prompt_and_asks_for_texts(screen: Screen) -> None:
    steered = screen.steer.steered
    assert screen.steer.choice.on_example_picked(3, picked(text="Once")) == {steered.prompt: "Once", steered.asked: 4}


def test_the_arm_at_other_layers_asks_for_them_and_what_does_not_exist_changes_nothing(
    screen: Screen, session: Session
) -> None:
    settings, arms = screen.steer.settings, ("native", "other layers")
    assert settings.on_arms_changed(["native"])[settings.other_layers].visible is False
    assert settings.on_arms_changed(list(arms))[settings.other_layers].visible is True
    *_, last = steer(screen, session, arms=arms, other_layers=" 0 - 1")
    whole = last[screen.steer.compared]
    assert whole.spec.other_layers == (0, 1) and whole.key.values["other_layers"] == " 0 - 1"
    for wrong, sentence in (("9-9", "Layer 9 is not in"), ("x", "as in 3-6")):
        (shown,) = steer(screen, session, compared=whole, arms=arms, other_layers=wrong)
        assert set(shown) == {screen.steer.trouble, screen.steer.stop} and sentence in shown[screen.steer.trouble]
    (shown,) = steer(screen, session, compared=whole, arms=arms, other_layers=" 0 - 1")
    assert shown == {screen.steer.trouble: ""}
    *_, last = steer(screen, session, compared=whole, arms=arms, other_layers="0-1")
    assert last[screen.steer.compared].key.values["other_layers"] == "0-1", "else the page would dim the texts for ever"
    *_, last = steer(screen, session, arms=("native",), other_layers="9-9")
    assert last[screen.steer.compared].spec.other_layers is None


CONTRAST = """{"kind": "lrt-contrast-set", "version": 1, "name": "loud", "positive_label": "loud"}
{"with": "HEY YOU", "without": "hey you"}
{"with": "GO AWAY", "without": "go away"}
"""


def test_an_own_contrast_set_becomes_the_concept(screen: Screen, tmp_path: Path) -> None:
    tab, steered = screen.steer, screen.steer.steered
    file = tmp_path / "loud.jsonl"
    file.write_text(CONTRAST)
    (shown,) = tab.choice.on_set_uploaded(None, str(file), Shelf(), "x", 0)
    ((label, kept),) = shown[screen.shelf].sets
    dropdown = shown[steered.concept]
    assert label == "loud" and dropdown.value == kept and ("loud (own)", kept) in dropdown.choices
    assert "loud →" in shown[steered.ends] and shown[steered.asked] == 1
    assert "loud.jsonl is in use" in shown[tab.contrast_status]
    assert list(tab.choice.on_set_uploaded(None, None, Shelf(), "x", 0)) == [{tab.contrast_status: ""}]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "write at least two pairs"),
        ('{"with": "a", "without": ""}\n' * 2, "no text under &#39;without&#39;"),
        ("<html>", "Line 1 of own.jsonl is neither JSON nor a table but a web page"),
    ],
)
def test_a_bad_contrast_set_gets_one_sentence(screen: Screen, tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text(content)
    (shown,) = screen.steer.choice.on_set_uploaded(None, str(file), Shelf(), "x", 0)
    assert set(shown) == {screen.steer.contrast_status} and sentence in shown[screen.steer.contrast_status]


# Space


PICTURE = PictureControls("mood", 50, "pca", 2, "model", True, True)


def draw(
    screen: Screen, session: Session | None, tab: str = "space", wanted: str = "", controls: PictureControls = PICTURE
) -> list[Outputs]:
    return list(screen.space.on_view_changed(tab, session, wanted, None, controls))


def test_the_picture_is_drawn_only_while_somebody_looks(screen: Screen, session: Session) -> None:
    space = screen.space
    assert draw(screen, session, tab="layers") == [nothing()]
    busy, done = draw(screen, session)
    assert 'role="progressbar"' in busy[space.status] and done[space.status] == ""
    assert done[space.plot].startswith("{") and '"partners"' in done[space.plot]
    assert "50 tokens" in done[space.caption] and "Click a point" in done[space.listing]


def test_a_click_on_its_tab_draws_at_once(screen: Screen, session: Session) -> None:
    """Not only once the page has noted which tab is open, which costs it half a second."""
    space = screen.space
    *_, done = space.on_tab_opened(session, "", None, PICTURE)
    assert done[space.plot].startswith("{") and done[space.drawn].session == session
    parts: dict[int | None, Any] = {
        block._id: block.label for block in screen.app.blocks.values() if isinstance(block, gr.Tab)
    }
    opened = [
        parts[where]
        for event in screen.app.fns.values()
        if event.name == "on_tab_opened" and space.plot in event.outputs
        for where, what in event.targets
        if what == "select"
    ]
    assert opened == ["Space"]


def test_a_picture_that_is_there_is_not_drawn_again_and_keeps_what_is_selected_in_it(
    screen: Screen, engine: FakeEngine, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = screen.space
    *_, done = draw(screen, session)
    asked = ("space", session, "", done[space.drawn])
    *_, other = space.on_view_changed(*asked, replace(PICTURE, colour="concept"))
    assert space.plot in other
    monkeypatch.setattr(engine, "picture", lambda *_: pytest.fail("it was drawn again"))
    (shown,) = space.on_view_changed(*asked, PICTURE)
    assert set(shown) == {space.status, space.stop} and shown[space.status] == ""


def test_without_a_map_the_space_says_so(screen: Screen, session: Session) -> None:
    (moved,) = screen.opening.on_layers_changed(session, 0, 0)
    for given in (None, moved[screen.session]):
        (shown,) = draw(screen, given)
        assert (
            set(shown) == {screen.space.status, screen.space.stop}
            and "no map for these layers yet" in shown[screen.space.status]
        )


def test_selected_points_are_listed(screen: Screen, session: Session) -> None:
    space = screen.space
    *_, done = draw(screen, session)
    drawn = done[space.drawn]
    html = space.on_points_picked(drawn, picked(points=[0, 1, 99, 4000, -1]))[space.listing]
    assert html.count("<tr class") == 3 and "3 points selected" in html
    assert "data-for" in html and space.on_points_picked(drawn, picked(points=[-1])) == {space.listing: EMPTY}


def test_what_is_searched_for_is_listed_and_found_again_in_the_next_picture(screen: Screen, session: Session) -> None:
    space = screen.space
    *_, done = draw(screen, session)
    word = fake_picture(50).token[0].strip()
    found = space.on_find_changed(done[space.drawn], word)[space.listing]
    assert f"with the token “{word}”" in found and "data-for" in found
    assert space.on_find_changed(done[space.drawn], "  ") == {space.listing: EMPTY}
    assert space.on_find_changed(None, word) == nothing()
    *_, again = draw(screen, session, wanted=word, controls=replace(PICTURE, dims=3))
    assert f"with the token “{word}”" in again[space.listing]


def test_a_picture_is_taken_away_as_a_page_and_as_numbers(screen: Screen, session: Session) -> None:
    space = screen.space
    *_, done = draw(screen, session)
    assert all(done[button].interactive for button in space.files)
    page, sheet = (space.drawn_file(kind, done[space.drawn]) for kind in ("html", "csv"))
    assert page.name == "space-tinyworld-s--tinyworld-l-2-3.html" and "50 tokens" in page.read_text(encoding="utf-8")
    assert len(sheet.read_text(encoding="utf-8").splitlines()) == 101
    with pytest.raises(SettingsError, match="no picture to save yet"):
        space.drawn_file("csv", None)


def test_umap_is_asked_for_with_its_settings_and_others_without(screen: Screen, session: Session) -> None:
    controls = replace(PICTURE, method="umap", neighbours=5, min_dist=0.5, umap_seed=3)
    assert controls.settings() == SpaceSettings("mood", 50, "umap", 2, 5, 0.5, 3)
    assert replace(controls, method="pca", umap_seed=None).settings() == SpaceSettings("mood", 50, "pca", 2)
    for wrong, sentence in (
        ({"umap_seed": None}, "seed of UMAP is not a whole number"),
        ({"umap_seed": 0.5}, "seed of UMAP is not a whole number"),
        ({"neighbours": math.nan}, "number of neighbours lies beyond"),
        ({"min_dist": math.nan}, "least distance lies beyond"),
    ):
        (shown,) = draw(screen, session, controls=replace(controls, **wrong))
        assert sentence in shown[screen.space.status]


# Layers


def test_before_anything_is_computed_the_tab_says_what_to_do(screen: Screen, session: Session) -> None:
    layers = screen.layers
    assert list(layers.on_view_changed("space", session, None, "r2")) == [nothing()]
    assert list(layers.on_view_changed("layers", None, None, "r2")) == [nothing()]
    (shown,) = layers.on_view_changed("layers", session, None, "r2")
    assert shown[layers.plot] == "" and "One pass over the text" in shown[layers.caption]


def test_all_layer_pairs_are_computed_with_progress_and_stay(screen: Screen, session: Session) -> None:
    layers = screen.layers
    busy, done = layers.on_compute_clicked(session, 20_000, None, "cka")
    assert set(busy) == {layers.status} and 'role="progressbar"' in busy[layers.status] and done[layers.status] == ""
    assert json.loads(done[layers.plot])["data"][0]["type"] == "heatmap"
    caption = done[layers.caption]
    assert "<b>CKA</b>" in caption and "layer 2 → layer 3" in caption and "&lt;on held-out texts&gt;" in caption
    assert list(layers.on_view_changed("layers", session, None, "cka")) == [done]
    assert "In use and suggested" not in caption and "dotted frame" in caption
    (shown,) = layers.on_view_changed("layers", replace(session, large_layer=4), None, "cka")
    assert "In use and suggested" in shown[layers.caption] and "dotted frame" not in shown[layers.caption]
    (shown,) = layers.on_view_changed("layers", session, "/tmp/own.txt", "cka")
    assert shown[layers.plot] == "", "what one text says is not shown for another"


@pytest.mark.parametrize(("tokens", "sentence"), [(1, "tokens to fit on"), (None, "tokens to fit on")])
def test_all_pairs_need_a_sensible_number_of_tokens(
    screen: Screen, engine: FakeEngine, session: Session, tokens: float | None, sentence: str
) -> None:
    (shown,) = screen.layers.on_compute_clicked(session, tokens, None, "r2")
    assert set(shown) == {screen.layers.status} and sentence in shown[screen.layers.status] and engine.scores is None


def test_a_picked_cell_becomes_the_pair_in_use(screen: Screen, engine: FakeEngine, session: Session) -> None:
    layers, setup = screen.layers, screen.setup
    list(layers.on_compute_clicked(session, 20_000, None, "r2"))
    assert engine.scores is not None
    index = next(n for n, c in enumerate(engine.scores.grid.cells) if (c.small_layer, c.large_layer) == (1, 4))
    busy, shown = layers.on_cell_picked(session, None, (1, index))
    assert "Solving layer 1 → 4" in busy[layers.status]
    moved = shown[screen.session]
    assert (moved.small_layer, moved.large_layer, moved.map_folder) == (1, 4, "maps/solved-1-4")
    assert (shown[setup.small_layer].value, shown[setup.large_layer].value, shown[layers.status]) == (1, 4, "")


def test_a_cell_can_be_clicked_twice(screen: Screen) -> None:
    first = screen.layers.on_cell_clicked((0, -1), picked(points=[4]))
    assert first == (1, 4) and screen.layers.on_cell_clicked(first, picked(points=[4])) == (2, 4)
    assert screen.layers.on_cell_clicked(first, picked(points=[])) == (2, -1)


@pytest.mark.parametrize("place", [-1, 32, 10**9])
def test_a_cell_that_does_not_exist_leaves_the_pair(screen: Screen, session: Session, place: int) -> None:
    layers = screen.layers
    for _ in range(2):  # before anything is computed, and after
        (shown,) = layers.on_cell_picked(session, None, (1, place))
        assert set(shown) == {layers.status} and "have been removed" in shown[layers.status]
        list(layers.on_compute_clicked(session, 20_000, None, "r2"))


# Evidence


def run(screen: Screen, session: Session | None, **changed: Any) -> list[Outputs]:
    settings = {"concepts": "mood", "prompts": 8, "strengths": "-0.5 0 0.5", "texts": [], "corpus": None}
    return list(screen.evidence.on_run_clicked(session, **{**settings, **changed}))


def test_a_suite_runs_with_progress_and_shows_every_concept_as_it_is_finished(
    screen: Screen, engine: FakeEngine, session: Session
) -> None:
    evidence = screen.evidence
    steps = run(screen, session, concepts="all 3 demo concepts", texts=["whole", "written"])
    assert all('role="progressbar"' in step[evidence.status] for step in steps[:-1])
    assert steps[-1][evidence.status] == ""
    shown = [step[evidence.shown] for step in steps if evidence.shown in step]
    assert [len(found.evaluation.concepts) for found in shown] == [1, 2, 3, 3]
    assert all(found.session == session for found in shown)
    assert engine.asked == EvidenceSettings(
        ("mood", "register", "weather"), 8, (-0.5, 0.0, 0.5), True, whole_texts=True
    )
    assert shown[-1].key.values["texts"] == ("whole", "written")


def test_one_concept_or_an_own_one_runs_alone(screen: Screen, engine: FakeEngine, session: Session) -> None:
    for name in ("register", "/tmp/own.jsonl"):
        run(screen, session, concepts=name)
        assert engine.asked is not None and engine.asked.concepts == (name,)


def test_a_visitors_vectors_are_offered_and_evaluated_for_one_concept(
    screen: Screen, engine: FakeEngine, session: Session
) -> None:
    evidence = screen.evidence
    assert evidence.on_shelf_changed(Shelf()).visible is False
    offered = evidence.on_shelf_changed(Shelf(vectors=(("mine", "/shelf/mine"),)))
    assert offered.visible is True and [value for _, value in offered.choices] == ["", "/shelf/mine"]
    *_, done = run(screen, session, vectors="/shelf/mine")
    assert engine.asked is not None and engine.asked.vectors == "/shelf/mine"
    assert done[evidence.shown].key.values["evidence_vectors"] == "/shelf/mine"
    (shown,) = run(screen, session, concepts="all 3 demo concepts", vectors="/shelf/mine")
    assert "stand for one concept" in str(shown[evidence.status])


@pytest.mark.parametrize(
    ("written", "strengths"), [("0.5, −0.5;0", (-0.5, 0.0, 0.5)), ("-.2 .2", (-0.2, 0.2)), ("", ())]
)
def test_strengths_are_read_as_people_write_them(written: str, strengths: tuple[float, ...]) -> None:
    assert asked_strengths(written) == strengths


def test_what_cannot_be_evaluated_gets_one_sentence(screen: Screen, session: Session) -> None:
    evidence = screen.evidence
    for changed, sentence in (({"strengths": "0 strong"}, "not all numbers"), ({"prompts": None}, "how many prompts")):
        (shown,) = run(screen, session, **changed)
        assert evidence.shown not in shown and sentence in shown[evidence.status]
    for given, sentence in ((None, "not open yet"), (replace(session, map_folder=""), "no map yet")):
        (shown,) = run(screen, given)
        assert evidence.shown not in shown and sentence in shown[evidence.status]


@pytest.fixture
def shown(session: Session) -> Shown:
    return Shown(session, fake_evaluation(("weather", "register", "mood"), texts=True), ResultKey({}))


def test_the_highest_concept_is_drawn_until_one_is_picked(screen: Screen, shown: Shown) -> None:
    evidence, view = screen.evidence, screen.evidence.view

    def names(pieces: Outputs) -> tuple[str, list[str]]:
        head = re.findall('concept-head">(\\w+)', pieces[view.about])[0]
        return head, re.findall('"(\\w+)" aria-selected="true"', pieces[view.table])

    assert names(evidence.on_evidence_changed(shown, "")) == ("mood", ["mood"])
    assert names(evidence.on_evidence_changed(shown, "weather")) == ("weather", ["weather"])
    assert names(evidence.on_evidence_changed(shown, "gone")) == ("mood", ["mood"])
    pieces = evidence.on_evidence_changed(shown, "")
    figures = (view.forest, view.dose, view.cost, view.one_by_one)
    assert [json.loads(pieces[figure])["data"] != [] for figure in figures] == [True] * 4
    empty = evidence.on_evidence_changed(None, "")
    assert set(empty) == set(pieces) == set(view.outputs)
    assert {str(piece) for part, piece in empty.items() if part is not view.takeaway} == {""}


def test_a_marker_of_the_forest_or_a_row_of_the_table_picks_its_concept(screen: Screen, shown: Shown) -> None:
    evidence = screen.evidence
    assert evidence.on_marker_picked(shown, picked(points=[1])) == {evidence.chosen: "register"}
    assert evidence.on_row_picked(picked(name="register")) == {evidence.chosen: "register"}
    for points in ([], [3], [-1]):
        assert evidence.on_marker_picked(shown, picked(points=points)) == nothing()
    assert evidence.on_marker_picked(None, picked(points=[0])) == nothing()


def test_evidence_for_another_map_says_so(screen: Screen, shown: Shown, session: Session) -> None:
    def notice(shown: Shown | None, session: Session | None) -> str:
        return str(screen.evidence.on_map_changed(shown, session)[screen.evidence.stale])

    assert notice(shown, session) == "" == notice(None, session) == notice(shown, None)
    assert notice(shown, replace(session, method="ridge")) == ""
    for changed, said in (
        ({"large_layer": 5}, "another pair"),
        ({"small": "tinyworld-m"}, "another pair"),
        ({"map_mark": "fitted again"}, "another map is in use"),
    ):
        stale = notice(shown, replace(session, **changed))
        assert said in stale and "tinyworld-s layer 2 → tinyworld-l layer 3" in stale


def test_evidence_is_saved_as_a_report_and_as_a_sheet(shown: Shown) -> None:
    for kind, begins in (("html", "<!DOCTYPE html>"), ("csv", "concept,arm,strength")):
        file = shown_file(kind, shown)
        assert file.name == f"evidence-models_tinyworld-s--tinyworld-l-2-3.{kind}"
        assert file.read_text(encoding="utf-8").startswith(begins)
    with pytest.raises(SettingsError, match="no evidence to save yet"):
        shown_file("html", None)


def test_a_visitors_own_concept_of_the_steer_tab_is_offered(engine: FakeEngine, screen: Screen, tmp_path: Path) -> None:
    evidence = screen.evidence
    file = tmp_path / "loud.jsonl"
    file.write_text(CONTRAST)
    ((_, name),) = engine.import_set(Shelf(), file).sets
    dropdown = evidence.on_concept_changed(None, name, "mood")[evidence.concepts]
    assert ("loud (own)", name) in dropdown.choices and dropdown.value == "mood"
    dropdown = evidence.on_concept_changed(None, "mood", name)[evidence.concepts]
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


def test_texts_that_are_shown_are_not_written_twice_unless_they_are_asked_for_again(
    screen: Screen, session: Session
) -> None:
    tab = screen.steer
    first, *_, last = steer(screen, session)
    assert tab.compared not in first, "until the texts are whole"
    whole = last[tab.compared]
    assert steer(screen, session, compared=whole) == [{tab.trouble: ""}]
    assert len(steer(screen, session, compared=whole, strength=0.6)) > 2
    assert len(steer(screen, session, compared=whole)) > 2, "the panes hold others now"
    assert steer(screen, session, compared=whole) == [{tab.trouble: ""}]
    screen.stage.blank("Reading …")
    assert len(steer(screen, session, compared=whole)) > 2, "the panes were blanked"
    other = tab.texts.on_texts_asked(
        session, None, 0, whole, SteerControls("mood", "Twice", 0.5, "", 0, 0.0, 16, "", False)
    )
    next(iter(other))
    assert len(steer(screen, session, compared=whole)) > 2, "the panes hold the beginning of others"


def test_texts_that_were_broken_off_are_neither_pinned_nor_left_as_if_they_went_on(
    screen: Screen, session: Session
) -> None:
    tab = screen.steer
    *_, last = steer(screen, session)
    whole = last[tab.compared]
    other = tab.texts.on_texts_asked(
        session, None, 0, whole, SteerControls("mood", "Two", 0.5, "", 0, 0.0, 16, "", False)
    )
    begun, _ = next(iter(other)), next(iter(other))
    assert tab.compared not in begun, "nothing that is shown changes yet"
    (shown,) = steer(screen, session, compared=whole, seed=None)
    assert "seed" in shown[tab.panes] and shown[tab.compared] is None
    screen.steer.newest.move(STOPPED)
    assert {tab.compared: None} in list(other)
    assert len(steer(screen, session, compared=replace(whole, again=True))) > 2
