"""Directions: vectors of which only the way they point matters."""

import torch
from torch import Tensor

from lrt_explorer.errors import VectorError


def unit(v: Tensor) -> Tensor:
    """The vector of length 1 that points the same way.

    Args:
        v: [d], any floating type.

    Returns:
        [d] float64 on the CPU.

    Raises:
        VectorError: If v is not one vector, has no length, or holds numbers that are not finite.
    """
    if v.ndim != 1:
        raise VectorError(f"expected one vector [d], not numbers shaped {list(v.shape)}; choose one row")
    wide = v.detach().to("cpu", torch.float64)
    # Scaled first, so that squaring neither overflows nor vanishes.
    peak = float(wide.abs().max()) if len(wide) else 0.0
    if not 0 < peak < float("inf"):
        raise VectorError("a direction needs a length that is finite and not zero; build the vector again")
    scaled = wide / peak
    direction: Tensor = scaled / scaled.norm()
    return direction
