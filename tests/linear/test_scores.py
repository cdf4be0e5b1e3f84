import numpy as np
import pytest
import torch
from sklearn.metrics import r2_score
from torch import Tensor

from lrt_explorer.errors import MapError, VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.estimators import ridge
from lrt_explorer.linear.grid import GridMoments
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.scores import (
    cosine,
    cosine_standardised,
    linear_cka,
    linear_cka_standardised,
    map_scores,
    norm_ratio,
    r2,
    r2_per_dimension,
    r2_standardised,
    row_cosines,
    spread,
)


def noise(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def collected(x: Tensor, y: Tensor) -> CrossMoments:
    moments = CrossMoments(x.shape[1], y.shape[1])
    moments.update(x, y)
    return moments


def imperfect() -> tuple[AffineMap, Tensor, Tensor]:
    """A map and rows that it predicts with errors, some of them in the mean."""
    map = AffineMap(noise(6, 9, seed=1), noise(9, seed=2))
    x = noise(400, 6, seed=3) + 2.0
    return map, x, map(x) + 1.5 * noise(400, 9, seed=4) + 0.5 * noise(9, seed=5)


def test_r2_is_that_of_scikit_learn_on_the_rows() -> None:
    map, x, y = imperfect()
    theirs = r2_score(y.numpy(), map(x).numpy(), multioutput="variance_weighted")
    assert r2(map, collected(x, y)) == pytest.approx(theirs, abs=1e-12)
    assert 0.2 < theirs < 0.9


def test_r2_per_dimension_is_that_of_scikit_learn_on_the_rows() -> None:
    map, x, y = imperfect()
    theirs = r2_score(y.numpy(), map(x).numpy(), multioutput="raw_values")
    np.testing.assert_allclose(r2_per_dimension(map, collected(x, y)), theirs, atol=1e-12)


def test_all_scores_of_a_map_at_once_are_those_one_by_one() -> None:
    map, x, y = imperfect()
    held_out = collected(x, torch.cat([y, torch.ones(len(y), 1)], dim=1))
    map = AffineMap(torch.cat([map.weight, torch.zeros(6, 1)], dim=1), torch.cat([map.bias, torch.zeros(1)]))
    scores = map_scores(map, held_out)
    assert scores.r2 == r2(map, held_out)
    assert scores.r2_standardised == r2_standardised(map, held_out)
    assert torch.equal(scores.r2_per_dimension, r2_per_dimension(map, held_out))
    # The last dimension is constant, so it has no part in the mean.
    assert scores.r2_standardised == pytest.approx(float(scores.r2_per_dimension[:-1].mean()))
    assert scores.r2_standardised != pytest.approx(float(scores.r2_per_dimension.mean()))


def test_a_wrong_map_scores_below_zero_and_the_mean_scores_zero() -> None:
    map, x, y = imperfect()
    held_out = collected(x, y)
    assert r2(AffineMap(-map.weight, map.bias), held_out) < 0
    always_the_mean = AffineMap(torch.zeros(6, 9), y.mean(0))
    assert r2(always_the_mean, held_out) == pytest.approx(0.0, abs=1e-12)
    # A bias that is off counts, although the spread is predicted as before.
    assert r2(AffineMap(map.weight, map.bias + 3.0), held_out) < r2(map, held_out) - 0.1


def test_an_exact_map_scores_one() -> None:
    map, x, _ = imperfect()
    held_out = collected(x, map(x))
    assert 1 - 1e-12 < r2(map, held_out) <= 1.0
    assert float(r2_per_dimension(map, held_out).min()) > 1 - 1e-12


def test_a_constant_dimension_scores_zero_and_does_not_disturb_the_rest() -> None:
    map, x, y = imperfect()
    y[:, 4] = 0.1
    scores = r2_per_dimension(map, collected(x, y))
    theirs = r2_score(np.delete(y.numpy(), 4, 1), np.delete(map(x).numpy(), 4, 1), multioutput="raw_values")
    assert float(scores[4]) == 0.0
    np.testing.assert_allclose(np.delete(scores.numpy(), 4), theirs, atol=1e-12)


def test_scores_need_rows_that_vary_and_widths_that_fit() -> None:
    map, x, y = imperfect()
    for score in (r2, r2_per_dimension, r2_standardised):
        with pytest.raises(MapError, match="too few or too alike"):
            score(map, collected(x[:1], y[:1]))
        with pytest.raises(MapError, match="too few or too alike"):
            score(map, collected(x, torch.full_like(y, 0.1)))
        with pytest.raises(MapError, match="from width 6 to 9"):
            score(map, collected(y, x))


def test_cka_is_its_definition_on_centred_gram_matrices() -> None:
    _, x, y = imperfect()
    centring = torch.eye(400, dtype=torch.float64) - 1.0 / 400
    k, l = centring @ x @ x.T @ centring, centring @ y @ y.T @ centring  # noqa: E741
    theirs = float((k * l).sum() / (k.norm() * l.norm()))
    assert linear_cka(collected(x, y)) == pytest.approx(theirs, rel=1e-12)


def test_cka_sees_through_rotation_scale_and_shift_but_not_through_a_shuffle() -> None:
    _, x, y = imperfect()
    rotation = torch.linalg.qr(noise(6, 6, seed=7)).Q
    assert linear_cka(collected(x, 3.0 * x @ rotation + 5.0)) == pytest.approx(1.0, abs=1e-12)
    assert linear_cka(collected(x, y)) == pytest.approx(linear_cka(collected(y, x)), rel=1e-12)
    assert linear_cka(collected(x, x[torch.randperm(400, generator=torch.Generator().manual_seed(0))])) < 0.05


def test_cka_needs_rows_that_vary() -> None:
    _, x, y = imperfect()
    for score in (linear_cka, linear_cka_standardised):
        with pytest.raises(MapError, match="too few tokens"):
            score(collected(x[:1], y[:1]))
        with pytest.raises(MapError, match="small model are equal"):
            score(collected(torch.zeros_like(x), y))


def test_standardised_scores_are_those_of_standardised_rows() -> None:
    map, x, y = imperfect()
    scaled = (y - y.mean(0)) / y.std(0)
    theirs = r2_score(scaled.numpy(), ((map(x) - y.mean(0)) / y.std(0)).numpy(), multioutput="variance_weighted")
    assert r2_standardised(map, collected(x, y)) == pytest.approx(theirs, abs=1e-12)
    assert abs(theirs - r2(map, collected(x, y))) > 0.01
    ours, alike = linear_cka_standardised(collected(x, y)), linear_cka(collected((x - x.mean(0)) / x.std(0), scaled))
    assert ours == pytest.approx(alike, rel=1e-12) and abs(ours - linear_cka(collected(x, y))) > 1e-4


def rogue_pair(share: float, dimensions: int = 64) -> tuple[CrossMoments, CrossMoments]:
    """Moments to fit and to score on: all that the sides share is one dimension, which holds this share of variance."""
    x, y = noise(4000, dimensions, seed=1), noise(4000, dimensions, seed=2)
    scale = (share / (1 - share) * (dimensions - 1)) ** 0.5
    x[:, 7] = scale * noise(4000, seed=3)
    y[:, 5] = x[:, 7] + 0.01 * scale * noise(4000, seed=4)
    return collected(x[:3000], y[:3000]), collected(x[3000:], y[3000:])


def test_one_dimension_buys_r2_and_cka_but_not_the_standardised_scores() -> None:
    fit, held_out = rogue_pair(0.95)
    map = ridge(fit, held_out).map
    assert spread(held_out.cyy).largest == pytest.approx(0.95, abs=0.02)
    assert r2(map, held_out) > 0.9 and linear_cka(held_out) > 0.9
    assert r2_standardised(map, held_out) < 0.05 and linear_cka_standardised(held_out) < 0.15
    # Where all dimensions are shared, both say so.
    y = noise(4000, 64, seed=5)
    shared = collected(y[:3000], y[:3000]), collected(y[3000:], y[3000:])
    assert r2_standardised(ridge(*shared).map, shared[1]) > 0.99 and linear_cka_standardised(shared[1]) > 0.99


def test_an_offset_and_a_rogue_dimension_change_no_standardised_score() -> None:
    map, x, y = imperfect()
    rogue = y.clone()
    grown = (8 * float(y.var(0).sum() / y.var(0)[3])) ** 0.5
    rogue[:, 3] *= grown
    offset = 10 * float(y.var(0).sum().sqrt()) * torch.ones(9, dtype=torch.float64)
    scale = torch.ones(9, dtype=torch.float64)
    scale[3] = grown
    changed = AffineMap(map.weight * scale, map.bias * scale + offset)
    plain, odd = collected(x, y), collected(x, rogue + offset)
    assert spread(odd.cyy).largest > 0.8 and abs(r2(changed, odd) - r2(map, plain)) > 0.01
    assert r2_standardised(changed, odd) == pytest.approx(r2_standardised(map, plain), abs=1e-9)
    assert linear_cka_standardised(odd) == pytest.approx(linear_cka_standardised(plain), abs=1e-9)


@pytest.mark.parametrize("side", ["small", "large"])
def test_maps_fitted_with_and_without_offset_and_rogue_dimension_score_alike(side: str) -> None:
    weight, x = noise(12, 20, seed=1), noise(6000, 12, seed=2)
    y = x @ weight + 3 * noise(6000, 20, seed=3)
    plain = collected(x[:5000], y[:5000]), collected(x[5000:], y[5000:])
    grown = x.clone() if side == "small" else y.clone()
    grown[:, 2] *= float(grown.var(0).sum() / grown.var(0)[2]) ** 0.5
    grown += 10 * float(grown.var(0).sum() ** 0.5)
    first, second = (grown, y) if side == "small" else (x, grown)
    odd = collected(first[:5000], second[:5000]), collected(first[5000:], second[5000:])
    scores = [(r2_standardised(ridge(*of).map, of[1]), linear_cka_standardised(of[1])) for of in (plain, odd)]
    assert scores[1] == pytest.approx(scores[0], abs=1e-3)
    assert abs(linear_cka(odd[1]) - linear_cka(plain[1])) > 0.01


def test_the_spread_names_what_the_largest_and_the_outliers_hold() -> None:
    sums = torch.diag(torch.tensor([1.0, 1.0, 1.0, 1.0, 26.0, 70.0, 0.0], dtype=torch.float64))
    held = spread(sums)
    assert (held.largest, held.outliers) == (0.7, 2) and held.outlier_share == pytest.approx(0.96)
    even = spread(torch.eye(8))
    assert (even.largest, even.outliers, even.outlier_share) == (1 / 8, 0, 0.0)


def test_dimensions_that_do_not_vary_count_in_no_standardised_score() -> None:
    map, x, y = imperfect()
    y[:, 4], x[:, 2] = 0.1, 0.3
    held_out = collected(x, y)
    scores = r2_per_dimension(map, held_out)
    assert r2_standardised(map, held_out) == pytest.approx(float(np.delete(scores.numpy(), 4).mean()))
    fewer = collected(x[:, [0, 1, 3, 4, 5]], y[:, [0, 1, 2, 3, 5, 6, 7, 8]])
    assert linear_cka_standardised(held_out) == pytest.approx(linear_cka_standardised(fewer), rel=1e-12)


def test_a_grid_gives_them_from_its_one_pass() -> None:
    map, x, y = imperfect()
    grid = GridMoments({0: 6, 1: 6}, {0: 9})
    grid.update({0: x, 1: 2 * x}, {0: y})
    once, alone = grid.pair(0, 0), collected(x, y)
    assert r2_standardised(map, once) == pytest.approx(r2_standardised(map, alone), rel=1e-12)
    assert linear_cka_standardised(once) == pytest.approx(linear_cka_standardised(alone), rel=1e-12)
    assert spread(once.cyy).largest == pytest.approx(spread(alone.cyy).largest)


def test_cosine_is_the_angle() -> None:
    a = torch.tensor([1.0, 0.0, 0.0])
    assert cosine(a, 5 * a) == 1.0
    assert cosine(a, -2 * a) == -1.0
    assert cosine(a, torch.tensor([0.0, 3.0, 0.0])) == 0.0
    assert cosine(a, torch.tensor([1.0, 1.0, 0.0])) == pytest.approx(0.5**0.5)
    assert cosine(a, torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64)) == cosine(torch.tensor([1.0, 1.0, 0.0]), a)


def test_cosine_does_not_depend_on_the_lengths() -> None:
    a, b = noise(50, seed=1), noise(50, seed=2)
    for scale in (1e-200, 1e-30, 1e30, 1e200):
        assert cosine(scale * a, b) == pytest.approx(cosine(a, b), abs=1e-14)


def test_a_rogue_dimension_buys_a_cosine_but_no_standardised_one() -> None:
    a, b, deviations = noise(64, seed=1), noise(64, seed=2), torch.ones(64, dtype=torch.float64)
    plain = cosine(a, b)
    assert cosine_standardised(a, b, deviations) == pytest.approx(plain)
    scale = torch.ones(64, dtype=torch.float64)
    scale[9] = 1e6
    assert abs(cosine(a * scale, b * scale)) > 0.99 > abs(plain) + 0.5
    assert cosine_standardised(a * scale, b * scale, deviations * scale) == pytest.approx(plain)
    still = deviations.clone()
    still[9] = 0.0
    assert cosine_standardised(a * scale, b * scale, still) == pytest.approx(cosine(a[still > 0], b[still > 0]))
    with pytest.raises(VectorError):
        cosine_standardised(torch.eye(64)[9], b, still)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (torch.zeros(3), torch.ones(3)),
        (torch.ones(3), torch.zeros(3)),
        (torch.ones(3), torch.ones(4)),
        (torch.ones(2, 3), torch.ones(2, 3)),
        (torch.ones(0), torch.ones(0)),
        (torch.tensor([1.0, float("nan")]), torch.ones(2)),
        (torch.tensor([1.0, float("inf")]), torch.ones(2)),
    ],
)
def test_what_is_no_direction_has_no_angle(a: Tensor, b: Tensor) -> None:
    with pytest.raises(VectorError):
        cosine(a, b)


def test_the_norm_ratio_is_that_of_the_lengths() -> None:
    a, b = noise(50, seed=1), noise(50, seed=2)
    assert norm_ratio(a, b) == pytest.approx(float(a.norm() / b.norm()), rel=1e-12)
    assert norm_ratio(-3 * b, b) == pytest.approx(3.0, rel=1e-12)
    assert norm_ratio(torch.zeros(50), b) == 0.0
    for scale in (1e-200, 1e200):
        assert norm_ratio(scale * a, scale * b) == pytest.approx(norm_ratio(a, b), rel=1e-12)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (torch.ones(3), torch.zeros(3)),
        (torch.ones(3), torch.ones(4)),
        (torch.ones(2, 3), torch.ones(2, 3)),
        (torch.tensor([1.0, float("nan")]), torch.ones(2)),
    ],
)
def test_what_has_no_length_to_compare_with_has_no_norm_ratio(a: Tensor, b: Tensor) -> None:
    with pytest.raises(VectorError):
        norm_ratio(a, b)


def test_cosines_of_rows_are_those_of_each_row_alone() -> None:
    a, b, deviations = noise(5, 6, seed=1), noise(5, 6, seed=2), noise(6, seed=3).abs()
    deviations[2] = 0
    plain, standardised = row_cosines(a, b), row_cosines(a, b, deviations)
    for row in range(5):
        assert float(plain[row]) == pytest.approx(cosine(a[row], b[row]))
        assert float(standardised[row]) == pytest.approx(cosine_standardised(a[row], b[row], deviations))
    only = torch.zeros(1, 6)
    only[0, 2] = 3.0
    assert row_cosines(only, only, deviations).tolist() == [0.0], "nothing is left of it"
