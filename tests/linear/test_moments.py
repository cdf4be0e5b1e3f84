from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import MapError
from lrt_explorer.linear.moments import CrossMoments

SUMS = ("mean_x", "mean_y", "cxx", "cxy", "cyy")


def rows(n: int, d_x: int = 5, d_y: int = 7, seed: int = 0, mean: float = 3.0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d_x, generator=generator, dtype=torch.float64) + mean
    return x, x @ torch.randn(d_x, d_y, generator=generator, dtype=torch.float64) + 0.1 * torch.randn(
        n, d_y, generator=generator, dtype=torch.float64
    )


def collected(x: Tensor, y: Tensor) -> CrossMoments:
    moments = CrossMoments(x.shape[1], y.shape[1])
    moments.update(x, y)
    return moments


def assert_same(a: CrossMoments, b: CrossMoments, rtol: float = 1e-12) -> None:
    assert a.count == b.count
    for name in SUMS:
        torch.testing.assert_close(getattr(a, name), getattr(b, name), rtol=rtol, atol=rtol * float(b.cyy.abs().max()))


def test_moments_are_those_of_numpy_on_the_whole_data() -> None:
    x, y = rows(500)
    moments = collected(x, y)
    together = 499 * np.cov(np.hstack([x.numpy(), y.numpy()]), rowvar=False)
    assert moments.count == 500
    np.testing.assert_allclose(moments.mean_x, x.numpy().mean(0), rtol=1e-13)
    np.testing.assert_allclose(moments.mean_y, y.numpy().mean(0), rtol=1e-13)
    np.testing.assert_allclose(moments.cxx, together[:5, :5], rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(moments.cxy, together[:5, 5:], rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(moments.cyy, together[5:, 5:], rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("cuts", [(1, 2, 3), (250,), (7, 8, 300, 499), (0, 0, 500)])
def test_streamed_moments_are_those_of_the_whole(cuts: tuple[int, ...]) -> None:
    x, y = rows(500)
    streamed = CrossMoments(5, 7)
    for start, stop in pairwise((0, *cuts, 500)):
        streamed.update(x[start:stop], y[start:stop])
    assert_same(streamed, collected(x, y))


@pytest.mark.parametrize("cut", [0, 1, 250, 500])
def test_merged_moments_are_those_of_the_whole(cut: int) -> None:
    x, y = rows(500)
    left, right = collected(x[:cut], y[:cut]), collected(x[cut:], y[cut:])
    right_before = right.state()
    left.merge(right)
    assert_same(left, collected(x, y))
    assert all(torch.equal(tensor, right_before[name]) for name, tensor in right.state().items())


def test_merging_nothing_into_nothing_gives_nothing() -> None:
    nothing = CrossMoments(5, 7)
    nothing.merge(CrossMoments(5, 7))
    assert nothing.count == 0
    assert not bool(nothing.cxy.any())


def test_merging_is_the_same_in_any_grouping() -> None:
    x, y = rows(300)
    parts = [(x[i : i + 100], y[i : i + 100]) for i in (0, 100, 200)]
    first, last = collected(*parts[0]), collected(*parts[2])
    first.merge(collected(*parts[1]))
    first.merge(collected(*parts[2]))
    middle = collected(*parts[1])
    last.merge(middle)
    last.merge(collected(*parts[0]))
    assert_same(first, last)


def test_an_update_longer_than_a_chunk_is_taken_whole() -> None:
    x, y = rows(9001)
    together = 9000 * np.cov(np.hstack([x.numpy(), y.numpy()]), rowvar=False)
    moments = collected(x, y)
    assert moments.count == 9001
    np.testing.assert_allclose(moments.cxy, together[:5, 5:], rtol=1e-11)


def test_a_mean_far_above_the_spread_costs_no_digits() -> None:
    x, y = rows(2000, mean=0.0)
    far = 1e6
    shifted = CrossMoments(5, 7)
    for start in range(0, 2000, 100):
        shifted.update(x[start : start + 100] + far, y[start : start + 100] - far)
    centred = collected(x, y)
    error = float((shifted.cxx - centred.cxx).norm() / centred.cxx.norm())
    assert error < 1e-9

    # Control: the uncentred float64 sums that this replaces lose those digits.
    raw = (x + far).T @ (x + far) - 2000 * torch.outer((x + far).mean(0), (x + far).mean(0))
    assert float((raw - centred.cxx).norm() / centred.cxx.norm()) > 100 * error


def test_other_pairings_give_other_cross_moments() -> None:
    x, y = rows(500)
    paired, shuffled = collected(x, y), collected(x, y.roll(1, dims=0))
    torch.testing.assert_close(paired.cyy, shuffled.cyy)
    assert float((paired.cxy - shuffled.cxy).norm() / paired.cxy.norm()) > 0.5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_narrow_rows_are_summed_in_float64(dtype: torch.dtype) -> None:
    x, y = rows(400)
    narrow_x, narrow_y = x.to(dtype), y.to(dtype)
    assert_same(collected(narrow_x, narrow_y), collected(narrow_x.double(), narrow_y.double()))


def test_state_is_a_copy_from_which_the_collector_goes_on() -> None:
    x, y = rows(200)
    moments = collected(x[:100], y[:100])
    state = moments.state()
    kept = {name: tensor.clone() for name, tensor in state.items()}
    moments.update(x[100:], y[100:])
    assert all(torch.equal(state[name], kept[name]) for name in kept)

    resumed = CrossMoments.from_state(state)
    resumed.update(x[100:], y[100:])
    assert all(torch.equal(resumed.state()[name], moments.state()[name]) for name in kept)
    assert all(torch.equal(state[name], kept[name]) for name in kept)


@pytest.mark.parametrize("name", ["count", "mean_x", "cxy"])
def test_a_state_with_something_missing_is_refused(name: str) -> None:
    state = collected(*rows(50)).state()
    del state[name]
    with pytest.raises(MapError, match="collect them again"):
        CrossMoments.from_state(state)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cxy", torch.zeros(5, 6, dtype=torch.float64)),
        ("cxx", torch.full((5, 5), float("nan"), dtype=torch.float64)),
        ("mean_y", torch.zeros(7, 1, dtype=torch.float64)),
        ("count", torch.tensor(-1)),
        ("count", torch.tensor([3, 4])),
        ("count", torch.tensor(2.5)),
    ],
)
def test_a_damaged_state_is_refused(name: str, value: Tensor) -> None:
    state = collected(*rows(50)).state() | {name: value}
    with pytest.raises(MapError, match="collect them again"):
        CrossMoments.from_state(state)


@pytest.mark.parametrize(
    ("x_shape", "y_shape"), [((3, 5), (4, 7)), ((3, 6), (3, 7)), ((3, 5), (3, 6)), ((5,), (7,)), ((2, 3, 5), (2, 3, 7))]
)
def test_rows_of_the_wrong_shape_are_refused(x_shape: tuple[int, ...], y_shape: tuple[int, ...]) -> None:
    with pytest.raises(MapError, match="one row per token"):
        CrossMoments(5, 7).update(torch.zeros(x_shape), torch.zeros(y_shape))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("side", [0, 1])
def test_numbers_that_are_not_finite_are_refused_and_leave_no_trace(bad: float, side: int) -> None:
    moments = collected(*rows(50))
    before = moments.state()
    poisoned = rows(50, seed=1)
    poisoned[side][17, 2] = bad
    with pytest.raises(MapError, match="not finite"):
        moments.update(*poisoned)
    assert all(torch.equal(tensor, before[name]) for name, tensor in moments.state().items())


def test_moments_of_other_widths_are_not_merged() -> None:
    with pytest.raises(MapError, match="same layer pair"):
        CrossMoments(5, 7).merge(CrossMoments(7, 5))


def test_a_width_of_zero_is_refused() -> None:
    with pytest.raises(MapError, match="widths of at least 1"):
        CrossMoments(0, 3)


def test_constant_columns_are_told_from_tiny_spread() -> None:
    x, y = rows(300)
    x, y = x.float(), y.float()
    x[:, 1] = 0.1
    x[:, 2] = 0.0
    x[:, 3] = 1000.0
    x[0, 3] = torch.nextafter(torch.tensor(1000.0), torch.tensor(2000.0))
    streamed = CrossMoments(5, 7)
    for start in range(0, 300, 7):
        streamed.update(x[start : start + 7], y[start : start + 7])
    assert streamed.varies_x.tolist() == [True, False, False, True, True]
    assert bool(streamed.varies_y.all())


def test_moments_begun_in_inference_mode_go_on_outside_it() -> None:
    x, y = rows(100)
    with torch.inference_mode():
        moments = CrossMoments(5, 7)
        moments.update(x[:50].clone(), y[:50].clone())
    moments.update(x[50:], y[50:])
    assert_same(moments, collected(x, y))


def test_gradients_are_not_kept() -> None:
    x, y = rows(20)
    moments = collected(x.requires_grad_(), y)
    assert not moments.cxx.requires_grad
    assert not moments.mean_x.requires_grad


@pytest.mark.parametrize("times", [1, 2, 7])
def test_rows_that_count_several_times_are_those_passed_as_often(times: int) -> None:
    x, y = rows(60)
    weighted, repeated = CrossMoments(5, 7), CrossMoments(5, 7)
    for moments in (weighted, repeated):
        moments.update(x[:20], y[:20])
    weighted.update(x[20:], y[20:], times=times)
    for _ in range(times):
        repeated.update(x[20:], y[20:])
    for name, tensor in weighted.state().items():
        torch.testing.assert_close(tensor, repeated.state()[name], rtol=1e-11, atol=1e-9)
    assert weighted.count == 20 + 40 * times
