"""The typical deviation: how far ordinary activations of a layer lie from their mean, the unit of strength."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.errors import VectorError
from lrt_explorer.linear.outliers import DEFAULT_FACTOR, ordinary_norms, outlier_dimensions

LEAST_SHARE = 1e-6
"""A vector of which outlier dimensions hold more than all but this share of the length has no length to speak of."""


@dataclass(frozen=True)
class TypicalDeviation:
    """The unit of strength at one layer of a model.

    Attributes:
        value: m, the median distance of ordinary tokens from their mean.
        outliers: dimensions left out of that distance, and of the length of every vector that is scaled by it.
    """

    value: float
    outliers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what nothing can be measured in."""
        if not (self.value > 0 and math.isfinite(self.value)):
            raise VectorError(
                f"the activations have a typical deviation of {self.value:g}, so no strength can be measured in it; "
                "choose another layer or model"
            )

    @classmethod
    def of(cls, value: "TypicalDeviation | float") -> "TypicalDeviation":
        """The unit itself, or one of that size without outlier dimensions."""
        return value if isinstance(value, TypicalDeviation) else cls(value)

    def normalized(self, rows: Tensor) -> Tensor:
        """Directions `[n, d]` divided by their lengths over the dimensions that count; a gradient flows through."""
        kept = torch.ones(rows.shape[1], dtype=rows.dtype, device=rows.device)
        kept[list(self.outliers)] = 0
        normalized: Tensor = rows / (rows * kept).norm(dim=1, keepdim=True).clamp(min=1e-12)
        return normalized

    def length(self, values: Tensor) -> float:
        """Length of a direction `[d]` over the dimensions that count.

        Raises:
            VectorError: if it has none.
        """
        values = values.detach().double().cpu()
        kept = values.clone()
        kept[list(self.outliers)] = 0
        length, whole = float(kept.norm()), float(values.norm())
        if not whole > 0:
            raise VectorError("a vector of length zero has no direction; use another vector")
        if length <= LEAST_SHARE * whole:
            raise VectorError("the vector points along outlier dimensions alone; use another vector")
        return length


def typical_deviation(rows: Tensor) -> TypicalDeviation:
    """The median distance of ordinary tokens from their mean, over ordinary dimensions.

    In many models a common offset makes up most of each activation, and one or a few dimensions hold most of the
    variance. Neither says how far a state can be pushed before the model notices, so neither counts: distances are
    taken from the mean, and outlier dimensions (see `outlier_dimensions`) are left out. Outlier tokens are those
    farther than five times the median from the coordinatewise median, which neither they nor an offset can move.

    Args:
        rows: `[n, d]` activations of one layer, any floating type; n at least 1.

    Raises:
        VectorError: if all rows are alike, or none is finite.
    """
    rows = rows[torch.isfinite(rows).all(1)].float()
    if not len(rows):
        raise VectorError("the text gives no finite activation to measure a typical deviation on; use another layer")
    centred = rows - rows.median(0).values
    calm = ~outlier_dimensions(centred.abs().median(0).values.square())
    rows = rows[ordinary_norms(centred[:, calm].norm(dim=1), DEFAULT_FACTOR)].double()
    centred = rows - rows.mean(0)
    kept = ~outlier_dimensions(centred.square().mean(0))
    value = float(centred[:, kept].norm(dim=1).median())
    return TypicalDeviation(value, tuple((~kept).nonzero()[:, 0].tolist()))
