"""Each part of the texts has its own task: one fits, one chooses λ, one reports."""

import pytest
import torch

from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.ridge import DEFAULT_LAMBDAS, RidgePath
from lrt_explorer.study.fitting.collect import Collected, Part, Route
from lrt_explorer.study.fitting.solve import solve
from lrt_explorer.study.ground.pair import Pair
from tests.linear.rows import noise
from tests.study.tiny import large, small

ROUTE = Route(1, 2, shuffle=0)
NOISE: dict[Part, tuple[int, float]] = {"fit": (40, 3.0), "select": (400, 3.0), "report": (400, 0.1)}
"""Rows, and how loud what no map can foretell is: where it is loud, a strong λ is best, where it is not, a weak one."""


def moments() -> dict[Part, CrossMoments]:
    found: dict[Part, CrossMoments] = {}
    for seed, (part, (count, level)) in enumerate(NOISE.items()):
        x = noise(count, 16, seed=seed)
        # As if the report part were of another kind of documents, so that no other part gives its score.
        y = (2.0 if part == "report" else 1.0) * x @ noise(16, 32, seed=50) + level * noise(count, 32, seed=9 + seed)
        found[part] = CrossMoments(16, 32)
        found[part].update(x, y)
    return found


def score(weight: torch.Tensor, bias: torch.Tensor, part: CrossMoments) -> float:
    """R² from moments by its definition: errors about their mean, then the mean error."""
    residual = part.cyy - weight.T @ part.cxy - part.cxy.T @ weight + weight.T @ part.cxx @ weight
    shift = part.mean_y - part.mean_x @ weight - bias
    return 1 - float(residual.trace() + part.count * shift.square().sum()) / float(part.cyy.trace())


def test_lambda_is_chosen_on_select_rows_and_the_score_is_of_report_rows() -> None:
    parts = moments()
    fitted = solve(Pair(small=small(), large=large()), Collected({}, {ROUTE: parts}), ROUTE)
    best = {part: max(DEFAULT_LAMBDAS, key=lambda lam: score(*_map(parts["fit"], lam), parts[part])) for part in NOISE}
    assert best["select"] not in (best["fit"], best["report"]), "the other parts would choose another λ"
    assert fitted.info.lam == best["select"]
    scores = {part: score(fitted.map.weight, fitted.map.bias, parts[part]) for part in NOISE}
    assert fitted.info.r2 == pytest.approx(scores["report"], abs=1e-9)
    assert min(abs(scores["report"] - scores[part]) for part in ("fit", "select")) > 0.05
    assert [fitted.info.settings[f"tokens_{part}"] for part in NOISE] == [40, 400, 400]


def _map(fit: CrossMoments, lam: float) -> tuple[torch.Tensor, torch.Tensor]:
    map = RidgePath(fit).map(lam)
    return map.weight, map.bias
