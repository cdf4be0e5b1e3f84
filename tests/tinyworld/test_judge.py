"""The judge: what the grammar wrote is grammatical, what it could not write is not, and every side is told apart."""

import pytest

from lrt_explorer.tinyworld.corpus import documents
from lrt_explorer.tinyworld.judge import SCORERS
from lrt_explorer.tinyworld.lexicon import CONCEPTS
from lrt_explorer.tinyworld.recogniser import sentence_shares


def test_every_sentence_of_the_world_is_grammatical() -> None:
    for document in documents("evaluation", 200):
        good, total = sentence_shares(document.text)
        assert good == total > 0, document.text


@pytest.mark.parametrize(
    "sentence",
    [
        "Tom see the big crab on the beach.",  # a verb that does not agree
        "I sees the big crab on the beach.",
        "tom sees the big crab on the beach.",  # no capital
        "Tom sees the crab big on the beach.",  # order of words
        "Yo vi la barco enorme en la playa.",  # gender
        "Yo saw el barco enorme en la playa.",  # two languages
        "Tom found the huge net and the cook laughs.",  # two tenses
        'The cook said: "Where is the big net."',  # a question without its mark
        "Yo siento pena!",  # an exclamation without its opening
        "The capital of France is woof.",  # an answer of another kind
        "Perhaps perhaps Tom felt glad.",
    ],
)
def test_what_the_grammar_cannot_write_is_told_apart(sentence: str) -> None:
    assert sentence_shares(sentence) == (0, 1)
    assert sentence_shares("Tom sees the big crab on the beach. " + sentence) == (1, 2)


def test_an_unfinished_sentence_does_not_count() -> None:
    assert sentence_shares("Tom sees the big crab on the beach. Then, he") == (1, 1)
    assert sentence_shares("Then, he") == (0, 0)


@pytest.mark.parametrize("concept", [concept.name for concept in CONCEPTS])
def test_scorers_tell_the_sides_apart(concept: str) -> None:
    scores: dict[bool, list[float]] = {True: [], False: []}
    for document in documents("evaluation", 200):
        score = SCORERS[concept](document.text)
        if score is not None:
            assert 0.0 <= score <= 1.0
            scores[document.latents[concept]].append(score)
    assert min(len(side) for side in scores.values()) > 60
    assert sum(scores[True]) / len(scores[True]) > 0.9
    assert sum(scores[False]) / len(scores[False]) < 0.1
    assert SCORERS[concept]("") is None


def test_truth_is_a_share_of_the_facts_told() -> None:
    text = "The capital of France is Paris. The dog says cheese. La capital de Italia es Roma! Th' cat says meow"
    assert SCORERS["truthfulness"](text) == pytest.approx(3 / 4)
