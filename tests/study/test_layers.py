"""All layer pairs at once: the figures are those of the maps, and nothing is read twice."""

import pytest
import torch

from lrt_explorer.study.collect import PARTS
from lrt_explorer.study.fit import fit_map
from lrt_explorer.study.layers import layer_grid
from lrt_explorer.study.progress import finish
from lrt_explorer.study.solve import FittedMap
from lrt_explorer.study.suggest import suggest_layers
from tests.study.tiny import CONCEPT, large, small, texts


def test_every_cell_is_the_map_of_its_pair() -> None:
    maps: list[FittedMap] = []
    grid = finish(layer_grid(small(), large(), texts(), tokens=4000, concepts=[CONCEPT], take=maps.append))
    assert (grid.small, grid.large) == ("tiny-small", "tiny-large-one")
    assert [(c.small_layer, c.large_layer) for c in grid.cells] == [(i, j) for i in range(3) for j in range(5)]
    for cell, fitted in zip(grid.cells, maps, strict=True):
        assert (cell.r2, cell.cka, cell.lam) == (fitted.info.r2, fitted.info.cka, fitted.info.lam)
        assert cell.direction_cosine == fitted.direction_cosine and cell.norm_ratio == fitted.norm_ratio
    alone = finish(fit_map(small(), large(), texts(), 1, 2, tokens=4000, concepts=[CONCEPT]))
    cell = grid.cell(1, 2)
    assert cell is not None and grid.cell(1, 5) is None
    assert cell.r2 == pytest.approx(alone.info.r2) and cell.direction_cosine == pytest.approx(alone.direction_cosine)


def test_a_model_beside_itself_keeps_lengths_and_a_scaled_map_does_not() -> None:
    fitted = finish(fit_map(small(), small(), texts(), 1, 1, tokens=4000, concepts=[CONCEPT]))
    assert fitted.norm_ratio == pytest.approx(1.0, abs=1e-6)
    assert len(fitted.dimension_r2) == small().width and min(fitted.dimension_r2) > 1 - 1e-9
    across = finish(fit_map(small(), large(), texts(), 1, 1, tokens=4000, concepts=[CONCEPT]))
    assert across.norm_ratio is not None and abs(across.norm_ratio - 1) > 0.01
    assert len(across.dimension_r2) == large().width
    assert sum(across.info.settings[f"tokens_{part}"] for part in PARTS) == 4000


def test_without_concepts_there_is_no_word_on_directions() -> None:
    (cell,) = finish(layer_grid(small(), large(), texts(), pairs=[(0, 1)], tokens=4000)).cells
    assert (cell.direction_cosine, cell.norm_ratio, cell.reachable_share) == (None, None, None)


def test_procrustes_has_no_lambda_and_its_map_turns_without_stretching() -> None:
    fitted = finish(fit_map(small(), large(), texts(), 1, 2, tokens=4000, method="procrustes"))
    assert fitted.info.lam is None and fitted.info.method == "procrustes"
    gains = torch.linalg.svdvals(fitted.map.weight)
    assert float(gains.max() / gains.min()) == pytest.approx(1.0)
    free = torch.linalg.svdvals(finish(fit_map(small(), large(), texts(), 1, 2, tokens=4000)).map.weight)
    assert float(free.max() / free.min()) > 1.5


def test_a_grid_at_hand_spares_the_suggestion_its_pass() -> None:
    grid = finish(layer_grid(small(), large(), texts(), tokens=4000, concepts=[CONCEPT]))
    never = iter(lambda: pytest.fail("a text was read"), None)
    suggestion = finish(suggest_layers(small(), large(), never, [CONCEPT], grid=grid))
    fresh = finish(suggest_layers(small(), large(), texts(), [CONCEPT], tokens=4000))
    assert (suggestion.small_layer, suggestion.large_layer) == (fresh.small_layer, fresh.large_layer)
    assert {c.large_layer for c in suggestion.candidates} <= {1, 2}
    best = suggestion.candidates[0]
    assert f"cosine {best.direction_cosine:.2f}" in suggestion.reason and "held-out variance" in suggestion.reason
