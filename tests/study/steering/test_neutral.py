"""The cost of a push, on two tokens whose probabilities can be written down."""

from math import log

import pytest
import torch

from lrt_explorer.study.steering.neutral import divergence


def test_the_divergence_is_of_steered_from_unsteered_and_not_the_other_way_round() -> None:
    steered, unsteered = torch.tensor([[0.75, 0.25], [0.5, 0.5]]).log(), torch.tensor([0.5, 0.5]).log()
    # Logits may lie anywhere: only their differences count.
    found = divergence(steered + 3, unsteered - 2)
    assert found.tolist() == pytest.approx([0.75 * log(1.5) + 0.25 * log(0.5), 0.0], abs=1e-6)
    assert float(found[0]) != pytest.approx(0.5 * log(2 / 3) + 0.5 * log(2), abs=1e-3), "the other way round"
