"""Four texts show the story where both steered ones reach the end, and the other two do not."""

import pytest

from lrt_explorer.study.compare import Arm, Comparison
from lrt_explorer.study.steering.arms import NATIVE, RANDOM, TRANSFERRED, UNSTEERED
from lrt_explorer.study.story import reads_well, shows

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
    assert shows(written(scores, (0.0, 9.0, 9.0, 0.0))) is told
    other_way = tuple(None if score is None else 1 - score for score in scores)
    assert shows(written(other_way, strength=-1.0)) is told
    assert shows(written(scores, strength=-1.0)) is False


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
    assert shows(written(readouts=readouts)) is told
    other_way = tuple(None if one is None else -one for one in readouts)
    assert shows(written(readouts=other_way, strength=-1.0)) is told


def test_a_text_that_repeats_itself_does_not_read_well() -> None:
    assert reads_well(written(texts=("the cat sat on the mat", "a b c", "", "x")))
    assert not reads_well(written(texts=("a", "b", "th' " * 20, "c")))
