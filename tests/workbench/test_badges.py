"""The figures beside a map are those of its description, each in its place."""

from pathlib import Path

import torch

from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.workbench.badges import map_badges
from lrt_explorer.workbench.map_store import SavedMap
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
