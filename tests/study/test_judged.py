"""What of a prompt the judge may see: the sentence that the model completes, and nothing that stood before."""

import pytest

from lrt_explorer.study.judged import judged_score, judged_text
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
    from dataclasses import replace

    assert judged_score(replace(CONCEPT, scorer=None), "Tom", " smiled.") is None
    assert judged_score(replace(CONCEPT, scorer="unknown"), "Tom", " smiled.") is None
