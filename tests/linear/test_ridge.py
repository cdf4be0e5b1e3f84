import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch import Tensor

from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.ridge import DEFAULT_LAMBDAS, RidgePath
from lrt_explorer.linear.scores import r2
from tests.linear.rows import collected, correlated, noise, planted


def distance(map: AffineMap, weight: np.ndarray, bias: np.ndarray) -> float:
    ours = np.vstack([map.weight.numpy(), map.bias.numpy()])
    theirs = np.vstack([weight, bias])
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def test_lambda_zero_is_least_squares() -> None:
    x, y = planted(2000, 24, 40, seed=0, level=0.3)
    solution = np.linalg.lstsq(np.hstack([x.numpy(), np.ones((2000, 1))]), y.numpy())[0]
    assert distance(RidgePath(collected(x, y)).map(0.0), solution[:-1], solution[-1]) < 1e-8
    # Control: any ridge at all is told apart by the same measure.
    assert distance(RidgePath(collected(x, y)).map(1e-4), solution[:-1], solution[-1]) > 1e-5


def test_lambda_zero_is_the_least_norm_solution_with_more_dimensions_than_tokens() -> None:
    x, y = planted(20, 48, 12, seed=0, level=0.3)
    solution = np.linalg.lstsq((x - x.mean(0)).numpy(), (y - y.mean(0)).numpy())[0]
    bias = (y.mean(0) - x.mean(0) @ torch.from_numpy(solution)).numpy()
    map = RidgePath(collected(x, y)).map(0.0)
    assert distance(map, solution, bias) < 1e-8
    torch.testing.assert_close(map(x), y)


@pytest.mark.parametrize("lam", [1e-6, 1e-3, 0.1, 1.0, 30.0])
@pytest.mark.parametrize(("n", "d_x", "d_y"), [(2000, 24, 40), (30, 48, 12), (500, 1, 3), (500, 40, 1)])
def test_ridge_is_that_of_scikit_learn(lam: float, n: int, d_x: int, d_y: int) -> None:
    x, y = planted(n, d_x, d_y, seed=0, level=0.3)
    centred = x - x.mean(0)
    absolute = lam * float(centred.square().sum()) / d_x
    theirs = Ridge(alpha=absolute, solver="svd").fit(x.numpy(), y.numpy())
    map = RidgePath(collected(x, y)).map(lam)
    assert distance(map, theirs.coef_.reshape(d_y, d_x).T, np.reshape(theirs.intercept_, d_y)) < 1e-8


def test_lambda_is_relative_to_the_scale_and_the_number_of_rows() -> None:
    x, y = planted(500, 8, 10, seed=0, level=0.3)
    once = RidgePath(collected(x, y)).map(0.1)
    scaled = RidgePath(collected(1000.0 * x, y)).map(0.1)
    twice = RidgePath(collected(torch.cat([x, x]), torch.cat([y, y]))).map(0.1)
    torch.testing.assert_close(scaled.weight * 1000.0, once.weight)
    torch.testing.assert_close(twice.weight, once.weight)


def test_a_model_mapped_to_itself_gives_the_identity() -> None:
    x, later = correlated(3000, 32, seed=0), correlated(800, 32, seed=1)
    path = RidgePath(collected(x, x))
    chosen = path.select(collected(later, later))
    identity = torch.eye(32, dtype=torch.float64)
    for map in (path.map(0.0), chosen.map):
        assert float((map.weight - identity).norm() / identity.norm()) < 1e-6
        assert float(map.bias.norm() / x.norm(dim=1).mean()) < 1e-6
        assert float((map(later) - later).norm() / later.norm()) < 1e-6
    # Control: the same rows in another order are not mapped to themselves.
    shuffled = RidgePath(collected(x, x.roll(1, dims=0))).map(0.0)
    assert float((shuffled.weight - identity).norm() / identity.norm()) > 0.5


def test_a_planted_affine_pair_is_found() -> None:
    fit, later = planted(3000, 24, 40, seed=0, level=0.0), planted(800, 24, 40, seed=1, level=0.0)
    choice = RidgePath(collected(*fit)).select(collected(*later))
    assert max(score for _, score in choice.r2_by_lambda) >= 1 - 1e-9
    assert r2(choice.map, collected(*later)) >= 1 - 1e-9
    assert distance(choice.map, noise(24, 40, seed=50).numpy(), noise(40, seed=51).numpy()) < 1e-6


def test_a_shuffled_pairing_predicts_nothing() -> None:
    (x, y), later = planted(3000, 24, 40, seed=0, level=0.0), planted(800, 24, 40, seed=1, level=0.0)
    order = torch.randperm(3000, generator=torch.Generator().manual_seed(3))
    choice = RidgePath(collected(x, y[order])).select(collected(*later))
    assert r2(choice.map, collected(*later)) <= 0.02
    assert max(score for _, score in choice.r2_by_lambda) <= 0.02


def test_scores_along_the_path_are_those_of_its_maps() -> None:
    fit, later = planted(60, 48, 20, seed=0, level=0.5), planted(300, 48, 20, seed=1, level=0.5)
    path, held_out = RidgePath(collected(*fit)), collected(later[0] + 0.3, later[1])
    for lam, score in path.r2_by_lambda(held_out, DEFAULT_LAMBDAS):
        assert score == pytest.approx(r2(path.map(lam), held_out), abs=1e-9)


def test_the_lambda_chosen_is_the_best_on_held_out_rows() -> None:
    fit, later = planted(60, 48, 20, seed=0, level=2.0), planted(2000, 48, 20, seed=1, level=2.0)
    choice = RidgePath(collected(*fit)).select(collected(*later))
    scores = dict(choice.r2_by_lambda)
    assert tuple(scores) == DEFAULT_LAMBDAS
    assert choice.lam == max(scores, key=lambda lam: scores[lam])
    assert 0.0 < choice.lam < 10.0
    assert scores[choice.lam] > scores[0.0] + 0.05
    torch.testing.assert_close(choice.map.weight, RidgePath(collected(*fit)).map(choice.lam).weight)


def test_among_lambdas_equal_up_to_rounding_the_smallest_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = planted(100, 4, 5, seed=0, level=0.1)
    path, held_out = RidgePath(collected(x, y)), collected(x, y)
    for gap, expected in ((1e-14, 1e-6), (1e-9, 1e-3)):
        scores = ((1.0, 0.5), (1e-3, 0.9 + gap), (1e-6, 0.9))
        monkeypatch.setattr(path, "r2_by_lambda", lambda *_, scores=scores: scores)
        assert path.select(held_out).lam == expected


def test_more_ridge_gives_a_smaller_map_and_in_the_end_the_mean() -> None:
    x, y = planted(500, 12, 20, seed=0, level=0.5)
    path = RidgePath(collected(x, y))
    norms = [float(path.map(lam).weight.norm()) for lam in (0.0, 1e-4, 1e-2, 1.0, 100.0)]
    assert norms == sorted(norms, reverse=True)
    torch.testing.assert_close(path.map(1e12)(x[:1]), y.mean(0)[None], rtol=1e-6, atol=1e-6)


def test_the_path_does_not_follow_the_moments_it_came_from() -> None:
    x, y = planted(500, 12, 20, seed=0, level=0.5)
    moments = collected(x, y)
    path = RidgePath(moments)
    before = path.map(0.1)
    moments.update(100 * x, -y)
    after = path.map(0.1)
    assert torch.equal(after.weight, before.weight)
    assert torch.equal(after.bias, before.bias)


def test_the_same_moments_give_the_same_map_to_the_bit() -> None:
    x, y = planted(500, 12, 20, seed=0, level=0.5)
    maps = [RidgePath(collected(x, y)).map(1e-3) for _ in range(2)]
    assert torch.equal(maps[0].weight, maps[1].weight)
    assert torch.equal(maps[0].bias, maps[1].bias)


def test_near_collinear_dimensions_give_a_finite_map_that_predicts() -> None:
    fit: list[Tensor] = []
    later: list[Tensor] = []
    for seed, into in ((0, fit), (1, later)):
        x, y = planted(2000, 12, 20, seed=seed, level=0.1)
        doubled = torch.cat([x, x + 1e-9 * noise(2000, 12, seed=7 + seed), torch.ones(2000, 1)], dim=1)
        into.extend([doubled, y])
    choice = RidgePath(collected(*fit)).select(collected(*later))
    for lam, score in choice.r2_by_lambda:
        assert math.isfinite(score), lam
    x, y = planted(2000, 12, 20, seed=0, level=0.1)
    plain = RidgePath(collected(x, y)).select(collected(*planted(2000, 12, 20, seed=1, level=0.1)))
    assert max(score for _, score in choice.r2_by_lambda) == pytest.approx(
        max(score for _, score in plain.r2_by_lambda), abs=1e-6
    )
    assert float(choice.map.weight.norm()) < 2 * float(plain.map.weight.norm())


def test_ten_tokens_give_a_finite_map_and_an_honest_score() -> None:
    fit, later = planted(10, 64, 96, seed=0, level=1.0), planted(2000, 64, 96, seed=1, level=1.0)
    choice = RidgePath(collected(*fit)).select(collected(*later))
    assert bool(torch.isfinite(choice.map.weight).all())
    assert choice.map(fit[0]).sub(fit[1]).norm() < fit[1].sub(fit[1].mean(0)).norm()
    errors = float((choice.map(later[0]) - later[1]).square().sum())
    honest = 1.0 - errors / float((later[1] - later[1].mean(0)).square().sum())
    assert r2(choice.map, collected(*later)) == pytest.approx(honest, abs=1e-9)
    assert honest < 0.9


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_rows_are_refused_in_one_sentence(count: int) -> None:
    x, y = planted(100, 4, 5, seed=0, level=0.1)
    with pytest.raises(MapError, match=rf"^there are too few tokens .* \({count}, but 2 are needed\); give more text$"):
        RidgePath(collected(x[:count], y[:count]))
    with pytest.raises(MapError, match=f"^the {count} held-out tokens are too few"):
        RidgePath(collected(x, y)).select(collected(x[:count], y[:count]))


def test_sides_that_do_not_vary_are_refused() -> None:
    x, y = planted(100, 4, 5, seed=0, level=0.1)
    with pytest.raises(MapError, match="activations of the small model are equal"):
        RidgePath(collected(torch.full_like(x, 0.1), y))
    with pytest.raises(MapError, match="activations of the large model are equal"):
        RidgePath(collected(x, torch.full_like(y, 0.1)))


def test_held_out_rows_of_other_widths_are_refused() -> None:
    x, y = planted(100, 4, 5, seed=0, level=0.1)
    with pytest.raises(MapError, match="from width 4 to 5"):
        RidgePath(collected(x, y)).select(collected(y, x))


@pytest.mark.parametrize("lam", [-1e-9, float("nan"), float("inf")])
def test_a_lambda_out_of_range_is_refused(lam: float) -> None:
    x, y = planted(100, 4, 5, seed=0, level=0.1)
    path = RidgePath(collected(x, y))
    with pytest.raises(SettingsError, match="out of range"):
        path.map(lam)
    with pytest.raises(SettingsError, match="out of range"):
        path.select(collected(x, y), [0.1, lam])
    with pytest.raises(SettingsError, match="at least one"):
        path.select(collected(x, y), [])
