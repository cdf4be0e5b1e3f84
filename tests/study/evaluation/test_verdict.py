"""The verdict follows its rule at each of its borders, and the number of concepts counts."""

import numpy as np
import pytest

from lrt_explorer.study.evaluation.statistics import Array, holm
from lrt_explorer.study.evaluation.verdict import (
    ALPHA,
    MOST,
    NOT_MEASURABLE,
    NOT_SHOWN,
    PARTLY,
    TRANSFERS,
    Doubts,
    control_spread,
    doubts,
    verdicts,
)

CONTROLS = np.array([0.2, -0.3, 0.1, -0.2, 0.3, -0.1, 0.25, -0.25])


def planted(retention: float, native: float = 4.0, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    own = native + rng.normal(0, 1, 60)
    return own, retention * own + rng.normal(0, 0.5, 60)


def word(native: Array, transferred: Array, controls: Array = CONTROLS) -> str:
    return verdicts([doubts(native, transferred, controls)])[0].word


@pytest.mark.parametrize(
    ("retention", "expected"),
    [
        (1.3, TRANSFERS), (1.0, TRANSFERS), (0.9, TRANSFERS), (0.6, PARTLY), (0.3, PARTLY),
        (0.0, NOT_SHOWN), (-1.0, NOT_SHOWN),
    ],
)  # fmt: skip
def test_planted_retention_gets_its_word(retention: float, expected: str) -> None:
    assert word(*planted(retention)) == expected


def test_an_effect_within_the_spread_of_the_controls_is_none() -> None:
    native, transferred = planted(1.0)
    assert word(native, transferred) == TRANSFERS
    assert word(native, transferred, 10 * CONTROLS) == NOT_MEASURABLE
    # The native one stands out, and a third of it no longer does, however sure it is over prompts.
    weak = planted(0.3)
    assert doubts(*weak, 4 * CONTROLS).some < 1e-6
    assert word(*weak, 4 * CONTROLS) == NOT_SHOWN
    assert word(native, transferred, np.empty(0)) == NOT_MEASURABLE


def test_a_native_vector_without_effect_over_prompts_is_not_measurable() -> None:
    noise = np.random.default_rng(1).normal(0, 3, 60)
    assert word(noise, noise) == NOT_MEASURABLE


def test_steering_backwards_together_is_transfer_and_apart_is_not() -> None:
    native, transferred = planted(1.0)
    assert word(-native, -transferred) == TRANSFERS
    assert word(-native, transferred) == NOT_SHOWN


def test_the_border_of_most_is_where_it_says() -> None:
    native = 4.0 + np.random.default_rng(2).normal(0, 1, 400)
    noise = np.random.default_rng(3).normal(0, 0.5, 400)
    noise -= noise.mean()
    assert doubts(native, MOST * native + noise, CONTROLS).most == pytest.approx(0.5)
    assert word(native, (MOST + 0.05) * native + noise) == TRANSFERS
    assert word(native, (MOST - 0.05) * native + noise) == PARTLY


def test_what_holds_alone_may_not_hold_among_many() -> None:
    near = Doubts(native=0.001, transferred=0.01, some=0.001, most=0.01)
    nothing = Doubts(native=0.001, transferred=0.9, some=0.9, most=0.9)
    assert verdicts([near])[0].word == TRANSFERS
    among = verdicts([near, *[nothing] * 9])
    assert [verdict.word for verdict in among] == [NOT_SHOWN] * 10
    assert among[0].transfers == pytest.approx(holm([0.01, *[0.9] * 9])[0]) and among[0].transfers > ALPHA


def test_a_claim_needs_every_one_of_its_tests() -> None:
    sure = {"native": 1e-6, "transferred": 1e-6, "some": 1e-6, "most": 1e-6}
    expected = {"native": NOT_MEASURABLE, "transferred": NOT_SHOWN, "some": NOT_SHOWN, "most": PARTLY}
    assert verdicts([Doubts(**sure)])[0].word == TRANSFERS
    for name, instead in expected.items():
        assert verdicts([Doubts(**(sure | {name: 0.2}))])[0].word == instead


def test_the_spread_of_controls_is_about_zero_and_not_about_their_mean() -> None:
    assert control_spread(np.array([3.0, 3.0])) == 3.0
    assert control_spread(np.empty(0)) == 0.0
