"""A model writes texts of its own, many at once, sampled as they come: what it knows, on its own distribution."""

import hashlib
from collections.abc import Generator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from lrt_explorer.lm.chat import Conversation, has_template, render
from lrt_explorer.lm.decoding import Continuation, end_tokens
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.threads import PassLock
from lrt_explorer.lm.tokens import encode

CACHE_BYTES = 1_000_000_000
"""For the keys and values of all rows together, which decides how many are written at once."""


@dataclass(frozen=True)
class Draft:
    """A text to be written.

    Attributes:
        opener: what it begins with: "" for nothing but the token that begins a text; in a conversation what the user
            asks.
        number: tells it apart from the other texts of a seed, and with it its noise.
    """

    opener: str
    number: int


@dataclass(frozen=True)
class Written:
    """What a model made of a draft.

    Attributes:
        document: a text with its opener, or a conversation with the model's answer; "" where it wrote nothing.
        tokens: how many the model wrote.
    """

    document: str | Conversation
    tokens: int


def begins_from_nothing(lm: LanguageModel) -> bool:
    """Whether the model has a token that begins a text, from which it can write without any word of others."""
    return lm.tokenizer.bos_token_id is not None


def rows_at_once(lm: LanguageModel, length: int, most: int) -> int:
    """How many texts of a length are written at once within `CACHE_BYTES`, at most `most` and at least one."""
    config = lm.model.config.get_text_config(decoder=True)
    heads = getattr(config, "num_attention_heads", None) or 1
    size = getattr(config, "head_dim", None) or lm.width // heads
    kept = (getattr(config, "num_key_value_heads", None) or heads) * size
    row = 2 * lm.layers * kept * length * lm.model.dtype.itemsize
    return max(1, min(most, CACHE_BYTES // row))


def write(
    lm: LanguageModel, drafts: Sequence[Draft], *, seed: int, max_new_tokens: int, temperature: float = 1.0
) -> Generator[int, None, list[Written]]:
    """Write texts side by side, to the model's end of a text or a number of tokens; yields the step after each.

    A chat model answers the opener in its template; another model continues it. Each text has noise of its own, which
    depends on the seed and its number alone. So texts do not depend on what is written beside them, but for rounding.

    Args:
        lm: the model that writes. Its lock is held during a step only.
        drafts: at least one.
        seed: of the noise.
        max_new_tokens: a text ends after so many, or where the context is full.
        temperature: 1 samples what the model believes.

    Raises:
        RefusedConversationError: if the model's template refuses a single request.
    """
    starts = [_start(lm, draft) for draft in drafts]
    limit = max(1, min(max_new_tokens, lm.context - max(map(len, starts))))
    noise = torch.stack([_noise(seed, draft.number, limit) for draft in drafts])
    ends = end_tokens(lm)
    continuation = Continuation(lm, starts)
    texts: list[list[int]] = [[] for _ in drafts]
    writing = [True] * len(drafts)
    for step in range(limit):
        chosen = sample(continuation.logits(), noise[:, step], temperature)
        for row, token in enumerate(chosen):
            writing[row] = writing[row] and token not in ends
            if writing[row]:
                texts[row].append(token)
        yield step + 1
        if not any(writing):
            break
        continuation.append(chosen)
    return [_written(lm, *parts) for parts in zip(drafts, starts, texts, strict=True)]


def sample(logits: Tensor, uniform: Tensor, temperature: float) -> list[int]:
    """One token a row from the softmax of `[b, vocabulary]` logits, by `[b]` uniform numbers in [0, 1).

    Inverting the running sums takes one number a row and step, which is cheap where a vocabulary is large.
    """
    sums = torch.softmax(logits / temperature, dim=1).cumsum(1)
    aim = uniform.to(sums.device, sums.dtype)[:, None] * sums[:, -1:]
    tokens: list[int] = torch.searchsorted(sums, aim, right=True)[:, 0].clamp_(max=logits.shape[1] - 1).tolist()
    return tokens


def for_writing(lm: LanguageModel) -> LanguageModel:
    """The same model as it writes fastest; where that is another copy of the weights, drop it after use.

    On a CPU with instructions for bfloat16 a copy in bfloat16, half the size, writes four times as fast. The texts are
    read in full precision afterwards, so nothing that is measured depends on it.
    """
    capable = torch.cpu.get_capabilities() if lm.device.type == "cpu" else {}
    if lm.model.dtype != torch.float32 or not (capable.get("avx512_bf16") or capable.get("amx_bf16")):
        return lm
    with lm.lock:
        copied: Any = deepcopy(lm.model)
        copied.to(torch.bfloat16)
    return replace(lm, model=copied, blocks=[], lock=PassLock(lm.parameters))


def _start(lm: LanguageModel, draft: Draft) -> list[int]:
    """The tokens that a text is continued from."""
    if not has_template(lm):
        if not draft.opener and lm.tokenizer.bos_token_id is not None:
            return [int(lm.tokenizer.bos_token_id)]
        ids = encode(lm, [draft.opener]).ids[0].tolist()
        while len(ids) > 1 and ids[-1] == lm.tokenizer.eos_token_id:
            ids.pop()
        return [int(token) for token in ids]
    asked = render(lm, Conversation((("user", draft.opener),)), reply=True)
    return [int(token) for token in encode(lm, [asked.text], templated=True).ids[0]]


def _written(lm: LanguageModel, draft: Draft, start: Sequence[int], tokens: Sequence[int]) -> Written:
    templated = has_template(lm)
    ids = list(tokens) if templated else [*start, *tokens]
    # A text that was cut may end within a character.
    text = str(lm.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)).rstrip("\ufffd")
    if not tokens or not text.strip():
        return Written("", len(tokens))
    if templated:
        return Written(Conversation((("user", draft.opener), ("assistant", text.strip()))), len(tokens))
    return Written(text, len(tokens))


def _noise(seed: int, number: int, length: int) -> Tensor:
    digest = hashlib.sha256(f"{seed}\0{number}".encode()).digest()
    return torch.rand(length, generator=torch.Generator().manual_seed(int.from_bytes(digest[:8]) >> 1))
