"""Steering vectors against plain arithmetic on one text at a time."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import (
    SteeringVector,
    addition,
    mean_difference,
    random_vector,
    transfer,
)
from lrt_explorer.errors import SettingsError, VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.tokens import encode
from lrt_explorer.store import MapInfo
from tests.study.tiny import CONCEPT, large, small

INFO = MapInfo(
    small="tiny-small",
    large="tiny-large-one",
    small_fingerprint="of the small one",
    large_fingerprint="of the large one",
    small_layer=1,
    large_layer=2,
    method="ridge",
    lam=0.0,
    tokens_used=1,
    tokens_left_out=0,
    coverage=1.0,
    r2=1.0,
    cka=1.0,
    corpus="",
    corpus_fingerprint="",
    created="",
)


def states(text: str, layer: int) -> Tensor:
    """Activations of the ordinary tokens of one text; the tiny tokenizer adds none of its own."""
    encoded = encode(small(), [text])
    return capture(small(), encoded, [layer])[layer][0].double()


def test_all_tokens_is_the_difference_of_the_mean_text_means() -> None:
    found = mean_difference(small(), CONCEPT, [0, 2])
    assert set(found) == {0, 2}
    for layer, vector in found.items():
        by_hand = torch.stack([states(a, layer).mean(0) - states(b, layer).mean(0) for a, b in CONCEPT.pairs]).mean(0)
        assert torch.allclose(vector.values.double(), by_hand, atol=1e-5)
        assert (vector.layer, vector.reading, vector.fingerprint) == (layer, "all-tokens", small().fingerprint)


def test_last_token_is_read_behind_the_suffix() -> None:
    vector = mean_difference(small(), CONCEPT, [1], "last-token")[1]
    ends = [(states(a + " Then", 1)[-1], states(b + " Then", 1)[-1]) for a, b in CONCEPT.pairs]
    by_hand = torch.stack([a - b for a, b in ends]).mean(0)
    assert torch.allclose(vector.values.double(), by_hand, atol=1e-5)
    without = mean_difference(small(), replace(CONCEPT, suffix=None), [1], "last-token")[1]
    assert not torch.allclose(without.values, vector.values, atol=1e-3)


def test_turned_pairs_give_the_negative_vector() -> None:
    turned = replace(CONCEPT, pairs=tuple((b, a) for a, b in CONCEPT.pairs))
    vectors = [mean_difference(small(), concept, [1])[1].values for concept in (CONCEPT, turned)]
    assert torch.allclose(vectors[0], -vectors[1], atol=1e-6)


def test_pairs_that_cancel_are_refused() -> None:
    cancelling = ContrastSet(name="nothing", pairs=(("a cow", "a hen"), ("a hen", "a cow")))
    with pytest.raises(VectorError, match="nothing read the same to tiny-small at layer 1"):
        mean_difference(small(), cancelling, [1])


def test_a_layer_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match="layer 9 is not in tiny-small, which has blocks 0 to 2"):
        mean_difference(small(), CONCEPT, [9])


def test_what_is_added_has_the_norm_that_the_strength_says() -> None:
    v = torch.tensor([3.0, 4.0])
    assert torch.allclose(addition(v, -0.5, 20.0), torch.tensor([-6.0, -8.0]))
    assert torch.equal(addition(v, 0.0, 20.0), torch.zeros(2))
    assert torch.allclose(addition(1000 * v, 0.3, 7.0), addition(v, 0.3, 7.0))
    with pytest.raises(VectorError, match="has no direction"):
        addition(torch.zeros(2), 1.0, 1.0)


def test_outlier_dimensions_do_not_count_in_what_is_added() -> None:
    v = torch.tensor([3.0, 4.0, 1000.0])
    added = addition(v, 0.5, TypicalDeviation(20.0, outliers=(2,)))
    assert torch.allclose(added, torch.tensor([6.0, 8.0, 2000.0]))
    with pytest.raises(VectorError, match="outlier dimensions alone"):
        addition(torch.tensor([0.0, 0.0, 1.0]), 0.5, TypicalDeviation(20.0, outliers=(2,)))


def test_transfer_maps_a_direction_without_the_bias() -> None:
    map = AffineMap(torch.randn(16, 32, dtype=torch.float64), torch.ones(32))
    vector = SteeringVector(
        torch.randn(16), "tiny-small", "of the small one", 1, "mood", "mean-difference", "all-tokens"
    )
    moved = transfer(vector, map, INFO)
    assert torch.allclose(moved.values, (vector.values.double() @ map.weight).float())
    assert (moved.model, moved.fingerprint, moved.layer) == ("tiny-large-one", "of the large one", 2)
    other = transfer(vector, AffineMap(2 * map.weight, map.bias), INFO)
    assert moved.mapped_from.startswith(f"{INFO.small} layer {INFO.small_layer} by a {INFO.method} map (")
    assert map.digest[:12] in moved.mapped_from and moved.mapped_from != other.mapped_from, "maps are told apart"
    as_in_paper = transfer(vector, map, INFO, as_in_paper=True)
    assert torch.allclose(as_in_paper.values - moved.values, torch.ones(32), atol=1e-5)
    assert "as in the paper" in as_in_paper.method


@pytest.mark.parametrize("change", [{"layer": 0}, {"fingerprint": "of another one"}])
def test_a_vector_from_elsewhere_is_refused(change: dict[str, Any]) -> None:
    vector = SteeringVector(
        torch.ones(16), "tiny-small", "of the small one", 1, "mood", "mean-difference", "all-tokens"
    )
    with pytest.raises(VectorError, match="but the map starts from tiny-small layer 1"):
        transfer(replace(vector, **change), AffineMap(torch.ones(16, 32), torch.zeros(32)), INFO)


def test_random_vectors_repeat_with_their_seed_and_are_nearly_orthogonal_otherwise() -> None:
    width = 4096
    assert torch.equal(random_vector(width, 3), random_vector(width, 3))
    assert float(random_vector(width, 3).norm()) == pytest.approx(1.0)
    assert abs(float(random_vector(width, 3) @ random_vector(width, 4))) < 0.1
    assert large().width == len(random_vector(large().width, 0))
