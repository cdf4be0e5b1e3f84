"""Rows that several of these tests fit on."""

import numpy as np
import torch
from torch import Tensor

from lrt_explorer.linear.moments import CrossMoments


def noise(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def correlated(n: int, d: int, seed: int) -> Tensor:
    """Rows with a mean and with variances that fall over four decades, as activations have."""
    basis: Tensor = torch.linalg.qr(noise(d, d, seed=99)).Q
    return (noise(n, d, seed=seed) * torch.logspace(0, -2, d, dtype=torch.float64)) @ basis + 5.0 * noise(d, seed=98)


def planted(n: int, d_x: int, d_y: int, seed: int, level: float) -> tuple[Tensor, Tensor]:
    """x, and an affine image of it with noise of `level`; the same map for every seed."""
    x = correlated(n, d_x, seed)
    return x, x @ noise(d_x, d_y, seed=50) + noise(d_y, seed=51) + level * noise(n, d_y, seed=1000 + seed)


def turned(n: int, d_x: int, d_y: int, seed: int, level: float) -> tuple[Tensor, Tensor]:
    """x, and a turned, scaled and shifted copy of it with noise of `level`, for d_x up to d_y."""
    x = correlated(n, d_x, seed)
    turn = torch.linalg.qr(noise(d_y, d_x, seed=50)).Q.T
    return x, 2.5 * x @ turn + noise(d_y, seed=51) + level * noise(n, d_y, seed=1000 + seed)


def collected(x: Tensor, y: Tensor) -> CrossMoments:
    """Their moments, taken in uneven pieces."""
    moments = CrossMoments(x.shape[1], y.shape[1])
    for start in range(0, len(x), 137):
        moments.update(x[start : start + 137], y[start : start + 137])
    return moments


def centred(x: Tensor) -> np.ndarray:
    return (x - x.mean(0)).numpy()


def error(ours: Tensor, theirs: np.ndarray) -> float:
    """Relative, in the Frobenius norm."""
    return float(np.linalg.norm(ours.numpy() - theirs) / np.linalg.norm(theirs))


def shuffled(y: Tensor, seed: int = 3) -> Tensor:
    return y[torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))]
