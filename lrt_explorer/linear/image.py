"""The image of a linear map: the directions that it can reach."""

import torch
from torch import Tensor

from lrt_explorer.linear.symmetric import gram

# Where steps shrink so fast, what is left is less than the last of them, and counts squared in a share.
_ROUNDS, _LAST_STEP = 5, 1e-8


def image_basis(weight: Tensor, floor: float) -> Tensor:
    """Orthonormal rows that span what x ↦ x W reaches with a gain above `floor` times the largest.

    Gains are singular values. Most maps pass: then the rows of W span the image, and a QR decomposition, or no
    decomposition at all, gives the basis in half the time of the singular value decomposition that the others get.

    Args:
        weight: [d_small, d_large] float64, finite.
        floor: Share of the largest gain, from 1e-6 up and below 1.

    Returns:
        [rank, d_large] float64; no rows for a weight of zeros.
    """
    if _certificate(weight, floor) is not None:
        tall = weight.shape[0] >= weight.shape[1]
        return torch.eye(weight.shape[1], dtype=weight.dtype) if tall else torch.linalg.qr(weight.T).Q.T.contiguous()
    gains: Tensor
    directions: Tensor
    _, gains, directions = torch.linalg.svd(weight, full_matrices=False)
    return directions[gains > floor * gains[0]]


def reached_shares(weight: Tensor, units: Tensor, floor: float) -> Tensor:
    """Share of each direction that lies in the image, as `image_basis` says, without making a basis.

    For few directions this takes half the time. Where all gains are above the floor, the nearest point of the image to
    u is Wᵀ a with W Wᵀ a = W u, which a Cholesky decomposition solves.

    Args:
        weight: [d_small, d_large] float64, finite.
        units: [n, d_large] float64 rows of length 1.
        floor: As for `image_basis`.

    Returns:
        [n] float64, from 0 to 1 up to rounding.
    """
    factor = _certificate(weight, floor)
    if factor is not None and weight.shape[0] >= weight.shape[1]:
        return units.new_ones(len(units))
    nearest = None if factor is None else _nearest(weight, units, factor)
    if nearest is None:
        return (units @ image_basis(weight, floor).T).square().sum(dim=1)
    # 1 - |u - p|², in which an error of p counts only squared, without the cancellation where the share is small.
    return (nearest * (2.0 * units - nearest)).sum(dim=1)


def _nearest(weight: Tensor, units: Tensor, factor: Tensor) -> Tensor | None:
    """[n, d_large] the points of the image nearest to directions; None if they are not found in a few rounds.

    Each round takes out most of what rounding, and the little that the factor's matrix differs by, left of the last.
    """
    nearest = torch.zeros_like(units)
    for _ in range(_ROUNDS):
        step = torch.cholesky_solve(weight @ (units - nearest).T, factor).T @ weight
        nearest += step
        if float(step.norm(dim=1).max()) < _LAST_STEP:
            return nearest
    return None


def _certificate(weight: Tensor, floor: float) -> Tensor | None:
    """What shows that all gains are above `floor` times the largest; None if they are not, or it is a close call.

    Squares of gains are eigenvalues of the smaller Gram matrix. All exceed a number if the matrix less that number on
    its diagonal has a Cholesky decomposition. The Frobenius norm is at least the largest of them, and the factor of 4
    leaves room for rounding, which moves eigenvalues by 1e-16 times the width of the largest.

    Returns:
        [r, r] the Cholesky factor of W Wᵀ, or of Wᵀ W where that is smaller, less a number on the diagonal.
    """
    products = gram(weight if weight.shape[0] <= weight.shape[1] else weight.T)
    # Outside this range the norm's own squares would overflow or vanish, and with them what is taken off.
    if not 1e-140 < float(products.diagonal().max()) < 1e140:
        return None
    products.diagonal().sub_(4.0 * floor**2 * products.norm())
    factor, info = torch.linalg.cholesky_ex(products)
    return factor if int(info) == 0 else None
