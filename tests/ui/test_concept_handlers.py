"""The handlers of the Concepts tab, called as Gradio calls them, with an engine that answers at once."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from lrt_explorer.concepts.contrast import read_contrast
from lrt_explorer.store import VectorFile, save_vector
from lrt_explorer.ui.check_panel import check_set
from lrt_explorer.ui.concepts_tab import (
    follow_pair,
    import_set,
    keep_draft,
    preview_draft,
    restock,
    save_set,
    show_set,
    use_set,
)
from lrt_explorer.ui.vectors_panel import RecipeControls, load_vector, make_vectors, show_vectors, steer_with_vectors
from lrt_explorer.ui.vectors_panel import save_vector as save_one
from lrt_explorer.workbench.session import Session, Shelf
from lrt_explorer.workbench.shelves import own_set
from tests.ui.fake_concepts import FORMALITY
from tests.ui.fakes import FakeEngine

SKIP: Any = {"__type__": "update"}
PAIRS = "Tom <b>shouted</b> | Tom whispered\nAnna shouted\tAnna whispered\n"
FIELDS = ("noise", "loud", "quiet", PAIRS, "", "", "")
SESSION = Session("tinyworld-s", "tinyworld-l", 2, 3, 4, 8, 96, 192, "maps/shipped")


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path)


@pytest.fixture
def shelf(engine: FakeEngine) -> Shelf:
    ((kept, *_),) = keep_draft(engine, SESSION, Shelf(), *FIELDS)
    assert isinstance(kept, Shelf)
    return kept


# Write and import


def test_a_preview_keeps_nothing() -> None:
    ((html, status),) = preview_draft(*FIELDS)
    assert "2 pairs" in html and "<mark>&lt;b&gt;shouted&lt;/b&gt;</mark>" in html and "<b>shouted" not in html
    assert "loud <small>with</small>" in html and "A preview" in status


def test_a_written_set_is_kept_chosen_and_shown(engine: FakeEngine) -> None:
    ((kept, chosen, html, status),) = keep_draft(engine, SESSION, Shelf(), *FIELDS)
    ((label, file),) = kept.sets
    contrast = read_contrast(own_set(file))
    assert (label, contrast.name, contrast.positive_label) == ("noise", "noise", "loud")
    assert chosen.value == file and ("noise (own)", file) in chosen.choices and ("mood", "mood") in chosen.choices
    assert "2 pairs" in html and "Kept as “noise”" in status
    ((again, *_),) = keep_draft(engine, SESSION, kept, *FIELDS)
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
def test_a_draft_with_a_fault_gets_one_sentence(engine: FakeEngine, field: int, value: str, sentence: str) -> None:
    fields = [*FIELDS[:field], value, *FIELDS[field + 1 :]]
    ((*kept, status),) = keep_draft(engine, SESSION, Shelf(), *fields)
    assert kept == [SKIP] * 3 and sentence in status and 'role="alert"' in status
    ((html, status),) = preview_draft(*fields)
    assert html == SKIP and sentence in status


def test_prompts_and_answers_become_a_readout(engine: FakeEngine) -> None:
    fields = (*FIELDS[:4], "He said\n\nShe said", "shout, yell ,shout", "")
    ((kept, _, html, _),) = keep_draft(engine, SESSION, Shelf(), *fields)
    prompts = read_contrast(own_set(kept.sets[0][1])).prompts
    assert [p.text for p in prompts] == ["He said", "She said"] and "2 readout prompts" in html
    assert (prompts[0].positive, prompts[0].negative) == ((" shout", " yell"), ())
    ((*_, status),) = keep_draft(engine, SESSION, Shelf(), *FIELDS[:4], "He said", "shout", "yell,shout")
    assert "The answer &#x27;shout&#x27; is on both sides" in status


def test_a_file_is_imported_and_a_malformed_one_names_its_line(engine: FakeEngine, tmp_path: Path) -> None:
    good, bad = tmp_path / "facts.csv", tmp_path / "bad.csv"
    good.write_text("statement,label\nIce is cold,1\nIce is hot,0\nFire is hot,1\nFire is cold,0\n")
    bad.write_text("statement,label\nIce is cold,1\nIce is hot\n")
    ((kept, chosen, html, _),) = import_set(engine, SESSION, Shelf(), str(good))
    assert kept.sets[0][0] == "facts" and chosen.value == kept.sets[0][1] and "2 pairs" in html
    ((*rest, status),) = import_set(engine, SESSION, kept, str(bad))
    assert rest == [SKIP] * 3 and "line 3 of bad.csv has 1 columns" in status.replace("Line", "line")
    assert list(import_set(engine, SESSION, kept, None)) == [(SKIP, SKIP, SKIP, "")]


def test_there_is_room_for_so_many_sets_and_no_more(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrt_explorer.workbench.shelves.EACH", 2)
    shelf = Shelf()
    for _ in range(2):
        ((shelf, *_),) = keep_draft(engine, SESSION, shelf, *FIELDS)
    ((kept, *_, status),) = keep_draft(engine, SESSION, shelf, *FIELDS)
    assert kept == SKIP and "There are 2 contrast sets already" in status


def test_a_set_that_is_gone_gets_one_sentence(engine: FakeEngine, shelf: Shelf) -> None:
    own_set(shelf.sets[0][1]).unlink()
    ((html, status),) = show_set(engine, SESSION, shelf.sets[0][1])
    assert html == SKIP and "is no longer kept; write or import it again" in status
    ((*kept, status),) = use_set(engine, SESSION, shelf, shelf.sets[0][1], "x", 0)
    assert kept == [SKIP] * 7 and "is no longer kept; write or import it again" in status


# Use and download


def test_an_own_set_is_used_in_steer_with_its_own_vectors(engine: FakeEngine, shelf: Shelf) -> None:
    file = shelf.sets[0][1]
    ((kept, concept, prompt, examples, ends, asked, vectors, status),) = use_set(
        engine, SESSION, shelf, file, "My words", 4
    )
    assert kept == shelf and (concept.value, concept.info) == (file, "quiet or loud")
    assert prompt == SKIP and examples == "" and "loud →" in ends and asked == 5
    assert vectors.value == "" and "In use in the Steer tab: noise." in status


def test_a_shipped_set_of_another_family_can_be_used_and_is_offered_from_then_on(engine: FakeEngine) -> None:
    ((kept, concept, *_),) = use_set(engine, SESSION, Shelf(), FORMALITY, "", 0)
    assert kept.borrowed == (("formality (for everyday language)", FORMALITY),) and kept.folder == ""
    assert concept.value == FORMALITY and kept.borrowed[0] in concept.choices
    ((again, *_),) = use_set(engine, SESSION, kept, FORMALITY, "", 0)
    assert again == kept
    ((demo, *_),) = use_set(engine, SESSION, Shelf(), "mood", "", 0)
    assert demo == Shelf(), "what the demo family knows is offered anyway"


def test_what_is_on_the_shelf_is_offered_everywhere_once(engine: FakeEngine, shelf: Shelf) -> None:
    kept = replace(shelf, borrowed=(("formality", FORMALITY),), vectors=(("v", "folder"),))
    sets, concepts, vectors, other, own = restock(engine, SESSION, kept)
    file = shelf.sets[0][1]
    assert [value for _, value in sets.choices] == ["mood", "register", FORMALITY, file]
    assert [value for _, value in concepts.choices] == ["mood", "register", FORMALITY, file]
    assert [value for _, value in vectors.choices] == ["", "folder"] and vectors.visible
    assert other.choices[0] == ("none", "") and own.choices == [("v", "folder")]
    assert not restock(engine, SESSION, shelf)[2].visible


def test_when_the_pair_changes_its_own_sets_come_first_and_a_visitors_own_stays(
    engine: FakeEngine, shelf: Shelf
) -> None:
    other = replace(SESSION, small="google/gemma-2-2b")
    for name, stays in (("register", False), (shelf.sets[0][1], True), (FORMALITY, True)):
        chosen, second, _ = follow_pair(engine, other, shelf, name, name)
        assert (chosen.value, second.value) == ((name, name) if stays else ("sentiment", ""))


def test_a_set_is_downloaded_as_json_lines(engine: FakeEngine, shelf: Shelf) -> None:
    ((button, status),) = save_set(engine, SESSION, shelf.sets[0][1])
    file = Path(button.value["path"])
    assert file.name == "noise.jsonl" and json.loads(file.read_text().splitlines()[0])["name"] == "noise"
    assert "Saved as noise.jsonl" in status


# Check


def test_a_check_shows_progress_then_findings_and_figures(engine: FakeEngine) -> None:
    *busy, (status, found, *figures) = check_set(engine, SESSION, "mood", "mean-difference", "", True)
    assert len(busy) == 4 and all('role="progressbar"' in step[0] and step[1] == SKIP for step in busy)
    assert status == "" and "whitened" in found and "256 of 1" in found
    assert "tinyworld-s, layer 2" in found and "Likely to steer &lt;b&gt;" in found and "&lt;too&gt;" in found
    assert "<b>0.81</b>, more than chance gives" in found and "62 %" in found
    lines = [json.loads(figure)["data"] for figure in figures]
    assert [len(line) for line in lines] == [2, 2, 2]
    assert [len(lines[0][0]["x"]), len(lines[0][1]["x"])] == [4, 8]


def test_without_a_map_the_check_says_what_is_missing(engine: FakeEngine) -> None:
    *_, (_, found, *_) = check_set(engine, replace(SESSION, map_folder=""), "mood", "mean-difference", "", False)
    assert "There is no map between these layers yet" in found


def test_a_check_that_is_stopped_is_cleaned_up(engine: FakeEngine) -> None:
    checking = check_set(engine, SESSION, "mood", "mean-difference", "", False)
    next(checking)
    checking.close()  # type: ignore[attr-defined]
    assert engine.checks_left == 1


def test_before_the_models_are_open_nothing_is_checked_or_made(engine: FakeEngine) -> None:
    ((status, *kept),) = check_set(engine, None, "mood", "mean-difference", "", False)
    assert "not open yet" in status and kept == [SKIP] * 4
    ((*kept, status),) = make(engine, None)
    assert "not open yet" in status and kept == [SKIP] * 4
    ((_, status),) = save_one(engine, None, "x", "small", "gguf")
    assert "not open yet" in status


# Vectors


def make(engine: FakeEngine, session: Session | None, shelf: Shelf | None = None, **changed: Any) -> list[Any]:
    other = changed.pop("other", "")
    settings: dict[str, Any] = {"method": "mean-difference", "reading": "", "whiten": False}
    settings |= {"together": "remove", "factor": 1.0, "times": 1.0} | changed
    return list(make_vectors(engine, session, shelf or Shelf(), "mood", other, RecipeControls(**settings)))


def test_vectors_are_made_with_progress_and_put_on_the_shelf(engine: FakeEngine) -> None:
    (*kept, progress), (shelf, there, chosen, table, status) = make(engine, SESSION, other="register", whiten=True)
    assert kept == [SKIP] * 4 and 'role="progressbar"' in progress
    ((label, folder),) = shelf.vectors
    assert label == "mood without register" and chosen.value == folder and there.visible
    assert table.count("<tr>") == 3 and "mean-difference, whitened" in table and "<b>0.87</b>" in table
    assert "Made" in status
    assert list(show_vectors(engine, SESSION, folder)) == [(table, "")]
    assert list(show_vectors(engine, SESSION, None)) == [(SKIP, SKIP)]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [({"factor": None}, "as numbers"), ({"times": None}, "as numbers"), ({"other": "mood"}, "Nothing of mood is left")],
)
def test_a_recipe_that_makes_nothing_gets_one_sentence(
    engine: FakeEngine, changed: dict[str, Any], sentence: str
) -> None:
    *_, (*kept, status) = make(engine, SESSION, **changed)
    assert kept == [SKIP] * 4 and sentence in status


def test_vectors_of_the_shelf_steer(engine: FakeEngine) -> None:
    *_, (shelf, *_) = make(engine, SESSION)
    folder = shelf.vectors[0][1]
    ((kept, concept, *_, asked, dropdown, status),) = steer_with_vectors(engine, SESSION, shelf, folder, "mood", "x", 3)
    assert (kept, concept.value) == (shelf, "mood"), "what is read out is the set that is chosen"
    assert dropdown.value == folder and dropdown.visible and asked == 4 and "read out by mood" in status
    ((*kept, status),) = steer_with_vectors(engine, SESSION, Shelf(), None, "mood", "x", 3)
    assert kept == [SKIP] * 7 and "There are no vectors yet" in status


def test_vectors_are_saved_in_both_formats_and_come_back(engine: FakeEngine) -> None:
    *_, (shelf, *_) = make(engine, SESSION)
    folder = shelf.vectors[0][1]
    for ending in ("safetensors", "gguf"):
        ((button, status),) = save_one(engine, SESSION, folder, "small", ending)
        file = button.value["path"]
        assert file.endswith(ending) and f"saved.{ending}" in status
        ((kept, _, chosen, table, status),) = load_vector(engine, SESSION, shelf, file)
        assert len(kept.vectors) == 2 and chosen.value == kept.vectors[-1][1]
        assert "the small model’s own" in table and "fits" in status
    ((button, status),) = save_one(engine, SESSION, folder, "transferred", "gguf")
    assert button == SKIP and "cannot be saved" in status


def test_a_damaged_vector_file_gets_one_sentence_and_is_not_kept(engine: FakeEngine, tmp_path: Path) -> None:
    file = tmp_path / "broken.safetensors"
    whole = VectorFile(torch.ones(3), "m", "", 1, "joy", "x", "y")
    file.write_bytes(save_vector(tmp_path / "whole.safetensors", whole).read_bytes()[:-4])
    ((*kept, status),) = load_vector(engine, SESSION, Shelf(), str(file))
    assert kept == [SKIP] * 4 and "no safetensors file or is cut off" in status and 'role="alert"' in status
    assert list(load_vector(engine, SESSION, Shelf(), None)) == [(SKIP, SKIP, SKIP, SKIP, "")]
