import numpy as np
import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.reduced_rank import ReducedRankPath
from lrt_explorer.linear.ridge import RidgePath
from lrt_explorer.linear.scores import r2
from tests.linear.rows import centred, collected, correlated, error, noise, planted


def low_rank(n: int, d_x: int, d_y: int, rank: int, seed: int, level: float) -> tuple[Tensor, Tensor]:
    """x, and an image of it through few dimensions, with noise of `level`; the same map for every seed."""
    x = noise(n, d_x, seed=seed) + 3.0
    through = noise(d_x, rank, seed=50) @ noise(rank, d_y, seed=51)
    return x, x @ through / rank**0.5 + level * noise(n, d_y, seed=1000 + seed)


def definition(x: Tensor, y: Tensor, rank: int, lam: float) -> np.ndarray:
    """From the whole data: ridge as least squares with rows of √λ below, then the best approximation of its fit."""
    d_x = x.shape[1]
    absolute = lam * np.square(centred(x)).sum() / d_x
    rows = np.vstack([centred(x), absolute**0.5 * np.eye(d_x)])
    answers = np.vstack([centred(y), np.zeros((d_x, y.shape[1]))])
    weight = np.linalg.lstsq(rows, answers)[0]
    fitted = np.linalg.svd(rows @ weight, full_matrices=False)[2][:rank]
    cut: np.ndarray = weight @ fitted.T @ fitted
    return cut


@pytest.mark.parametrize("lam", [0.0, 1e-4, 0.1])
@pytest.mark.parametrize(("n", "d_x", "d_y"), [(2000, 24, 40), (2000, 40, 24), (500, 8, 8)])
@pytest.mark.parametrize("rank", [1, 3, 8])
def test_each_rank_is_that_of_the_definition(lam: float, n: int, d_x: int, d_y: int, rank: int) -> None:
    x, y = planted(n, d_x, d_y, seed=0, level=0.3)
    map = ReducedRankPath(collected(x, y), lam).map(rank)
    assert error(map.weight, definition(x, y, rank, lam)) < 1e-6
    assert torch.linalg.matrix_rank(map.weight) == rank
    torch.testing.assert_close(map(x.mean(0)), y.mean(0))
    # Control: another rank or λ is told apart by the same measure.
    assert error(map.weight, definition(x, y, rank + 1 if rank < 8 else rank - 1, lam)) > 1e-3
    assert error(map.weight, definition(x, y, rank, lam + 0.1)) > 1e-3


def test_no_other_map_of_the_rank_does_better_on_the_rows_fitted() -> None:
    x, y = planted(300, 6, 9, seed=0, level=1.0)
    rows, answers = centred(x), centred(y)
    best = np.square(rows @ ReducedRankPath(collected(x, y), 0.0).map(2).weight.numpy() - answers).sum()
    for seed in range(200):
        into = noise(6, 2, seed=seed).numpy()
        other = np.linalg.lstsq(rows @ into, answers)[0]
        assert np.square(rows @ into @ other - answers).sum() > best


def test_full_rank_is_ridge() -> None:
    x, y = planted(500, 12, 20, seed=0, level=0.5)
    moments = collected(x, y)
    path = ReducedRankPath(moments, 1e-3)
    assert path.max_rank == 12
    torch.testing.assert_close(path.map(12).weight, RidgePath(moments).map(1e-3).weight)


@pytest.mark.parametrize(("n", "lam"), [(2000, 1e-3), (30, 0.1)])
def test_scores_along_the_path_are_those_of_its_maps(n: int, lam: float) -> None:
    fit, later = planted(n, 48, 20, seed=0, level=0.5), planted(300, 48, 20, seed=1, level=0.5)
    path, held_out = ReducedRankPath(collected(*fit), lam), collected(later[0] + 0.3, later[1])
    scores = path.r2_by_rank(held_out)
    assert [rank for rank, _ in scores] == list(range(1, path.max_rank + 1))
    for rank, score in scores:
        assert score == pytest.approx(r2(path.map(rank), held_out), abs=1e-9)


def test_the_rank_that_was_planted_is_chosen() -> None:
    fit, later = low_rank(400, 40, 60, 5, seed=0, level=2.0), low_rank(2000, 40, 60, 5, seed=1, level=2.0)
    choice = ReducedRankPath(collected(*fit), 0.0).select(collected(*later))
    scores = dict(choice.r2_by_rank)
    assert choice.rank == 5
    assert scores[5] == max(scores.values())
    assert r2(choice.map, collected(*later)) == pytest.approx(scores[5], abs=1e-9)
    # What it is for: ridge keeps the noise of all 40.
    ridge = RidgePath(collected(*fit)).select(collected(*later))
    assert scores[5] > max(score for _, score in ridge.r2_by_lambda) + 0.005


def test_an_exact_image_of_low_rank_takes_no_more_than_its_rank() -> None:
    fit, later = low_rank(400, 40, 60, 5, seed=0, level=0.0), low_rank(400, 40, 60, 5, seed=1, level=0.0)
    choice = ReducedRankPath(collected(*fit), 0.0).select(collected(*later))
    assert choice.rank == 5
    assert r2(choice.map, collected(*later)) >= 1 - 1e-9


def test_the_path_does_not_follow_the_moments_it_came_from() -> None:
    x, y = planted(500, 12, 20, seed=0, level=0.5)
    moments = collected(x, y)
    path = ReducedRankPath(moments, 0.1)
    before = path.map(3)
    moments.update(100 * x, -y)
    assert torch.equal(path.map(3).weight, before.weight)
    assert torch.equal(path.map(3).bias, before.bias)


def test_sides_without_any_covariance_give_the_mean() -> None:
    x = torch.tensor([[1.0], [1.0], [-1.0], [-1.0]])
    y = torch.tensor([[3.0, 2.0], [1.0, 0.0], [3.0, 2.0], [1.0, 0.0]])
    choice = ReducedRankPath(collected(x, y), 0.0).select(collected(x, y))
    assert choice.rank == 1
    torch.testing.assert_close(choice.map(x), torch.tensor([[2.0, 1.0]]).expand(4, 2))


def test_what_is_out_of_range_is_refused() -> None:
    x, y = planted(100, 4, 5, seed=0, level=0.1)
    path = ReducedRankPath(collected(x, y), 0.0)
    for rank in (0, 5):
        with pytest.raises(SettingsError, match=f"no map of rank {rank}; choose one from 1 to 4"):
            path.map(rank)
    with pytest.raises(SettingsError, match="out of range"):
        ReducedRankPath(collected(x, y), -1.0)
    with pytest.raises(MapError, match=r"^the 1 held-out tokens are too few"):
        path.select(collected(x[:1], y[:1]))
    with pytest.raises(MapError, match="too few tokens"):
        ReducedRankPath(collected(x[:1], y[:1]), 0.0)
    with pytest.raises(MapError, match="small model are equal"):
        ReducedRankPath(collected(torch.zeros_like(correlated(100, 4, seed=0)), y), 0.0)
