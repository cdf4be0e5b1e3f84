"""The ways to fit a map in closed form, with one interface: moments in, the map and its choice of setting out."""

from collections.abc import Callable
from dataclasses import dataclass

from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.procrustes import procrustes
from lrt_explorer.linear.reduced_rank import ReducedRankPath
from lrt_explorer.linear.ridge import RidgePath
from lrt_explorer.linear.scores import r2

JsonValue = str | int | float | bool | list[str] | None


@dataclass(frozen=True, eq=False)
class Estimate:
    """A fitted map with the choices that led to it.

    Attributes:
        map: The map.
        lam: Its λ, relative as in `RidgePath`; None where the method has none.
        path: (setting, R² on the select rows) for every setting tried: λ for ridge, the rank for reduced-rank, and the
            scale, which nothing chose, for Procrustes.
        settings: What else describes the fit, JSON values by name.
    """

    map: AffineMap
    lam: float | None
    path: tuple[tuple[float, float], ...]
    settings: dict[str, JsonValue]


ClosedForm = Callable[[CrossMoments, CrossMoments], Estimate]
"""Takes the moments of the rows to fit on and those of the rows to choose settings on, from other documents.

Raises MapError if there are too few rows on either side, they do not vary, or the widths differ.
"""


def ridge(fit: CrossMoments, select: CrossMoments) -> Estimate:
    """Least squares with a penalty on the size of the map, λ chosen on the select rows; see `RidgePath`."""
    choice = RidgePath(fit).select(select)
    return Estimate(choice.map, choice.lam, choice.r2_by_lambda, {})


def orthogonal(fit: CrossMoments, select: CrossMoments) -> Estimate:
    """The map that may only turn, scale and shift; see `procrustes`. The select rows only score it."""
    found = procrustes(fit)
    score = r2(found.map, select)
    return Estimate(found.map, None, ((found.scale, score),), {"scale": found.scale, "rank": found.rank})


def reduced_rank(fit: CrossMoments, select: CrossMoments) -> Estimate:
    """Ridge through fewer dimensions: λ as ridge chooses it, then the rank, both on the select rows."""
    lam = RidgePath(fit).select(select).lam
    choice = ReducedRankPath(fit, lam).select(select)
    return Estimate(choice.map, lam, choice.r2_by_rank, {"rank": choice.rank})
