import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor

from lrt_explorer.errors import MapError
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.procrustes import between_differences, procrustes
from lrt_explorer.linear.ridge import RidgePath
from lrt_explorer.linear.scores import r2
from tests.linear.rows import centred, collected, error, noise, planted, shuffled, turned


def semi_orthogonal(d_x: int, d_y: int, seed: int) -> Tensor:
    """A random [d_x, d_y] with orthonormal rows or columns, whichever are fewer."""
    turn: Tensor = torch.linalg.qr(noise(max(d_x, d_y), min(d_x, d_y), seed=seed)).Q
    return turn if d_x >= d_y else turn.T


@pytest.mark.parametrize("n", [2000, 60])
def test_equal_widths_are_turned_as_scipy_turns_them(n: int) -> None:
    x, y = planted(n, 24, 24, seed=0, level=0.3)
    turn, agreement = scipy.linalg.orthogonal_procrustes(centred(x), centred(y))
    scale = agreement / np.square(centred(x)).sum()
    found = procrustes(collected(x, y))
    assert found.rank == 24
    assert found.scale == pytest.approx(scale, rel=1e-9)
    assert error(found.map.weight, scale * turn) < 1e-6
    torch.testing.assert_close(found.map(x.mean(0)), y.mean(0))
    # Control: the same measure tells the turn of other rows apart.
    assert (
        error(found.map.weight, scale * scipy.linalg.orthogonal_procrustes(centred(x), centred(shuffled(y)))[0]) > 0.1
    )


@pytest.mark.parametrize(("d_x", "d_y"), [(12, 30), (30, 12)])
def test_other_widths_are_matched_as_by_padding_with_zeros(d_x: int, d_y: int) -> None:
    x, y = planted(2000, d_x, d_y, seed=0, level=0.3)
    wide = max(d_x, d_y)
    wide_x, wide_y = (np.pad(centred(rows), ((0, 0), (0, wide - rows.shape[1]))) for rows in (x, y))
    turn = scipy.linalg.orthogonal_procrustes(wide_x, wide_y)[0][:d_x, :d_y]
    predicted = centred(x) @ turn
    scale = (predicted * centred(y)).sum() / np.square(predicted).sum()
    found = procrustes(collected(x, y))
    assert error(found.map.weight, scale * turn) < 1e-6
    assert found.scale == pytest.approx(scale, rel=1e-9)
    inner = found.map.weight / found.scale
    product = inner @ inner.T if d_x < d_y else inner.T @ inner
    torch.testing.assert_close(product, torch.eye(min(d_x, d_y), dtype=torch.float64), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("d_x", "d_y"), [(5, 5), (4, 7)])
def test_no_other_turn_and_scale_comes_closer(d_x: int, d_y: int) -> None:
    x, y = planted(500, d_x, d_y, seed=0, level=1.0)
    ours = procrustes(collected(x, y))

    def squares(weight: Tensor) -> float:
        return float(np.square(centred(x) @ weight.numpy() - centred(y)).sum())

    best = squares(ours.map.weight)
    turn = ours.map.weight / ours.scale
    for factor in (0.99, 1.01, -1.0):
        assert squares(factor * ours.map.weight) > best
    for seed in range(300):
        # Near the one found and anywhere.
        skew = noise(d_y, d_y, seed=seed).tril(-1)
        nudge = torch.linalg.matrix_exp(0.01 * (skew - skew.T))
        for other in (turn @ nudge, semi_orthogonal(d_x, d_y, seed)):
            assert squares(ours.scale * other) > best


def test_from_wide_to_narrow_no_other_turn_agrees_more() -> None:
    x, y = planted(500, 7, 4, seed=0, level=1.0)
    moments = collected(x, y)
    ours = procrustes(moments)
    agreement = float((ours.map.weight / ours.scale * moments.cxy).sum())
    for seed in range(300):
        assert float((semi_orthogonal(7, 4, seed) * moments.cxy).sum()) < agreement


def test_a_turned_copy_is_found() -> None:
    fit, later = turned(3000, 24, 40, seed=0, level=0.0), turned(800, 24, 40, seed=1, level=0.0)
    found = procrustes(collected(*fit))
    assert found.scale == pytest.approx(2.5, rel=1e-9)
    assert r2(found.map, collected(*later)) >= 1 - 1e-9
    # Control: a copy that is stretched unevenly is not, where ridge finds it.
    stretched = [(x, y * torch.logspace(0, 1, 40, dtype=torch.float64)) for x, y in (fit, later)]
    assert r2(procrustes(collected(*stretched[0])).map, collected(*stretched[1])) < 0.95
    assert r2(RidgePath(collected(*stretched[0])).map(0.0), collected(*stretched[1])) >= 1 - 1e-9


def test_the_way_back_is_found_too() -> None:
    (x, y), later = turned(3000, 24, 40, seed=0, level=0.0), turned(800, 24, 40, seed=1, level=0.0)
    back = procrustes(collected(y, x))
    assert back.scale == pytest.approx(1 / 2.5, rel=1e-9)
    assert r2(back.map, collected(later[1], later[0])) >= 1 - 1e-9


def test_angles_are_kept() -> None:
    x, y = planted(500, 12, 20, seed=0, level=0.3)
    found = procrustes(collected(x, y))
    v = noise(6, 12, seed=9)
    torch.testing.assert_close(found.map.direction(v) @ found.map.direction(v).T, found.scale**2 * v @ v.T)


def test_directions_that_the_tokens_leave_open_are_mapped_to_nothing() -> None:
    x, y = planted(10, 64, 96, seed=0, level=0.0)
    found = procrustes(collected(x, y))
    assert found.rank == 9
    seen = np.linalg.svd(centred(x), full_matrices=False)[2][:9]
    unseen = noise(64, seed=1).numpy()
    unseen -= seen.T @ (seen @ unseen)
    assert float(found.map.direction(torch.from_numpy(unseen)).norm()) < 1e-9 * found.scale
    assert float(found.map.direction(torch.from_numpy(seen[0])).norm()) == pytest.approx(found.scale, rel=1e-6)


def test_sides_without_any_covariance_give_the_mean() -> None:
    hadamard = torch.from_numpy(scipy.linalg.hadamard(8)).double()
    x, y = hadamard[:, 1:3], hadamard[:, 3:6] + 1.0
    moments = CrossMoments(2, 3)
    moments.update(x, y)
    found = procrustes(moments)
    assert (found.rank, found.scale) == (0, 0.0)
    torch.testing.assert_close(found.map(x), torch.ones(8, 3, dtype=torch.float64))


def test_what_does_not_vary_is_refused() -> None:
    x, y = planted(100, 4, 5, seed=0, level=0.1)
    with pytest.raises(MapError, match=r"there are too few tokens .*; give more text$"):
        procrustes(collected(x[:1], y[:1]))
    with pytest.raises(MapError, match="large model are equal"):
        procrustes(collected(x, torch.full_like(y, 0.1)))


@pytest.mark.parametrize(("rows", "d_x", "d_y"), [(40, 12, 30), (5, 12, 30), (40, 30, 12)])
def test_between_differences_nothing_is_centred_away(rows: int, d_x: int, d_y: int) -> None:
    # Their mean is what matters in differences of contrast pairs, so it must be turned like everything else.
    x = noise(rows, d_x, seed=0) + 2.0
    turn = semi_orthogonal(d_x, d_y, seed=1)
    y = 3 * x @ turn
    found = between_differences(x, y)
    assert not bool(found.bias.any())
    if d_x <= d_y:
        torch.testing.assert_close(found(x), y)
        # Which way round a pair is written says nothing.
        signs = torch.where(torch.arange(rows)[:, None] % 2 == 0, 1.0, -1.0).to(x)
        torch.testing.assert_close(between_differences(signs * x, signs * y).weight, found.weight)
    else:
        assert error(found(x), y.numpy()) < 0.5
    assert error(between_differences(x, y.flip(0)).weight, found.weight.numpy()) > 0.1


def test_one_difference_turns_its_own_direction_and_none_makes_no_map() -> None:
    x, y = noise(1, 3, seed=0), noise(1, 4, seed=1)
    torch.testing.assert_close(between_differences(x, y)(x), y)
    with pytest.raises(MapError, match="too few"):
        between_differences(torch.zeros(0, 3), torch.zeros(0, 4))
    with pytest.raises(MapError, match="equal"):
        between_differences(torch.ones(3, 3), torch.zeros(3, 4))
