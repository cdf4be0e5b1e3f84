"""Scorers of generated text."""

from pathlib import Path

import pytest

from lrt_explorer.concepts.scorers import Scorer, classifier_scorer, regex_scorer, word_list_scorer
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
    with pytest.raises(SettingsError, match=r"'\(' is no regular expression"):
        regex_scorer("(")
    with pytest.raises(SettingsError, match="has no label"):
        classifier_scorer(save(tmp_path), "grief")
