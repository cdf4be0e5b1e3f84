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


MOST_SHARED = 20_000
"""Tokens that both vocabularies have and that are taken at most; every so manieth where there are more."""
_SPACES = str.maketrans({"Ġ": " ", "▁": " "})
"""How vocabularies mark the space before a word."""


def shared_unembeddings(small: LanguageModel, large: LanguageModel) -> tuple[Tensor, Tensor] | None:
    """The unembeddings of tokens that both vocabularies have, told by their strings, in one order.

    Returns:
        `[k, d_small]` and `[k, d_large]` float32 on the CPU; None where a model keeps its unembedding in another form.
    """
    rows = [unembedding(lm) for lm in (small, large)]
    if rows[0] is None or rows[1] is None:
        return None
    first, second = (
        {token.translate(_SPACES): place for token, place in lm.tokenizer.get_vocab().items() if place < len(table)}
        for lm, table in zip((small, large), rows, strict=True)
        if table is not None
    )
    shared = sorted(first.keys() & second.keys())
    shared = shared[:: max(1, -(-len(shared) // MOST_SHARED))]
    with torch.no_grad():
        return (
            rows[0][[first[token] for token in shared]].float().cpu(),
            rows[1][[second[token] for token in shared]].float().cpu(),
        )
