"""Which tokens and dimensions are ordinary: a few of either would rule any fit, norm or score."""

import torch
from torch import Tensor

# Ordinary tokens of a layer stay within about three times their median norm; sinks start well above ten times.
DEFAULT_FACTOR = 5.0


def ordinary_rows(x: Tensor, factor: float = DEFAULT_FACTOR) -> Tensor:
    """Mark the rows whose norm is at most `factor` times the median norm.

    The first position and some delimiters act as attention sinks, with 100 to 1500 times the median norm; one such row
    in 128 can halve a held-out R². The median is not moved by them as long as they are fewer than half.

    Args:
        x: [n, d] activations of one layer, any floating type.
        factor: Multiple of the median norm from which a row is an outlier.

    Returns:
        [n] bool, True for ordinary rows; rows with numbers that are not finite are not ordinary.
    """
    return ordinary_norms(torch.linalg.vector_norm(x.float(), dim=-1), factor)


def ordinary_norms(norms: Tensor, factor: float = DEFAULT_FACTOR) -> Tensor:
    """`ordinary_rows` where only the norms are available.

    Args:
        norms: [n] float, of the rows of one layer.
        factor: Multiple of the median norm from which a row is an outlier.

    Returns:
        [n] bool, True for ordinary rows.
    """
    finite = torch.isfinite(norms)
    if not bool(finite.any()):
        return finite
    return norms <= factor * norms[finite].median()


def outlier_dimensions(variances: Tensor, factor: float = DEFAULT_FACTOR**2) -> Tensor:
    """Mark the dimensions whose variance exceeds `factor` times that of the median dimension that varies.

    Args:
        variances: [d] float, of the ordinary rows of one layer; sums of squares about the mean do as well.
        factor: Multiple of the median variance from which a dimension is an outlier; by default that of the deviation,
            squared. Where no dimension stands out the largest has less than ten times the median variance.

    Returns:
        [d] bool, True for outliers.
    """
    varying = variances[variances > 0]
    return variances > factor * varying.median() if len(varying) else variances > 0
