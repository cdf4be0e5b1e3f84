"""From the states of pairs to one direction: mean difference or principal component, whitened or not."""

import torch
from torch import Tensor

from lrt_explorer.concepts.methods import METHODS, Method

__all__ = ["METHODS", "Method", "direction", "mean_difference", "method_name", "principal_component"]


def method_name(method: Method, *, whiten: bool) -> str:
    """What a vector found so says of itself."""
    return f"{method}, whitened" if whiten else method


def direction(positive: Tensor, negative: Tensor, method: Method, whitener: Tensor | None = None) -> Tensor:
    """The direction from the texts without a behaviour to those with it.

    With a whitener W the direction is found in whitened states and brought back by W once more, so that what it reads
    off a state is what was found there: for the mean difference δ this is Fisher's discriminant Σ⁻¹δ. It keeps the
    length that it would have without, for whitening says where to go and not how far.

    Args:
        positive: `[pairs, d]` float64.
        negative: `[pairs, d]` float64.
        method: how, a name of `METHODS`.
        whitener: `[d, d]` as `whitening` makes it, or None.

    Returns:
        `[d]` float64; all zeros where the pairs give no direction.
    """
    differences = positive - negative
    find = METHODS.find(method).load()
    plain = find(differences)
    if whitener is None:
        return plain
    found = find(differences @ whitener) @ whitener
    norm = found.norm()
    return found * (plain.norm() / norm) if norm > 0 else found


def mean_difference(differences: Tensor) -> Tensor:
    """The mean of the pair differences `[pairs, d]`, `[d]` float64."""
    return differences.mean(0)


def principal_component(differences: Tensor) -> Tensor:
    """The first principal component of the pair differences, as long as the mean difference is along it.

    The differences are not centred, for their mean is what is looked for. An axis has no sign: projecting the mean
    difference on it gives it the one that points to the behaviour, whatever an eigensolver returns. Unlike the mean,
    it weighs pairs by their length squared and follows the axis that most of them share.

    Args:
        differences: `[pairs, d]` float64.

    Returns:
        `[d]` float64.
    """
    axis: Tensor = torch.linalg.svd(differences, full_matrices=False).Vh[0]
    return axis * (differences.mean(0) @ axis)
