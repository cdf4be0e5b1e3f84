from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import MapError
from lrt_explorer.linear.grid import GridMoments
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.ridge import RidgePath
from lrt_explorer.linear.scores import linear_cka, linear_cka_standardised
from tests.linear.rows import correlated, noise

SMALL, LARGE = {0: 5, 2: 6, 11: 4}, {1: 7, 3: 9}
SUMS = ("mean_x", "mean_y", "cxx", "cxy", "cyy")
ALL = tuple((i, j) for i in SMALL for j in LARGE)
CHOSEN = ((0, 3), (2, 1), (2, 3))


def states(n: int, seed: int = 0, mean: float = 5.0) -> tuple[dict[int, Tensor], dict[int, Tensor]]:
    """Layers of two models at the same n tokens, all of them images of one thing."""
    source = correlated(n, 8, seed) + mean
    small = {i: source @ noise(8, d, seed=40 + i) + 0.1 * noise(n, d, seed=seed + i) for i, d in SMALL.items()}
    large = {j: source @ noise(8, d, seed=60 + j) + 0.1 * noise(n, d, seed=seed + 20 + j) for j, d in LARGE.items()}
    return small, large


def part(layers: dict[int, Tensor], start: int, stop: int) -> dict[int, Tensor]:
    return {layer: x[start:stop] for layer, x in layers.items()}


def gathered(
    small: dict[int, Tensor],
    large: dict[int, Tensor],
    pairs: tuple[tuple[int, int], ...] | None = None,
    step: int = 137,
) -> GridMoments:
    grid = GridMoments(SMALL, LARGE, pairs)
    for start in range(0, len(small[0]), step):
        grid.update(part(small, start, start + step), part(large, start, start + step))
    return grid


def alone(x: Tensor, y: Tensor) -> CrossMoments:
    moments = CrossMoments(x.shape[1], y.shape[1])
    moments.update(x, y)
    return moments


def assert_same(a: CrossMoments, b: CrossMoments, rtol: float = 1e-12) -> None:
    assert a.count == b.count
    for name in SUMS:
        ours, theirs = getattr(a, name), getattr(b, name)
        assert float((ours - theirs).norm() / theirs.norm()) < rtol, name


@pytest.mark.parametrize("pairs", [None, CHOSEN, ((2, 1),), ((0, 1), (0, 3), (11, 1), (11, 3))])
@pytest.mark.parametrize("step", [1, 137, 1000])
def test_each_pair_has_the_moments_that_it_would_have_alone(
    pairs: tuple[tuple[int, int], ...] | None, step: int
) -> None:
    small, large = states(500)
    grid = gathered(small, large, pairs, step)
    assert grid.pairs == (ALL if pairs is None else pairs)
    assert grid.count == 500
    for i, j in grid.pairs:
        assert_same(grid.pair(i, j), alone(small[i], large[j]))
        # Control: with tokens paired otherwise they differ.
        assert float((grid.pair(i, j).cxy - alone(small[i], large[j].roll(1, 0)).cxy).norm()) > 1.0


def test_an_update_longer_than_a_chunk_is_taken_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrt_explorer.linear.grid._NUMBERS_AT_ONCE", 1000)
    small, large = states(1001)
    grid = gathered(small, large, step=1001)
    for i, j in ALL:
        assert_same(grid.pair(i, j), alone(small[i], large[j]))


@pytest.mark.parametrize("d", [64, 65, 130, 600])
def test_wide_layers_summed_block_by_block_are_symmetric_and_whole(d: int) -> None:
    x, y = noise(300, d, seed=1) + 3.0, noise(300, 70, seed=2)
    first, second = GridMoments({0: d}, {0: 70}), GridMoments({0: d}, {0: 70})
    first.update({0: x[:100]}, {0: y[:100]})
    first.update({0: x[100:160]}, {0: y[100:160]})
    second.update({0: x[160:]}, {0: y[160:]})
    first.merge(second)
    found = first.pair(0, 0)
    assert_same(found, alone(x, y))
    # What is mirrored is so exactly.
    assert d == 64 or torch.equal(found.cxx[:8, -1], found.cxx[-1, :8])
    torch.testing.assert_close(found.cxx, found.cxx.T, rtol=1e-12, atol=1e-9)


def test_a_mean_far_above_the_spread_costs_no_digits() -> None:
    near, far = (gathered(*states(2000, mean=mean), step=100) for mean in (0.0, 1e6))
    for i, j in ALL:
        assert float((far.pair(i, j).cxy - near.pair(i, j).cxy).norm() / near.pair(i, j).cxy.norm()) < 1e-8


@pytest.mark.parametrize("pairs", [None, CHOSEN])
@pytest.mark.parametrize("cut", [0, 1, 250, 500])
def test_merged_grids_are_those_of_the_whole(pairs: tuple[tuple[int, int], ...] | None, cut: int) -> None:
    small, large = states(500)
    left = gathered(part(small, 0, cut), part(large, 0, cut), pairs)
    right = gathered(part(small, cut, 500), part(large, cut, 500), pairs)
    before = right.state()
    left.merge(right)
    for i, j in left.pairs:
        assert_same(left.pair(i, j), alone(small[i], large[j]))
    assert all(torch.equal(tensor, before[name]) for name, tensor in right.state().items())


def test_grids_of_other_pairs_or_widths_are_not_merged() -> None:
    for other in (GridMoments(SMALL, LARGE, CHOSEN), GridMoments(SMALL | {0: 6}, LARGE)):
        with pytest.raises(MapError, match="merge only those of the same pairs"):
            GridMoments(SMALL, LARGE).merge(other)


@pytest.mark.parametrize("pairs", [None, CHOSEN])
def test_state_is_a_copy_from_which_the_grid_goes_on(pairs: tuple[tuple[int, int], ...] | None) -> None:
    small, large = states(200)
    grid = gathered(part(small, 0, 100), part(large, 0, 100), pairs)
    state = grid.state()
    assert all(tensor.is_contiguous() for tensor in state.values())
    assert {"count", "mean_x.2", "cyy.3", "cxy.2.3"} <= set(state)
    assert ("cxy.0.1" in state) == (pairs is None)
    kept = {name: tensor.clone() for name, tensor in state.items()}
    resumed = GridMoments.from_state(state)
    for each in (grid, resumed):
        each.update(part(small, 100, 200), part(large, 100, 200))
    assert all(torch.equal(state[name], kept[name]) for name in kept)
    assert resumed.pairs == grid.pairs
    after = resumed.state()
    assert set(after) == set(state)
    assert all(torch.equal(tensor, after[name]) for name, tensor in grid.state().items())


@pytest.mark.parametrize("name", ["count", "mean_x.0", "mean_y.3", "cxx.2", "cyy.1", "cxy.0.1"])
def test_a_state_with_something_missing_is_refused(name: str) -> None:
    state = gathered(*states(50), CHOSEN if name == "mean_y.3" else None).state()
    del state[name]
    if name != "cxy.0.1":
        with pytest.raises(MapError, match="collect them again"):
            GridMoments.from_state(state)
    else:
        # One pair less is a state of its own.
        assert (0, 1) not in GridMoments.from_state(state).pairs


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cxy.0.1", torch.zeros(5, 6, dtype=torch.float64)),
        ("cxx.2", torch.full((6, 6), float("nan"), dtype=torch.float64)),
        ("mean_y.3", torch.zeros(9, 1, dtype=torch.float64)),
        ("cxx.7", torch.zeros(2, 2, dtype=torch.float64)),
        ("weight", torch.zeros(2, 2, dtype=torch.float64)),
        ("count", torch.tensor(-1)),
        ("count", torch.tensor(2.5)),
    ],
)
def test_a_damaged_state_is_refused(name: str, value: Tensor) -> None:
    state = gathered(*states(50)).state() | {name: value}
    with pytest.raises(MapError, match="collect them again"):
        GridMoments.from_state(state)
    with pytest.raises(MapError, match="collect them again"):
        GridMoments.from_state({"count": torch.tensor(0)})


def test_a_pair_and_its_grid_do_not_follow_each_other() -> None:
    small, large = states(400)
    grid = gathered(part(small, 0, 200), part(large, 0, 200))
    pair, before = grid.pair(2, 3), grid.pair(2, 3).state()
    path = RidgePath(pair).map(0.1)
    grid.update(part(small, 200, 400), part(large, 200, 400))
    assert all(torch.equal(tensor, before[name]) for name, tensor in pair.state().items())
    pair.update(100.0 * small[2], large[3])
    assert_same(grid.pair(2, 3), alone(small[2], large[3]))
    # Nor do the decompositions that they shared.
    torch.testing.assert_close(
        RidgePath(grid.pair(2, 3)).map(0.1).weight, RidgePath(alone(small[2], large[3])).map(0.1).weight
    )
    assert not torch.allclose(RidgePath(grid.pair(2, 3)).map(0.1).weight, path.weight, rtol=1e-6)
    assert not torch.allclose(RidgePath(pair).map(0.1).weight, path.weight, rtol=1e-6)


def test_pairs_of_one_layer_are_decomposed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = gathered(*states(200))
    calls: list[Tensor] = []
    eigh = torch.linalg.eigh

    def counted(sums: Tensor) -> Any:
        calls.append(sums)
        return eigh(sums)

    monkeypatch.setattr(torch.linalg, "eigh", counted)
    for i, j in grid.pairs:
        RidgePath(grid.pair(i, j))
    assert len(calls) == len(SMALL)
    grid.update(*states(10, seed=1))
    RidgePath(grid.pair(*ALL[0]))
    assert len(calls) == len(SMALL) + 1


def test_what_pairs_share_gives_each_the_figures_that_it_would_have_alone() -> None:
    fit, held_out = states(400), states(150, seed=1)
    grids = gathered(*fit), gathered(*held_out)
    # Large layers first, so that every pair comes after one that shares neither side with the next.
    for j, i in sorted((j, i) for i, j in ALL):
        together = tuple(grid.pair(i, j) for grid in grids)
        apart = tuple(alone(small[i], large[j]) for small, large in (fit, held_out))
        found, expected = (RidgePath(a).select(b) for a, b in (together, apart))
        assert found.lam == expected.lam
        assert dict(found.r2_by_lambda) == pytest.approx(dict(expected.r2_by_lambda), rel=1e-9)
        torch.testing.assert_close(found.map.weight, expected.map.weight, rtol=1e-9, atol=1e-12)
        for score in (linear_cka, linear_cka_standardised):
            assert score(together[1]) == pytest.approx(score(apart[1]), rel=1e-12)
            # Control: other rows have other figures, so a share that outlives its rows would be seen.
            assert score(together[1]) != pytest.approx(score(together[0]), rel=1e-6)


def test_held_out_sums_are_turned_once_for_each_small_layer_and_turned_again_for_another_fit() -> None:
    fit, held_out = gathered(*states(200)), gathered(*states(90, seed=1))
    spectrum = fit.pair(2, 1).spectrum_x
    first, second = (held_out.pair(2, j).cxx_seen_by(spectrum) for j in LARGE)
    assert first is second
    vectors = spectrum.vectors
    torch.testing.assert_close(first, vectors.T @ held_out.pair(2, 1).cxx @ vectors)
    other = gathered(*states(200, seed=2)).pair(2, 1).spectrum_x
    assert not torch.allclose(held_out.pair(2, 1).cxx_seen_by(other), first)
    held_out.update(*states(10, seed=3))
    assert not torch.allclose(held_out.pair(2, 1).cxx_seen_by(spectrum), first)


def test_pairs_that_share_sums_do_not_change_each_other() -> None:
    small, large = states(100)
    grid = gathered(small, large)
    one, other, third = grid.pair(2, 1), grid.pair(2, 3), grid.pair(0, 3)
    assert one.cxx.data_ptr() == other.cxx.data_ptr()
    one.update(small[2], large[1])
    other.merge(alone(small[2][:50], large[3][:50]))
    for moments, pair in ((grid.pair(2, 1), (2, 1)), (grid.pair(2, 3), (2, 3)), (third, (0, 3))):
        assert_same(moments, alone(small[pair[0]], large[pair[1]]))
    assert (one.count, other.count, third.count) == (200, 150, 100)


def test_the_memory_stated_is_that_of_the_sums() -> None:
    for pairs in (None, CHOSEN):
        state = GridMoments(SMALL, LARGE, pairs).state()
        held = sum(tensor.nbytes for name, tensor in state.items() if name != "count")
        assert GridMoments.bytes_needed(SMALL, LARGE, pairs) == held
    apart = sum(8 * (i + j + i * i + i * j + j * j) for i in SMALL.values() for j in LARGE.values())
    assert GridMoments.bytes_needed(SMALL, LARGE, None) < apart


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("side", [0, 1])
def test_numbers_that_are_not_finite_are_refused_and_leave_no_trace(bad: float, side: int) -> None:
    grid = gathered(*states(50))
    before = grid.state()
    poisoned = states(50, seed=1)
    poisoned[side][3 if side else 11][17, 2] = bad
    with pytest.raises(MapError, match="not finite"):
        grid.update(*poisoned)
    assert all(torch.equal(tensor, before[name]) for name, tensor in grid.state().items())
    grid.update(*states(50, seed=1))
    assert grid.count == 100


def wrong_updates() -> Iterator[tuple[dict[int, Tensor], dict[int, Tensor]]]:
    for layer, wrong in (
        (0, torch.zeros(9, 5)),
        (0, torch.zeros(10, 6)),
        (2, torch.zeros(6)),
        (2, torch.zeros(1, 10, 6)),
    ):
        small, large = states(10)
        yield small | {layer: wrong}, large
    small, large = states(10)
    yield small, large | {3: torch.zeros(11, 9)}


@pytest.mark.parametrize("update", list(wrong_updates()))
def test_rows_of_the_wrong_shape_are_refused(update: tuple[dict[int, Tensor], dict[int, Tensor]]) -> None:
    with pytest.raises(MapError, match="one row per token"):
        GridMoments(SMALL, LARGE).update(*update)


def test_a_layer_in_no_pair_may_be_missing_and_one_in_a_pair_may_not() -> None:
    small, large = states(100)
    del small[11]
    grid = GridMoments(SMALL, LARGE, CHOSEN)
    grid.update(small, large)
    assert grid.count == 100
    with pytest.raises(MapError, match=r"^there are no activations of layer 11 of the small model; pass every layer"):
        GridMoments(SMALL, LARGE).update(small, large)
    with pytest.raises(MapError, match=r"^no moments were collected from layer 0 to 1"):
        grid.pair(0, 1)


@pytest.mark.parametrize("pairs", [(), ((0, 2),), ((5, 1),)])
def test_a_grid_needs_pairs_of_layers_that_there_are(pairs: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(MapError, match="choose"):
        GridMoments(SMALL, LARGE, pairs)
    with pytest.raises(MapError, match="choose"):
        GridMoments(SMALL | {0: 0}, LARGE)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_narrow_rows_are_summed_in_float64(dtype: torch.dtype) -> None:
    small, large = ({layer: x.to(dtype) for layer, x in side.items()} for side in states(400))
    grid = gathered(small, large)
    for i, j in ALL:
        assert_same(grid.pair(i, j), alone(small[i].double(), large[j].double()))


def test_a_grid_begun_in_inference_mode_goes_on_outside_it() -> None:
    small, large = states(100)
    with torch.inference_mode():
        grid = GridMoments(SMALL, LARGE)
        grid.update({i: x[:50].clone() for i, x in small.items()}, {j: y[:50].clone() for j, y in large.items()})
        grid.pair(0, 1)
    small[0].requires_grad_()
    grid.update(part(small, 50, 100), part(large, 50, 100))
    assert_same(grid.pair(0, 1), alone(small[0], large[1]))
    assert not grid.pair(0, 1).cxy.requires_grad
    empty = {layer: x[:0] for layer, x in small.items()}, {layer: y[:0] for layer, y in large.items()}
    grid.update(*empty)
    assert grid.count == 100


def test_tokens_that_count_several_times_are_those_passed_as_often() -> None:
    small, large = states(90)
    first, rest = (part(small, 0, 30), part(large, 0, 30)), (part(small, 30, 90), part(large, 30, 90))
    weighted, repeated = GridMoments(SMALL, LARGE), GridMoments(SMALL, LARGE)
    weighted.update(*first)
    weighted.update(*rest, times=5)
    for rows in (first, *[rest] * 5):
        repeated.update(*rows)
    for name, tensor in weighted.state().items():
        torch.testing.assert_close(tensor, repeated.state()[name], rtol=1e-11, atol=1e-8)
    once = gathered(small, large)
    assert not torch.allclose(weighted.pair(0, 1).cxx, once.pair(0, 1).cxx)
