"""Solve: the map of one layer pair from moments alone, with the evidence for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from torch import Tensor

from lrt_explorer.errors import MapError
from lrt_explorer.linear.estimators import Estimate
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.scores import (
    linear_cka,
    linear_cka_standardised,
    map_scores,
    spread,
)
from lrt_explorer.store import MapInfo, PairMap
from lrt_explorer.study.fitting.collect import PARTS, Collected, Part, Route, check_coverage
from lrt_explorer.study.fitting.directions import Agreement, Directions, agreement
from lrt_explorer.study.fitting.estimators import ESTIMATORS, closed_form
from lrt_explorer.study.ground.pair import Pair

TOKENS_PER_DIMENSION = 3
"""Pairs of tokens for each dimension of the small model that a map has at least: seven tenths of them fit it."""
MINIMUM_HELD_OUT = 32
"""Pairs that each held-out part must hold, so that its score is more than chance."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedMap(PairMap):
    """A map with the evidence for it. The scores of its description are of the report part, which chose nothing.

    Attributes:
        lambda_path: (setting, R² on the select part) for every setting tried: λ for ridge, the rank for reduced-rank.
        dimension_r2: of the report part, R² of each dimension of the large model on its own.
        deviations: `[d_large]` float64, of the report part, how far each dimension deviates from its mean.
        agreement: of the vectors that it maps with native ones, over the concepts asked for.
    """

    lambda_path: tuple[tuple[float, float], ...]
    dimension_r2: tuple[float, ...]
    deviations: Tensor
    agreement: Agreement = field(default_factory=Agreement)

    def compared(self, directions: Sequence[Directions]) -> "FittedMap":
        """The same map with its agreement on these directions, which hold its layers."""
        return replace(self, agreement=agreement(self.map, *self.layers, directions, self.deviations))


def solve(
    pair: Pair,
    collected: Collected,
    route: Route,
    *,
    method: str = ESTIMATORS.default,
) -> FittedMap:
    """The map of one route from moments alone.

    Args:
        pair: the models.
        collected: moments that hold the route.
        route: the layers.
        method: a closed-form estimator, one of `closed_forms`.

    Raises:
        SettingsError: if there is no such method.
        MapError: if the route was not collected, or its moments do not make a map.
    """
    moments = collected.of(route)
    estimate = closed_form(method)(moments["fit"], moments["select"])
    return _with_evidence(pair, collected, route, moments, estimate, method)


def with_evidence(
    pair: Pair,
    collected: Collected,
    route: Route,
    estimate: Estimate,
    *,
    method: str,
    scored_on: Route | None = None,
) -> FittedMap:
    """A map, however it was estimated, with its scores on the report rows of these moments; otherwise as `solve`.

    Args:
        pair: as for `solve`.
        collected: likewise.
        route: likewise.
        estimate: the map.
        method: the estimator.
        scored_on: the route whose moments score it, for a control map whose own were not collected.

    Raises:
        MapError: if the route was not collected, or the map cannot be scored on its moments.
    """
    return _with_evidence(pair, collected, route, collected.of(scored_on or route), estimate, method)


def _with_evidence(
    pair: Pair,
    collected: Collected,
    route: Route,
    moments: Mapping[Part, CrossMoments],
    estimate: Estimate,
    method: str,
) -> FittedMap:
    """`with_evidence` from the route's own moments, of which every call of `Collected.of` makes a copy."""
    small, large = pair.both
    counts, held_out = collected.counts, moments["report"]
    # These come first, because they refuse moments that no score can be taken from.
    scores = map_scores(estimate.map, held_out)
    small_spread, large_spread = spread(held_out.cxx), spread(held_out.cyy)
    info = MapInfo(
        small=small.name,
        large=large.name,
        small_fingerprint=small.fingerprint,
        large_fingerprint=large.fingerprint,
        small_layer=route.small_layer,
        large_layer=route.large_layer,
        method=method,
        lam=estimate.lam,
        tokens_used=counts.used,
        tokens_left_out=counts.special + counts.outliers,
        coverage=counts.coverage,
        r2=scores.r2,
        cka=linear_cka(held_out),
        corpus=collected.corpus,
        corpus_fingerprint=collected.corpus_fingerprint,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        settings={
            **{f"tokens_{part}": moments[part].count for part in PARTS},
            "documents": counts.documents,
            "special_tokens": counts.special,
            "outliers": counts.outliers,
            "empty_documents": counts.empty,
            "refused_conversations": counts.refused,
            "refusal": counts.refusal,
            "coverage_of_worst_tenth": counts.coverage_quantile(0.1),
            "coverage_of_median_document": counts.coverage_quantile(0.5),
            "shuffle": route.shuffle,
            "path": [list(step) for step in estimate.path],
            **estimate.settings,
        },
        r2_standardised=scores.r2_standardised,
        cka_standardised=linear_cka_standardised(held_out),
        largest_dimension_small=small_spread.largest,
        largest_dimension_large=large_spread.largest,
        outlier_dimensions_small=small_spread.outliers,
        outlier_dimensions_large=large_spread.outliers,
        outlier_share_small=small_spread.outlier_share,
        outlier_share_large=large_spread.outlier_share,
    )
    by_dimension = tuple(scores.r2_per_dimension.tolist())
    deviations = (held_out.cyy.diagonal() / held_out.count).sqrt().cpu()
    return FittedMap(
        map=estimate.map,
        info=info,
        lambda_path=estimate.path,
        dimension_r2=by_dimension,
        deviations=deviations,
    )


def least_tokens(small_width: int) -> int:
    """Pairs of tokens that are enough for a map from a layer of this width."""
    return TOKENS_PER_DIMENSION * small_width


def check_enough(pair: Pair, collected: Collected, routes: Sequence[Route]) -> None:
    """Check that enough tokens were paired for maps of these routes to mean anything.

    Raises:
        MapError: if not.
    """
    small, large = pair.both
    counts = collected.counts
    if counts.ordinary == 0 and counts.refused:
        raise MapError(
            f"none of the {counts.refused:,} conversations can be read, because {counts.refusal}; give conversations "
            "in the form it asks for, or plain text"
        )
    if counts.ordinary == 0:
        raise MapError("the corpus holds no text; choose another one")
    check_coverage(small, large, counts)
    needed = {"fit": small.width, "select": MINIMUM_HELD_OUT, "report": MINIMUM_HELD_OUT}
    rows = collected.rows(routes[0])
    if any(rows[part] < needed[part] for part in PARTS):
        have = ", ".join(f"{rows[part]} to {part}" for part in PARTS)
        raise MapError(
            f"the texts give too few pairs of tokens for a map ({have}; the least are {needed['fit']}, "
            f"{MINIMUM_HELD_OUT} and {MINIMUM_HELD_OUT}); give more documents"
        )
