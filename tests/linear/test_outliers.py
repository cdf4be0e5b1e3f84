import pytest
import torch
from torch import Tensor

from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.outliers import ordinary_rows, outlier_dimensions
from lrt_explorer.linear.ridge import RidgePath
from lrt_explorer.linear.scores import r2


def activations(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) + 0.5


@pytest.mark.parametrize("size", [100.0, 1000.0, 1500.0])
def test_planted_sinks_are_found_and_nothing_else(size: float) -> None:
    x = activations(1280, 32)
    sinks = torch.arange(0, 1280, 128)
    x[sinks] *= size
    expected = torch.ones(1280, dtype=torch.bool)
    expected[sinks] = False
    assert torch.equal(ordinary_rows(x), expected)


def test_without_sinks_every_row_is_ordinary() -> None:
    assert bool(ordinary_rows(activations(1000, 32)).all())


def test_the_median_holds_while_sinks_are_fewer_than_half() -> None:
    x = activations(100, 32)
    x[:45] *= 1000
    assert ordinary_rows(x).tolist() == [False] * 45 + [True] * 55


def test_the_scale_of_the_layer_does_not_matter() -> None:
    x = activations(500, 32)
    x[3] *= 50
    for scale in (1e-6, 1.0, 1e6):
        assert torch.equal(ordinary_rows(scale * x), ordinary_rows(x))


def test_the_factor_sets_the_limit() -> None:
    x = torch.ones(5, 4)
    x[0] *= 7
    assert ordinary_rows(x, factor=7.5).tolist() == [True] * 5
    assert ordinary_rows(x, factor=6.5).tolist() == [False, True, True, True, True]


def test_rows_that_are_not_finite_are_never_ordinary() -> None:
    x = activations(10, 4)
    x[2, 1], x[5, 0] = float("nan"), float("inf")
    assert (~ordinary_rows(x)).nonzero().flatten().tolist() == [2, 5]
    assert not bool(ordinary_rows(torch.full((3, 4), float("nan"))).any())


def test_half_precision_does_not_overflow() -> None:
    x = (activations(100, 64) * 20_000).clamp(-60_000, 60_000).half()
    assert bool(ordinary_rows(x).all())


def test_no_rows_give_no_marks() -> None:
    assert ordinary_rows(torch.zeros(0, 4)).shape == (0,)


def test_leaving_sinks_out_saves_the_fit() -> None:
    """One row in 128 at 1000 times the norm: the field note's case, with and without the mask."""
    generator = torch.Generator().manual_seed(1)
    x = activations(12800, 24)
    y = x @ torch.randn(24, 40, generator=generator) + torch.randn(12800, 40, generator=generator)
    clean_x, clean_y = x[6400:].clone(), y[6400:].clone()
    x[::128] *= 1000
    y[::128] = 1000 * torch.randn(100, 40, generator=generator)

    def fitted(keep: Tensor) -> float:
        moments, held_out = CrossMoments(24, 40), CrossMoments(24, 40)
        moments.update(x[:6400][keep], y[:6400][keep])
        held_out.update(clean_x, clean_y)
        return r2(RidgePath(moments).map(0.01), held_out)

    masked = fitted(ordinary_rows(x[:6400]) & ordinary_rows(y[:6400]))
    everything = fitted(torch.ones(6400, dtype=torch.bool))
    assert masked > 0.95
    assert everything < 0.5


def test_outlier_dimensions_are_those_far_above_the_median_one() -> None:
    variances = torch.rand(200, generator=torch.Generator().manual_seed(0)) + 0.5
    assert not outlier_dimensions(variances).any()
    variances[[3, 77]] = torch.tensor([30.0, 1e6])
    assert outlier_dimensions(variances).nonzero()[:, 0].tolist() == [3, 77]
    assert outlier_dimensions(variances * 1e-9).sum() == 2, "units do not matter"
    assert outlier_dimensions(variances, factor=100.0).sum() == 1


def test_dimensions_that_do_not_vary_make_no_others_outliers() -> None:
    assert not outlier_dimensions(torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0])).any()
    assert not outlier_dimensions(torch.zeros(4)).any()
