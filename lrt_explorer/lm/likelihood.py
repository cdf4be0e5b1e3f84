"""Likelihood: how surprising a model finds a text that continues a prompt."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.steer import steered_alike
from lrt_explorer.lm.tokens import encode, token_counts

BATCH_LOGITS = 2**25
"""How many logits may exist at once: 128 MiB in float32."""


def continuation_nats(
    lm: LanguageModel,
    prompts: Sequence[str],
    texts: Sequence[str],
    layer: int | None = None,
    addition: Tensor | None = None,
) -> list[float | None]:
    """Mean negative log-likelihood of the tokens of each text after its prompt, in nats.

    Its exponential is the perplexity. A token counts if it ends after the prompt. What does not fit into the model's
    context is left out.

    Args:
        lm: the model that judges.
        prompts: n prompts.
        texts: what is said after each.
        layer: the block whose output is steered; None for the unsteered model.
        addition: `[width]` what is added there at every position, already scaled.

    Returns:
        n numbers; None where no token is left to judge.

    Raises:
        SettingsError: if there is not one text for each prompt.
        PromptError: if a prompt and its text are both empty.
    """
    if len(prompts) != len(texts):
        raise SettingsError(f"{len(texts)} texts for {len(prompts)} prompts; give one per prompt")
    found: list[float | None] = []
    wholes = [prompt + text for prompt, text in zip(prompts, texts, strict=True)]
    rows = _rows(lm, wholes)
    for first in range(0, len(prompts), rows):
        some = slice(first, first + rows)
        encoded = encode(lm, wholes[some])
        with lm.lock, steered_alike(lm, layer, addition, len(encoded.ids)), torch.inference_mode():
            logits: Tensor = lm.model(input_ids=encoded.ids.to(lm.device), use_cache=False).logits
            chosen = encoded.ids[:, 1:, None].to(lm.device)
            nats = (logits[:, :-1].float().logsumexp(2) - logits[:, :-1].gather(2, chosen)[..., 0].float()).cpu()
        for row, (prompt, ends) in enumerate(zip(prompts[some], encoded.ends, strict=True)):
            # The first token has none before it that could have foretold it.
            said = [at for at in range(1, len(ends)) if ends[at] > len(prompt) and not encoded.special[row, at]]
            found.append(float(nats[row, [at - 1 for at in said]].mean()) if said else None)
    return found


def _rows(lm: LanguageModel, texts: Sequence[str]) -> int:
    """How many texts go through the model at once."""
    if len(texts) == 1 or not lm.traits.pads_right:
        return 1
    longest = min(lm.context, max(token_counts(lm, texts), default=1))
    return max(1, BATCH_LOGITS // (longest * lm.vocabulary))
