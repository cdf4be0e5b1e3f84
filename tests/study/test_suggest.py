"""Suggested layers: the evidence decides, and the top of the large model is out of bounds."""

import re
from dataclasses import replace

import pytest

from lrt_explorer.errors import ContrastError, SettingsError
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.layers import layer_grid
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.suggest import Candidate, highest_suggested, middle_layers, suggest_layers
from tests.study.fitting.test_layers import without_vectors
from tests.study.tiny import CONCEPT, large, small, texts

PATIENT = 1e9
"""Seconds that no estimate exceeds, so that what is read does not depend on how busy the machine is."""


def test_the_best_candidate_is_suggested_with_its_reason() -> None:
    suggestion = finish(
        suggest_layers(
            Pair(small=small(), large=large()),
            texts(),
            [CONCEPT],
            tokens=4000,
            seconds=PATIENT,
            tried=([0, 1], [1, 2, 3, 4]),
        )
    )
    assert {c.large_layer for c in suggestion.candidates} == {1, 2}  # 3 and 4 leave fewer than two blocks above
    # The formula that the method page gives.
    scores = {
        c: (c.direction_cosine + max(c.r2_standardised, 0) ** 0.5) / 2 * c.native_effect for c in suggestion.candidates
    }
    best = max(scores, key=lambda candidate: scores[candidate])
    assert (suggestion.small_layer, suggestion.large_layer) == (best.small_layer, best.large_layer)
    assert f"{best.direction_cosine:.2f}" in suggestion.reason and "tiny-large-one" in suggestion.reason
    assert max(c.native_effect for c in suggestion.candidates) == pytest.approx(1.0)
    grid = finish(
        layer_grid(
            Pair(small=small(), large=large()),
            texts(),
            FitSettings(tokens=4000, concepts=[CONCEPT], relabelled=True),
            pairs=[(0, 1), (0, 2), (1, 1), (1, 2)],
        )
    )
    for candidate in suggestion.candidates:
        cell = grid.cell(candidate.small_layer, candidate.large_layer)
        assert cell is not None and candidate.r2_standardised == pytest.approx(cell.r2_standardised)
        assert candidate.direction_cosine == pytest.approx(cell.direction_cosine_standardised)
        assert candidate.relabelled == pytest.approx(cell.direction_cosine_standardised_relabelled)
    assert best.relabelled is not None and 0 < best.relabelled < 1
    assert f"relabelled pairs stay below {best.relabelled:.2f}" in suggestion.reason


def test_a_candidate_counts_by_its_map_and_by_what_steers_there() -> None:
    # √0.25 = 0.5 and 0.75 make 0.625, of which 0.4 is left at a layer that steers that much less than the best.
    assert Candidate(0, 0, 0.25, 0.75, 0.4).score == pytest.approx(0.25)
    assert Candidate(0, 0, -1.0, 0.75, 0.4).score == pytest.approx(0.15), "a map worse than the mean counts as none"


def test_a_model_beside_itself_is_matched_layer_by_layer() -> None:
    study = suggest_layers(
        Pair(small=large(), large=large()), texts(), [CONCEPT], tokens=4000, seconds=PATIENT, tried=([0, 1, 2], [2])
    )
    assert finish(study).small_layer == 2


def test_it_says_how_long_it_will_take_before_it_starts_and_reads_less_where_that_is_too_long() -> None:
    concepts = [replace(CONCEPT, name=f"mood {number}") for number in range(5)]

    def first_steps(seconds: float) -> list[str]:
        steps: list[Progress] = []
        study = suggest_layers(Pair(small=small(), large=large()), texts(), concepts, seconds=seconds)
        for _ in range(3):
            steps.append(next(study))
        study.close()
        return [step.message for step in steps]

    timed, estimate, started = first_steps(PATIENT)
    assert "how fast" in timed and started.startswith("read ")
    assert re.match(r"about \d+ s: reading 5,000 tokens and 3 concepts, trying \d+ layer pairs", estimate)
    assert "reading 1,250 tokens and 1 concept," in first_steps(0.0)[1]


def test_concepts_without_a_vector_cost_a_suggestion_nothing_but_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    without_vectors(monkeypatch, lambda name, layer: name == "same")
    same = replace(CONCEPT, name="same", suffix=" It was alike.")
    plain, with_it = (
        finish(suggest_layers(Pair(small=small(), large=large()), texts(), concepts, tokens=4000, seconds=PATIENT))
        for concepts in ([CONCEPT], [CONCEPT, same])
    )
    assert with_it == plain
    with pytest.raises(ContrastError, match=r"no concept tried gives a vector .*read the same to tiny-small"):
        finish(suggest_layers(Pair(small=small(), large=large()), texts(), [same], tokens=4000))


def test_what_cannot_be_suggested_is_refused() -> None:
    with pytest.raises(ContrastError, match="give at least one concept"):
        finish(suggest_layers(Pair(small=small(), large=large()), texts(), []))
    with pytest.raises(SettingsError, match="tiny-large-one has 5 blocks"):
        finish(suggest_layers(Pair(small=small(), large=large()), texts(), [CONCEPT], tried=(None, [3, 4])))


def test_suggested_layers_stay_away_from_the_output_of_deep_models_too() -> None:
    assert [highest_suggested(layers) for layers in (2, 5, 8, 18, 42)] == [-1, 2, 5, 13, 31]


def test_layers_tried_are_spread_over_the_middle() -> None:
    assert middle_layers(26, 23) == [6, 12, 17, 23]
    assert middle_layers(5, 2) == [1, 2]
    assert middle_layers(3, 0) == [0]
    assert middle_layers(2, -1) == []
