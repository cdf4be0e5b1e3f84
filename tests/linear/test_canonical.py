import numpy as np
import pytest
import scipy.linalg
import torch
from sklearn.cross_decomposition import CCA
from torch import Tensor

from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.canonical import canonical_basis
from lrt_explorer.linear.ridge import RidgePath
from lrt_explorer.linear.scores import r2
from tests.linear.rows import centred, collected, correlated, noise, planted, shuffled


def related(n: int, d_x: int, d_y: int, seed: int) -> tuple[Tensor, Tensor]:
    """Two sides that share some dimensions, more or less clearly, and not others."""
    common = noise(n, 6, seed=seed) * torch.linspace(3.0, 0.2, 6, dtype=torch.float64)
    x = common @ noise(6, d_x, seed=50) + correlated(n, d_x, seed + 1)
    y = common @ noise(6, d_y, seed=51) + noise(n, d_y, seed=seed + 2) + 7.0
    return x, y


@pytest.mark.parametrize(("n", "d_x", "d_y"), [(2000, 10, 16), (2000, 16, 10), (60, 24, 24), (500, 1, 3)])
def test_correlations_are_the_cosines_of_the_angles_between_the_sides(n: int, d_x: int, d_y: int) -> None:
    x, y = related(n, d_x, d_y, seed=0)
    theirs = np.cos(scipy.linalg.subspace_angles(centred(x), centred(y)))[::-1]
    ours = canonical_basis(collected(x, y)).correlations
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    # Control: rows paired otherwise have others.
    assert float((canonical_basis(collected(x, shuffled(y))).correlations - ours).abs().max()) > 0.05


def test_the_first_variates_are_those_of_scikit_learn() -> None:
    x, y = related(2000, 10, 16, seed=0)
    theirs = CCA(n_components=2, scale=False, max_iter=20_000, tol=1e-14).fit(x.numpy(), y.numpy())
    basis = canonical_basis(collected(x, y))
    both = zip((basis.small_variates(x), basis.large_variates(y)), theirs.transform(x.numpy(), y.numpy()), strict=True)
    for ours, scores in both:
        for k in range(2):
            assert abs(np.corrcoef(ours[:, k], scores[:, k])[0, 1]) == pytest.approx(1.0, abs=1e-6)


def test_variates_are_what_they_are_said_to_be() -> None:
    x, y = related(2000, 10, 16, seed=0)
    basis = canonical_basis(collected(x, y))
    small, large = basis.small_variates(x), basis.large_variates(y)
    identity = torch.eye(10, dtype=torch.float64)
    for variates in (small, large):
        torch.testing.assert_close(variates.mean(0), torch.zeros(10, dtype=torch.float64), rtol=0, atol=1e-9)
        torch.testing.assert_close(variates.T @ variates / 2000, identity, rtol=0, atol=1e-9)
    torch.testing.assert_close(small.T @ large / 2000, torch.diag(basis.correlations), rtol=0, atol=1e-9)
    assert basis.correlations.tolist() == sorted(basis.correlations.tolist(), reverse=True)


def test_patterns_are_what_a_variate_moves() -> None:
    x, y = related(2000, 10, 16, seed=0)
    basis = canonical_basis(collected(x, y))
    for rows, variates, patterns in (
        (x, basis.small_variates(x), basis.small_patterns),
        (y, basis.large_variates(y), basis.large_patterns),
    ):
        regressed = np.linalg.lstsq(variates.numpy(), centred(rows))[0].T
        np.testing.assert_allclose(patterns, regressed, atol=1e-9)
    assert bool((basis.small_patterns.gather(0, basis.small_patterns.abs().argmax(0, keepdim=True)) > 0).all())


@pytest.mark.parametrize(("d_x", "d_y"), [(10, 16), (16, 10)])
def test_the_shared_variance_is_what_least_squares_explains(d_x: int, d_y: int) -> None:
    x, y = related(2000, d_x, d_y, seed=0)
    basis = canonical_basis(collected(x, y))
    there, back = collected(x, y), collected(y, x)
    assert basis.shared_large == pytest.approx(r2(RidgePath(there).map(0.0), there), rel=1e-9)
    assert basis.shared_small == pytest.approx(r2(RidgePath(back).map(0.0), back), rel=1e-9)
    assert 0.1 < basis.shared_small < 0.99
    assert abs(basis.shared_small - basis.shared_large) > 0.01


def test_an_affine_image_shares_everything_and_strangers_nothing() -> None:
    x, y = planted(5000, 12, 20, seed=0, level=0.0)
    basis = canonical_basis(collected(x, y))
    assert float(basis.correlations.min()) > 1 - 1e-9
    assert min(basis.shared_small, basis.shared_large) > 1 - 1e-9
    apart = canonical_basis(collected(x, shuffled(y)))
    assert float(apart.correlations.max()) < 0.15
    assert max(apart.shared_small, apart.shared_large) < 0.02


def test_correlations_do_not_depend_on_the_coordinates_of_either_side() -> None:
    x, y = related(2000, 10, 16, seed=0)
    moved = canonical_basis(collected(x @ noise(10, 10, seed=8) - 4.0, y @ noise(16, 16, seed=9)))
    np.testing.assert_allclose(moved.correlations, canonical_basis(collected(x, y)).correlations, rtol=1e-6)


def test_on_other_rows_the_correlations_are_not_flattered() -> None:
    (x, y), later = planted(300, 40, 40, seed=0, level=0.0), planted(5000, 40, 40, seed=1, level=0.0)
    strangers = canonical_basis(collected(x, shuffled(y)))
    assert float(strangers.correlations[0]) > 0.6
    held_out = collected(later[0], shuffled(later[1]))
    assert float(strangers.correlations_on(held_out).abs().max()) < 0.1
    # A basis of true pairs keeps what it found, and is what the rows themselves give.
    basis = canonical_basis(collected(*related(3000, 10, 16, seed=0)))
    x, y = related(3000, 10, 16, seed=5)
    ours = basis.correlations_on(collected(x, y))
    variates = basis.small_variates(x).numpy(), basis.large_variates(y).numpy()
    theirs = [np.corrcoef(a, b)[0, 1] for a, b in zip(variates[0].T, variates[1].T, strict=True)]
    np.testing.assert_allclose(ours, theirs, atol=1e-9)
    assert float((ours - basis.correlations)[:3].abs().max()) < 0.05


def test_near_collinear_dimensions_change_nothing() -> None:
    x, y = related(2000, 10, 16, seed=0)
    doubled = torch.cat([x, x + 1e-9 * noise(2000, 10, seed=7), torch.ones(2000, 1)], dim=1)
    plain, ours = canonical_basis(collected(x, y)), canonical_basis(collected(doubled, y))
    assert len(ours.correlations) == 10
    np.testing.assert_allclose(ours.correlations, plain.correlations, rtol=1e-6)
    assert ours.shared_large == pytest.approx(plain.shared_large, rel=1e-6)
    assert float(ours.small_directions.norm()) < 2 * float(plain.small_directions.norm())
    # Control: without the floor the copies' rounding is read as ten more dimensions.
    assert len(canonical_basis(collected(doubled, y), floor=0.0).correlations) > 10


def test_a_higher_floor_looks_at_fewer_dimensions() -> None:
    x, y = planted(2000, 24, 40, seed=0, level=0.1)
    counts = [len(canonical_basis(collected(x, y), floor).correlations) for floor in (1e-9, 1e-3, 1e-1)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 24 and counts[2] < 12
    for floor in (-0.1, 1.0, float("nan")):
        with pytest.raises(SettingsError, match="out of range"):
            canonical_basis(collected(x, y), floor)


@pytest.mark.parametrize("n", [10, 39])
def test_too_few_tokens_are_refused_in_one_sentence(n: int) -> None:
    x, y = related(n, 16, 24, seed=0)
    with pytest.raises(MapError, match=rf"^{n} tokens are too few: .*; give more than 40 tokens$"):
        canonical_basis(collected(x, y))


def test_what_does_not_vary_or_fit_is_refused() -> None:
    x, y = related(200, 4, 5, seed=0)
    with pytest.raises(MapError, match="there are too few tokens"):
        canonical_basis(collected(x[:1], y[:1]))
    with pytest.raises(MapError, match="small model are equal"):
        canonical_basis(collected(torch.zeros_like(x), y))
    with pytest.raises(MapError, match="from width 4 to 5"):
        canonical_basis(collected(x, y)).correlations_on(collected(y, x))
