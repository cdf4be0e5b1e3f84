"""What a judge is shown of a generated text, and its verdict."""

import re

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.tinyworld.judge import SCORERS

_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)]*\s+")


def judged_text(prompt: str, continuation: str) -> str:
    """The continuation together with the sentence that the prompt leaves unfinished.

    A fact needs its question ("the capital of France is" + " Paris"), but the whole sentences of the prompt are not the
    model's own words and would pull every arm's score towards each other.
    """
    ends = [match.end() for match in _SENTENCE_END.finditer(prompt)]
    tail = prompt[ends[-1] if ends else 0 :]
    if re.search(r"[.!?…][\"'”’)]*$", tail.rstrip()):
        tail = ""
    return (tail + continuation).strip()


def judged_score(contrast: ContrastSet, prompt: str, continuation: str) -> float | None:
    """The score of the concept's judge in [0, 1]; None without a judge, or where the text holds no evidence."""
    if contrast.scorer is None or contrast.scorer not in SCORERS:
        return None
    return SCORERS[contrast.scorer](judged_text(prompt, continuation))
