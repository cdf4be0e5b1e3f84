"""The figures that a map is judged by."""

import math
from typing import Any, TypeGuard

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.store import MapInfo
from lrt_explorer.study.fitting.caveats import caveats
from lrt_explorer.study.fitting.directions import agreement, read_directions
from lrt_explorer.study.fitting.ends import end_prompts, known_ends
from lrt_explorer.study.fitting.estimators import chosen_setting
from lrt_explorer.study.ground.known import first_reading, known_vectors
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.workbench.cards import FitPath, MapBadges
from lrt_explorer.workbench.concepts import shipped_sets
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.shipped import shipped_evidence


def map_badges(pair: Pair, saved: SavedMap, concept: ContrastSet) -> MapBadges:
    """The figures of a map at once, with those of the concept's vectors where these are known already.

    Args:
        pair: the models.
        saved: their map.
        concept: whose directions are compared.

    Raises:
        ArtifactError: if the map belongs to other models.
    """
    map, info, layers = saved.map, saved.info, saved.layers
    pair.check(info)
    places = list(zip(pair.both, layers, strict=True))
    contrast = first_reading(places, concept)
    share = cosine = ratio = None
    if all(known_vectors().holds(lm, contrast, [layer]) for lm, layer in places):
        # A concept that gives no vector here costs its own figures alone.
        found = agreement(map, *layers, finish(read_directions(pair, [layers], [contrast])))
        share, cosine, ratio = found.reachable_share, found.direction_cosine, found.norm_ratio
    return MapBadges(
        r2=info.r2,
        cka=info.cka,
        tokens_used=info.tokens_used,
        tokens_left_out=info.tokens_left_out,
        coverage=info.coverage,
        reachable_share=share,
        direction_cosine=cosine,
        method=info.method,
        norm_ratio=ratio,
        path=fit_path(info),
        r2_standardised=info.r2_standardised,
        largest_dimensions=(info.largest_dimension_small, info.largest_dimension_large),
        outlier_dimensions=(info.outlier_dimensions_small, info.outlier_dimensions_large),
        outlier_shares=(info.outlier_share_small, info.outlier_share_large),
        caveats=caveats(info),
        r2_ends=known_ends(pair, saved, end_prompts(shipped_sets(pair.world))),
        relabelled_cosine=None if cosine is None else _relabelled_cosine(pair, saved, concept),
    )


def _relabelled_cosine(pair: Pair, saved: SavedMap, concept: ContrastSet) -> float | None:
    """What the evidence that ships says of relabelled pairs; a set of a visitor's own may have the name of another."""
    shipped = shipped_evidence(pair, saved)
    ships = {one.fingerprint() for one in shipped_sets(pair.world)}
    if shipped is None or concept.fingerprint() not in ships:
        return None
    for one in shipped.evaluation.concepts:
        if one.evidence.name == concept.name:
            found = one.evidence.direction_cosine_relabelled
            return None if found is None else found.high
    return None


def fit_path(info: MapInfo) -> FitPath | None:
    """How the setting of a map was chosen, if it is written down and there was a choice."""
    setting = chosen_setting(info)
    path = info.settings.get("path")
    # A map may come from a file that anybody wrote.
    if not isinstance(path, list) or len(path) < 2 or setting is None or not _is_number(setting.value):
        return None
    if not all(isinstance(step, list) and len(step) == 2 and all(map(_is_number, step)) for step in path):
        return None
    points = tuple((float(value), float(score)) for value, score in path)
    return FitPath(setting.name, points, setting.value, setting.unit)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
