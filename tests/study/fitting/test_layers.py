"""All layer pairs at once: the figures are those of the maps, and nothing is read twice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from lrt_explorer.concepts import vectors
from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import SteeringVector
from lrt_explorer.errors import VectorError
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import load_map, save_map
from lrt_explorer.study.fitting.collect import PARTS
from lrt_explorer.study.fitting.directions import read_directions
from lrt_explorer.study.fitting.fit import fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.layers import layer_grid
from lrt_explorer.study.fitting.solve import FittedMap
from lrt_explorer.study.ground import known
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.suggest import suggest_layers
from tests.study.tiny import CONCEPT, large, small, texts


def test_every_cell_is_the_map_of_its_pair() -> None:
    maps: list[FittedMap] = []
    grid = finish(
        layer_grid(
            Pair(small=small(), large=large()), texts(), FitSettings(tokens=4000, concepts=[CONCEPT]), take=maps.append
        )
    )
    assert (grid.small, grid.large) == ("tiny-small", "tiny-large-one")
    assert [(c.small_layer, c.large_layer) for c in grid.cells] == [(i, j) for i in range(3) for j in range(5)]
    for cell, fitted in zip(grid.cells, maps, strict=True):
        assert (cell.r2, cell.cka, cell.lam) == (fitted.info.r2, fitted.info.cka, fitted.info.lam)
        assert (cell.r2_standardised, cell.cka_standardised) == (
            fitted.info.r2_standardised,
            fitted.info.cka_standardised,
        )
        found = fitted.compared(
            finish(
                read_directions(Pair(small=small(), large=large()), [(cell.small_layer, cell.large_layer)], [CONCEPT])
            )
        )
        assert cell.direction_cosine == pytest.approx(found.agreement.direction_cosine)
        assert cell.norm_ratio == pytest.approx(found.agreement.norm_ratio) and cell.concepts == 1
    alone = finish(
        fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=4000, concepts=[CONCEPT]))
    )
    one = grid.cell(1, 2)
    assert one is not None and grid.cell(1, 5) is None
    assert one.r2 == pytest.approx(alone.info.r2) and one.direction_cosine == pytest.approx(
        alone.agreement.direction_cosine
    )


def test_a_model_beside_itself_keeps_lengths_and_a_scaled_map_does_not() -> None:
    fitted = finish(
        fit_map(Pair(small=small(), large=small()), texts(), (1, 1), FitSettings(tokens=4000, concepts=[CONCEPT]))
    )
    assert fitted.agreement.norm_ratio == pytest.approx(1.0, abs=1e-6)
    assert len(fitted.dimension_r2) == small().width and min(fitted.dimension_r2) > 1 - 1e-9
    across = finish(
        fit_map(Pair(small=small(), large=large()), texts(), (1, 1), FitSettings(tokens=4000, concepts=[CONCEPT]))
    )
    assert across.agreement.norm_ratio is not None and abs(across.agreement.norm_ratio - 1) > 0.01
    assert len(across.dimension_r2) == large().width
    assert sum(across.info.settings[f"tokens_{part}"] for part in PARTS) == 4000


def test_without_concepts_there_is_no_word_on_directions() -> None:
    (cell,) = finish(
        layer_grid(Pair(small=small(), large=large()), texts(), FitSettings(tokens=4000), pairs=[(0, 1)])
    ).cells
    assert (cell.direction_cosine, cell.norm_ratio, cell.reachable_share) == (None, None, None)


def without_vectors(patch: pytest.MonkeyPatch, where: Callable[[str, int], bool]) -> None:
    """Let the texts of some concepts read the same at some layers."""
    real = vectors._vector

    def maybe(lm: LanguageModel, contrast: ContrastSet, layer: int, *rest: Any) -> SteeringVector:
        if where(contrast.name, layer):
            raise VectorError(f"the texts of {contrast.name} read the same")
        return real(lm, contrast, layer, *rest)

    patch.setattr(vectors, "_vector", maybe)


def test_a_concept_without_a_vector_is_left_out_counted_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    without_vectors(monkeypatch, lambda name, layer: name == "same")
    same = replace(CONCEPT, name="same", suffix=" It was the same.")
    pairs = [(0, 1), (1, 2)]
    grid = finish(
        layer_grid(
            Pair(small=small(), large=large()), texts(), FitSettings(tokens=4000, concepts=[same, CONCEPT]), pairs=pairs
        )
    )
    alone = finish(
        layer_grid(
            Pair(small=small(), large=large()), texts(), FitSettings(tokens=4000, concepts=[CONCEPT]), pairs=pairs
        )
    )
    assert {cell.left_out for cell in grid.cells} == {("same",)} and {cell.concepts for cell in grid.cells} == {1}
    assert [cell.direction_cosine for cell in grid.cells] == [cell.direction_cosine for cell in alone.cells]
    assert "same read the same to tiny-small at layers 0, 1" in grid.left_out["same"] and not alone.left_out
    fitted = finish(
        fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=4000, concepts=[same]))
    )
    assert fitted.agreement.direction_cosine is None and set(fitted.agreement.left_out) == {"same"}


def test_a_concept_is_left_out_only_at_the_layers_that_give_no_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    without_vectors(monkeypatch, lambda name, layer: layer == 0)
    mood = replace(CONCEPT, name="mood at the end", suffix=" It was so.")
    grid = finish(
        layer_grid(
            Pair(small=small(), large=large()),
            texts(),
            FitSettings(tokens=4000, concepts=[mood]),
            pairs=[(0, 1), (1, 0), (1, 2)],
        )
    )
    assert [cell.concepts for cell in grid.cells] == [0, 0, 1]
    assert grid.cells[0].direction_cosine is None and grid.cells[2].direction_cosine is not None
    assert "tiny-small at layer 0; " in grid.left_out[mood.name]


def test_every_map_is_kept_before_a_concept_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def kept() -> int:
        return len(list(tmp_path.glob("*/artifact.json")))

    def take(found: FittedMap) -> Path:
        return save_map(tmp_path / f"{found.info.small_layer}-{found.info.large_layer}", found.map, found.info)

    def interrupted(*_: object, **named: object) -> None:
        assert kept() == 2
        raise KeyboardInterrupt

    monkeypatch.setattr(known, "reading_known", interrupted)
    never_read = replace(CONCEPT, name="never read", suffix=" And then")
    with pytest.raises(KeyboardInterrupt):
        finish(
            layer_grid(
                Pair(small=small(), large=large()),
                texts(),
                FitSettings(tokens=4000, concepts=[never_read]),
                pairs=[(0, 1), (1, 2)],
                take=take,
            )
        )
    assert kept() == 2 and load_map(tmp_path / "1-2")[1].large_layer == 2


def test_maps_that_no_one_takes_are_compared_as_they_are_made_with_the_same_figures(tmp_path: Path) -> None:
    def keep(found: FittedMap) -> Path:
        return save_map(tmp_path / f"{found.info.small_layer}-{found.info.large_layer}", found.map, found.info)

    pairs = [(0, 1), (1, 2), (1, 4)]
    at_once = layer_grid(
        Pair(small=small(), large=large()), texts(), FitSettings(tokens=4000, concepts=[CONCEPT]), pairs=pairs
    )
    said = []
    while True:
        try:
            said.append(next(at_once).message)
        except StopIteration as stop:
            grid = stop.value
            break
    assert max(n for n, message in enumerate(said) if message.startswith("reading mood")) < min(
        n for n, message in enumerate(said) if message.startswith("solving")
    )
    later = finish(
        layer_grid(
            Pair(small=small(), large=large()),
            texts(),
            FitSettings(tokens=4000, concepts=[CONCEPT]),
            pairs=pairs,
            take=keep,
        )
    )
    assert grid.tokens_used == later.tokens_used == 4000
    for one, other in zip(grid.cells, later.cells, strict=True):
        assert one.r2 == other.r2
        # A saved map holds float32.
        assert one.direction_cosine == pytest.approx(other.direction_cosine, rel=1e-4)
        assert one.reachable_share == pytest.approx(other.reachable_share, rel=1e-4)


def test_procrustes_has_no_lambda_and_its_map_turns_without_stretching() -> None:
    fitted = finish(
        fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=4000, method="procrustes"))
    )
    assert fitted.info.lam is None and fitted.info.method == "procrustes"
    gains = torch.linalg.svdvals(fitted.map.weight)
    assert float(gains.max() / gains.min()) == pytest.approx(1.0)
    free = torch.linalg.svdvals(
        finish(fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=4000))).map.weight
    )
    assert float(free.max() / free.min()) > 1.5


def test_a_grid_at_hand_spares_the_suggestion_its_pass() -> None:
    grid = finish(layer_grid(Pair(small=small(), large=large()), texts(), FitSettings(tokens=4000, concepts=[CONCEPT])))
    never: Iterator[str] = iter(lambda: pytest.fail("a text was read"), None)
    suggestion = finish(suggest_layers(Pair(small=small(), large=large()), never, [CONCEPT], grid=grid))
    fresh = finish(suggest_layers(Pair(small=small(), large=large()), texts(), [CONCEPT], tokens=4000))
    assert (suggestion.small_layer, suggestion.large_layer) == (fresh.small_layer, fresh.large_layer)
    assert {c.large_layer for c in suggestion.candidates} <= {1, 2}
    best = suggestion.candidates[0]
    assert f"cosine {best.direction_cosine:.2f}" in suggestion.reason and "held-out variance" in suggestion.reason
