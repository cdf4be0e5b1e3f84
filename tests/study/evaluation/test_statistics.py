"""The statistics agree with hand calculation, with numpy's own, and with a planted truth."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from lrt_explorer.errors import SettingsError
from lrt_explorer.study.evaluation.statistics import (
    RESAMPLES,
    beyond_controls,
    holm,
    mean_above_zero,
    mean_interval,
    mean_over_prompts,
    pearson,
    ratio_interval,
    resamples,
    sample_interval,
    slopes,
    spearman,
)

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
    paired = ratio_interval(0.9 * native, native)
    assert paired is not None
    assert (paired.low, paired.value, paired.high) == pytest.approx((0.9, 0.9, 0.9), abs=1e-6)
    unpaired = ratio_interval(0.9 * native[::-1].copy(), native)
    assert unpaired is not None and unpaired.high - unpaired.low > 0.1


def test_the_interval_of_a_ratio_ends_where_a_paired_t_test_would_no_longer_reject() -> None:
    rng = np.random.default_rng(3)
    native = rng.normal(2.0, 1.0, 40)
    other = 0.6 * native + rng.normal(0.0, 0.5, 40)
    found = ratio_interval(other, native)
    assert found is not None
    for end in (found.low, found.high):
        assert stats.ttest_1samp(other - end * native, 0.0).pvalue == pytest.approx(0.05, abs=1e-9)
    assert stats.ttest_1samp(other - found.value * native, 0.0).pvalue == pytest.approx(1.0)


def test_a_ratio_to_what_may_be_nothing_has_no_interval() -> None:
    noise = np.random.default_rng(4).normal(0.0, 1.0, 40)
    assert stats.ttest_1samp(noise, 0.0).pvalue > 0.05
    assert ratio_interval(noise + 1.0, noise) is None
    assert ratio_interval(np.ones(1), np.ones(1)) is None


def test_rank_correlation_with_and_without_ties() -> None:
    assert spearman(STRENGTHS, np.exp(STRENGTHS)) == pytest.approx(1.0)
    assert spearman(STRENGTHS, -STRENGTHS) == pytest.approx(-1.0)
    assert spearman(STRENGTHS, np.zeros(7)) == 0.0
    # ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5)
    assert spearman(np.array([1.0, 2.0, 2.0, 3.0]), np.arange(4.0)) == pytest.approx(4.5 / np.sqrt(4.5 * 5))


FIXED = np.random.default_rng(6)
FIRST = FIXED.standard_t(3, 60)
SECOND = 0.5 * FIRST + FIXED.normal(size=60)


def test_the_bootstrap_is_that_of_scipy() -> None:
    ours = mean_interval(FIRST, resamples(60, seed=7))
    theirs = stats.bootstrap(
        (FIRST,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(7)
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_correlations_are_those_of_scipy() -> None:
    assert pearson(FIRST, SECOND) == pytest.approx(stats.pearsonr(FIRST, SECOND).statistic, abs=1e-12)
    assert spearman(FIRST, SECOND) == pytest.approx(stats.spearmanr(FIRST, SECOND).statistic, abs=1e-12)
    tied = np.round(FIRST)
    gaps = np.array([np.nan, *SECOND[1:]])
    assert spearman(FIRST, gaps) == pytest.approx(stats.spearmanr(FIRST[1:], SECOND[1:]).statistic, abs=1e-12)
    assert spearman(tied, SECOND) == pytest.approx(stats.spearmanr(tied, SECOND).statistic, abs=1e-12)
    assert pearson(FIRST, np.full(60, 3.0)) is None


def test_student_s_test_and_interval_are_those_of_scipy() -> None:
    values = SECOND[:9] + 0.4
    assert mean_above_zero(values) == pytest.approx(stats.ttest_1samp(values, 0.0, alternative="greater").pvalue)
    theirs = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    ours = sample_interval(values)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert mean_above_zero(np.ones(3)) == 0.0 and mean_above_zero(-np.ones(3)) == 1.0 == mean_above_zero(np.ones(1))
    assert sample_interval(np.ones(1)).holds(-1e9)


def test_a_direction_is_compared_with_those_that_know_nothing() -> None:
    controls = np.array([1.0, -2.0, 2.0])  # root mean square √3
    assert beyond_controls(-3.0, controls) == pytest.approx(2 * stats.t.sf(3.0 / np.sqrt(3.0), df=3))
    draws = np.random.default_rng(8).normal(0.0, 5.0, (4000, 9))
    rejected = np.mean([beyond_controls(draw[0], draw[1:]) < 0.05 for draw in draws])
    assert 0.04 < rejected < 0.06
    assert beyond_controls(1.0, np.empty(0)) == 1.0 == beyond_controls(0.0, np.zeros(3))


def test_holm_is_the_closed_test_of_bonferroni() -> None:
    raw = [0.01, 0.04, 0.03, 0.2, 0.012]

    def closed(which: int) -> float:
        """The largest Bonferroni p value of all sets of hypotheses that hold this one."""
        others = [index for index in range(len(raw)) if index != which]
        sets = [(which, *rest) for size in range(len(raw)) for rest in combinations(others, size)]
        return max(min(1.0, len(chosen) * min(raw[index] for index in chosen)) for chosen in sets)

    assert holm(raw) == pytest.approx([closed(which) for which in range(len(raw))])
    assert holm([0.03]) == (0.03,) and holm([]) == ()
