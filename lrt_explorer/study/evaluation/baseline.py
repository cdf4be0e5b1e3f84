"""The prompt baseline: what a few words before the prompt do without any vector."""

import re

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.lm.chat import Framed, framed, has_template
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import prompt_tokens

INSTRUCTION = "Answer in the manner of: {label}."
_SENTENCES = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+")


def baseline_prompt(lm: LanguageModel, concept: ContrastSet, prompt: str, examples: int, room: int = 1) -> str:
    """The prompt with something before it that asks for the concept.

    A model with a chat template follows instructions, and gets one that names the positive side: at the end of the user
    message where the prompt answers one, else before the prompt. Any other model gets
    sentences of the first contrast texts of that side to go on with, as many of the last ones as its context holds.
    Even where none fits, the prompt itself comes back.

    Args:
        lm: the model that reads.
        concept: what is asked for.
        prompt: the prompt.
        examples: how many contrast texts to use at most.
        room: tokens to leave free after it.
    """
    if has_template(lm):
        instruction = INSTRUCTION.format(label=concept.positive_label)
        if isinstance(prompt, Framed):
            return framed(lm, f"{prompt.ask}\n\n{instruction}", prompt.own)
        return f"{instruction}\n\n{prompt}"
    sentences = [one for positive, _ in concept.pairs[:examples] for one in _whole_sentences(positive)]
    free = lm.context - room - len(prompt_tokens(lm, prompt))
    kept: list[str] = []
    for sentence in reversed(sentences):
        free -= len(prompt_tokens(lm, f"{sentence} "))
        if free < 0:
            break
        kept.insert(0, sentence)
    return " ".join([*kept, prompt])


def _whole_sentences(text: str) -> list[str]:
    """The sentences of a text without a last one that breaks off; the text itself if it is not a whole sentence."""
    parts = [part.strip() for part in _SENTENCES.split(text) if part.strip()]
    whole = parts if re.search(r"[.!?…][\"'”’)]*$", text.strip()) else parts[:-1]
    return whole or [text.strip()]
