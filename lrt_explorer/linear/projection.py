"""Pictures of a space: points of many dimensions laid out in two or three."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.umap_layout import Points, umap_layout

Layouter = Callable[[Points, int, int, float, int], Points]
"""Lays out points: `[n, d]`, dimensions, neighbours, least distance, seed."""
UMAP_NEIGHBOURS = (2, 200)
"""Fewest and most points around each that UMAP looks at; there must be more points than these."""
UMAP_MIN_DIST = (0.0, 0.99)
"""Least and most distance between points that it lays close together, where neighbourhoods are about 1 wide."""


@dataclass(frozen=True, eq=False)
class Projection:
    """A cloud of points in a few directions at right angles, its principal components unless one was chosen.

    Attributes:
        coords: [n, k] float64, the points in the components.
        components: [k, d] float64, orthonormal rows, strongest first; the largest entry of each is positive. A
            direction that was chosen comes before them and points as it did.
        mean: [d] float64, the point that lies at the origin of the picture.
        explained: [k] float64, share of the total variance along each component.
    """

    coords: Tensor
    components: Tensor
    mean: Tensor
    explained: Tensor

    def points(self, x: Tensor) -> Tensor:
        """Further points [..., d] in the same picture, [..., k]."""
        return (_wide(x) - self.mean) @ self.components.T

    def directions(self, v: Tensor) -> Tensor:
        """Directions [..., d] in the same picture, [..., k]; unlike points they have no origin to subtract."""
        return _wide(v) @ self.components.T


def pca(points: Tensor, k: int) -> Projection:
    """Principal components, the same for the same points on every run.

    Args:
        points: [n, d], any floating type.
        k: Number of components, from 1 to min(n, d).

    Raises:
        MapError: If there are fewer than two points or k components, or a number is not finite.
    """
    wide = _checked(points, "a PCA picture", at_least=2)
    n, d = wide.shape
    if not 1 <= k <= min(n, d):
        raise MapError(f"{n} points of width {d} do not have {k} principal components; ask for 1 to {min(n, d)}")
    mean = wide.mean(dim=0)
    centred = wide - mean
    values, vectors = torch.linalg.eigh(centred.T @ centred)
    components = vectors.T.flip(0)[:k].clone()
    largest = components.abs().argmax(dim=1, keepdim=True)
    components *= components.gather(1, largest).sign()
    total = float(values.sum())
    explained = values.flip(0)[:k].clamp(min=0.0) / total if total > 0 else torch.zeros(k, dtype=torch.float64)
    return Projection(centred @ components.T, components, mean, explained)


def along(points: Tensor, direction: Tensor, k: int) -> Projection:
    """A chosen direction, then the principal components of what is at right angles to it.

    Args:
        points: [n, d], any floating type.
        direction: [d], of any length.
        k: Number of directions, the chosen one among them, from 1 to min(n, d).

    Raises:
        MapError: If there are too few points or directions, a number is not finite, or the direction has no length.
    """
    wide = _checked(points, "a picture along a direction", at_least=2)
    first = _wide(direction)
    length = first.norm()
    if not 0 < float(length) < float("inf"):
        raise MapError("a direction without a length, or of numbers that are not finite, gives no axis; choose another")
    first = first / length
    mean = wide.mean(dim=0)
    centred = wide - mean
    # Once more, because what rounding leaves along the direction would count as one at right angles to it.
    rest = centred - (centred @ first).outer(first)
    rest = rest - (rest @ first).outer(first)
    others = pca(rest, k - 1).components if k > 1 else first.new_zeros(0, first.numel())
    components = torch.cat([first[None], others])
    coords = centred @ components.T
    total = float(centred.square().sum())
    explained = coords.square().sum(dim=0) / total if total > 0 else torch.zeros(k, dtype=torch.float64)
    return Projection(coords, components, mean, explained)


@dataclass(frozen=True, kw_only=True)
class UmapSettings:
    """What UMAP can be asked for.

    Attributes:
        neighbours: points around each that it looks at: few show local detail, many the overall shape.
        min_dist: how close together points may lie in the picture.
        seed: of the layout, from 0 to 2³² - 1.

    Raises:
        SettingsError: If one of them is out of range.
    """

    neighbours: int = 15
    min_dist: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what UMAP cannot use."""
        low, high = UMAP_NEIGHBOURS
        if not low <= self.neighbours <= high:
            raise SettingsError(f"UMAP cannot look at {self.neighbours} neighbours; choose {low} to {high}")
        least, most = UMAP_MIN_DIST
        if not least <= self.min_dist <= most:
            raise SettingsError(f"a least distance of {self.min_dist} is out of range; choose {least:g} to {most:g}")
        if not 0 <= self.seed < 2**32:
            raise SettingsError(f"the seed {self.seed} is out of range; choose one from 0 to {2**32 - 1}")


def umap(
    points: Tensor, k: int, settings: UmapSettings | None = None, by: Layouter = umap_layout
) -> NDArray[np.float32]:
    """UMAP layout (arXiv 1802.03426), the same for the same points and settings on the same machine.

    Neighbourhoods can be read from it; distances between far groups, sizes and densities cannot.

    Args:
        points: [n, d], any floating type.
        k: Number of dimensions of the picture, 2 or 3.
        settings: Neighbours, least distance and seed; None for the usual ones.
        by: What lays out, as `umap_layout` does.

    Returns:
        [n, k] float32.

    Raises:
        MapError: If there are no more points than neighbours, or a number is not finite.
        SettingsError: If k is out of range.
    """
    settings = settings or UmapSettings()
    if k not in (2, 3):
        raise SettingsError(f"a UMAP picture has 2 or 3 dimensions, not {k}; choose one of these")
    wide = _checked(points, "a UMAP picture", at_least=settings.neighbours + 1)
    # It works in float32, where a mean far above the spread would cost digits.
    centred = (wide - wide.mean(dim=0)).float()
    return by(centred.numpy(), k, settings.neighbours, settings.min_dist, settings.seed)


def _checked(points: Tensor, what: str, at_least: int) -> Tensor:
    if points.ndim != 2 or len(points) < at_least:
        raise MapError(
            f"{what} needs at least {at_least} points, but was given {list(points.shape)}; take more or longer texts"
        )
    wide = _wide(points)
    if not bool(torch.isfinite(wide).all()):
        raise MapError(f"{what} cannot show numbers that are not finite; remove those points")
    return wide


def _wide(x: Tensor) -> Tensor:
    return x.detach().to("cpu", torch.float64)
