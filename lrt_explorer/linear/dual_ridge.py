"""Ridge from a few rows: fewer than there are dimensions, as the pairs of a concept are."""

import torch
from torch import Tensor

from lrt_explorer.errors import MapError
from lrt_explorer.linear.affine import AffineMap

LAMBDAS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""In units of the mean squared length of a row."""


def few_rows_map(x: Tensor, y: Tensor) -> AffineMap:
    """The linear map that takes differences to differences, its λ chosen by leaving out one row at a time.

    Rows are differences already, so nothing is centred and the map has no bias. The error of each row without itself
    follows from one solution: it is its dual coefficient over its own entry of the inverse (Allen 1974, PRESS).

    Args:
        x: `[n, d_x]`, n may be far below d_x.
        y: `[n, d_y]`, row i belonging to row i of x.

    Raises:
        MapError: if there are fewer than two rows, or all of one side are zero.
    """
    x, y = x.double(), y.double()
    if len(x) < 2 or not bool(x.any()) or not bool(y.any()):
        raise MapError("a map cannot be fitted on so few differences; give more pairs")
    products = x @ x.T
    scale = products.diagonal().mean()
    best: tuple[float, Tensor] | None = None
    for lam in LAMBDAS:
        inverse = torch.linalg.inv(products + lam * scale * torch.eye(len(x), dtype=torch.float64))
        dual = inverse @ y
        error = float((dual / inverse.diagonal()[:, None]).square().sum())
        if best is None or error < best[0]:
            best = (error, dual)
    assert best is not None
    return AffineMap(x.T @ best[1], torch.zeros(y.shape[1], dtype=torch.float64))
