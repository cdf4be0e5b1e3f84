"""The laws of steering vectors, through the steering path where they speak of steering."""

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from lrt_explorer.concepts.arithmetic import orthogonalise, push
from lrt_explorer.concepts.readout import answer_readout
from lrt_explorer.concepts.vectors import SteeringVector, addition, mean_difference
from lrt_explorer.errors import VectorError
from lrt_explorer.linear.steering import combine
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.study.evaluation.statistics import slopes
from tests.study.tiny import CONCEPT, PROMPTS, small

LAYER, NORM = 1, 3.0


def vector(seed: int, concept: str = "mood") -> SteeringVector:
    values = torch.randn(small().width, generator=torch.Generator().manual_seed(seed))
    return SteeringVector(values, "tiny-small", small().fingerprint, LAYER, concept, "mean-difference", "all-tokens")


def logprobs(added: Tensor) -> Tensor:
    texts = [prompt.text for prompt in PROMPTS]
    return next_token_logprobs(small(), texts, LAYER, added.expand(len(texts), -1))


def test_v_minus_v_is_unsteered_to_the_bit() -> None:
    v = vector(0)
    nothing = push([(0.4, v), (-0.4, v)], NORM)
    assert torch.equal(nothing, torch.zeros(small().width))
    assert torch.equal(logprobs(nothing), next_token_logprobs(small(), [prompt.text for prompt in PROMPTS]))
    assert torch.equal(push([(0.4, v), (0.4, -v)], NORM), nothing)
    assert not torch.equal(logprobs(push([(0.4, v)], NORM)), logprobs(nothing))


def test_what_cancels_is_no_vector() -> None:
    v = vector(0)
    with pytest.raises(VectorError, match="mood − mood cancel") as refusal:
        _ = v - v
    assert "\n" not in str(refusal.value)
    with pytest.raises(VectorError, match="cancel"):
        _ = v * 0.0
    with pytest.raises(VectorError, match="not finite"):
        _ = v * float("inf")


def test_negation_mirrors_the_readout_and_its_slope() -> None:
    v = mean_difference(small(), CONCEPT, [LAYER])[LAYER]
    strengths = (-0.5, 0.0, 0.25, 0.5)

    def readouts(values: Tensor, sign: float) -> Tensor:
        rows = [addition(values, sign * s, NORM).expand(len(PROMPTS), -1) for s in strengths]
        return torch.stack([answer_readout(small(), PROMPTS, LAYER, added) for added in rows])

    plain, mirrored = readouts(v.values, 1.0), readouts(-v.values, -1.0)
    assert torch.equal(plain, mirrored)
    turned = readouts((-v).values, 1.0)
    assert not torch.allclose(plain, turned, atol=1e-3)
    # Over strengths that lie evenly about 0, the slope of the negated vector is minus the slope, to the bit.
    grid = torch.tensor([-0.5, 0.5], dtype=torch.float64).numpy()
    own = slopes(grid, plain[[0, 3]].T.double().numpy())
    mirror = slopes(grid, turned[[0, 3]].T.double().numpy())
    assert (own == -mirror).all() and abs(own).max() > 1e-3


def test_sums_and_multiples_are_those_of_their_numbers() -> None:
    v, w = vector(0), vector(1, "tense")
    made = combine([(2.0, v), (-0.5, w)])
    assert torch.allclose(made.values, 2 * v.values - 0.5 * w.values)
    assert (made.concept, made.method, made.layer) == ("2·mood − 0.5·tense", "mean-difference", LAYER)
    assert torch.equal((4 * v).values, 4 * v.values)
    turned = -v
    assert torch.equal((-turned).values, v.values)
    assert (-turned).concept == "−(−mood)"
    assert combine([(1.0, v), (1.0, replace(w, method="principal-component"))]).method.count("and") == 1


def test_operators_are_sums_and_multiples_of_the_numbers() -> None:
    v, w = vector(0), vector(1, "tense")
    made = (v + 2 * w) / 4 - np.float64(0.5) * v
    assert torch.allclose(made.values, 0.5 * w.values - 0.25 * v.values, atol=1e-6)
    assert (v + 2 * w).concept == "mood + 2·tense"
    assert made.concept == "0.25·(mood + 2·tense) − 0.5·mood"
    assert (-(v - w)).concept == "−(mood − tense)"
    assert isinstance(made, SteeringVector)
    assert torch.equal((v * 2 - v).values, v.values)


@pytest.mark.parametrize("apply", [lambda v: v + 1, lambda v: v * v, lambda v: v / "a", lambda v: 1 - v])
def test_what_is_no_arithmetic_of_vectors_is_a_type_error(apply: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        apply(vector(0))


def test_a_vector_divided_by_nothing_is_refused() -> None:
    with pytest.raises(VectorError, match="cannot be divided by 0"):
        _ = vector(0) / 0


def test_orthogonalised_vectors_are_at_right_angles() -> None:
    for seed in range(20):
        v, others = vector(seed), [vector(100 + seed, "a"), vector(200 + seed, "b")]
        others.append(replace(others[0], values=others[0].values + 1e-4 * others[1].values))
        left = orthogonalise(v, others)
        for other in others:
            assert abs(float(torch.nn.functional.cosine_similarity(left.values, other.values, dim=0))) < 1e-6
        # What was taken away lies in their space: with it they span nothing new.
        taken = (v.values - left.values).double()
        span = torch.stack([other.values.double() for other in others[:2]])
        assert float((taken - torch.linalg.lstsq(span.T, taken).solution @ span).norm()) < 1e-5
    close = replace(v, values=others[0].values + 1e-3 * v.values)
    assert abs(float(torch.nn.functional.cosine_similarity(
        orthogonalise(close, others[:1]).values, others[0].values, dim=0
    ))) < 1e-6  # fmt: skip
    assert orthogonalise(v, []) is v


def test_nothing_left_and_vectors_of_other_places_are_refused() -> None:
    v, w = vector(0), vector(1, "tense")
    with pytest.raises(VectorError, match="nothing is left of mood after removing tense, mood"):
        orthogonalise(combine([(1.0, v)]), [w, v])
    for change in ({"layer": 2}, {"fingerprint": "of others"}, {"values": torch.ones(3)}):
        for together in (
            lambda a, b: combine([(1, a), (1, b)]),
            lambda a, b: push([(1, a), (1, b)], NORM),
            operator.sub,
        ):
            with pytest.raises(VectorError, match="combine vectors of one layer of one model"):
                together(v, replace(w, **change))
    for nothing in (lambda: combine([]), lambda: push([], NORM)):
        with pytest.raises(VectorError, match="there is no vector"):
            nothing()
