"""The statistics agree with hand calculation, with numpy's own, and with a planted truth."""

import numpy as np
import pytest

from lrt_explorer.errors import SettingsError
from lrt_explorer.study.statistics import mean_interval, mean_over_prompts, ratio_interval, resamples, slopes, spearman

STRENGTHS = np.linspace(-0.6, 0.6, 7)


def test_slopes_are_those_of_least_squares() -> None:
    readouts = np.random.default_rng(0).normal(size=(3, 5, 7))
    expected = [[np.polyfit(STRENGTHS, series, 1)[0] for series in arm] for arm in readouts]
    assert np.allclose(slopes(STRENGTHS, readouts), expected, atol=1e-12)


def test_what_is_missing_is_left_out_of_slopes_and_means() -> None:
    readouts = np.array([2.0 * STRENGTHS + 1.0, np.full(7, np.nan)])
    readouts[0, [1, 6]] = np.nan
    found = slopes(STRENGTHS, readouts)
    assert found[0] == pytest.approx(2.0) and np.isnan(found[1])
    means = mean_over_prompts(np.array([[1.0, np.nan, 3.0], [np.nan] * 3]))
    assert means[0] == 2.0 and np.isnan(means[1])


@pytest.mark.parametrize("strengths", [[0.3], [0.3, 0.3]])
def test_a_slope_needs_two_strengths(strengths: list[float]) -> None:
    with pytest.raises(SettingsError, match="two different strengths"):
        slopes(np.array(strengths), np.zeros((1, len(strengths))))


def test_the_interval_of_a_mean_is_near_the_normal_one_and_repeats_with_its_seed() -> None:
    values = np.random.default_rng(1).normal(2.0, 1.0, 400)
    interval = mean_interval(values, resamples(400, seed=5))
    assert interval == mean_interval(values, resamples(400, seed=5))
    assert interval.value == pytest.approx(values.mean())
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert interval.holds(values.mean()) and not interval.holds(0.0)


def test_pairing_makes_the_ratio_of_proportional_slopes_exact() -> None:
    native = np.random.default_rng(2).normal(3.0, 2.0, 60)
    paired = ratio_interval(0.9 * native, native, resamples(60, seed=0))
    assert (paired.low, paired.value, paired.high) == pytest.approx((0.9, 0.9, 0.9))
    unpaired = ratio_interval(0.9 * native[::-1].copy(), native, resamples(60, seed=0))
    assert unpaired.high - unpaired.low > 0.1


def test_rank_correlation_with_and_without_ties() -> None:
    assert spearman(STRENGTHS, np.exp(STRENGTHS)) == pytest.approx(1.0)
    assert spearman(STRENGTHS, -STRENGTHS) == pytest.approx(-1.0)
    assert spearman(STRENGTHS, np.zeros(7)) == 0.0
    # ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5)
    assert spearman(np.array([1.0, 2.0, 2.0, 3.0]), np.arange(4.0)) == pytest.approx(4.5 / np.sqrt(4.5 * 5))
