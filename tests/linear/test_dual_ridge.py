"""Ridge from few rows: the same map as the usual solution, and the λ that leaving one out would choose."""

import pytest
import torch

from lrt_explorer.errors import MapError
from lrt_explorer.linear.dual_ridge import LAMBDAS, few_rows_map

GENERATOR = torch.Generator().manual_seed(3)
X = torch.randn(12, 20, generator=GENERATOR, dtype=torch.float64)
TRUE = torch.randn(20, 7, generator=GENERATOR, dtype=torch.float64)
Y = X @ TRUE + 2.0 * torch.randn(12, 7, generator=GENERATOR, dtype=torch.float64)


def solved(x: torch.Tensor, y: torch.Tensor, lam: float) -> torch.Tensor:
    """The primal solution."""
    found: torch.Tensor = torch.linalg.solve(x.T @ x + lam * torch.eye(x.shape[1], dtype=torch.float64), x.T @ y)
    return found


def test_it_is_the_ridge_map_whose_left_out_rows_come_nearest() -> None:
    scale = X.square().sum(1).mean()
    errors = []
    for lam in LAMBDAS:
        rows = [torch.arange(12) != out for out in range(12)]
        errors.append(
            sum(
                float((X[~kept] @ solved(X[kept], Y[kept], float(lam * scale)) - Y[~kept]).square().sum())
                for kept in rows
            )
        )
    chosen = LAMBDAS[errors.index(min(errors))]
    assert chosen not in (LAMBDAS[0], LAMBDAS[-1]), "or the choice would not be tried"
    found = few_rows_map(X, Y)
    assert torch.allclose(found.weight, solved(X, Y, float(chosen * scale)))
    assert not bool(found.bias.any())


@pytest.mark.parametrize(("x", "y"), [(X[:1], Y[:1]), (0 * X, Y), (X, 0 * Y)])
def test_rows_that_say_nothing_are_refused(x: torch.Tensor, y: torch.Tensor) -> None:
    with pytest.raises(MapError, match="so few differences"):
        few_rows_map(x, y)
