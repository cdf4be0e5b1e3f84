"""Contrast sets survive a round trip, and every malformed file gets one sentence that names the line."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from lrt_explorer.concepts.contrast import (
    ContrastSet,
    ReadoutPrompt,
    load_concept,
    read_contrast,
    real_concepts,
    shipped_concepts,
    write_contrast,
)
from lrt_explorer.concepts.sets.scoring import ClassifierLabel, Expression, ScorerChoice, WordList
from lrt_explorer.errors import ContrastError
from lrt_explorer.store import assets_home, load_artifact

MOOD = ContrastSet(
    name="mood",
    pairs=(("The sun shone.", "The rain fell."), ("She laughed.", "She wept.")),
    description="Happy or sad.",
    positive_label="happy",
    negative_label="sad",
    suffix=" Then",
    prompts=(ReadoutPrompt("She felt", (" happy", " glad"), (" sad",)),),
    scorer="mood",
)


def test_what_is_written_is_read_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "mood.jsonl"
    write_contrast(path, MOOD)
    assert read_contrast(path) == MOOD
    assert load_concept(str(path)) == MOOD


@pytest.mark.parametrize(
    "scorer", [None, WordList(("glad", "joy"), ("sad",)), Expression("(?i)joy"), ClassifierLabel("some/model", "joy")]
)
def test_scorers_and_readouts_are_read_back_too(tmp_path: Path, scorer: ScorerChoice | None) -> None:
    contrast = replace(MOOD, scorer=scorer, reading="token-3", readout="probability")
    write_contrast(tmp_path / "mood.jsonl", contrast)
    assert read_contrast(tmp_path / "mood.jsonl") == contrast
    assert contrast.fingerprint() != replace(contrast, scorer=Expression("x")).fingerprint()


def test_shipped_vectors_are_those_of_the_shipped_sets() -> None:
    """A key that a set need not give leaves the fingerprints of sets without it as they were."""
    shipped = load_artifact(next((assets_home() / "vectors").iterdir()), "vectors").meta["vectors"]
    known = {entry["contrast"] for entry in shipped}
    assert known == {read_contrast(path).fingerprint() for path in shipped_concepts().values()}
    assert MOOD.fingerprint() != replace(MOOD, readout="probability").fingerprint()


def test_a_set_is_found_by_its_name_and_the_demo_familys_comes_first() -> None:
    demo, everyday = shipped_concepts(), real_concepts()
    assert set(everyday) - set(demo) and set(everyday) & set(demo), "some names are those of both"
    for name, path in everyday.items():
        assert load_concept(name) == read_contrast(demo.get(name, path))


def test_user_messages_forms_and_examples_are_read_back_too(tmp_path: Path) -> None:
    prompts = (*MOOD.prompts, ReadoutPrompt("He felt", (" glad",), (" low",), ask="And he?", form="story"))
    contrast = replace(MOOD, ask="How was it?", pair_asks=(None, "And she?"), prompts=prompts, examples=("It was",))
    assert [prompt.ask for prompt in contrast.prompts] == ["How was it?", "And he?"]
    assert contrast.asks() == ["How was it?", "And she?"]
    write_contrast(tmp_path / "mood.jsonl", contrast)
    assert read_contrast(tmp_path / "mood.jsonl") == contrast
    assert (tmp_path / "mood.jsonl").read_text().count("How was it?") == 1


def test_what_the_texts_answer_is_part_of_the_fingerprint_and_what_only_people_see_is_not() -> None:
    asked = replace(MOOD, ask="How was it?")
    fingerprints = {one.fingerprint() for one in (MOOD, asked, replace(MOOD, pair_asks=(None, "And she?")))}
    assert len(fingerprints) == 3
    seen = replace(MOOD, examples=("It was",), prompts=(replace(MOOD.prompts[0], form="story"),))
    assert seen.fingerprint() == MOOD.fingerprint()


def test_some_pairs_keep_their_user_messages() -> None:
    three = replace(MOOD, pairs=(*MOOD.pairs, ("He sang.", "He sobbed.")), pair_asks=("a", "b", "c"))
    assert three.some_pairs([0, 2]).pair_asks == ("a", "c")
    with pytest.raises(ContrastError, match="3 user messages for 2 pairs"):
        replace(three, pairs=three.pairs[:2])


def test_a_file_of_pairs_alone_is_a_set_named_after_the_file(tmp_path: Path) -> None:
    path = tmp_path / "joy.jsonl"
    path.write_text('{"with": "a", "without": "b"}\n\n{"with": "c", "without": "d"}\n')
    contrast = read_contrast(path)
    assert (contrast.name, contrast.pairs, contrast.prompts) == ("joy", (("a", "b"), ("c", "d")), ())


def test_the_fingerprint_changes_with_any_content() -> None:
    other = ContrastSet(name=MOOD.name, pairs=MOOD.pairs, suffix=" Later")
    assert MOOD.fingerprint() == replace(MOOD).fingerprint()
    assert MOOD.fingerprint() != other.fingerprint()


def header(**keys: object) -> str:
    return json.dumps({"kind": "lrt-contrast-set", "version": 1, **keys}) + "\n"


PAIR = '{"with": "a", "without": "b"}'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no pairs"),
        (PAIR, "only one pair"),
        (f"{PAIR}\nnonsense\n", "line 2 of set.jsonl is not JSON"),
        (f"{PAIR}\n[1, 2]\n", "line 2 of set.jsonl is not a JSON object"),
        (f'{PAIR}\n{{"with": "a"}}\n', "line 2 of set.jsonl has no text under 'without'"),
        (f'{PAIR}\n{{"with": "a", "without": " "}}\n', "line 2 of set.jsonl has no text under 'without'"),
        (f'{PAIR}\n{{"with": "a", "without": 3}}\n', "line 2 of set.jsonl has no text under 'without'"),
        (f'{PAIR}\n{{"with": "a", "without": "\\ud800"}}\n', "line 2 of set.jsonl has no text under 'without'"),
        (f'{PAIR}\n{{"text": "a"}}\n', "line 2 of set.jsonl has neither"),
        (f'{PAIR}\n{{"prompt": "a", "positive": [], "negative": ["b"]}}\n', "line 2 of set.jsonl needs a list"),
        (f'{PAIR}\n{{"prompt": "a", "positive": ["b"], "negative": "b"}}\n', "line 2 of set.jsonl needs a list"),
        ('{"kind": "recipe"}\n', "line 1 of set.jsonl has the kind 'recipe'"),
        ('{"kind": "lrt-contrast-set", "version": 7}\n', "format version 7"),
        ('{"kind": "lrt-contrast-set", "version": 1, "name": 4}\n', "the header of set.jsonl"),
        (
            header(scorer="joy"),
            "the header of set.jsonl names a scorer that cannot be used: there is no judge 'joy'; choose one",
        ),
        (header(scorer=3), "it is neither the name of a judge nor an object"),
        (header(scorer={}), "it has no keys; write 'words'"),
        (header(scorer={"regex": "a", "words": ["b"]}), "it has 'regex', 'words'; write"),
        (header(scorer={"words": "glad"}), "no list of words under 'words'"),
        (header(scorer={"words": ["a", 3]}), "no list of words under 'words'"),
        (header(scorer={"words": ["\ud800"]}), "no list of words under 'words'"),
        (header(scorer={"words": []}), "no word to score by"),
        (header(scorer={"words": ["a"], "against": ["A"]}), "'a' is on both sides"),
        (header(scorer={"regex": "(" * 200}), "is not a valid regular expression"),
        (header(scorer={"regex": None}), "other than text under 'regex'"),
        (header(scorer={"classifier": "model"}), "it has 'classifier'; write"),
        (header(scorer={"classifier": "model", "label": " "}), "give both"),
        (
            header(reading="token-0"),
            "the header of set.jsonl names a reading that cannot be used: 'token-0' is not a way",
        ),
        (header(readout="nats"), "names the unknown readout 'nats'; choose one of log-odds, probability"),
        ('{"with": "a", "without": "a"}\n' * 3, "the same text twice"),
    ],
)
def test_a_malformed_file_is_refused_in_one_sentence(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(content)
    with pytest.raises(ContrastError, match=re.escape(said)) as refusal:
        read_contrast(path)
    assert "\n" not in str(refusal.value)


def test_bytes_that_are_not_text_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(PAIR.encode() + b"\n" + json.dumps({"with": "a"}).encode() + b"\xff\n")
    with pytest.raises(ContrastError, match=r"line 2 of set.jsonl is not UTF-8"):
        read_contrast(path)


def test_a_missing_file_and_an_unknown_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ContrastError, match="No such file"):
        read_contrast(tmp_path / "absent.jsonl")
    with pytest.raises(ContrastError, match="there is no concept 'absent'"):
        load_concept("absent")
    with pytest.raises(ContrastError, match="there is no concept"):
        load_concept("x" * 5000)


def test_a_one_sided_set_made_in_code_is_refused_too() -> None:
    with pytest.raises(ContrastError, match="pair 2 of the contrast set x is one-sided"):
        ContrastSet(name="x", pairs=(("a", "b"), ("c", "")))
