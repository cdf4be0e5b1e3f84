"""The unembedding: what turns the last state into logits, row by row a direction for each token."""

import torch
from torch import Tensor

from lrt_explorer.lm.model import LanguageModel


def unembedding(lm: LanguageModel) -> Tensor | None:
    """`[vocabulary, width]` on the model's device; None where the model keeps it in another form."""
    find = getattr(lm.model, "get_output_embeddings", None)
    weight = getattr(find() if find else None, "weight", None)
    return weight if isinstance(weight, Tensor) and weight.ndim == 2 and weight.shape[1] == lm.width else None


def answer_difference(lm: LanguageModel, positive: list[int], negative: list[int]) -> Tensor | None:
    """Mean unembedding of some tokens minus that of others, `[width]` float64.

    Args:
        lm: the model.
        positive: tokens, at least one.
        negative: tokens; none at all stand for the whole vocabulary.

    Returns:
        None where the model has no unembedding of its width.
    """
    rows = unembedding(lm)
    if rows is None or not positive:
        return None
    with torch.no_grad():
        against = rows[negative].double().mean(0) if negative else rows.float().mean(0).double()
        return (rows[positive].double().mean(0) - against).cpu()
