"""Nearest neighbours against all distances computed one by one."""

import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import MapError
from lrt_explorer.linear import neighbours as module
from lrt_explorer.linear.neighbours import nearest


def cloud(n: int, seed: int, far: float = 0.0) -> Tensor:
    return torch.randn(n, 7, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + far


@pytest.mark.parametrize("far", [0.0, 1e5])
@pytest.mark.parametrize("at_once", [1, 90, 2**24])
def test_the_nearest_are_those_of_all_distances(monkeypatch: pytest.MonkeyPatch, far: float, at_once: int) -> None:
    monkeypatch.setattr(module, "_DISTANCES_AT_ONCE", at_once)
    points, among = cloud(40, 0, far), cloud(40, 1, far)
    found = nearest(points, among, 3)
    every = (points[:, None] - among[None]).norm(dim=2)
    expected = every.sort(dim=1)
    assert torch.equal(found.index, expected.indices[:, :3])
    torch.testing.assert_close(found.distance, expected.values[:, :3], rtol=1e-6, atol=1e-6)
    assert torch.equal(found.meets_partner, expected.indices[:, 0] == torch.arange(40))


def test_points_on_their_partners_meet_them_though_others_lie_there_too() -> None:
    points = cloud(20, 0)
    points[7] = points[3]
    found = nearest(points, points.clone(), 1)
    assert found.meets_partner.all() and float(found.distance.max()) < 1e-6
    # Control: with partners in another order none is met but by chance.
    assert int(nearest(points, points.roll(1, 0), 1).meets_partner.sum()) == 0


def test_what_has_no_such_neighbours_is_refused() -> None:
    for points, among, k in (
        (cloud(5, 0), cloud(4, 1), 1),
        (cloud(5, 0), cloud(5, 1)[:, :3], 1),
        *((cloud(5, 0), cloud(5, 1), k) for k in (0, 6)),
    ):
        with pytest.raises(MapError, match="neighbours among"):
            nearest(points, among, k)
