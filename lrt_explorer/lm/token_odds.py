"""Token odds: how likely each token of a text was where it was written, and its likeliest alternatives."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.steer import steered_alike
from lrt_explorer.lm.tokens import encode

ALTERNATIVES = 3
"""How many of the likeliest tokens are told for each place."""

Span = tuple[int, int]
"""Where a piece of a text begins and ends, in characters."""


@dataclass(frozen=True)
class TokenOdds:
    """One token of a text.

    Attributes:
        text: its characters; joined they are the text.
        logprob: its log-probability where it was written, in nats.
        unsteered: that under the unsteered model after the plain prompt; None where this cuts the text otherwise.
        alternatives: the likeliest tokens at its place, (text, probability) each, the likeliest first.
    """

    text: str
    logprob: float
    unsteered: float | None
    alternatives: tuple[tuple[str, float], ...]


Pieces = Mapping[Span, tuple[float, tuple[tuple[str, float], ...]]]


def token_odds(
    lm: LanguageModel, layer: int, prompt: str, start: str, text: str, addition: Tensor | None
) -> tuple[TokenOdds, ...]:
    """The tokens of a text as a steered model wrote it, each with its odds there and without steering.

    Args:
        lm: the model.
        layer: whose output was changed.
        prompt: what the unsteered model reads before the text.
        start: what was read before it where it was written; the prompt itself, unless words stood before that.
        text: what was written; nothing gives nothing.
        addition: `[width]` what was added at every position, already scaled; None for nothing.
    """
    if not text:
        return ()
    plain = _pieces(lm, layer, prompt, text, None)
    written = plain if addition is None and start == prompt else _pieces(lm, layer, start, text, addition)
    return tuple(
        TokenOdds(text[span[0] : span[1]], logprob, plain[span][0] if span in plain else None, alternatives)
        for span, (logprob, alternatives) in written.items()
    )


def _pieces(lm: LanguageModel, layer: int, start: str, text: str, addition: Tensor | None) -> Pieces:
    """By place in the text, the log-probability of each token and the likeliest ones there."""
    encoded = encode(lm, [start + text])
    with lm.lock, steered_alike(lm, layer, addition, 1), torch.inference_mode():
        logits = lm.model(input_ids=encoded.ids.to(lm.device), use_cache=False).logits[0].float()
    (ends,), ids, special = encoded.ends, encoded.ids[0], encoded.special[0]
    found: dict[Span, tuple[float, tuple[tuple[str, float], ...]]] = {}
    begun, before = 0, 0.0
    for at in range(1, len(ends)):
        end = ends[at] - len(start)
        if end <= 0 or special[at]:
            continue
        logprobs = logits[at - 1].log_softmax(0)
        before += float(logprobs[ids[at]])
        if end == begun:
            # A part of a character, which the next token completes.
            continue
        best = logprobs.topk(min(ALTERNATIVES, len(logprobs)))
        words = [str(lm.tokenizer.decode([int(one)])) for one in best.indices]
        found[begun, end] = before, tuple(zip(words, best.values.exp().tolist(), strict=True))
        begun, before = end, 0.0
    return found
