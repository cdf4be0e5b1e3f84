"""The effect of native vectors at equal cost: what a strength costs is what was asked for."""

from dataclasses import replace

import pytest
import torch

from lrt_explorer.lm.suffix import read_starts, suffix_logits
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.native_effect import native_effects, strength_at_cost
from tests.study.tiny import CONCEPT, large

NEUTRAL = ("Tom saw a boat", "In the morning the cook went to the market", "Anna has a cow")


def cost_of(multiple: float, layer: int) -> float:
    values = known_vectors().get(large(), CONCEPT, layer).vector.values.float()
    nats = []
    for start in read_starts(large(), layer, NEUTRAL):
        both = suffix_logits(large(), start, torch.stack([0 * values, multiple * values, -multiple * values]))
        logprobs = both.double().log_softmax(1)
        nats.append((logprobs[1:].exp() * (logprobs[1:] - logprobs[0])).sum(1))
    return float(torch.stack(nats).mean(0).max())


@pytest.mark.parametrize("layer", [0, 2])
def test_the_strength_found_costs_what_was_asked(layer: int) -> None:
    values = known_vectors().get(large(), CONCEPT, layer).vector.values
    starts = read_starts(large(), layer, NEUTRAL)
    for cost in (0.03, 0.3):
        assert cost_of(strength_at_cost(large(), starts, values, cost), layer) == pytest.approx(cost, rel=0.3)
    tenfold = strength_at_cost(large(), starts, values / 10)
    assert tenfold == pytest.approx(10 * strength_at_cost(large(), starts, values), rel=0.3), (
        "a vector's length is free"
    )


def test_effects_are_shares_of_the_best_layer() -> None:
    # What a random model answers to its vectors has either sign.
    turned = replace(
        CONCEPT, prompts=tuple(replace(p, positive=p.negative, negative=p.positive) for p in CONCEPT.prompts)
    )
    both = [finish(native_effects(large(), [0, 1, 2], [one], NEUTRAL, prompts=4)) for one in (CONCEPT, turned)]
    assert all(set(effects) == {0, 1, 2} and max(effects.values()) == 1.0 for effects in both)
    assert all(0.0 <= effect <= 1.0 for effects in both for effect in effects.values())
    assert any(len(set(effects.values())) > 1 for effects in both)


def test_without_prompts_all_layers_are_alike() -> None:
    assert finish(native_effects(large(), [1, 2], [replace(CONCEPT, prompts=())], NEUTRAL, prompts=4)) == {
        1: 1.0,
        2: 1.0,
    }
