"""An estimator as another package brings it: everything of it in this file."""

from typing import TYPE_CHECKING

from lrt_explorer.study.estimators import Estimator

if TYPE_CHECKING:
    from lrt_explorer.linear.estimators import Estimate
    from lrt_explorer.linear.moments import CrossMoments


def halved(fit: "CrossMoments", select: "CrossMoments") -> "Estimate":
    """Half of the ridge map, or all of it, whichever does better on the select rows."""
    from lrt_explorer.linear.affine import AffineMap
    from lrt_explorer.linear.estimators import Estimate, ridge
    from lrt_explorer.linear.scores import r2

    whole = ridge(fit, select).map
    maps = {
        share: AffineMap(share * whole.weight, fit.mean_y - share * fit.mean_x @ whole.weight) for share in (0.5, 1)
    }
    path = tuple((share, r2(map, select)) for share, map in maps.items())
    share = max(path, key=lambda step: step[1])[0]
    return Estimate(maps[share], None, path, {"share": share})


HALVED = Estimator(
    name="halved",
    label="Halved ridge",
    unit="of ridge",
    help="half of the ridge map where that does better",
    function=halved,
    setting="share",
)
