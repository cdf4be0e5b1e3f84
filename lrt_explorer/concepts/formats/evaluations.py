"""Model-written evaluations: questions with an answer that matches a behaviour and one that does not.

The format of Perez et al., "Discovering Language Model Behaviors with Model-Written Evaluations" (arXiv 2212.09251).
"""

import hashlib
from collections.abc import Sequence

from lrt_explorer.concepts.formats.source import Row, Source
from lrt_explorer.concepts.sets.contrast_set import ContrastSet, ReadoutPrompt
from lrt_explorer.errors import ContrastError

QUESTION, MATCHING, NOT_MATCHING = "question", "answer_matching_behavior", "answer_not_matching_behavior"
KEYS = frozenset({QUESTION, MATCHING, NOT_MATCHING})
PROMPTS_SHARE = 4


def from_rows(source: Source, rows: Sequence[Row]) -> ContrastSet:
    """Most questions become pairs, question and answer together; one in four is held out as a readout prompt.

    Which ones depends on a hash of the question alone, so it is the same everywhere. A question asked again is kept
    once. Vectors are read at the last token, which is the answer's, as in arXiv 2506.00653.

    Raises:
        ContrastError: naming the line that lacks a text, or contradicts another.
    """
    asked: dict[str, tuple[str, str, str]] = {}
    for row in rows:
        question, matching, other = row.text(QUESTION), row.text(MATCHING), row.text(NOT_MATCHING)
        if matching == other:
            raise ContrastError(
                f"{row.where} gives {matching!r} as both its matching and its other answer; correct one of them"
            )
        before = asked.setdefault(question, (matching, other, row.where))
        if before[:2] != (matching, other):
            raise ContrastError(
                f"{row.where} asks the same question as {before[2]} with other answers; keep one of them"
            )
    if len(asked) == 1 < len(rows):
        raise ContrastError(
            f"{rows[1].where} repeats {rows[0].where}, and so does every other line; write at least two questions"
        )
    held_out = set(sorted(asked, key=_hash)[: len(asked) // PROMPTS_SHARE])
    pairs = [(q + matching, q + other) for q, (matching, other, _) in asked.items() if q not in held_out]
    prompts = [choice_prompt(q, matching, other) for q, (matching, other, _) in asked.items() if q in held_out]
    return ContrastSet(
        name=source.stem,
        pairs=tuple(pairs),
        description=f"Model-written questions about {source.stem}, each with the answer that shows it and one that "
        "does not.",
        positive_label="matching",
        negative_label="not matching",
        prompts=tuple(prompts),
        reading="last-token",
    )


def choice_prompt(question: str, matching: str, not_matching: str) -> ReadoutPrompt:
    """A question as a readout prompt: logit(matching) − logit(not matching), as in arXiv 2506.00653.

    A beginning that both answers share, such as " (" of " (A)" and " (B)", is moved into the text, since the token
    after it is the first that tells them apart. Spaces stay with the answers, because most tokenizers join them to a
    word.
    """
    shared = 0
    while shared < min(len(matching), len(not_matching)) and matching[shared] == not_matching[shared]:
        shared += 1
    while shared and matching[shared - 1].isspace():
        shared -= 1
    if shared in (len(matching), len(not_matching)):
        return ReadoutPrompt(question, (matching,), (not_matching,))
    return ReadoutPrompt(question + matching[:shared], (matching[shared:],), (not_matching[shared:],))


def _hash(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()
