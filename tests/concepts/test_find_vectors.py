"""Vectors by every method and reading, against one text at a time."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.diagnostics import diagnose
from lrt_explorer.concepts.directions import METHODS, direction, principal_component
from lrt_explorer.concepts.reading import read_pairs
from lrt_explorer.concepts.vectors import find_vectors, mean_difference, transfer
from lrt_explorer.concepts.whitening import whitening
from lrt_explorer.errors import ContrastError, SettingsError, VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.tokens import encode
from tests.concepts.test_vectors import INFO
from tests.study.tiny import CONCEPT, small


def states(text: str, layer: int) -> Tensor:
    encoded = encode(small(), [text])
    return capture(small(), encoded, [layer])[layer][0].double()


@pytest.mark.parametrize("place", [1, 2, 4])
def test_a_chosen_token_counts_from_the_end_of_the_text(place: int) -> None:
    found = find_vectors(small(), CONCEPT, [1], reading=f"token-{place}")[1]
    by_hand = torch.stack([states(a, 1)[-place] - states(b, 1)[-place] for a, b in CONCEPT.pairs]).mean(0)
    assert torch.allclose(found.vector.values.double(), by_hand, atol=1e-5)
    assert found.vector.reading == f"token-{place}"


def test_the_last_token_of_a_set_without_suffix_is_the_first_from_the_end() -> None:
    bare = replace(CONCEPT, suffix=None)
    one, other = (find_vectors(small(), bare, [1], reading=r)[1].vector for r in ("token-1", "last-token"))
    assert torch.equal(one.values, other.values)
    behind = find_vectors(small(), CONCEPT, [1], reading="last-token")[1].vector
    assert not torch.allclose(behind.values, one.values, atol=1e-3)


def test_a_reading_that_is_none_and_a_token_that_is_not_there_are_refused() -> None:
    for reading in ("token-0", "token--1", "token-x", "middle", "token-99999"):
        with pytest.raises(SettingsError, match="is not a way to read a vector; choose all-tokens"):
            find_vectors(small(), CONCEPT, [1], reading=reading)
    with pytest.raises(ContrastError, match="has no token that could be read"):
        find_vectors(small(), CONCEPT, [1], reading="token-90")


@pytest.mark.parametrize("method", METHODS)
def test_methods_do_what_their_names_say(method: str) -> None:
    found = find_vectors(small(), CONCEPT, [0, 2], method=method)
    for layer, pairs in read_pairs(small(), CONCEPT, [0, 2], "all-tokens").items():
        differences = pairs.positive - pairs.negative
        by_hand = differences.mean(0) if method == "mean-difference" else principal_component(differences)
        assert torch.allclose(found[layer].vector.values.double(), by_hand, atol=1e-6)
        assert (found[layer].vector.method, found[layer].vector.layer) == (method, layer)
        assert found[layer].diagnosis == diagnose(pairs.positive, pairs.negative, method)


def test_turned_pairs_turn_the_vector_and_keep_the_diagnosis() -> None:
    turned = replace(CONCEPT, pairs=tuple((b, a) for a, b in CONCEPT.pairs))
    for method in METHODS:
        for whiten in (False, True):
            one, other = (
                find_vectors(small(), c, [1], method=method, whiten=whiten)[1] for c in (CONCEPT, turned)
            )  # fmt: skip
            assert torch.allclose(one.vector.values, -other.vector.values, atol=1e-5)
            assert one.diagnosis.separation == pytest.approx(other.diagnosis.separation)
            assert one.diagnosis.agreement == pytest.approx(other.diagnosis.agreement)


def test_whitening_uses_the_covariance_of_the_ordinary_tokens() -> None:
    found = find_vectors(small(), CONCEPT, [1], whiten=True)[1].vector
    rows = torch.cat([states(text, 1) for pair in CONCEPT.pairs for text in pair])
    pairs = read_pairs(small(), CONCEPT, [1], "all-tokens", covariance=True)[1]
    assert pairs.covariance is not None
    assert torch.allclose(pairs.covariance, torch.cov(rows.T), atol=1e-6)
    whitener = whitening(torch.cov(rows.T))
    by_hand = direction(pairs.positive, pairs.negative, "mean-difference", whitener)
    assert torch.allclose(found.values.double(), by_hand, atol=1e-5)
    plain = mean_difference(small(), CONCEPT, [1])[1]
    assert float(found.values.norm()) == pytest.approx(float(plain.values.norm()), rel=1e-5)
    assert not torch.allclose(found.values, plain.values, rtol=0.05)
    assert found.method == "mean-difference, whitened"


def test_texts_that_read_the_same_give_no_vector_by_any_method() -> None:
    same = ContrastSet("nothing", (("a cow ran", "the cow ran"), ("a hen sat", "the hen sat")), suffix=" Then")
    for method in METHODS:
        with pytest.raises(VectorError, match="nothing read the same to tiny-small at layer 0"):
            find_vectors(small(), replace(same, pairs=(("a cow", "a hen"), ("a hen", "a cow"))), [0], method=method)


def test_a_vector_of_another_program_is_taken_at_its_word() -> None:
    vector = replace(mean_difference(small(), CONCEPT, [1])[1], fingerprint="")
    map = AffineMap(torch.ones(16, 32), torch.zeros(32))
    assert transfer(vector, map, INFO).fingerprint == "of the large one"
    with pytest.raises(VectorError, match="but the map starts from tiny-small layer 1"):
        transfer(replace(vector, layer=2), map, INFO)
