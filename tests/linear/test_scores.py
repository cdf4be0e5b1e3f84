import numpy as np
import pytest
import torch
from sklearn.metrics import r2_score
from torch import Tensor

from lrt_explorer.errors import MapError, VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.scores import cosine, linear_cka, norm_ratio, r2, r2_per_dimension


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
    for score in (r2, r2_per_dimension):
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
    with pytest.raises(MapError, match="too few tokens"):
        linear_cka(collected(x[:1], y[:1]))
    with pytest.raises(MapError, match="small model are equal"):
        linear_cka(collected(torch.zeros_like(x), y))


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
