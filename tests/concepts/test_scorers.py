"""Scorers of generated text."""

from dataclasses import asdict
from pathlib import Path

import pytest

from lrt_explorer.concepts import scorers
from lrt_explorer.concepts.scorers import classifier_scorer, make_scorer, regex_scorer, word_list_scorer
from lrt_explorer.concepts.sets.scorer_kinds import Scorer
from lrt_explorer.concepts.sets.scoring import ClassifierLabel, Expression, WordList, scorer_from_json, scorer_from_text
from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.classify import load_classifier
from tests.lm.test_classify import save


def test_words_on_two_sides_give_a_share() -> None:
    score: Scorer = word_list_scorer(["happy", "in high spirits", "joy"], ["sad"])
    assert score("sad", "Happy, and in high spirits. Then SAD.") == pytest.approx(2 / 3)
    assert score("happy", "Unhappy sadness; joyful.") is None
    assert score("", "") is None


def test_words_on_one_side_are_there_or_not() -> None:
    score = word_list_scorer(["sir", "c'est"])
    assert (score("", "Yes, Sir."), score("", "sirens"), score("", "C'est bien")) == (1.0, 0.0, 1.0)
    assert score("", " ...") is None


def test_expressions_match_or_not() -> None:
    score = regex_scorer(r"(?i)\bvous\b|!{2}")
    assert (score("", "Vous?"), score("vous", "toi!"), score("", "oh!!"), score("", " \n")) == (1.0, 0.0, 1.0, None)


def test_a_classifier_scores_the_continuation_alone(tmp_path: Path) -> None:
    folder = save(tmp_path)
    score = classifier_scorer(folder, "joy")
    text = "The old sailor felt happy."
    assert score("a prompt", text) == pytest.approx(float(load_classifier(folder).probabilities([text])[0, 1]))
    assert score("another", text) == score("a prompt", text) != score("", "In the morning a dog.")
    assert score("a prompt", " ") is None


def test_senseless_scorers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no word to score by"):
        word_list_scorer([" "])
    with pytest.raises(SettingsError, match="'joy' is on both sides"):
        word_list_scorer(["Joy"], ["joy"])
    with pytest.raises(SettingsError, match=r"'\(' is not a valid regular expression"):
        regex_scorer("(")
    with pytest.raises(SettingsError, match="has no label"):
        classifier_scorer(save(tmp_path), "grief")


def test_a_scorer_is_named_in_one_word_or_in_a_header() -> None:
    for text, header in (
        ("mood", "mood"),
        ("words:glad, in high spirits/sad", {"words": ["glad", "in high spirits"], "against": ["sad"]}),
        ("words:sir", {"words": ["sir"]}),
        ("regex:a:b#c", {"regex": "a:b#c"}),
        ("classifier:some/model#of#joy", {"classifier": "some/model#of", "label": "joy"}),
    ):
        choice = scorer_from_text(text)
        assert choice == scorer_from_json(header)
        if not isinstance(choice, str):
            # What settings and sets are written down as can be read again.
            assert scorer_from_json(asdict(choice)) == choice
    assert make_scorer(WordList(("glad",), ("sad",)))("", "Glad, and not sad or sad.") == pytest.approx(1 / 3)
    assert make_scorer(Expression("^ d"))("", " dog") == 1.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("joy", "is not a scorer; give words:"),
        ("words:/sad", "no word to score by"),
        ("words:a,b/b", "'b' is on both sides"),
        ("regex:(", "not a valid regular expression"),
        ("classifier:model", "give both"),
        ("classifier:#joy", "give both"),
    ],
)
def test_a_word_that_names_no_scorer_is_refused(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        scorer_from_text(text)


def test_an_expression_that_takes_for_ever_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorers, "SECONDS", 0.01)
    score = regex_scorer("(a|aa)+$")
    assert score("", "aaaa") == 1.0
    with pytest.raises(SettingsError, match=r"takes longer than 0.01 s on one text"):
        score("", "a" * 200 + "b")


def test_two_classifiers_of_one_name_are_two(tmp_path: Path) -> None:
    one, other = (ClassifierLabel(save(tmp_path / family, family), "joy") for family in ("bert", "llama"))
    choices = (one, other, ClassifierLabel(one.classifier, "calm"))
    assert len({scorers.classifier_identity(choice) for choice in choices}) == 3
    assert scorers.classifier_identity(one) == scorers.classifier_identity(ClassifierLabel(one.classifier, " JOY"))
