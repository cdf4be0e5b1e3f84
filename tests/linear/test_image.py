import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.image import image_basis, reached_shares
from lrt_explorer.store import assets_home, load_map
from tests.linear.rows import noise

FLOOR = 1e-6


def with_gains(d_small: int, d_large: int, lowest: float, seed: int = 0) -> Tensor:
    """A weight whose gains fall evenly in their logarithms from 1 to the lowest."""
    rank = min(d_small, d_large)
    left, right = (torch.linalg.qr(noise(d, rank, seed=seed + d)).Q for d in (d_small, d_large))
    weight: Tensor = (
        left * torch.logspace(0, float(torch.tensor(lowest).log10()), rank, dtype=torch.float64)
    ) @ right.T
    return weight


def by_svd(weight: Tensor) -> Tensor:
    _, gains, directions = torch.linalg.svd(weight, full_matrices=False)
    reached: Tensor = directions[gains > FLOOR * gains[0]]
    return reached


def assert_same_image(weight: Tensor) -> None:
    basis, expected = image_basis(weight, FLOOR), by_svd(weight)
    assert basis.shape == expected.shape
    torch.testing.assert_close(basis @ basis.T, torch.eye(len(basis), dtype=torch.float64), rtol=0, atol=1e-13)
    torch.testing.assert_close(basis.T @ basis, expected.T @ expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("shape", [(40, 90), (90, 40), (60, 60), (1, 5), (5, 1)])
@pytest.mark.parametrize("lowest", [0.5, 1e-2, 1e-4, 0.99e-5, 2e-6, 1e-7, 1e-9, 1e-14])
def test_the_basis_spans_what_the_singular_value_decomposition_says(shape: tuple[int, int], lowest: float) -> None:
    assert_same_image(with_gains(*shape, lowest))


def units(n: int, d: int) -> Tensor:
    return torch.nn.functional.normalize(noise(n, d, seed=9), dim=1)


@pytest.mark.parametrize("shape", [(40, 90), (90, 40), (60, 60), (1, 5), (5, 1)])
@pytest.mark.parametrize("lowest", [0.5, 1e-2, 1e-4, 0.99e-5, 2.01e-6, 1e-7, 1e-14])
def test_shares_of_a_few_directions_are_those_of_the_basis(shape: tuple[int, int], lowest: float) -> None:
    weight = with_gains(*shape, lowest)
    basis = by_svd(weight)
    within = torch.nn.functional.normalize(noise(2, len(basis), seed=8) @ basis, dim=1)
    rows = torch.cat([units(3, shape[1]), within])
    expected = (rows @ basis.T).square().sum(dim=1)
    torch.testing.assert_close(reached_shares(weight, rows, FLOOR), expected, rtol=1e-9, atol=1e-13)
    for scale in (1e-100, 1e100):
        torch.testing.assert_close(reached_shares(scale * weight, rows, FLOOR), expected, rtol=1e-9, atol=1e-13)
    if len(basis) < shape[1]:
        # Control: with a direction less in the image they differ.
        fewer = (rows @ basis[1:].T).square().sum(dim=1)
        assert not torch.allclose(fewer, expected, rtol=1e-9)


def test_a_share_that_is_nearly_nothing_keeps_its_digits() -> None:
    weight = with_gains(40, 90, 1e-3)
    basis = by_svd(weight)
    outside = units(1, 90) - units(1, 90) @ basis.T @ basis
    row = torch.nn.functional.normalize(outside + 1e-3 * basis[:1], dim=1)
    expected = (row @ basis.T).square().sum(dim=1)
    assert float(expected) < 1e-5
    torch.testing.assert_close(reached_shares(weight, row, FLOOR), expected, rtol=1e-9, atol=0)


def test_shares_need_a_basis_only_where_gains_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def noted(weight: Tensor, floor: float) -> Tensor:
        made.append(len(weight))
        return image_basis(weight, floor)

    monkeypatch.setattr("lrt_explorer.linear.image.image_basis", noted)
    reached_shares(with_gains(40, 90, 1e-3), units(2, 90), FLOOR)
    assert made == []
    reached_shares(with_gains(40, 90, 1e-9), units(2, 90), FLOOR)
    assert made == [40]


def test_a_map_gives_a_few_shares_at_once_and_keeps_nothing() -> None:
    map = AffineMap(noise(6, 9, seed=1), noise(9, seed=2))
    vectors = [noise(9, seed=seed) for seed in (3, 4)]
    found = map.reachable_shares(vectors)
    assert "_image" not in vars(map)
    assert found == pytest.approx([map.reachable_share(v) for v in vectors], rel=1e-12)
    assert found[0] != found[1]
    assert map.reachable_shares([]) == []
    with pytest.raises(VectorError, match="take a vector of the large model"):
        map.reachable_shares([noise(6, seed=3)])


@pytest.mark.parametrize("scale", [1e-170, 1e-100, 1e-20, 1e20, 1e100, 1e170])
def test_the_scale_of_a_map_does_not_matter(scale: float) -> None:
    for lowest in (1e-3, 1e-8):
        assert_same_image(scale * with_gains(20, 30, lowest))


def test_gains_just_above_and_just_below_the_floor_are_told_apart() -> None:
    for gain, rank in ((1.0001e-6, 3), (0.9999e-6, 2)):
        weight = torch.diag(torch.tensor([1.0, 1e-3, gain], dtype=torch.float64))
        assert len(image_basis(weight, FLOOR)) == rank

    # Control: among the eigenvalues of a Gram matrix a gain of 1e-9 is rounding.
    tiny = with_gains(40, 90, 1e-9)
    eigenvalues = torch.linalg.eigvalsh(tiny @ tiny.T)
    assert abs(float(eigenvalues[0] / eigenvalues[-1]) - 1e-18) > 5e-19


def test_a_map_of_low_rank_has_a_small_image_and_none_an_empty_one() -> None:
    low = noise(50, 7, seed=1) @ noise(7, 60, seed=2)
    assert image_basis(low, FLOOR).shape == (7, 60)
    assert_same_image(low)
    assert_same_image(low.float().double())
    assert image_basis(torch.zeros(3, 4, dtype=torch.float64), FLOOR).shape == (0, 4)


def test_shipped_maps_reach_the_same_share_of_any_direction_as_before() -> None:
    folders = sorted(path.parent for path in (assets_home() / "maps").rglob("artifact.json"))
    assert len(folders) >= 4
    for folder in folders:
        map, _ = load_map(folder)
        basis = by_svd(map.weight)
        assert_same_image(map.weight)
        for seed in range(20):
            v = noise(map.d_large, seed=seed)
            expected = float((basis @ v).square().sum() / v.square().sum())
            assert map.reachable_share(v) == pytest.approx(expected, rel=1e-9)
            # Control: what is reached is less than everything.
            assert expected < 0.9


def test_a_map_is_decomposed_once_and_only_when_that_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[int, ...]] = []

    def counted(weight: Tensor, floor: float) -> Tensor:
        made.append(tuple(weight.shape))
        return image_basis(weight, floor)

    monkeypatch.setattr("lrt_explorer.linear.affine.image_basis", counted)
    map = AffineMap(noise(4, 6, seed=1), noise(6, seed=2))
    map.direction(noise(4, seed=3))
    assert made == []
    first, second = (map.reachable_share(noise(6, seed=seed)) for seed in (4, 5))
    assert made == [(4, 6)]
    assert first != second
    AffineMap(map.weight, map.bias).reachable_share(noise(6, seed=4))
    assert len(made) == 2
