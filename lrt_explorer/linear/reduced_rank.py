"""Reduced-rank ridge regression: the best map that passes through few dimensions."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.scores import check_held_out

# Differences of R² below this are rounding.
_R2_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class RankChoice:
    """The reduced-rank map that did best on held-out rows.

    Attributes:
        rank: The rank chosen.
        map: Its map.
        r2_by_rank: (rank, held-out R²) for every rank there is, ascending.
    """

    rank: int
    map: AffineMap
    r2_by_rank: tuple[tuple[int, float], ...]


class ReducedRankPath:
    """The reduced-rank ridge maps of all ranks of one layer pair, at one λ.

    `map(rank)` minimises |Y - (X W + b)|² + λ |W|² over all W of at most that rank, with λ relative as in `RidgePath`
    and the bias unpenalised. It is the ridge map W followed by the projection onto the leading eigenvectors of
    Wᵀ (Cxx + λ) W, the covariance of what is fitted: Izenman (1975) for λ = 0, Mukherjee and Zhu (2011) for λ > 0.
    """

    def __init__(self, moments: CrossMoments, lam: float) -> None:
        """Decompose.

        Args:
            moments: Moments of the rows to fit on, x the small model's and y the large one's.
            lam: λ relative to the mean eigenvalue of Cxx, from 0 up.

        Raises:
            MapError: If there are fewer than two rows, or all rows of one side are equal.
            SettingsError: If lam is negative or not finite.
        """
        moments.check_spread()
        spectrum = moments.spectrum_x
        inverse = spectrum.damped_inverse(lam)
        rotated = spectrum.vectors.T @ moments.cxy
        strengths: Tensor
        directions: Tensor
        # The square root of the fitted covariance: as many digits again as its eigenvectors themselves would have.
        _, strengths, directions = torch.linalg.svd(inverse.sqrt()[:, None] * rotated, full_matrices=False)
        resolution = max(rotated.shape) * torch.finfo(torch.float64).eps * float(strengths[0])
        self.max_rank = max(1, int((strengths > resolution).sum()))
        self._directions = directions[: self.max_rank]
        self._into = spectrum.vectors @ (inverse[:, None] * (rotated @ self._directions.T))
        self._mean_x = moments.mean_x.clone()
        self._mean_y = moments.mean_y.clone()

    def map(self, rank: int) -> AffineMap:
        """The map of one rank, from 1 to `max_rank`, at which it is the ridge map.

        Raises:
            SettingsError: If there is no such rank.
        """
        if not 1 <= rank <= self.max_rank:
            raise SettingsError(f"this layer pair has no map of rank {rank}; choose one from 1 to {self.max_rank}")
        weight = self._into[:, :rank] @ self._directions[:rank]
        return AffineMap(weight, self._mean_y - self._mean_x @ weight)

    def select(self, held_out: CrossMoments) -> RankChoice:
        """The rank with the highest R² on held-out rows; among those equal up to rounding, the smallest.

        Raises:
            MapError: If `held_out` has other widths or fewer than two rows, or its y rows are all equal.
        """
        scores = self.r2_by_rank(held_out)
        enough = max(score for _, score in scores) - _R2_ROUNDING
        rank = min(rank for rank, score in scores if score >= enough)
        return RankChoice(rank, self.map(rank), scores)

    def r2_by_rank(self, held_out: CrossMoments) -> tuple[tuple[int, float], ...]:
        """Pairs of rank and what `scores.r2` gives for `map(rank)`, for every rank, without building the maps.

        The directions are orthonormal, so each takes its own part off the squared error and all ranks cost one product.

        Raises:
            MapError: If `held_out` has other widths or fewer than two rows, or its y rows are all equal.
        """
        check_held_out(len(self._mean_x), len(self._mean_y), held_out)
        cxx, cxy, mean_x, mean_y = (
            sums.to(self._into.device) for sums in (held_out.cxx, held_out.cxy, held_out.mean_x, held_out.mean_y)
        )
        within = 2.0 * (self._into * (cxy @ self._directions.T)).sum(dim=0)
        explained = (within - (self._into * (cxx @ self._into)).sum(dim=0)).cumsum(dim=0)
        shift_y = mean_y - self._mean_y
        along, predicted = self._directions @ shift_y, (mean_x - self._mean_x) @ self._into
        mean_errors = shift_y.square().sum() + (predicted.square() - 2.0 * predicted * along).cumsum(dim=0)
        total = held_out.cyy.trace().to(explained.device)
        errors = (total - explained).clamp(min=0.0) + held_out.count * mean_errors.clamp(min=0.0)
        return tuple(enumerate((1.0 - errors / total).tolist(), start=1))
