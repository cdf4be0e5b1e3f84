"""Canonical correlations: the directions that a layer of each model has in common, strongest first."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.scores import check_held_out

# Eigenvalues a billion times below the largest hold the rounding of float32 activations, and are themselves known to
# about five digits only.
DEFAULT_FLOOR = 1e-9


@dataclass(frozen=True, eq=False)
class CanonicalBasis:
    """The canonical directions of a layer pair (Hotelling 1936). All tensors are float64 on the CPU.

    Variate k of the small model is `small_variates(x)[:, k]`. It has mean 0 and standard deviation 1 over the rows that
    the moments came from, and is correlated there with variate k of the large model alone, by `correlations[k]`.

    Attributes:
        correlations: [k], descending, in [0, 1].
        small_directions: [d_small, k] weights that read the variates from centred activations.
        large_directions: [d_large, k] likewise.
        small_patterns: [d_small, k] how an activation moves as a variate grows by one standard deviation: Cxx a / n for
            the weights a. This, not the weights, is the direction to look at or to steer along.
        large_patterns: [d_large, k] likewise.
        shared_small: Share of the small model's variance that the large model's variates explain, 0 to 1: the
            redundancy index of Stewart and Love (1968), of the covariance and not of the correlation matrix.
        shared_large: Share of the large model's variance that the small model's variates explain.
        small_mean: [d_small] the mean that is subtracted.
        large_mean: [d_large] likewise.
    """

    correlations: Tensor
    small_directions: Tensor
    large_directions: Tensor
    small_patterns: Tensor
    large_patterns: Tensor
    shared_small: float
    shared_large: float
    small_mean: Tensor
    large_mean: Tensor

    def small_variates(self, x: Tensor) -> Tensor:
        """Variates [n, k] of activations [n, d_small], in standard deviations."""
        return (x.detach().to("cpu", torch.float64) - self.small_mean) @ self.small_directions

    def large_variates(self, y: Tensor) -> Tensor:
        """Variates [n, k] of activations [n, d_large], in standard deviations."""
        return (y.detach().to("cpu", torch.float64) - self.large_mean) @ self.large_directions

    def correlations_on(self, held_out: CrossMoments) -> Tensor:
        """Correlation of each pair of variates on rows that the basis was not made from.

        `correlations` are the highest that could be found and so are biased upwards; these are not.

        Args:
            held_out: Moments of other documents.

        Returns:
            [k] in [-1, 1]; 0 for a variate that is constant there.

        Raises:
            MapError: If `held_out` has other widths or fewer than two rows, or its y rows are all equal.
        """
        check_held_out(len(self.small_mean), len(self.large_mean), held_out)
        a, b = self.small_directions, self.large_directions
        cxx, cxy, cyy = (sums.cpu() for sums in (held_out.cxx, held_out.cxy, held_out.cyy))
        together = (a * (cxy @ b)).sum(dim=0)
        apart = ((a * (cxx @ a)).sum(dim=0) * (b * (cyy @ b)).sum(dim=0)).clamp(min=0.0).sqrt()
        return torch.where(apart > 0, together / apart, 0.0).clamp(-1.0, 1.0)


def canonical_basis(moments: CrossMoments, floor: float = DEFAULT_FLOOR) -> CanonicalBasis:
    """Canonical correlations and directions, from moments alone.

    Both sides are whitened, Kxᵀ Cxx Kx = 1 and Kyᵀ Cyy Ky = 1, and the correlations are the singular values of
    Kxᵀ Cxy Ky. The one regularisation is that whitening leaves out principal components whose variance is at most
    `floor` times that of the strongest one: near-collinear dimensions would otherwise be blown up to unit variance.

    The largest entry of each small pattern is positive, so the same moments give the same basis.

    Args:
        moments: Moments of the rows to look at.
        floor: Share of the largest variance, from 0 up and below 1.

    Raises:
        MapError: If there are fewer than two rows, all rows of one side are equal, or there are so few rows that some
            correlations would be 1 whatever the activations.
        SettingsError: If the floor is out of range.
    """
    if not 0 <= floor < 1:
        raise SettingsError(f"the floor {floor} is out of range; choose a share from 0 to below 1")
    moments.check_spread()
    white_x, white_y = moments.spectrum_x.whitener(floor), moments.spectrum_y.whitener(floor)
    seen_x, seen_y = white_x.shape[1], white_y.shape[1]
    if moments.count <= seen_x + seen_y:
        raise MapError(
            f"{moments.count} tokens are too few: these layers vary in {seen_x} and {seen_y} dimensions, so some "
            f"canonical correlations would have to be 1; give more than {moments.d_x + moments.d_y} tokens"
        )
    left: Tensor
    correlations: Tensor
    right: Tensor
    left, correlations, right = torch.linalg.svd(white_x.T @ moments.cxy @ white_y, full_matrices=False)
    unit_variance = moments.count**0.5
    a, b = unit_variance * white_x @ left, unit_variance * white_y @ right.T
    patterns_x, patterns_y = moments.cxx @ a / moments.count, moments.cyy @ b / moments.count
    signs = patterns_x.gather(0, patterns_x.abs().argmax(dim=0, keepdim=True)).sign()
    correlations = correlations.clamp(max=1.0)
    shared_x, shared_y = (
        float((patterns * correlations).square().sum() * moments.count / sums.trace())
        for patterns, sums in ((patterns_x, moments.cxx), (patterns_y, moments.cyy))
    )
    return CanonicalBasis(
        correlations.cpu(),
        small_directions=(signs * a).cpu(),
        large_directions=(signs * b).cpu(),
        small_patterns=(signs * patterns_x).cpu(),
        large_patterns=(signs * patterns_y).cpu(),
        shared_small=min(1.0, shared_x),
        shared_large=min(1.0, shared_y),
        small_mean=moments.mean_x.to("cpu", copy=True),
        large_mean=moments.mean_y.to("cpu", copy=True),
    )
