"""Neutral text: what a push costs where nothing is asked of it."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.suffix import Start, suffix_logits
from lrt_explorer.study.corpora.texts import sample_texts

SHORTEST, LONGEST = 8, 32


def neutral_prompts(count: int, corpus: str) -> tuple[str, ...]:
    """Beginnings of documents of ordinary text (see `World.ordinary`), of different lengths."""
    lengths = range(SHORTEST, LONGEST + 1)
    texts = sample_texts(count, corpus)
    return tuple(" ".join(text.split()[: lengths[5 * row % len(lengths)]]) for row, text in enumerate(texts))


def divergence(steered: Tensor, unsteered: Tensor) -> Tensor:
    """KL(steered ‖ unsteered) of the next token in nats, `[n]` float64.

    Args:
        steered: `[n, vocabulary]` logits.
        unsteered: `[vocabulary]` logits.
    """
    logprobs, reference = steered.float().log_softmax(1), unsteered.float().log_softmax(0)
    # Rounding may take a divergence of nothing below 0.
    return (logprobs.exp() * (logprobs - reference)).sum(1, dtype=torch.float64).clamp(min=0)


def costs(lm: LanguageModel, starts: Sequence[Start], additions: Tensor) -> Tensor:
    """What each addition costs on each neutral prompt: KL(steered ‖ unsteered) of the next token in nats.

    Args:
        lm: the steered model.
        starts: the neutral prompts, from `read_starts`.
        additions: `[n, width]`, already scaled.

    Returns:
        `[n, prompts]` float64.

    Raises:
        VectorError: as `Steering`.
    """
    nothing = torch.zeros(1, lm.width)
    columns = []
    for start in starts:
        logits = suffix_logits(lm, start, torch.cat([nothing, additions]))
        columns.append(divergence(logits[1:], logits[0]))
    return torch.stack(columns, dim=1).cpu()
