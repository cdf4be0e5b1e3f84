"""Four texts show the story where both steered ones reach the end, and the other two do not."""

from dataclasses import replace

import pytest

from lrt_explorer.concepts.sets.scoring import ClassifierLabel, Expression, WordList
from lrt_explorer.study.compare import Arm, Comparison
from lrt_explorer.study.steering.arms import NATIVE, RANDOM, TRANSFERRED, UNSTEERED
from lrt_explorer.study.story import is_judged, moves, reads_well, shows
from tests.study.tiny import CONCEPT

NAMES = (UNSTEERED, NATIVE, TRANSFERRED, RANDOM)
SETTINGS = {"positive_label": "happy", "negative_label": "sad", "readout_unit": "nats"}


def written(
    scores: tuple[float | None, ...] = (None,) * 4,
    readouts: tuple[float | None, ...] = (None,) * 4,
    texts: tuple[str, ...] = ("a",) * 4,
    strength: float = 1.0,
) -> Comparison:
    arms = tuple(
        Arm(name, text, (text,), (False,), score, readout)
        for name, text, score, readout in zip(NAMES, texts, scores, readouts, strict=True)
    )
    return Comparison("Tom", strength, strength, arms, SETTINGS)


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ((0.0, 1.0, 1.0, 0.0), True),
        ((0.35, 0.65, 0.65, 0.35), True),
        ((None, 1.0, 1.0, None), True),
        ((0.0, 1.0, 0.6, 0.0), False),
        ((0.0, 0.6, 1.0, 0.0), False),
        ((0.0, 1.0, None, 0.0), False),
        ((0.4, 1.0, 1.0, 0.0), False),
        ((0.0, 1.0, 1.0, 0.4), False),
    ],
)
def test_by_the_scores_of_the_texts(scores: tuple[float | None, ...], told: bool) -> None:
    assert shows(written(scores, (0.0, 9.0, 9.0, 0.0)), judged=True) is told
    other_way = tuple(None if score is None else 1 - score for score in scores)
    assert shows(written(other_way, strength=-1.0), judged=True) is told
    assert shows(written(scores, strength=-1.0), judged=True) is False


@pytest.mark.parametrize(
    ("readouts", "told"),
    [
        ((1.0, 5.0, 5.0, 1.0), True),
        ((1.0, 5.0, 3.0, 2.0), True),
        ((1.0, 5.0, 2.9, 1.0), False),
        ((1.0, 5.0, 5.0, 2.1), False),
        ((1.0, 5.0, 5.0, -0.1), False),
        ((1.0, 1.0, 5.0, 1.0), False),
        ((None, 5.0, 5.0, 1.0), False),
    ],
)
def test_by_the_readout_where_nothing_scores(readouts: tuple[float | None, ...], told: bool) -> None:
    assert shows(written(readouts=readouts), judged=False) is told
    assert not shows(written(readouts=readouts), judged=True), "texts without evidence show nothing"
    other_way = tuple(None if one is None else -one for one in readouts)
    assert shows(written(readouts=other_way, strength=-1.0), judged=False) is told


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ((None,) * 4, True),
        ((1.0, 1.0, 1.0, 1.0), True),
        ((None, 0.2, None, None), True),
        ((0.3, None, 0.5, 0.5), True),
        ((0.5, 1.0, 0.4, None), False),
        ((None, 0.9, 1.0, 1.0), False),
    ],
)
def test_scores_of_a_word_list_can_only_rule_the_story_out(scores: tuple[float | None, ...], told: bool) -> None:
    readouts = (1.0, 5.0, 5.0, 1.0)
    assert shows(written(scores, readouts), judged=False) is told
    other_way = tuple(None if score is None else 1 - score for score in scores)
    assert shows(written(other_way, tuple(-one for one in readouts), strength=-1.0), judged=False) is told
    assert moves(written(scores, readouts)), "what one token tells"
    assert not shows(written((0.0, 1.0, 1.0, 0.0), (1.0,) * 4), judged=False)
    told_well = written(readouts=readouts)
    hard = replace(told_well, arms=(*told_well.arms[:3], replace(told_well.arms[3], remark="hard to read")))
    assert shows(told_well, judged=False) and not shows(hard, judged=False)


def test_a_word_list_understands_no_text() -> None:
    assert not is_judged(replace(CONCEPT, scorer=None))
    assert not is_judged(replace(CONCEPT, scorer=WordList(("good",))))
    assert not is_judged(replace(CONCEPT, scorer=Expression("good")))
    assert is_judged(replace(CONCEPT, scorer=WordList(("good",)), prompts=())), "where it is all there is"
    assert not is_judged(replace(CONCEPT, scorer=None, prompts=()))
    assert is_judged(replace(CONCEPT, scorer="mood"))
    assert is_judged(replace(CONCEPT, scorer=ClassifierLabel("some/model", "POSITIVE")))


def test_a_text_that_repeats_itself_does_not_read_well() -> None:
    assert reads_well(written(texts=("the cat sat on the mat", "a b c", "", "x")))
    assert not reads_well(written(texts=("a", "b", "th' " * 20, "c")))
