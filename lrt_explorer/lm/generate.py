"""Let a steered model write: all arms of a comparison in one batch, or many prompts at once."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.decoding import Continuation, Sampler, decode
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.steer import Steering
from lrt_explorer.lm.stream import TextStream
from lrt_explorer.lm.tokens import prompt_tokens

BATCH_ROWS = 64


@dataclass(frozen=True)
class ArmsStep:
    """All arms after one more step.

    Attributes:
        step: counted from 0.
        token_ids: the token that each arm has written in this step; None once it has ended.
        texts: all that each arm has written so far, without the prompt. A text only ever grows.
        done: whether this is the last step.
    """

    step: int
    token_ids: tuple[int | None, ...]
    texts: tuple[str, ...]
    done: bool


def generate_arms(
    lm: LanguageModel,
    prompt: str,
    layer: int,
    additions: Tensor,
    *,
    max_new_tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
    use_cache: bool = True,
) -> Generator[ArmsStep, None, None]:
    """Continue one prompt in several arms, one batched pass a step, each arm steered by its own vector.

    All arms share the noise of each step, so arms with equal logits write equal tokens. The model's lock is held
    during a pass and not between two steps; closing the generator at any step leaves nothing in place.

    Args:
        lm: the model that writes.
        prompt: what all arms continue.
        layer: the block whose output is changed.
        additions: `[arms, width]`, already scaled; a row of zeros is an unsteered arm.
        max_new_tokens: an arm ends after so many, at the end of a text, or where the context is full.
        temperature: 0 takes the likeliest token.
        seed: of the noise, any integer.
        use_cache: whether to keep keys and values between steps; the text is the same without.

    Raises:
        PromptError: if the prompt is empty or too long.
        SettingsError: if there is no such layer, no arm, or no sense in a number. VectorError as in `steering`.
    """
    if len(additions) < 1:
        raise SettingsError("there is no arm to write; give at least one row of additions")
    steering = _steering(lm, layer, additions, len(additions))
    tokens = prompt_tokens(lm, prompt)
    sampler = Sampler([prompt] * len(additions), temperature, seed)
    limit = _checked_limit(max_new_tokens)
    return _arms(lm, tokens, sampler, steering, limit, use_cache=use_cache)


def generate_batch(
    lm: LanguageModel,
    prompts: Sequence[str],
    layer: int | None = None,
    additions: Tensor | None = None,
    *,
    max_new_tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
    batch_rows: int = BATCH_ROWS,
) -> list[str]:
    """Continue n prompts, each steered by its own vector, or none if neither layer nor additions are given.

    A prompt's text does not depend on the others: it is what `generate_arms` writes for it.

    Args:
        lm: the model that writes.
        prompts: n prompts, of any lengths.
        layer: the block whose output is changed.
        additions: `[n, width]`, already scaled.
        max_new_tokens: a text ends after so many, at the end of a text, or where the context is full.
        temperature: 0 takes the likeliest token.
        seed: of the noise, which differs from prompt to prompt.
        batch_rows: how many prompts go through the model at once.

    Returns:
        n texts without their prompts.

    Raises:
        PromptError, SettingsError, VectorError: as `generate_arms`.
    """
    limit = _checked_limit(max_new_tokens)
    sequences = [prompt_tokens(lm, prompt) for prompt in prompts]
    _steering(lm, layer, additions, len(prompts))
    texts = [""] * len(prompts)
    for rows in _side_by_side(lm, [len(tokens) for tokens in sequences], limit, batch_rows):
        together = [sequences[row] for row in rows]
        steering = _steering(lm, layer, None if additions is None else additions[rows], len(rows))
        sampler = Sampler([prompts[row] for row in rows], temperature, seed)
        streams = [TextStream(lm.tokenizer, tokens) for tokens in together]
        for step in decode(lm, together, sampler, steering, limit, use_cache=True):
            for stream, token in zip(streams, step, strict=True):
                if token is not None:
                    stream.push(token)
        for row, stream in zip(rows, streams, strict=True):
            stream.finish()
            texts[row] = stream.text
    return texts


def next_token_logprobs(
    lm: LanguageModel,
    prompts: Sequence[str],
    layer: int | None = None,
    additions: Tensor | None = None,
    *,
    batch_rows: int = BATCH_ROWS,
) -> Tensor:
    """Log-probabilities of the token after each prompt, in nats.

    Args:
        lm: the model that reads.
        prompts: n prompts, of any lengths.
        layer: the block whose output is changed; None, with `additions` None, for the unsteered model.
        additions: `[n, width]`, already scaled.
        batch_rows: how many prompts go through the model at once.

    Returns:
        `[n, vocabulary]` float32 on the CPU.

    Raises:
        PromptError, SettingsError, VectorError: as `generate_arms`.
    """
    sequences = [prompt_tokens(lm, prompt) for prompt in prompts]
    _steering(lm, layer, additions, len(prompts))
    found: dict[int, Tensor] = {}
    for rows in _side_by_side(lm, [len(tokens) for tokens in sequences], 0, batch_rows):
        steering = _steering(lm, layer, None if additions is None else additions[rows], len(rows))
        logits = Continuation(lm, [sequences[row] for row in rows], steering, use_cache=False).logits()
        found |= dict(zip(rows, torch.log_softmax(logits, dim=1).cpu(), strict=True))
    return torch.stack([found[row] for row in range(len(prompts))]) if prompts else torch.empty(0, 0)


def _arms(
    lm: LanguageModel, tokens: list[int], sampler: Sampler, steering: Steering | None, limit: int, *, use_cache: bool
) -> Generator[ArmsStep, None, None]:
    arms = steering.rows if steering else 1
    streams = [TextStream(lm.tokenizer, tokens) for _ in range(arms)]
    limit = min(limit, lm.context - len(tokens))
    for number, step in enumerate(decode(lm, [tokens] * arms, sampler, steering, limit, use_cache=use_cache)):
        done = number + 1 == limit or all(token is None for token in step)
        for stream, token in zip(streams, step, strict=True):
            if token is not None:
                stream.push(token)
            if token is None or done:
                stream.finish()
        yield ArmsStep(number, tuple(step), tuple(stream.text for stream in streams), done)


def _side_by_side(lm: LanguageModel, lengths: Sequence[int], limit: int, most: int) -> Iterator[list[int]]:
    """Rows that grow by up to `limit` tokens in one batch, at most `most` at a time.

    Those that could fill their context share it only with others of their length: padding would take of the room, and
    a text must not depend on its neighbours. So do all rows of a model that does not read padded ones as it should.
    """
    groups: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        alone = length + limit > lm.context or not lm.traits.pads_left
        groups.setdefault(length if alone else 0, []).append(row)
    for group in groups.values():
        for start in range(0, len(group), most):
            yield group[start : start + most]


def _steering(lm: LanguageModel, layer: int | None, additions: Tensor | None, rows: int) -> Steering | None:
    if layer is None and additions is None:
        return None
    if layer is None or additions is None:
        raise SettingsError("steering takes both a layer and additions; give both, or neither")
    if len(additions) != rows:
        raise SettingsError(f"{len(additions)} additions for {rows} prompts; give one row per prompt")
    return Steering(lm, layer, additions)


def _checked_limit(max_new_tokens: int) -> int:
    if max_new_tokens < 1:
        raise SettingsError(f"{max_new_tokens} new tokens cannot be written; ask for at least 1")
    return max_new_tokens
