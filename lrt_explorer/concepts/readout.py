"""Readouts: one number per prompt that says how far a behaviour shows in the next token."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ReadoutPrompt
from lrt_explorer.errors import ContrastError, SettingsError
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode

BATCH_ROWS = 64


@dataclass(frozen=True)
class AnswerTokens:
    """The first tokens of a prompt's answers, in one model's vocabulary; no token is on both sides."""

    positive: tuple[int, ...]
    negative: tuple[int, ...]


def answer_readout(
    lm: LanguageModel,
    prompts: Sequence[ReadoutPrompt],
    layer: int | None = None,
    additions: Tensor | None = None,
) -> Tensor:
    """Log-probability of the positive answers minus that of the negative ones, per prompt.

    Args:
        lm: the model that answers.
        prompts: n prompts with their answer sets.
        layer: the block whose output is steered; None for the unsteered model.
        additions: `[n, d]`, what is added for each prompt, already scaled.

    Returns:
        `[n]` float32, in nats.

    Raises:
        ContrastError: if a side of a prompt has no answer that the model could begin differently from the other side.
    """
    return read_answers(lm, [p.text for p in prompts], answer_tokens(lm, prompts), layer, additions)


def read_answers(
    lm: LanguageModel,
    texts: Sequence[str],
    answers: Sequence[AnswerTokens],
    layer: int | None = None,
    additions: Tensor | None = None,
) -> Tensor:
    """`answer_readout` for answers already turned into tokens, so that many strengths tokenize them once: `[n]`."""
    if additions is not None and len(additions) != len(texts):
        raise SettingsError(f"{len(additions)} additions for {len(texts)} prompts; give one row to each prompt")
    readouts = []
    for start in range(0, len(texts), BATCH_ROWS):
        rows = slice(start, start + BATCH_ROWS)
        logprobs = next_token_logprobs(lm, texts[rows], layer, None if additions is None else additions[rows])
        for row, answer in zip(logprobs, answers[rows], strict=True):
            positive = torch.logsumexp(row[list(answer.positive)], 0)
            readouts.append(positive - torch.logsumexp(row[list(answer.negative)], 0))
    return torch.stack(readouts) if readouts else torch.empty(0)


def answer_tokens(lm: LanguageModel, prompts: Sequence[ReadoutPrompt]) -> list[AnswerTokens]:
    """The first token of every answer as it follows its prompt; tokens that begin answers of both sides are dropped.

    Answers are tokenized behind their prompt, since many tokenizers split a word differently at the start of a text.

    Raises:
        ContrastError: if nothing is left on a side.
    """
    texts = [text for p in prompts for text in (p.text, *(p.text + answer for answer in (*p.positive, *p.negative)))]
    tokens = iter(_ordinary_ids(lm, texts))
    found = []
    for prompt in prompts:
        before = next(tokens)
        positive = {first for _ in prompt.positive if (first := _continuation(before, next(tokens))) is not None}
        negative = {first for _ in prompt.negative if (first := _continuation(before, next(tokens))) is not None}
        if not positive - negative or not negative - positive:
            side = "positive" if not positive - negative else "negative"
            raise ContrastError(
                f"no {side} answer to {prompt.text[-60:]!r} begins with a token of its own in {lm.name}; "
                "give answers whose first words differ"
            )
        found.append(AnswerTokens(tuple(sorted(positive - negative)), tuple(sorted(negative - positive))))
    return found


def pooled_prompt(text: str, prompts: Sequence[ReadoutPrompt]) -> ReadoutPrompt | None:
    """A free text read out with all the answers a concept knows; None if it knows none."""
    positive = tuple(dict.fromkeys(answer for p in prompts for answer in p.positive))
    negative = tuple(dict.fromkeys(answer for p in prompts for answer in p.negative))
    return ReadoutPrompt(text, positive, negative) if positive and negative else None


def _ordinary_ids(lm: LanguageModel, texts: Sequence[str]) -> list[list[int]]:
    """Token ids per text, without the special tokens a tokenizer may put around it."""
    if not texts:
        return []
    encoded = encode(lm, texts)
    kept = encoded.mask.bool() & ~encoded.special
    return [ids[keep].tolist() for ids, keep in zip(encoded.ids, kept, strict=True)]


def _continuation(before: list[int], whole: list[int]) -> int | None:
    """The first token after the prompt, or None where the answer fuses with the prompt's last token."""
    if len(whole) > len(before) and whole[: len(before)] == before:
        return whole[len(before)]
    return None
