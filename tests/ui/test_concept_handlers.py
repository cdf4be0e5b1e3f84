"""The handlers of the Concepts tab, called as Gradio calls them, with an engine that answers at once."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from lrt_explorer.concepts.contrast import read_contrast
from lrt_explorer.errors import LRTError
from lrt_explorer.store import VectorFile, save_vector
from lrt_explorer.ui.screen import Screen
from lrt_explorer.ui.vectors_panel import RecipeControls
from lrt_explorer.ui.wiring import Outputs, nothing
from lrt_explorer.workbench.session import Session, Shelf
from lrt_explorer.workbench.shelves import own_set
from tests.ui.fake_concepts import FORMALITY
from tests.ui.fakes import FakeEngine

PAIRS = "Tom <b>shouted</b> | Tom whispered\nAnna shouted\tAnna whispered\n"
FIELDS = ("noise", "loud", "quiet", PAIRS, "", "", "")
SESSION = Session("tinyworld-s", "tinyworld-l", 2, 3, 4, 8, 96, 192, "maps/shipped")


def keep(screen: Screen, shelf: Shelf, *fields: str) -> Outputs:
    (shown,) = screen.concepts.on_keep_clicked(SESSION, shelf, *fields)
    return shown


@pytest.fixture
def shelf(screen: Screen) -> Shelf:
    kept = keep(screen, Shelf(), *FIELDS)[screen.shelf]
    assert isinstance(kept, Shelf)
    return kept


# Write and import


def test_a_preview_keeps_nothing(screen: Screen) -> None:
    tab = screen.concepts
    (shown,) = tab.on_preview_clicked(*FIELDS)
    html = shown[tab.pairs]
    assert "2 pairs" in html and "<mark>&lt;b&gt;shouted&lt;/b&gt;</mark>" in html and "<b>shouted" not in html
    assert "loud <small>with</small>" in html and "A preview" in shown[tab.status]


def test_a_written_set_is_kept_chosen_and_shown(screen: Screen) -> None:
    tab = screen.concepts
    shown = keep(screen, Shelf(), *FIELDS)
    kept, chosen = shown[screen.shelf], shown[tab.chosen]
    ((label, file),) = kept.sets
    contrast = read_contrast(own_set(file))
    assert (label, contrast.name, contrast.positive_label) == ("noise", "noise", "loud")
    assert chosen.value == file and ("noise (own)", file) in chosen.choices and ("mood", "mood") in chosen.choices
    assert "2 pairs" in shown[tab.pairs] and "Kept as “noise”" in shown[tab.status]
    again = keep(screen, kept, *FIELDS)[screen.shelf]
    assert [name for name, _ in again.sets] == ["noise", "noise (2)"] and again.folder == kept.folder


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        (0, " ", "no name"),
        (3, "", "There are no pairs yet"),
        (3, "a | b\nno bar here\n", "Line 2 of the pasted text has neither a tab nor"),
        (3, "a | b", "has only one pair"),
        (2, "loud", "Both ends are called"),
        (5, "shout", "Answers need a prompt"),
        (4, "He said", "no answers with the behaviour"),
    ],
)
def test_a_draft_with_a_fault_gets_one_sentence(screen: Screen, field: int, value: str, sentence: str) -> None:
    tab = screen.concepts
    fields = [*FIELDS[:field], value, *FIELDS[field + 1 :]]
    shown = keep(screen, Shelf(), *fields)
    assert set(shown) == {tab.status} and sentence in shown[tab.status] and 'role="alert"' in shown[tab.status]
    (shown,) = tab.on_preview_clicked(*fields)
    assert set(shown) == {tab.status} and sentence in shown[tab.status]


def test_prompts_and_answers_become_a_readout(screen: Screen) -> None:
    tab = screen.concepts
    shown = keep(screen, Shelf(), *FIELDS[:4], "He said\n\nShe said", "shout, yell ,shout", "")
    prompts = read_contrast(own_set(shown[screen.shelf].sets[0][1])).prompts
    assert [p.text for p in prompts] == ["He said", "She said"] and "2 readout prompts" in shown[tab.pairs]
    assert (prompts[0].positive, prompts[0].negative) == ((" shout", " yell"), ())
    shown = keep(screen, Shelf(), *FIELDS[:4], "He said", "shout", "yell,shout")
    assert "The answer &#39;shout&#39; is on both sides" in shown[tab.status]


def test_a_file_is_imported_and_a_malformed_one_names_its_line(screen: Screen, tmp_path: Path) -> None:
    tab = screen.concepts
    good, bad = tmp_path / "facts.csv", tmp_path / "bad.csv"
    good.write_text("statement,label\nIce is cold,1\nIce is hot,0\nFire is hot,1\nFire is cold,0\n")
    bad.write_text("statement,label\nIce is cold,1\nIce is hot\n")
    (shown,) = tab.on_set_uploaded(SESSION, Shelf(), str(good))
    kept = shown[screen.shelf]
    assert kept.sets[0][0] == "facts" and shown[tab.chosen].value == kept.sets[0][1] and "2 pairs" in shown[tab.pairs]
    (shown,) = tab.on_set_uploaded(SESSION, kept, str(bad))
    assert set(shown) == {tab.status}
    assert "line 3 of bad.csv has 1 columns" in shown[tab.status].replace("Line", "line")
    assert list(tab.on_set_uploaded(SESSION, kept, None)) == [{tab.status: ""}]


def test_there_is_room_for_so_many_sets_and_no_more(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrt_explorer.workbench.shelves.EACH", 2)
    shelf = Shelf()
    for _ in range(2):
        shelf = keep(screen, shelf, *FIELDS)[screen.shelf]
    shown = keep(screen, shelf, *FIELDS)
    assert screen.shelf not in shown and "There are 2 contrast sets already" in shown[screen.concepts.status]


def test_a_set_that_is_gone_gets_one_sentence(screen: Screen, shelf: Shelf) -> None:
    tab = screen.concepts
    own_set(shelf.sets[0][1]).unlink()
    (shown,) = tab.on_set_chosen(SESSION, shelf.sets[0][1])
    assert set(shown) == {tab.status} and "has been removed; write or import it again" in shown[tab.status]
    (shown,) = tab.on_use_clicked(SESSION, shelf, shelf.sets[0][1], "x", 0)
    assert set(shown) == {tab.status} and "has been removed; write or import it again" in shown[tab.status]


# Use and download


def test_an_own_set_is_used_in_steer_with_its_own_vectors(screen: Screen, shelf: Shelf) -> None:
    file, steered = shelf.sets[0][1], screen.steer.steered
    (shown,) = screen.concepts.on_use_clicked(SESSION, shelf, file, "My words", 4)
    concept = shown[steered.concept]
    assert shown[screen.shelf] == shelf and (concept.value, concept.info) == (file, "quiet or loud")
    assert steered.prompt not in shown and shown[steered.examples] == "" and "loud →" in shown[steered.ends]
    assert shown[steered.asked] == 5 and shown[steered.vectors].value == ""
    assert "In use in the Steer tab: noise." in shown[screen.concepts.status]


def test_a_shipped_set_of_another_family_can_be_used_and_is_offered_from_then_on(screen: Screen) -> None:
    tab, concepts = screen.concepts, screen.steer.steered.concept
    (shown,) = tab.on_use_clicked(SESSION, Shelf(), FORMALITY, "", 0)
    kept = shown[screen.shelf]
    assert kept.borrowed == (("formality (for everyday language)", FORMALITY),) and kept.folder == ""
    assert shown[concepts].value == FORMALITY and kept.borrowed[0] in shown[concepts].choices
    (again,) = tab.on_use_clicked(SESSION, kept, FORMALITY, "", 0)
    assert again[screen.shelf] == kept
    (demo,) = tab.on_use_clicked(SESSION, Shelf(), "mood", "", 0)
    assert demo[screen.shelf] == Shelf(), "what the demo family knows is offered anyway"


def test_what_is_on_the_shelf_is_offered_everywhere_once(screen: Screen, shelf: Shelf) -> None:
    tab, steered = screen.concepts, screen.steer.steered
    kept = replace(shelf, borrowed=(("formality", FORMALITY),), vectors=(("v", "folder"),))
    shown = tab.on_shelf_changed(SESSION, kept)
    file = shelf.sets[0][1]
    assert [value for _, value in shown[tab.chosen].choices] == ["mood", "register", FORMALITY, file]
    assert [value for _, value in shown[steered.concept].choices] == ["mood", "register", FORMALITY, file]
    vectors = shown[steered.vectors]
    assert [value for _, value in vectors.choices] == ["", "folder"] and vectors.visible
    assert shown[tab.vectors.other].choices[0] == ("none", "")
    assert shown[tab.vectors.chosen].choices == [("v", "folder")]
    assert not tab.on_shelf_changed(SESSION, shelf)[steered.vectors].visible


def test_when_the_pair_changes_its_own_sets_come_first_and_a_visitors_own_stays(screen: Screen, shelf: Shelf) -> None:
    tab = screen.concepts
    other = replace(SESSION, small="google/gemma-2-2b")
    for name, stays in (("register", False), (shelf.sets[0][1], True), (FORMALITY, True)):
        shown = tab.on_pair_opened(other, shelf, name, name)
        values = (shown[tab.chosen].value, shown[tab.vectors.other].value)
        assert values == ((name, name) if stays else ("sentiment", ""))


def test_a_set_is_downloaded_as_json_lines(engine: FakeEngine, shelf: Shelf) -> None:
    file = engine.set_file(SESSION, shelf.sets[0][1])
    assert file.name == "noise.jsonl" and json.loads(file.read_text().splitlines()[0])["name"] == "noise"


# Check


def test_a_check_shows_progress_then_findings_and_figures(screen: Screen) -> None:
    panel = screen.concepts.check
    *busy, done = panel.on_check_clicked(SESSION, "mood", "mean-difference", "", True)
    assert len(busy) == 4 and all(set(step) == {panel.status} for step in busy)
    assert all('role="progressbar"' in step[panel.status] for step in busy)
    found = done[panel.found]
    assert done[panel.status] == "" and "whitened" in found and "256 of 1" in found
    assert "tinyworld-s, layer 2" in found and "Likely to steer &lt;b&gt;" in found and "&lt;too&gt;" in found
    assert "<b>0.81</b>, more than chance gives" in found and "62 %" in found
    assert "19 in 20 vectors stay below 0.55." in found
    figures = (panel.agreement, panel.separation, panel.stability)
    lines = [json.loads(done[figure])["data"] for figure in figures]
    assert [len(line) for line in lines] == [2, 2, 2]
    assert [len(lines[0][0]["x"]), len(lines[0][1]["x"])] == [4, 8]


def test_without_a_map_the_check_says_what_is_missing(screen: Screen) -> None:
    panel = screen.concepts.check
    *_, done = panel.on_check_clicked(replace(SESSION, map_folder=""), "mood", "mean-difference", "", False)
    assert "There is no map between these layers yet" in done[panel.found]


def test_a_check_that_is_stopped_is_cleaned_up(screen: Screen, engine: FakeEngine) -> None:
    checking = screen.concepts.check.on_check_clicked(SESSION, "mood", "mean-difference", "", False)
    next(checking)
    checking.close()  # type: ignore[attr-defined]
    assert engine.checks_left == 1


def test_before_the_models_are_open_nothing_is_checked_or_made(screen: Screen) -> None:
    check, vectors = screen.concepts.check, screen.concepts.vectors
    (shown,) = check.on_check_clicked(None, "mood", "mean-difference", "", False)
    assert set(shown) == {check.status} and "not open yet" in shown[check.status]
    (shown,) = make(screen, None)
    assert set(shown) == {vectors.status} and "not open yet" in shown[vectors.status]
    with pytest.raises(LRTError, match="not open yet"):
        vectors.vector_file(None, "x", "small", "gguf")


# Vectors


def make(screen: Screen, session: Session | None, shelf: Shelf | None = None, **changed: Any) -> list[Outputs]:
    other = changed.pop("other", "")
    settings: dict[str, Any] = {"method": "mean-difference", "reading": "", "whiten": False}
    settings |= {"together": "remove", "factor": 1.0, "times": 1.0} | changed
    vectors = screen.concepts.vectors
    return list(vectors.on_make_clicked(session, shelf or Shelf(), "mood", other, RecipeControls(**settings)))


def test_vectors_are_made_with_progress_and_put_on_the_shelf(screen: Screen) -> None:
    panel = screen.concepts.vectors
    busy, done = make(screen, SESSION, other="register", whiten=True)
    assert set(busy) == {panel.status} and 'role="progressbar"' in busy[panel.status]
    ((label, folder),) = done[screen.shelf].vectors
    assert label == "mood without register" and done[panel.chosen].value == folder and done[panel.there].visible
    table = done[panel.table]
    assert table.count("<tr>") == 3 and "mean-difference, whitened" in table and "<b>0.87</b>" in table
    assert "Made" in done[panel.status]
    assert list(panel.on_vectors_chosen(SESSION, folder)) == [{panel.table: table, panel.status: ""}]
    assert list(panel.on_vectors_chosen(SESSION, None)) == [nothing()]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [({"factor": None}, "as numbers"), ({"times": None}, "as numbers"), ({"other": "mood"}, "Nothing is left of mood")],
)
def test_a_recipe_that_makes_nothing_gets_one_sentence(screen: Screen, changed: dict[str, Any], sentence: str) -> None:
    *_, shown = make(screen, SESSION, **changed)
    status = screen.concepts.vectors.status
    assert set(shown) == {status} and sentence in shown[status]


def test_vectors_of_the_shelf_steer(screen: Screen) -> None:
    panel, steered = screen.concepts.vectors, screen.steer.steered
    *_, made = make(screen, SESSION)
    shelf = made[screen.shelf]
    folder = shelf.vectors[0][1]
    (shown,) = panel.on_steer_clicked(SESSION, shelf, folder, "mood", "x", 3)
    assert (shown[screen.shelf], shown[steered.concept].value) == (shelf, "mood"), "what is read out is the chosen set"
    vectors = shown[steered.vectors]
    assert vectors.value == folder and vectors.visible and shown[steered.asked] == 4
    assert "with the readout of mood" in shown[panel.status]
    (shown,) = panel.on_steer_clicked(SESSION, Shelf(), None, "mood", "x", 3)
    assert set(shown) == {panel.status} and "There are no vectors yet" in shown[panel.status]


def test_vectors_are_saved_in_both_formats_and_come_back(screen: Screen) -> None:
    panel = screen.concepts.vectors
    *_, made = make(screen, SESSION)
    shelf = made[screen.shelf]
    folder = shelf.vectors[0][1]
    for ending in ("safetensors", "gguf"):
        file = panel.vector_file(SESSION, folder, "small", ending)
        assert file.name == f"saved.{ending}"
        (shown,) = panel.on_vector_uploaded(SESSION, shelf, str(file))
        kept = shown[screen.shelf]
        assert len(kept.vectors) == 2 and shown[panel.chosen].value == kept.vectors[-1][1]
        assert "the small model’s own" in shown[panel.table] and "fits" in shown[panel.status]
    with pytest.raises(LRTError, match="cannot be saved"):
        panel.vector_file(SESSION, folder, "transferred", "gguf")


@pytest.fixture
def foreign(tmp_path: Path) -> str:
    """A vector file that does not say whose vector it holds."""
    return str(save_vector(tmp_path / "happy.safetensors", VectorFile(torch.ones(4), "llama", "", 3, "joy", "x", "y")))


def test_a_file_that_does_not_say_whose_vector_it_holds_is_asked_about_before_it_is_used(
    screen: Screen, foreign: str
) -> None:
    panel, question = screen.concepts.vectors, screen.concepts.vectors.question
    (shown,) = panel.on_vector_uploaded(SESSION, Shelf(), foreign)
    assert screen.shelf not in shown and panel.chosen not in shown, "nothing is used yet"
    assert question.whose.label == "Whose vector is this?" and shown[question.part].visible
    assert shown[question.whose].choices == [
        ("large model’s own (native)", "large"), ("mapped into the large model (transferred)", "transferred"),
    ]  # fmt: skip
    assert shown[question.whose].value is None
    assert "happy.safetensors does not say whose vector it is" in shown[panel.status]
    waiting = shown[question.waiting]
    (unanswered,) = panel.on_answer_clicked(SESSION, Shelf(), waiting, None)
    assert set(unanswered) == {panel.status} and "say whose vector this is" in unanswered[panel.status]
    (answered,) = panel.on_answer_clicked(SESSION, Shelf(), waiting, "transferred")
    assert len(answered[screen.shelf].vectors) == 1 and "mapped (transferred)" in answered[panel.table]
    assert answered[question.waiting] is None and not answered[question.part].visible
    assert "happy.safetensors fits" in answered[panel.status]
    assert list(panel.on_answer_clicked(SESSION, Shelf(), None, "large")) == [nothing()], "a second press does nothing"


def test_a_file_that_says_it_closes_an_open_question(screen: Screen, foreign: str, tmp_path: Path) -> None:
    panel, question = screen.concepts.vectors, screen.concepts.vectors.question
    own = save_vector(tmp_path / "own.safetensors", VectorFile(torch.ones(3), "m", "f", 2, "joy", "x", "y"))
    (shown,) = panel.on_vector_uploaded(SESSION, Shelf(), str(own))
    assert shown[question.waiting] is None and not shown[question.part].visible and screen.shelf in shown


def test_the_question_goes_with_its_pair_and_stays_for_other_layers(screen: Screen, foreign: str) -> None:
    panel, question = screen.concepts.vectors, screen.concepts.vectors.question
    (shown,) = panel.on_vector_uploaded(SESSION, Shelf(), foreign)
    waiting = shown[question.waiting]
    assert question.on_pair_changed(replace(SESSION, large_layer=5, map_folder=""), waiting) == nothing()
    assert question.on_pair_changed(replace(SESSION, large="another"), waiting)[question.waiting] is None
    assert question.on_pair_changed(None, waiting)[question.waiting] is None
    assert question.on_pair_changed(replace(SESSION, large="another"), None) == nothing()


def test_a_damaged_vector_file_gets_one_sentence_and_is_not_kept(screen: Screen, tmp_path: Path) -> None:
    panel = screen.concepts.vectors
    file = tmp_path / "broken.safetensors"
    whole = VectorFile(torch.ones(3), "m", "", 1, "joy", "x", "y")
    file.write_bytes(save_vector(tmp_path / "whole.safetensors", whole).read_bytes()[:-4])
    (shown,) = panel.on_vector_uploaded(SESSION, Shelf(), str(file))
    said = shown[panel.status]
    assert set(shown) == {panel.status} and "is cut off or not a safetensors file" in said and 'role="alert"' in said
    assert list(panel.on_vector_uploaded(SESSION, Shelf(), None)) == [{panel.status: ""}]
