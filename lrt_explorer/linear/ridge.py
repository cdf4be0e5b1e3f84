"""Ridge regression along its whole path, from moments."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.scores import check_held_out
from lrt_explorer.linear.symmetric import gram

# Relative to the mean eigenvalue. A few huge dimensions can raise that mean far above the typical eigenvalue, so the
# grid reaches far down; 0 is plain least squares.
DEFAULT_LAMBDAS: tuple[float, ...] = (0.0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)

# Differences of R² below this are rounding.
_R2_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class RidgeChoice:
    """The ridge map that did best on held-out rows.

    Attributes:
        lam: The λ chosen, relative as in `RidgePath`.
        map: Its map.
        r2_by_lambda: (λ, held-out R²) for every λ tried, in the order given.
    """

    lam: float
    map: AffineMap
    r2_by_lambda: tuple[tuple[float, float], ...]


class RidgePath:
    """All ridge maps of one layer pair, from one eigendecomposition of Cxx.

    `map(lam)` minimises |Y - (X W + b)|² + λ |W|² with λ = lam · trace(Cxx) / d_x and the bias unpenalised. λ is
    relative to the mean eigenvalue, so one grid serves every layer and any number of rows. The moments are read once;
    what they take in later does not reach the path.
    """

    def __init__(self, moments: CrossMoments) -> None:
        """Decompose.

        Args:
            moments: Moments of the rows to fit on, x the small model's and y the large one's.

        Raises:
            MapError: If there are fewer than two rows, or all rows of one side are equal.
        """
        moments.check_spread()
        self._spectrum = moments.spectrum_x
        self._rotated = self._spectrum.vectors.T @ moments.cxy
        self._mean_x = moments.mean_x.clone()
        self._mean_y = moments.mean_y.clone()

    def map(self, lam: float) -> AffineMap:
        """The ridge map of one λ; 0 is least squares, of least norm where it is not unique.

        Raises:
            SettingsError: If lam is negative or not finite.
        """
        weight = self._spectrum.vectors @ (self._spectrum.damped_inverse(lam)[:, None] * self._rotated)
        return AffineMap(weight, self._mean_y - self._mean_x @ weight)

    def select(self, held_out: CrossMoments, lambdas: Sequence[float] = DEFAULT_LAMBDAS) -> RidgeChoice:
        """The λ with the highest R² on held-out rows; among those equal up to rounding, the smallest.

        Args:
            held_out: Moments of other documents than those fitted on.
            lambdas: The λ to try, at least one.

        Raises:
            SettingsError: If no λ is given, or one is negative or not finite.
            MapError: If `held_out` has other widths or fewer than two rows, or its y rows are all equal.
        """
        if not lambdas:
            raise SettingsError("no λ was given to choose from; give at least one")
        scores = self.r2_by_lambda(held_out, lambdas)
        enough = max(score for _, score in scores) - _R2_ROUNDING
        lam = min(lam for lam, score in scores if score >= enough)
        return RidgeChoice(lam, self.map(lam), scores)

    def r2_by_lambda(self, held_out: CrossMoments, lambdas: Sequence[float]) -> tuple[tuple[float, float], ...]:
        """Pairs of λ and what `scores.r2` gives for `map(λ)`, without building the maps.

        In the eigenvectors of Cxx the maps of the path differ only in d_x factors, in which the sum of squared errors
        is a quadratic form; so each λ after the first costs d_x · (d_x + d_y) and not d_x² · d_y.

        Raises:
            SettingsError: If a λ is negative or not finite.
            MapError: If `held_out` has other widths or fewer than two rows, or its y rows are all equal.
        """
        check_held_out(len(self._mean_x), len(self._mean_y), held_out)
        vectors = self._spectrum.vectors
        cxy, mean_x, mean_y = (sums.to(vectors.device) for sums in (held_out.cxy, held_out.mean_x, held_out.mean_y))
        quadratic = held_out.cxx_seen_by(self._spectrum) * gram(self._rotated)
        linear = ((vectors.T @ cxy) * self._rotated).sum(dim=1)
        shift_x, shift_y = (mean_x - self._mean_x) @ vectors, mean_y - self._mean_y
        total = float(held_out.cyy.trace())
        if not lambdas:
            return ()
        inverses = torch.stack([self._spectrum.damped_inverse(lam) for lam in lambdas])
        explained = (inverses * (2.0 * linear - inverses @ quadratic)).sum(dim=1)
        mean_errors = shift_y - (inverses * shift_x) @ self._rotated
        errors = (total - explained).clamp(min=0.0) + held_out.count * mean_errors.square().sum(dim=1)
        scores = (1.0 - errors / total).tolist()
        return tuple((float(lam), score) for lam, score in zip(lambdas, scores, strict=True))
