"""What of a prompt the judge may see: the sentence that the model completes, and nothing that stood before."""

from dataclasses import replace

import pytest

from lrt_explorer.concepts.sets.scoring import Expression, WordList
from lrt_explorer.errors import SettingsError
from lrt_explorer.study.steering.judged import judged_score, text_scorer
from lrt_explorer.tinyworld.judges import judged_text
from tests.study.tiny import CONCEPT


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("The capital of France is", "The capital of France is Paris."),
        ("Tom is sad. The capital of France is", "The capital of France is Paris."),
        ('Tom said: "Hello!" The capital of France is', "The capital of France is Paris."),
        ("Tom is sad.", "Paris."),
        ('Tom said: "I am sad."', "Paris."),
        ("Tom is sad. ", "Paris."),
    ],
)
def test_only_the_unfinished_sentence_is_shown(prompt: str, shown: str) -> None:
    assert judged_text(prompt, " Paris.") == shown


def test_without_a_judge_there_is_no_score() -> None:
    assert judged_score(CONCEPT, "Tom", " laughed with great joy and smiled.") is not None
    assert judged_score(CONCEPT, "Tom", " saw") is None
    assert judged_score(replace(CONCEPT, scorer=None), "Tom", " smiled.") is None
    with pytest.raises(SettingsError, match="there is no judge 'unknown'; choose one of mood, "):
        judged_score(replace(CONCEPT, scorer="unknown"), "Tom", " smiled.")


def test_other_scorers_see_the_continuation_alone() -> None:
    assert judged_score(replace(CONCEPT, scorer=Expression("Tom")), "Tom", " smiled.") == 0.0
    words = text_scorer(WordList(("Tom",)))
    assert words is not None and words("Tom", " smiled.") == 0.0
    judge = text_scorer("truthfulness")
    assert judge is not None and judge("The capital of France is", " Paris.") == 1.0
