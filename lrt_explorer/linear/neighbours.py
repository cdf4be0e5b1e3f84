"""Nearest neighbours between two clouds of points."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.errors import MapError

# Bounds a block of distances to 64 MiB.
_DISTANCES_AT_ONCE = 2**24
# Distances come out of differences of squares, so two that differ by less than this share of the squares are equal.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The points of one cloud that are nearest to each point of another.

    Attributes:
        index: [n, k] int64, nearest first.
        distance: [n, k] their distances, as the points' type.
        meets_partner: [n] bool, whether no point lies nearer than the one of the same number.
    """

    index: Tensor
    distance: Tensor
    meets_partner: Tensor


def nearest(points: Tensor, among: Tensor, k: int) -> Neighbours:
    """The k nearest points of another cloud, by Euclidean distance.

    Args:
        points: [n, d], floating.
        among: [n, d], of the same type; row i is the partner of row i of `points`.
        k: How many, from 1 to n.

    Raises:
        MapError: If the shapes differ, or there are no k points.
    """
    if points.shape != among.shape or points.ndim != 2 or not 1 <= k <= len(among):
        raise MapError(
            f"points shaped {list(points.shape)} have no {k} neighbours among those shaped {list(among.shape)}; give "
            "as many, of one width, and ask for no more"
        )
    # Distances do not change with the origin, and near it they lose fewer digits.
    centre = among.mean(dim=0)
    points, among = points - centre, among - centre
    lengths = among.square().sum(dim=1)
    found, far, meets = [], [], []
    rows_at_once = max(1, _DISTANCES_AT_ONCE // len(among))
    for start in range(0, len(points), rows_at_once):
        rows = points[start : start + rows_at_once]
        own = rows.square().sum(dim=1)
        squares = own[:, None] + lengths - 2.0 * rows @ among.T
        values, index = squares.topk(k, dim=1, largest=False)
        found.append(index)
        far.append(values.clamp(min=0.0).sqrt())
        partner = torch.arange(start, start + len(rows))
        of_partner = squares.gather(1, partner[:, None])[:, 0]
        meets.append(of_partner <= values[:, 0] + _ROUNDING * (own + lengths[partner]))
    return Neighbours(torch.cat(found), torch.cat(far), torch.cat(meets))
