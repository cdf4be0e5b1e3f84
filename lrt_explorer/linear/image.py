"""The image of a linear map: the directions that it can reach."""

import torch
from torch import Tensor


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
    if _all_above(weight, floor):
        tall = weight.shape[0] >= weight.shape[1]
        return torch.eye(weight.shape[1], dtype=weight.dtype) if tall else torch.linalg.qr(weight.T).Q.T.contiguous()
    gains: Tensor
    directions: Tensor
    _, gains, directions = torch.linalg.svd(weight, full_matrices=False)
    return directions[gains > floor * gains[0]]


def _all_above(weight: Tensor, floor: float) -> bool:
    """Whether all gains are above `floor` times the largest; False also where that is a close call.

    Squares of gains are eigenvalues of the smaller Gram matrix. All exceed a number if the matrix less that number on
    its diagonal has a Cholesky decomposition. The Frobenius norm is at least the largest of them, and the factor of 4
    leaves room for rounding, which moves eigenvalues by 1e-16 times the width of the largest.
    """
    gram = weight @ weight.T if weight.shape[0] <= weight.shape[1] else weight.T @ weight
    gram.diagonal().sub_(4.0 * floor**2 * gram.norm())
    return int(torch.linalg.cholesky_ex(gram).info) == 0
