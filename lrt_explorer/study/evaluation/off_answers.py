"""What a vector does to the words that no readout counts: whether it does there what the native vector does."""

import torch
from torch import Tensor

from lrt_explorer.concepts.readout import AnswerTokens

LEAST_CHANGE = 1e-8
"""Variance of a change, in nats², below which it is rounding."""


def off_answers(low: Tensor, high: Tensor, plain: Tensor, native: int, answer: AnswerTokens) -> Tensor:
    """Correlation with the native vector's changes of the log-probabilities of all tokens that are not answers.

    A change is that from the low end of the grid to the high one. Every token counts as its unsteered probability, so
    that the many that never come do not decide.

    Args:
        low: `[directions, vocabulary]` logits at the lowest strength of the grid.
        high: the same at the highest.
        plain: `[vocabulary]` logits of the unsteered model.
        native: the row of the native vector.
        answer: the tokens that the readout counts.

    Returns:
        `[directions]` float64 from -1 to 1, 1 for the native vector; 0 where nothing changes.
    """
    weights = plain.double().softmax(0)
    weights[list({*answer.positive, *answer.negative})] = 0
    weights = weights / weights.sum()
    changes = (high.float().log_softmax(1) - low.float().log_softmax(1)).double()
    changes = changes - (changes * weights).sum(1, keepdim=True)
    shared = (changes * changes[native] * weights).sum(1)
    variances = (changes.square() * weights).sum(1)
    sizes = (variances * variances[native]).sqrt().clamp(min=LEAST_CHANGE)
    moves = (variances > LEAST_CHANGE) & (variances[native] > LEAST_CHANGE)
    return torch.where(moves, shared / sizes, 0.0).clamp(-1, 1)
