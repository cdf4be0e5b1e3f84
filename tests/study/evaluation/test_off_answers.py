"""The effect off the answers: weighted by what the model says anyway, blind to the answers, 1 for the native vector."""

import numpy as np
import pytest
import torch

from lrt_explorer.concepts.readout import AnswerTokens
from lrt_explorer.study.evaluation.off_answers import off_answers

GENERATOR = torch.Generator().manual_seed(5)
PLAIN = torch.randn(30, generator=GENERATOR)
CHANGES = torch.randn(4, 30, generator=GENERATOR)
ANSWER = AnswerTokens((3, 4), (7,))


def found(changes: torch.Tensor, answer: AnswerTokens = ANSWER) -> list[float]:
    return [float(one) for one in off_answers(PLAIN - changes / 2, PLAIN + changes / 2, PLAIN, 0, answer)]


def test_it_is_the_weighted_correlation_over_all_other_tokens() -> None:
    rest = [token for token in range(30) if token not in (3, 4, 7)]
    logprobs = torch.log_softmax(PLAIN[None] + CHANGES / 2, 1) - torch.log_softmax(PLAIN[None] - CHANGES / 2, 1)
    covariance = np.cov(
        logprobs[:, rest].double().numpy(), aweights=torch.softmax(PLAIN.double(), 0)[rest].numpy(), ddof=0
    )
    expected = covariance[0] / np.sqrt(covariance[0, 0] * covariance.diagonal())
    assert found(CHANGES) == pytest.approx(expected.tolist(), abs=1e-5)
    assert found(CHANGES)[0] == pytest.approx(1)


def test_what_moves_the_answers_alone_does_nothing_here() -> None:
    only = torch.zeros(2, 30)
    only[0], only[1, [3, 4]] = CHANGES[0], 5.0
    assert found(only)[1] == pytest.approx(0, abs=1e-6)
    # Read against everything else, only the positive answers are answers.
    assert found(only, AnswerTokens((3, 4), ()))[1] == pytest.approx(0, abs=1e-6)
    assert found(-CHANGES[:1].repeat(2, 1) * torch.tensor([[1.0], [-1.0]]))[1] == pytest.approx(-1)
