"""Fit: the affine map between two layers, its λ chosen and its scores measured on documents it was not fitted on."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.ridge import RidgePath
from lrt_explorer.linear.scores import cosine, linear_cka, r2
from lrt_explorer.lm.blocks import check_layer
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo
from lrt_explorer.study.collect import PARTS, Collected, Route, collect
from lrt_explorer.study.known import known_vectors
from lrt_explorer.study.progress import Progress

METHODS = ("ridge",)
MINIMUM_COVERAGE = 0.1
"""Below this the few tokens that meet are mostly punctuation, and a map of them says little about the rest."""
MINIMUM_HELD_OUT = 32
"""Pairs that each held-out part must hold, so that its score is more than chance."""


@dataclass(frozen=True)
class FittedMap:
    """A map with the evidence for it.

    Attributes:
        map: the affine map.
        info: what it was fitted on and how well it does; `r2` and `cka` are of the report part, which chose nothing.
        lambda_path: (λ, R² on the select part) for every λ tried.
        direction_cosines: per concept, cosine of the mapped against the native vector.
        reachable_shares: per concept, share of the native vector's squared length that lies in the map's image.
    """

    map: AffineMap
    info: MapInfo
    lambda_path: tuple[tuple[float, float], ...]
    direction_cosines: Mapping[str, float]
    reachable_shares: Mapping[str, float]

    @property
    def direction_cosine(self) -> float | None:
        """Mean over concepts; None if no concept was given."""
        return _mean(self.direction_cosines)

    @property
    def reachable_share(self) -> float | None:
        """Mean over concepts; None if no concept was given."""
        return _mean(self.reachable_shares)


def fit_map(
    small: LanguageModel,
    large: LanguageModel,
    texts: Iterable[str],
    small_layer: int,
    large_layer: int,
    *,
    tokens: int = 100_000,
    corpus: str = "",
    concepts: Sequence[ContrastSet] = (),
    reading: Reading | None = None,
    shuffle_pairs: bool = False,
    seed: int = 0,
) -> Generator[Progress, None, FittedMap]:
    """Fit the map from one layer of the small model to one of the large model.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        texts: documents, read until enough tokens are paired.
        small_layer: block of the small model.
        large_layer: block of the large model.
        tokens: pairs of tokens to use, of all parts together.
        corpus: the name of the texts, for people.
        concepts: contrast sets on which to measure the cosine of mapped and native directions.
        reading: how their vectors are read; None for what each set prefers.
        shuffle_pairs: pair every token with a random other one, which makes the control map.
        seed: of the shuffling.

    Raises:
        SettingsError: if a layer does not exist or `tokens` is not positive.
        MapError: if too few tokens could be paired for a map to mean anything.
    """
    route = Route(small_layer, large_layer, seed if shuffle_pairs else None)
    (fitted,) = yield from fit_maps(
        small, large, texts, [route], tokens=tokens, corpus=corpus, concepts=concepts, reading=reading
    )
    return fitted


def fit_maps(
    small: LanguageModel,
    large: LanguageModel,
    texts: Iterable[str],
    routes: Sequence[Route],
    *,
    tokens: int = 100_000,
    corpus: str = "",
    concepts: Sequence[ContrastSet] = (),
    reading: Reading | None = None,
) -> Generator[Progress, None, tuple[FittedMap, ...]]:
    """Fit one map per route from a single pass of both models; otherwise as `fit_map`."""
    for route in routes:
        check_layer(small, route.small_layer)
        check_layer(large, route.large_layer)
    if tokens < 1 or not routes:
        raise SettingsError(f"a map needs tokens to be fitted on, not {tokens}; ask for some thousands")
    collected = yield from collect(small, large, texts, routes, tokens)
    _check_enough(small, large, collected)
    directions = []
    for number, concept in enumerate(concepts):
        yield Progress(number, len(concepts), f"reading {concept.name} in both models")
        directions.append(_directions(small, large, routes, concept, reading))
    fitted = []
    for number, route in enumerate(routes):
        yield Progress(number, len(routes), f"solving layer {route.small_layer} → {route.large_layer}")
        fitted.append(_solve(small, large, route, collected, corpus, directions))
    return tuple(fitted)


@dataclass(frozen=True)
class _Directions:
    """A concept's vectors at the layers of both models that are to be mapped."""

    concept: str
    small: Mapping[int, Tensor]
    large: Mapping[int, Tensor]


def _directions(
    small: LanguageModel, large: LanguageModel, routes: Sequence[Route], concept: ContrastSet, reading: Reading | None
) -> _Directions:
    both = []
    for lm, layers in ((small, {r.small_layer for r in routes}), (large, {r.large_layer for r in routes})):
        known = known_vectors().get_all(lm, concept, sorted(layers), reading)
        both.append({layer: k.vector.values for layer, k in known.items()})
    return _Directions(concept.name, *both)


def _check_enough(small: LanguageModel, large: LanguageModel, collected: Collected) -> None:
    counts = collected.counts
    if counts.ordinary == 0:
        raise MapError("the corpus holds no text; choose another one")
    if counts.coverage < MINIMUM_COVERAGE:
        raise MapError(
            f"only {counts.coverage:.0%} of the tokens of {small.name} and {large.name} end at the same places in the "
            "text, too few for a map to mean anything; choose models whose tokenizers are more alike"
        )
    moments = next(iter(collected.moments.values()))
    needed = {"fit": small.width, "select": MINIMUM_HELD_OUT, "report": MINIMUM_HELD_OUT}
    if any(moments[part].count < needed[part] for part in PARTS):
        have = ", ".join(f"{moments[part].count} to {part}" for part in PARTS)
        raise MapError(
            f"the texts give too few pairs of tokens for a map ({have}, where {needed['fit']}, {MINIMUM_HELD_OUT} and "
            f"{MINIMUM_HELD_OUT} are the least); give more documents"
        )


def _solve(
    small: LanguageModel,
    large: LanguageModel,
    route: Route,
    collected: Collected,
    corpus: str,
    directions: Sequence["_Directions"],
) -> FittedMap:
    moments, counts = collected.moments[route], collected.counts
    choice = RidgePath(moments["fit"]).select(moments["select"])
    cosines, shares = {}, {}
    for direction in directions:
        native = direction.large[route.large_layer]
        cosines[direction.concept] = cosine(choice.map.direction(direction.small[route.small_layer]), native)
        shares[direction.concept] = choice.map.reachable_share(native)
    info = MapInfo(
        small=small.name,
        large=large.name,
        small_fingerprint=small.fingerprint,
        large_fingerprint=large.fingerprint,
        small_layer=route.small_layer,
        large_layer=route.large_layer,
        method="ridge",
        lam=choice.lam,
        tokens_used=counts.used,
        tokens_left_out=counts.special + counts.outliers,
        coverage=counts.coverage,
        r2=r2(choice.map, moments["report"]),
        cka=linear_cka(moments["report"]),
        corpus=corpus,
        corpus_fingerprint=collected.corpus_fingerprint,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        settings={
            **{f"tokens_{part}": moments[part].count for part in PARTS},
            "documents": counts.documents,
            "special_tokens": counts.special,
            "outliers": counts.outliers,
            "shuffle": route.shuffle,
        },
    )
    return FittedMap(choice.map, info, choice.r2_by_lambda, cosines, shares)


def _mean(values: Mapping[str, float]) -> float | None:
    return sum(values.values()) / len(values) if values else None
