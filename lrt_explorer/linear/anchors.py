"""Maps that are not fitted: through similarities to shared anchors, and through a shared vocabulary."""

import torch
from torch import Tensor

from lrt_explorer.errors import MapError
from lrt_explorer.linear.affine import AffineMap

RIDGE = 1e-3
"""Of the mean eigenvalue of the large model's rows, added so that hardly used directions are not blown up."""


def through_anchors(x: Tensor, y: Tensor) -> AffineMap:
    """Relative representations (arXiv 2209.15430): a state is told by its cosines with anchors, and found by them.

    A direction of the small model becomes its products with the centred anchors of length 1; the direction of the large
    model is that whose products with its own anchors come nearest to these.

    Args:
        x: `[k, d_small]` states of the small model at the anchors.
        y: `[k, d_large]` those of the large model, row by row at the same places.

    Raises:
        MapError: if there are fewer than two anchors, or all of one side are equal.
    """
    mean_x, mean_y = x.double().mean(0), y.double().mean(0)
    weight = _by_products(_units(x.double() - mean_x), _units(y.double() - mean_y))
    return AffineMap(weight, mean_y - mean_x @ weight)


def through_vocabulary(x: Tensor, y: Tensor) -> AffineMap:
    """The map that moves the logits of shared tokens alike in both models.

    What the small model's unembedding makes of a direction, the large model's makes of its image, as nearly as it can.

    Args:
        x: `[k, d_small]` unembeddings of the shared tokens in the small model.
        y: `[k, d_large]` those in the large model, in the same order.

    Raises:
        MapError: if there are fewer than two tokens, or all of one side are equal.
    """
    # What all logits gain alike changes no probability.
    weight = _by_products(x.double() - x.double().mean(0), y.double() - y.double().mean(0))
    return AffineMap(weight, torch.zeros(y.shape[1], dtype=torch.float64))


def _by_products(x: Tensor, y: Tensor) -> Tensor:
    """`[d_small, d_large]`: of the products of a direction with the rows of x, the direction that has them with y."""
    if len(x) < 2 or not bool(x.any()) or not bool(y.any()):
        raise MapError("there is too little that both models share for such a map; choose another pair")
    products = y.T @ y
    products.diagonal().add_(RIDGE * products.diagonal().mean())
    weight: Tensor = torch.linalg.solve(products, y.T @ x).T
    return weight


def _units(rows: Tensor) -> Tensor:
    lengths: Tensor = rows.norm(dim=1, keepdim=True)
    return rows / lengths.clamp(min=torch.finfo(torch.float64).tiny)
