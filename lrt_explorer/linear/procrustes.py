"""Orthogonal Procrustes: the map that may only turn, scale and shift."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.moments import CrossMoments


@dataclass(frozen=True, eq=False)
class Procrustes:
    """A map x ↦ s x R + b that keeps angles.

    Attributes:
        map: The map; its weight is s R.
        scale: s, from 0 up.
        rank: Number of dimensions that R carries over.
    """

    map: AffineMap
    scale: float
    rank: int


def procrustes(moments: CrossMoments) -> Procrustes:
    """The turn R, scale s and shift b that take x closest to y.

    With the singular value decomposition Cxy = U S Vᵀ, R = U Vᵀ (Schönemann 1966). Dimensions are matched by leaving
    out the singular directions that one side does not have, which is the same as padding the narrower side with zeros:

    - d_x ≤ d_y: R Rᵀ = 1, so x is carried over without loss, and s R minimises |Y - s X R|² over all such R and s.
    - d_x > d_y: Rᵀ R = 1, so R drops what has no room. It maximises the inner product of X R and Y, and minimises
      |Y - X R|² for the padded, square problem. The unpadded problem has no closed form, since then |X R|² depends on R
      (Gower and Dijksterhuis, Procrustes Problems, 2004).

    In both cases s = tr S / tr(Rᵀ Cxx R), the best scale in least squares for this R. Singular directions without
    covariance, such as those that fewer tokens than dimensions leave open, are mapped to 0 and not turned at random.

    Args:
        moments: Moments of the rows to fit on.

    Raises:
        MapError: If there are fewer than two rows, or all rows of one side are equal.
    """
    moments.check_spread()
    left: Tensor
    strengths: Tensor
    right: Tensor
    left, strengths, right = torch.linalg.svd(moments.cxy, full_matrices=False)
    # Singular values are exact up to about this much.
    resolution = max(moments.d_x, moments.d_y) * torch.finfo(torch.float64).eps * float(strengths[0])
    kept = strengths > resolution
    left, strengths, right = left[:, kept], strengths[kept], right[kept]
    spread = float((left * (moments.cxx @ left)).sum())
    scale = float(strengths.sum()) / spread if spread > 0 else 0.0
    weight = scale * left @ right
    return Procrustes(AffineMap(weight, moments.mean_y - moments.mean_x @ weight), scale, int(kept.sum()))


def between_differences(x: Tensor, y: Tensor) -> AffineMap:
    """The turn and scale that take differences of one model closest to those of another; nothing is shifted.

    Args:
        x: `[n, d_x]`, any floating type; n may be far below d_x.
        y: `[n, d_y]`, row i belonging to row i of x.

    Raises:
        MapError: if there are no rows, or all of one side are zero.
    """
    moments = CrossMoments(x.shape[1], y.shape[1])
    # A difference has no order: with its opposite beside it the mean is zero, and nothing is centred away.
    moments.update(torch.cat([x, -x]), torch.cat([y, -y]))
    return AffineMap(procrustes(moments).map.weight, torch.zeros_like(moments.mean_y))
