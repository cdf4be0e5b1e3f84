"""How good a map or a layer pair is, from held-out moments alone."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.errors import MapError, VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.directions import unit
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.outliers import outlier_dimensions
from lrt_explorer.linear.symmetric import quadratic_forms


@dataclass(frozen=True)
class Spread:
    """How evenly the variance of a layer is spread over its dimensions.

    Attributes:
        largest: Share of all variance that the largest dimension holds, in (0, 1]; 1/d if all are equal.
        outliers: How many dimensions are outliers, as `outlier_dimensions` marks them.
        outlier_share: Share of all variance that the outliers hold together, 0 to 1.
    """

    largest: float
    outliers: int
    outlier_share: float


def spread(sums: Tensor) -> Spread:
    """How evenly variance is spread: whether scores that count dimensions by their variance speak for many of them.

    Args:
        sums: [d, d] float, centred sums of products of one side, such as `CrossMoments.cyy`; some dimension varies.
    """
    shares = sums.diagonal() / sums.trace()
    rogue = outlier_dimensions(shares)
    return Spread(float(shares.max()), int(rogue.sum()), float(shares[rogue].sum()))


@dataclass(frozen=True, eq=False)
class MapScores:
    """How well a map predicts held-out rows; see the functions of the same names.

    Attributes:
        r2: Over all dimensions together.
        r2_standardised: The mean of the next over dimensions that vary.
        r2_per_dimension: [d_y] float64 on the CPU.
    """

    r2: float
    r2_standardised: float
    r2_per_dimension: Tensor


def map_scores(map: AffineMap, held_out: CrossMoments) -> MapScores:
    """All scores of a map, whose errors are summed once.

    Args:
        map: Map from width d_x to width d_y.
        held_out: Moments of rows that the map was not fitted on.

    Raises:
        MapError: If the widths differ, there are fewer than two rows, or the y rows are all equal.
    """
    errors = _errors(map, held_out)
    totals, varies = held_out.cyy.diagonal(), held_out.varies_y
    by_dimension = torch.where(varies, 1.0 - errors / totals.masked_fill(~varies, 1.0), 0.0)
    over_all = 1.0 - float(errors.sum()) / float(held_out.cyy.trace())
    return MapScores(over_all, float(by_dimension[varies].mean()), by_dimension.cpu())


def r2(map: AffineMap, held_out: CrossMoments) -> float:
    """Share of the large model's held-out variance that the map predicts, over all dimensions together.

    1 - (sum of squared errors) / (sum of squares about the held-out mean), the variance-weighted R²: 1 is perfect, 0 is
    no better than always giving the held-out mean, and a bad map goes below 0.

    Args:
        map: Map from width d_x to width d_y.
        held_out: Moments of rows that the map was not fitted on.

    Raises:
        MapError: If the widths differ, there are fewer than two rows, or the y rows are all equal.
    """
    return map_scores(map, held_out).r2


def r2_standardised(map: AffineMap, held_out: CrossMoments) -> float:
    """R² with every dimension of the large model in units of its own held-out deviation.

    In these units all dimensions that vary have the same sum of squares, so `r2` becomes the mean of `r2_per_dimension`
    over them. Rescaling any dimension of the large model, map included, leaves it as it is, so no single dimension can
    buy it, however large.

    Args:
        map: Map from width d_x to width d_y.
        held_out: Moments of rows that the map was not fitted on.

    Raises:
        MapError: As for `r2`.
    """
    return map_scores(map, held_out).r2_standardised


def r2_per_dimension(map: AffineMap, held_out: CrossMoments) -> Tensor:
    """R² of each dimension of the large model on its own.

    Args:
        map: Map from width d_x to width d_y.
        held_out: Moments of rows that the map was not fitted on.

    Returns:
        [d_y] float64 on the CPU; a dimension that is constant has nothing to predict and gets 0.

    Raises:
        MapError: As for `r2`.
    """
    return map_scores(map, held_out).r2_per_dimension


def linear_cka(moments: CrossMoments) -> float:
    """Linear centred kernel alignment of the two sides: 1 if equal up to rotation and scale, 0 if uncorrelated.

    |Cxy|² / (|Cxx| |Cyy|) in Frobenius norms (Kornblith et al., arXiv 1905.00414). With few rows beside the widths it
    is biased upwards.

    Returns:
        A number in [0, 1].

    Raises:
        MapError: If there are fewer than two rows or one side does not vary.
    """
    moments.check_spread()
    within = moments.of_cxx(_norm) * moments.of_cyy(_norm)
    return min(1.0, float(moments.cxy.norm()) ** 2 / within)


def linear_cka_standardised(moments: CrossMoments) -> float:
    """`linear_cka` with every dimension of both sides in units of its own deviation, that is, of correlations.

    Dimensions that do not vary are left out. Rescaling a dimension of either side changes nothing.

    Returns:
        A number in [0, 1].

    Raises:
        MapError: As for `linear_cka`.
    """
    moments.check_spread()
    x, y = (_inverse_deviations(*side) for side in ((moments.cxx, moments.varies_x), (moments.cyy, moments.varies_y)))
    within = moments.of_cxx(_norm_standardised) * moments.of_cyy(_norm_standardised)
    between = float((x[:, None] * moments.cxy * y).norm()) ** 2
    return min(1.0, between / within)


def cosine(a: Tensor, b: Tensor) -> float:
    """Cosine of the angle between two directions.

    Args:
        a: [d], any floating type.
        b: [d], any floating type.

    Returns:
        A number in [-1, 1].

    Raises:
        VectorError: If the widths differ or either is not a direction, as for `unit`.
    """
    if a.shape != b.shape:
        raise VectorError(
            f"vectors shaped {list(a.shape)} and {list(b.shape)} have no angle between them; take two of the same model"
        )
    return max(-1.0, min(1.0, float(unit(a) @ unit(b))))


def cosine_standardised(a: Tensor, b: Tensor, deviations: Tensor) -> float:
    """`cosine` with every dimension in units of its own deviation, so that a single large one cannot make two agree.

    Args:
        a: [d], any floating type.
        b: [d], any floating type.
        deviations: [d], how far ordinary states deviate from their mean; dimensions with 0 do not count.

    Returns:
        A number in [-1, 1].

    Raises:
        VectorError: As for `cosine`, or if either vector lies in dimensions that do not vary.
    """
    scale = _in_deviations(deviations)
    return cosine(a.detach().cpu().double() * scale, b.detach().cpu().double() * scale)


def row_cosines(a: Tensor, b: Tensor, deviations: Tensor | None = None) -> Tensor:
    """`cosine`, or with deviations `cosine_standardised`, of each row of one with the same row of the other.

    Args:
        a: [n, d], any floating type; where a row of either has no length, neither counts.
        b: [n, d], likewise.
        deviations: [d], how far ordinary states deviate from their mean; dimensions with 0 do not count.

    Returns:
        [m] float64 on the CPU, in [-1, 1], of the rows that count; 0 for one that lies in dimensions that do not vary.
    """
    one, other = (rows.detach().to("cpu", torch.float64) for rows in (a, b))
    long = one.any(dim=1) & other.any(dim=1)
    one, other = one[long], other[long]
    if deviations is not None:
        scale = _in_deviations(deviations)
        one, other = one * scale, other * scale
    return torch.nn.functional.cosine_similarity(one, other, dim=1, eps=1e-300).clamp(-1, 1)


def _in_deviations(deviations: Tensor) -> Tensor:
    """What takes a vector to units of the deviations, and what does not vary to nothing."""
    return torch.where(deviations > 0, deviations.clamp(min=1e-300).reciprocal(), 0.0).cpu()


def norm_ratio(a: Tensor, b: Tensor) -> float:
    """Length of a over that of b: how much a mapped direction shrank or grew beside the native one.

    Args:
        a: [d], any floating type; it may be zero.
        b: [d], any floating type.

    Returns:
        A number from 0 up.

    Raises:
        VectorError: If the widths differ, b is not a direction, as for `unit`, or a holds numbers that are not finite.
    """
    if a.shape != b.shape:
        raise VectorError(
            f"lengths of vectors shaped {list(a.shape)} and {list(b.shape)} do not compare; take two of the same model"
        )
    # Along its own direction a vector is as long as it is, without squares that could overflow.
    length_b = float(b.detach().to("cpu", torch.float64) @ unit(b))
    length_a = float(a.detach().to("cpu", torch.float64) @ unit(a)) if bool(a.any()) else 0.0
    return length_a / length_b


def check_held_out(d_small: int, d_large: int, held_out: CrossMoments) -> None:
    """Check that maps between these widths can be scored on these moments.

    Raises:
        MapError: If the widths differ, there are fewer than two rows, or the y rows are all equal.
    """
    if (d_small, d_large) != (held_out.d_x, held_out.d_y):
        raise MapError(
            f"a map from width {d_small} to {d_large} cannot be scored on activations of widths "
            f"{held_out.d_x} and {held_out.d_y}; choose the layers that it was fitted for"
        )
    if held_out.count < 2 or not bool(held_out.varies_y.any()):
        raise MapError(
            f"the {held_out.count} held-out tokens are too few or too alike to score a map on; "
            "give more or more varied text"
        )


def _norm(sums: Tensor, varies: Tensor) -> float:  # noqa: ARG001 - called as `_norm_standardised` is
    """Frobenius norm of sums of products of one side."""
    return float(sums.norm())


def _norm_standardised(sums: Tensor, varies: Tensor) -> float:
    """Likewise of their correlations."""
    scale = _inverse_deviations(sums, varies)
    return float((scale[:, None] * sums * scale).norm())


def _inverse_deviations(sums: Tensor, varies: Tensor) -> Tensor:
    """[d], 0 for dimensions that do not vary."""
    return torch.where(varies, sums.diagonal().masked_fill(~varies, 1.0).rsqrt(), 0.0)


def _errors(map: AffineMap, held_out: CrossMoments) -> Tensor:
    """[d_y] sums over the held-out rows of the map's squared errors."""
    check_held_out(map.d_small, map.d_large, held_out)
    weight = map.weight.to(held_out.device)
    explained = 2.0 * (weight * held_out.cxy).sum(dim=0) - quadratic_forms(held_out.cxx, weight)
    about_their_mean = (held_out.cyy.diagonal() - explained).clamp(min=0.0)
    mean_error = held_out.mean_y - held_out.mean_x @ weight - map.bias.to(held_out.device)
    return about_their_mean + held_out.count * mean_error.square()
