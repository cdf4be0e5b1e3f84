import dataclasses
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import MapError, VectorError
from lrt_explorer.linear.affine import AffineMap


def random_map(d_small: int, d_large: int, seed: int = 0) -> AffineMap:
    generator = torch.Generator().manual_seed(seed)
    return AffineMap(
        torch.randn(d_small, d_large, generator=generator, dtype=torch.float64),
        torch.randn(d_large, generator=generator, dtype=torch.float64),
    )


def test_a_point_takes_the_bias() -> None:
    map = random_map(4, 6)
    x = torch.randn(3, 4, dtype=torch.float64)
    torch.testing.assert_close(map(x), x @ map.weight + map.bias)
    torch.testing.assert_close(map(torch.zeros(4, dtype=torch.float64)), map.bias)


def test_a_direction_takes_none() -> None:
    map = random_map(4, 6)
    a, b = torch.randn(2, 4, dtype=torch.float64)
    torch.testing.assert_close(map.direction(a - b), map(a) - map(b))
    assert torch.equal(map.direction(torch.zeros(4)), torch.zeros(6))
    torch.testing.assert_close(map.direction(-3.0 * a), -3.0 * map.direction(a))

    # Control: with the bias, as the paper writes it, none of these hold.
    assert not torch.allclose(map.direction_as_in_paper(a - b), map(a) - map(b))
    assert torch.equal(map.direction_as_in_paper(torch.zeros(4, dtype=torch.float64)), map.bias)


def test_a_square_map_is_not_applied_sideways() -> None:
    first = AffineMap(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([10.0, 20.0]))
    second = AffineMap(torch.tensor([[0.0, 1.0], [5.0, 0.0]]), torch.zeros(2))
    x = torch.tensor([1.0, -1.0])
    # x W takes the rows of W: (1 − 3, 2 − 4), and then (5 · −2, 1 · −2); with the bias 8 and 18 first.
    assert first.direction(x).tolist() == [-2.0, -2.0] and first(x).tolist() == [8.0, 18.0]
    assert first.then(second).direction(x).tolist() == [-10.0, -2.0]
    assert first.then(second)(x).tolist() == [90.0, 8.0]


def test_the_paper_s_form_is_the_direction_and_the_bias() -> None:
    map = random_map(4, 6)
    v = torch.randn(4, dtype=torch.float64)
    torch.testing.assert_close(map.direction_as_in_paper(v), map.direction(v) + map.bias)


def test_a_map_followed_by_another_is_their_composition() -> None:
    first, second, third = random_map(4, 6, 1), random_map(6, 3, 2), random_map(3, 5, 3)
    x = torch.randn(8, 4, dtype=torch.float64)
    torch.testing.assert_close(first.then(second)(x), second(first(x)))
    torch.testing.assert_close(first.then(second).direction(x), second.direction(first.direction(x)))
    torch.testing.assert_close(first.then(second).then(third)(x), first.then(second.then(third))(x))


def test_identity_changes_nothing_on_either_side() -> None:
    map = random_map(4, 6)
    x = torch.randn(8, 4, dtype=torch.float64)
    assert torch.equal(AffineMap.identity(4)(x), x)
    assert torch.equal(AffineMap.identity(4).then(map)(x), map(x))
    assert torch.equal(map.then(AffineMap.identity(6))(x), map(x))


def test_maps_that_do_not_meet_are_not_composed() -> None:
    with pytest.raises(MapError, match="same model and layer"):
        random_map(4, 6).then(random_map(4, 6))


def test_nothing_outside_can_change_a_map() -> None:
    weight, bias = torch.ones(2, 3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    map = AffineMap(weight, bias)
    weight.zero_()
    bias.zero_()
    assert torch.equal(map(torch.ones(2)), torch.full((3,), 3.0))
    with pytest.raises(dataclasses.FrozenInstanceError):
        map.weight = weight  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "returned"),
    [
        (torch.float64, torch.float64),
        (torch.float32, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
    ],
)
def test_results_are_as_wide_as_what_was_given_and_computed_in_float64(
    given: torch.dtype, returned: torch.dtype
) -> None:
    map = random_map(64, 32)
    x = torch.randn(10, 64).to(given)
    assert map.weight.dtype == torch.float64
    for result in (map(x), map.direction(x), map.direction_as_in_paper(x)):
        assert result.dtype == returned
    assert torch.equal(map(x), (x.double() @ map.weight + map.bias).to(returned))


def test_points_of_any_leading_shape_are_mapped() -> None:
    map = random_map(4, 6)
    x = torch.randn(2, 3, 4, dtype=torch.float64)
    assert map(x).shape == (2, 3, 6)
    torch.testing.assert_close(map(x)[1, 2], map(x[1, 2]))


@pytest.mark.parametrize("form", [AffineMap.__call__, AffineMap.direction, AffineMap.direction_as_in_paper])
@pytest.mark.parametrize("shape", [(5,), (), (4, 6), (0,)])
def test_other_widths_are_refused(form: Callable[[AffineMap, Tensor], Tensor], shape: tuple[int, ...]) -> None:
    with pytest.raises(MapError, match="takes width 4"):
        form(random_map(4, 6), torch.zeros(shape))


@pytest.mark.parametrize(
    ("weight", "bias"),
    [
        (torch.zeros(2, 3), torch.zeros(2)),
        (torch.zeros(2, 3), torch.zeros(3, 1)),
        (torch.zeros(2), torch.zeros(2)),
        (torch.zeros(0, 3), torch.zeros(3)),
    ],
)
def test_shapes_that_are_no_map_are_refused(weight: Tensor, bias: Tensor) -> None:
    with pytest.raises(MapError, match="fit it again"):
        AffineMap(weight, bias)


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(MapError, match="weight of this map"):
        AffineMap(torch.tensor([[1.0, float("nan")]]), torch.zeros(2))
    with pytest.raises(MapError, match="bias of this map"):
        AffineMap(torch.zeros(1, 2), torch.tensor([0.0, float("inf")]))


def test_reachable_share_is_one_inside_the_image_and_zero_across_it() -> None:
    map = AffineMap(torch.eye(4, 6), torch.randn(6))
    inside, across = torch.tensor([1.0, -2.0, 3.0, 0.5, 0, 0]), torch.tensor([0, 0, 0, 0, 2.0, -1.0])
    assert map.reachable_share(inside) == pytest.approx(1.0, abs=1e-12)
    assert map.reachable_share(across) == pytest.approx(0.0, abs=1e-12)
    assert map.reachable_share(inside / inside.norm() + across / across.norm()) == pytest.approx(0.5, abs=1e-7)


def test_whatever_comes_out_of_a_map_is_reachable() -> None:
    map = random_map(4, 6)
    for v in torch.randn(5, 4, dtype=torch.float64):
        assert map.reachable_share(map.direction(v)) == pytest.approx(1.0, abs=1e-12)


def test_a_random_direction_is_reachable_in_proportion_to_the_widths() -> None:
    map = random_map(50, 200)
    generator = torch.Generator().manual_seed(5)
    shares = [map.reachable_share(torch.randn(200, generator=generator)) for _ in range(50)]
    assert sum(shares) / 50 == pytest.approx(0.25, abs=0.02)
    assert all(0.0 <= share <= 1.0 for share in shares)


def test_the_image_of_a_deficient_map_is_as_small_as_its_rank() -> None:
    thin = random_map(6, 2, 1).then(random_map(2, 6, 2))
    stored = AffineMap(thin.weight.float(), thin.bias.float())
    generator = torch.Generator().manual_seed(5)
    for map in (thin, stored):
        shares = [map.reachable_share(torch.randn(6, generator=generator)) for _ in range(200)]
        assert sum(shares) / 200 == pytest.approx(2 / 6, abs=0.05)
    assert AffineMap(torch.zeros(3, 4), torch.ones(4)).reachable_share(torch.ones(4)) == 0.0


@pytest.mark.parametrize("v", [torch.zeros(6), torch.full((6,), float("nan")), torch.ones(5), torch.ones(1, 6)])
def test_what_is_no_direction_has_no_reachable_share(v: Tensor) -> None:
    with pytest.raises(VectorError):
        random_map(4, 6).reachable_share(v)
