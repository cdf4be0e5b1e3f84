"""Whitening: a direction in units of how far activations spread along it anyway."""

import torch
from torch import Tensor

from lrt_explorer.errors import SettingsError

DEFAULT_RIDGE = 0.1


def whitening(covariance: Tensor, ridge: float = DEFAULT_RIDGE) -> Tensor:
    """(Σ + λI)^(−1/2) with λ = ridge · trace(Σ) / d: takes activations to unit spread in every direction.

    The symmetric root is taken, so that white data is turned nowhere. The ridge keeps directions in which nothing
    varies, of which little is known, from being blown up: no direction grows by more than 1/√ridge against the average.

    Args:
        covariance: `[d, d]`, of activations.
        ridge: λ as a share of the mean eigenvalue.

    Returns:
        `[d, d]` float64, symmetric.

    Raises:
        SettingsError: if ridge is not a positive number, or the covariance holds no spread.
    """
    if not 0 < ridge < float("inf"):
        raise SettingsError(
            f"the ridge of whitening must be above 0, not {ridge}; choose a number such as {DEFAULT_RIDGE}"
        )
    values, vectors = torch.linalg.eigh(covariance.double())
    mean = float(values.clamp(min=0).mean())
    if not mean > 0:
        raise SettingsError("the activations are all equal, so they cannot be whitened; give more varied texts")
    root: Tensor = (vectors * (values.clamp(min=0) + ridge * mean).rsqrt()) @ vectors.T
    return root
