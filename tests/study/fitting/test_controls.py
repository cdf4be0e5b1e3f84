"""Control maps: each of another shuffle, never of the true pairing, and kept beside the evaluation."""

from pathlib import Path

import torch

from lrt_explorer.study.fitting.controls import control_maps
from lrt_explorer.study.fitting.fit import fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from tests.study.tiny import large, small, texts

TOKENS = 8000


def test_control_maps_know_no_pairs_and_differ(tmp_path: Path) -> None:
    pair = Pair(small=small(), large=large())
    controls = finish(control_maps(pair, texts(150), (1, 2), tokens=TOKENS, seeds=(1, 2), keep=tmp_path))
    true = finish(fit_map(pair, texts(150), (1, 2), FitSettings(tokens=TOKENS))).map
    # A map that knows the pairs moves a direction far; one that does not has next to nothing to go by.
    sizes = [float(one.weight.norm() / true.weight.norm()) for one in controls]
    assert max(sizes) < 0.5 and float((controls[0].weight - controls[1].weight).norm()) > 0
    again = finish(control_maps(pair, iter(()), (1, 2), tokens=TOKENS, seeds=(1, 2), keep=tmp_path))
    assert all(torch.equal(one.weight, other.weight) for one, other in zip(controls, again, strict=True))
