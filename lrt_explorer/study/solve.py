"""Solve: the map of one layer pair from moments alone, with the evidence for it."""

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.errors import MapError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.estimators import Estimate, estimator
from lrt_explorer.linear.scores import cosine, linear_cka, r2, r2_per_dimension
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo
from lrt_explorer.study.collect import PARTS, Collected, Route, check_coverage
from lrt_explorer.study.known import known_vectors
from lrt_explorer.study.progress import Progress

MINIMUM_HELD_OUT = 32
"""Pairs that each held-out part must hold, so that its score is more than chance."""


@dataclass(frozen=True)
class FittedMap:
    """A map with the evidence for it.

    Attributes:
        map: the affine map.
        info: what it was fitted on and how well it does; `r2` and `cka` are of the report part, which chose nothing.
        lambda_path: (setting, R² on the select part) for every setting tried: λ for ridge, the rank for reduced-rank.
        direction_cosines: per concept, cosine of the mapped against the native vector.
        norm_ratios: per concept, length of the mapped over that of the native vector.
        reachable_shares: per concept, share of the native vector's squared length that lies in the map's image.
        dimension_r2: of the report part, R² of each dimension of the large model on its own.
    """

    map: AffineMap
    info: MapInfo
    lambda_path: tuple[tuple[float, float], ...]
    direction_cosines: Mapping[str, float]
    norm_ratios: Mapping[str, float]
    reachable_shares: Mapping[str, float]
    dimension_r2: tuple[float, ...]

    @property
    def direction_cosine(self) -> float | None:
        """Mean over concepts; None if no concept was given."""
        return _mean(self.direction_cosines)

    @property
    def norm_ratio(self) -> float | None:
        """Mean over concepts; None if no concept was given."""
        return _mean(self.norm_ratios)

    @property
    def reachable_share(self) -> float | None:
        """Mean over concepts; None if no concept was given."""
        return _mean(self.reachable_shares)


@dataclass(frozen=True)
class Directions:
    """A concept's vectors at layers of both models.

    Attributes:
        concept: its name.
        small: for each layer of the small model `[d_small]`.
        large: for each layer of the large model `[d_large]`.
    """

    concept: str
    small: Mapping[int, Tensor]
    large: Mapping[int, Tensor]


def read_directions(
    small: LanguageModel,
    large: LanguageModel,
    pairs: Collection[tuple[int, int]],
    concepts: Sequence[ContrastSet],
    reading: Reading | None = None,
) -> Generator[Progress, None, list[Directions]]:
    """The vectors of every concept at the layers of these pairs, in both models."""
    read = []
    for number, concept in enumerate(concepts):
        yield Progress(number, len(concepts), f"reading {concept.name} in both models")
        both = []
        for lm, layers in ((small, {i for i, _ in pairs}), (large, {j for _, j in pairs})):
            known = known_vectors().get_all(lm, concept, sorted(layers), reading)
            both.append({layer: k.vector.values for layer, k in known.items()})
        read.append(Directions(concept.name, *both))
    return read


def solve(
    small: LanguageModel,
    large: LanguageModel,
    collected: Collected,
    route: Route,
    *,
    method: str = "ridge",
    directions: Sequence[Directions] = (),
) -> FittedMap:
    """The map of one route from moments alone.

    Args:
        small: the small model, of which only the name and the fingerprint are used.
        large: the large model, likewise.
        collected: moments that hold the route.
        route: the layers.
        method: a closed-form estimator, as in `CLOSED_FORM`.
        directions: vectors at these layers, to compare mapped with native ones.

    Raises:
        SettingsError: if there is no such method.
        MapError: if the route was not collected, or its moments do not make a map.
    """
    moments = collected.of(route)
    estimate = estimator(method)(moments["fit"], moments["select"])
    return with_evidence(small, large, collected, route, estimate, method=method, directions=directions)


def with_evidence(
    small: LanguageModel,
    large: LanguageModel,
    collected: Collected,
    route: Route,
    estimate: Estimate,
    *,
    method: str,
    directions: Sequence[Directions] = (),
) -> FittedMap:
    """A map, however it was estimated, with its scores on the report rows of these moments; otherwise as `solve`.

    Raises:
        MapError: if the route was not collected, or the map cannot be scored on its moments.
    """
    moments, counts = collected.of(route), collected.counts
    cosines, ratios, shares = {}, {}, {}
    for direction in directions:
        mapped, native = estimate.map.direction(direction.small[route.small_layer]), direction.large[route.large_layer]
        cosines[direction.concept] = cosine(mapped, native)
        ratios[direction.concept] = float(mapped.norm() / native.norm())
        shares[direction.concept] = estimate.map.reachable_share(native)
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
        r2=r2(estimate.map, moments["report"]),
        cka=linear_cka(moments["report"]),
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
    )
    by_dimension = tuple(r2_per_dimension(estimate.map, moments["report"]).tolist())
    return FittedMap(estimate.map, info, estimate.path, cosines, ratios, shares, by_dimension)


def check_enough(small: LanguageModel, large: LanguageModel, collected: Collected, routes: Sequence[Route]) -> None:
    """Check that enough tokens were paired for maps of these routes to mean anything.

    Raises:
        MapError: if not.
    """
    counts = collected.counts
    if counts.ordinary == 0 and counts.refused:
        raise MapError(
            f"none of the {counts.refused:,} conversations can be read, because {counts.refusal}; give conversations "
            "of the form that it asks for, or plain text"
        )
    if counts.ordinary == 0:
        raise MapError("the corpus holds no text; choose another one")
    check_coverage(small, large, counts)
    needed = {"fit": small.width, "select": MINIMUM_HELD_OUT, "report": MINIMUM_HELD_OUT}
    rows = collected.rows(routes[0])
    if any(rows[part] < needed[part] for part in PARTS):
        have = ", ".join(f"{rows[part]} to {part}" for part in PARTS)
        raise MapError(
            f"the texts give too few pairs of tokens for a map ({have}, where {needed['fit']}, {MINIMUM_HELD_OUT} and "
            f"{MINIMUM_HELD_OUT} are the least); give more documents"
        )


def _mean(values: Mapping[str, float]) -> float | None:
    return sum(values.values()) / len(values) if values else None
