"""Suggested layers: the evidence decides, and the top of the large model is out of bounds."""

import pytest

from lrt_explorer.errors import ContrastError, SettingsError
from lrt_explorer.study.progress import finish
from lrt_explorer.study.suggest import middle_layers, suggest_layers
from tests.study.tiny import CONCEPT, large, small, texts


def test_the_best_candidate_is_suggested_with_its_reason() -> None:
    suggestion = finish(
        suggest_layers(
            small(), large(), texts(), [CONCEPT], small_layers=[0, 1], large_layers=[1, 2, 3, 4], tokens=4000
        )
    )
    assert {c.large_layer for c in suggestion.candidates} == {1, 2}  # 3 and 4 leave fewer than two blocks above
    best = max(suggestion.candidates, key=lambda c: (c.direction_cosine + max(c.r2, 0) ** 0.5) / 2 * c.native_effect)
    assert (suggestion.small_layer, suggestion.large_layer) == (best.small_layer, best.large_layer)
    assert f"{best.direction_cosine:.2f}" in suggestion.reason and "tiny-large-one" in suggestion.reason
    assert max(c.native_effect for c in suggestion.candidates) == pytest.approx(1.0)


def test_a_model_beside_itself_is_matched_layer_by_layer() -> None:
    study = suggest_layers(large(), large(), texts(), [CONCEPT], small_layers=[0, 1, 2], large_layers=[2], tokens=4000)
    assert finish(study).small_layer == 2


def test_what_cannot_be_suggested_is_refused() -> None:
    with pytest.raises(ContrastError, match="give at least one concept"):
        finish(suggest_layers(small(), large(), texts(), []))
    with pytest.raises(SettingsError, match="tiny-large-one has 5 blocks"):
        finish(suggest_layers(small(), large(), texts(), [CONCEPT], large_layers=[3, 4]))


def test_layers_tried_are_spread_over_the_middle() -> None:
    assert middle_layers(26, 23) == [6, 12, 17, 23]
    assert middle_layers(5, 2) == [1, 2]
    assert middle_layers(3, 0) == [0]
    assert middle_layers(2, -1) == []
