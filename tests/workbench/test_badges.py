"""The figures beside a map are those of its description, each in its place."""

import json
from dataclasses import replace
from pathlib import Path

import torch

from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.cache import models
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.ui.cards import badges_card, figure
from lrt_explorer.workbench.badges import map_badges
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.maps import needed_map
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.shipped import shipped_file
from tests.study.evaluation.by_hand import MOOD, map_info
from tests.study.tiny import large, small


def test_every_badge_shows_its_own_figure() -> None:
    map = AffineMap(torch.ones(small().width, large().width), torch.zeros(large().width))
    saved = SavedMap(map=map, info=map_info(), folder=Path("nowhere"), digest="")
    found = map_badges(Pair(small=small(), large=large()), saved, MOOD)
    assert (found.r2, found.r2_standardised, found.cka, found.coverage) == (0.84, 0.42, 0.9, 0.875)
    assert (found.tokens_used, found.tokens_left_out, found.method) == (20_000, 10, "ridge")
    assert found.largest_dimensions == (0.125, 0.25)
    assert found.outlier_dimensions == (1, 2) and found.outlier_shares == (0.0625, 0.03125)


def test_beside_the_cosine_stands_that_of_relabelled_pairs_where_evidence_ships() -> None:
    pair = Pair(small=models().get("tinyworld-xs"), large=models().get("tinyworld-s"))
    saved = needed_map(pair, pair.layers())
    concept = pair.world.concept("mood")
    (wanted,) = (
        one["direction_cosine_relabelled_high"]
        for one in json.loads(shipped_file("evidence", pair.small.name, pair.large.name).read_text())["concepts"]
        if one["name"] == "mood"
    )
    for lm, layer in zip(pair.both, pair.layers(), strict=True):
        known_vectors().get(lm, concept, layer)
    found = map_badges(pair, saved, concept)
    assert found.direction_cosine is not None and found.relabelled_cosine == wanted
    assert f"relabelled pairs reach {figure(wanted)}" in badges_card(found, "mood")
    # A visitor's own set of that name has other pairs, and another map other cosines.
    own = replace(concept, pairs=concept.pairs[:8])
    for lm, layer in zip(pair.both, pair.layers(), strict=True):
        known_vectors().get(lm, own, layer)
    assert map_badges(pair, saved, own).relabelled_cosine is None
    elsewhere = replace(saved, info=replace(saved.info, corpus="another text"))
    assert map_badges(pair, elsewhere, concept).relabelled_cosine is None
