"""The slope of a readout at strength 0, for any number of directions from one backward pass for each prompt."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lrt_explorer.concepts.readout import AnswerTokens, counted_answers
from lrt_explorer.concepts.sets.readout_kinds import Readout
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.suffix import Start, differentiable_logits


def readout_gradients(
    large: LanguageModel, starts: Sequence[Start], answers: Sequence[AnswerTokens], kind: Readout
) -> Tensor:
    """How each prompt's readout answers to whatever is added at the steered layer, in readout units per unit of state.

    The slope of the readout under a direction of length 1 is its inner product with this gradient, so that thousands of
    directions cost no more than one.

    Args:
        large: the model that is steered.
        starts: n prompts read up to the layer.
        answers: theirs.
        kind: what the answers are counted in; its function must be differentiable.

    Returns:
        `[n, width]` float64.
    """
    gradients = []
    for start, answer in zip(starts, answers, strict=True):
        with torch.enable_grad():
            nothing = torch.zeros(1, large.width, device=large.device, requires_grad=True)
            logits = differentiable_logits(large, start, nothing, 1)[0, -1]
            (gradient,) = torch.autograd.grad(counted_answers(logits, answer, kind), nothing)
        gradients.append(gradient[0].double().cpu())
    return torch.stack(gradients)


def first_order_slopes(gradients: Tensor, directions: Tensor) -> Tensor:
    """Mean slope over the prompts at strength 0, per length of each direction.

    Args:
        gradients: `[n, width]`.
        directions: `[k, width]`; one that is twice as long has twice the slope.

    Returns:
        `[k]` float64.
    """
    return directions.double() @ gradients.mean(0)
