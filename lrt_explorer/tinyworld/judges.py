"""The judges of the small world as scorers: what of a text each is shown, and their entries in the table."""

import re
from functools import partial

from lrt_explorer.concepts.sets.scorer_kinds import Scorer, ScorerKind
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


def judge_scorer(name: str, _: str = "") -> Scorer:
    """The judge of a latent, which sees the continuation with the sentence that the prompt leaves unfinished."""
    judge = SCORERS[name]

    def score(prompt: str, continuation: str) -> float | None:
        return judge(judged_text(prompt, continuation))

    return score


JUDGES = tuple(
    ScorerKind(
        name=name,
        label=name.capitalize(),
        unit="share of the telling words",
        help=f"judge of the small world for {name}",
        function=partial(judge_scorer, name),
    )
    for name in SCORERS
)
