"""Readouts beyond answer sets: letters of a multiple choice, and words against everything else."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lrt_explorer.concepts.formats.evaluations import choice_prompt
from lrt_explorer.concepts.readout import answer_readout
from lrt_explorer.concepts.sets.contrast_set import ReadoutPrompt
from lrt_explorer.errors import ContrastError
from lrt_explorer.lm.model import LanguageModel

__all__ = ["choice_prompt", "word_probability", "word_prompt"]


def word_prompt(text: str, words: Sequence[str]) -> ReadoutPrompt:
    """A prompt whose readout is the log-odds of chosen words against every other next token.

    Args:
        text: what the model reads.
        words: as they follow the text, usually with a leading space.

    Raises:
        ContrastError: if there is no word.
    """
    if not words or not all(words):
        raise ContrastError("there is no word to look for; give at least one")
    return ReadoutPrompt(text, tuple(words), ())


def word_probability(
    lm: LanguageModel,
    texts: Sequence[str],
    words: Sequence[str],
    layer: int | None = None,
    additions: Tensor | None = None,
) -> Tensor:
    """Probability that one of the words begins right after each text, `[n]` in [0, 1].

    Args:
        lm: the model that answers.
        texts: n prompts.
        words: as they follow a text; each counts by its first token.
        layer: the block whose output is steered; None for the unsteered model.
        additions: `[n, d]`, what is added for each prompt, already scaled.

    Raises:
        ContrastError: if there is no word, or none begins with a token of its own behind a text.
    """
    return torch.sigmoid(answer_readout(lm, [word_prompt(text, words) for text in texts], layer, additions))
