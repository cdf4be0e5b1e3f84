"""Readouts: one number per prompt that says how far a behaviour shows in the next token."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from os.path import commonprefix

import torch
from torch import Tensor

from lrt_explorer.concepts.sets.contrast_set import ReadoutPrompt
from lrt_explorer.concepts.sets.readout_kinds import READOUTS, Readout
from lrt_explorer.errors import ContrastError, SettingsError
from lrt_explorer.lm.chat import Framed, framed
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode

BATCH_ROWS = 64
# How many characters of a prompt a token may take with it when it reaches across into the answer.
FARTHEST_SHIFT = 4


@dataclass(frozen=True)
class AnswerTokens:
    """The first tokens of a prompt's answers, in one model's vocabulary; no token is on both sides.

    Without negative tokens, every token that is not positive counts as negative.
    """

    positive: tuple[int, ...]
    negative: tuple[int, ...]


def answer_readout(
    lm: LanguageModel,
    prompts: Sequence[ReadoutPrompt],
    layer: int | None = None,
    additions: Tensor | None = None,
    kind: Readout = READOUTS.default,
) -> Tensor:
    """How far the behaviour shows in the next token, per prompt: log-odds of the answers, or another kind of readout.

    Answers that begin alike are told apart where they differ (see `settle`); a prompt without negative answers is read
    against everything else, which gives the log-odds of its positive words.

    Args:
        lm: the model that answers.
        prompts: n prompts with their answer sets.
        layer: the block whose output is steered; None for the unsteered model.
        additions: `[n, d]`, what is added for each prompt, already scaled.
        kind: a name of `READOUTS`.

    Returns:
        `[n]` float32, in the unit of the kind.

    Raises:
        ContrastError: if a side of a prompt has no answer that the model could begin differently from the other side.
    """
    # The arms of a comparison are read out after one prompt: each is told apart once.
    distinct = list(dict.fromkeys(prompts))
    settled = settle(lm, distinct)
    read = dict(zip(distinct, zip(settled, answer_tokens(lm, settled), strict=True), strict=True))
    texts, answers = [read[p][0].text for p in prompts], [read[p][1] for p in prompts]
    return read_answers(lm, texts, answers, layer, additions, kind)


def read_answers(
    lm: LanguageModel,
    texts: Sequence[str],
    answers: Sequence[AnswerTokens],
    layer: int | None = None,
    additions: Tensor | None = None,
    kind: Readout = READOUTS.default,
) -> Tensor:
    """`answer_readout` for answers already turned into tokens, so that many strengths tokenize them once: `[n]`."""
    if additions is not None and len(additions) != len(texts):
        raise SettingsError(f"{len(additions)} additions for {len(texts)} prompts; give one row per prompt")
    readouts = []
    for start in range(0, len(texts), BATCH_ROWS):
        rows = slice(start, start + BATCH_ROWS)
        logprobs = next_token_logprobs(lm, texts[rows], layer, None if additions is None else additions[rows])
        for row, answer in zip(logprobs, answers[rows], strict=True):
            readouts.append(counted_answers(row, answer, kind))
    return torch.stack(readouts) if readouts else torch.empty(0)


def counted_answers(logits: Tensor, answer: AnswerTokens, kind: Readout = READOUTS.default) -> Tensor:
    """The readout of one prompt.

    Args:
        logits: `[vocabulary, ...]`, or log-probabilities, of the token after the prompt.
        answer: the tokens of both sides.
        kind: a name of `READOUTS`.

    Returns:
        `[...]`, in the unit of the kind.

    Raises:
        SettingsError: if there is no such kind.
    """
    return READOUTS.find(kind).load()(logits, answer.positive, answer.negative)


def answer_difference(logprobs: Tensor, answer: AnswerTokens) -> Tensor:
    """Log-probability of the positive tokens minus that of the negative ones, in nats: `log_odds` of `AnswerTokens`."""
    return log_odds(logprobs, answer.positive, answer.negative)


def log_odds(logits: Tensor, positive: tuple[int, ...], negative: tuple[int, ...]) -> Tensor:
    """Log-probability of the positive tokens minus that of the negative ones, or of all others, in nats."""
    chosen = list(positive)
    if negative:
        against = logits[list(negative)]
    else:
        against = logits.clone()
        against[chosen] = -torch.inf
    return torch.logsumexp(logits[chosen], 0) - torch.logsumexp(against, 0)


def probability(logits: Tensor, positive: tuple[int, ...], negative: tuple[int, ...]) -> Tensor:
    """Probability of the positive answers once one of either side is given; without negative ones simply theirs."""
    return torch.sigmoid(log_odds(logits, positive, negative))


def answer_tokens(lm: LanguageModel, prompts: Sequence[ReadoutPrompt]) -> list[AnswerTokens]:
    """The first token of every answer as it follows its prompt; tokens that begin answers of both sides are dropped.

    Answers are tokenized after their prompt, since many tokenizers split a word differently at the start of a text.

    Raises:
        ContrastError: if nothing is left on a side.
    """
    texts = [text for p in prompts for text in (p.text, *(p.text + answer for answer in (*p.positive, *p.negative)))]
    tokens = iter(_ordinary_ids(lm, texts))
    found = []
    for prompt in prompts:
        answer = _told_apart(prompt, tokens)
        if (side := _missing_side(prompt, answer)) is not None:
            raise ContrastError(
                f"no {side} answer to {prompt.text[-60:]!r} begins with a token of its own in {lm.name}; "
                "give answers whose first words differ"
            )
        found.append(answer)
    return found


def settle(lm: LanguageModel, prompts: Sequence[ReadoutPrompt]) -> list[ReadoutPrompt]:
    """The prompts as a model reads them and its tokenizer can tell their answers apart, unchanged where it already can.

    A chat model reads a prompt with a user message as the beginning of its reply (see `framed`).

    Letters such as " (A)" and " (B)" begin alike. Which of " (", " (A" and "A" is a token differs between tokenizers,
    so the shared beginning goes into the prompt as far as needed, or comes back from it where a token reaches across.
    Prompts that no such shift helps are returned as they are, for `answer_tokens` to refuse.
    """
    settled = [_framed(lm, prompt) for prompt in prompts]
    waiting = {row: iter(_shifts(prompt)) for row, prompt in enumerate(settled)}
    tried = dict(enumerate(settled))
    while tried:
        texts = [
            t for p in tried.values() for t in (p.text, *(p.text + answer for answer in (*p.positive, *p.negative)))
        ]
        tokens = iter(_ordinary_ids(lm, texts))
        told = {row: _missing_side(p, _told_apart(p, tokens)) is None for row, p in tried.items()}
        settled = [tried[row] if told.get(row) else kept for row, kept in enumerate(settled)]
        following = {row: next(waiting[row], None) for row in tried if not told[row]}
        tried = {row: prompt for row, prompt in following.items() if prompt is not None}
    return settled


def pooled_prompt(text: str, prompts: Sequence[ReadoutPrompt]) -> ReadoutPrompt | None:
    """A free text read out with all the answers a concept knows; None if it knows none."""
    positive = tuple(dict.fromkeys(answer for p in prompts for answer in p.positive))
    negative = tuple(dict.fromkeys(answer for p in prompts for answer in p.negative))
    return ReadoutPrompt(text, positive, negative) if positive else None


def _framed(lm: LanguageModel, prompt: ReadoutPrompt) -> ReadoutPrompt:
    return prompt if isinstance(prompt.text, Framed) else replace(prompt, text=framed(lm, prompt.ask, prompt.text))


def _told_apart(prompt: ReadoutPrompt, tokens: Iterator[list[int]]) -> AnswerTokens:
    """The first tokens that belong to one side alone; takes the prompt's ids and those of each answer from `tokens`."""
    before = next(tokens)
    positive = {first for _ in prompt.positive if (first := _continuation(before, next(tokens))) is not None}
    negative = {first for _ in prompt.negative if (first := _continuation(before, next(tokens))) is not None}
    return AnswerTokens(tuple(sorted(positive - negative)), tuple(sorted(negative - positive)))


def _missing_side(prompt: ReadoutPrompt, answer: AnswerTokens) -> str | None:
    if not answer.positive:
        return "positive"
    return "negative" if prompt.negative and not answer.negative else None


def _shifts(prompt: ReadoutPrompt) -> Iterator[ReadoutPrompt]:
    """The same texts parted elsewhere between prompt and answers, the longest prompt first."""
    answers = (*prompt.positive, *prompt.negative)
    if not prompt.negative:
        return
    shared = len(commonprefix(answers))
    whole = prompt.text + answers[0][:shared]
    nearest = 1 + (prompt.text.start if isinstance(prompt.text, Framed) else 0)
    for end in range(len(whole), max(nearest, len(prompt.text) - FARTHEST_SHIFT) - 1, -1):
        if end == len(prompt.text) or any(len(prompt.text + answer) <= end for answer in answers):
            continue
        positive, negative = (
            tuple((prompt.text + answer)[end:] for answer in side) for side in (prompt.positive, prompt.negative)
        )
        text = whole.cut(end) if isinstance(whole, Framed) else whole[:end]
        yield replace(prompt, text=text, positive=positive, negative=negative)


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
