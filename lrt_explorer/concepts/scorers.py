"""Scorers of generated text: a number in [0, 1] that says how far it shows a behaviour, or None without evidence."""

import re
from collections.abc import Sequence
from typing import Protocol

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.classify import load_classifier

_WORD = re.compile(r"\w+(?:['’]\w+)*")


class Scorer(Protocol):
    """What scores a text that a model wrote."""

    def __call__(self, prompt: str, continuation: str) -> float | None:
        """The score of the continuation of a prompt in [0, 1]; None where it holds no evidence."""


def word_list_scorer(positive: Sequence[str], negative: Sequence[str] = ()) -> Scorer:
    """Scores by whole words, in any case.

    With words on both sides: the share of those found that are positive, and no score where none is. With positive
    words alone: 1 where one occurs and 0 where none does.

    Raises:
        SettingsError: if there is no positive word, or one is on both sides.
    """
    wanted, opposite = ({word.strip().casefold() for word in side} - {""} for side in (positive, negative))
    if not wanted:
        raise SettingsError("there is no word to score by; give at least one")
    if both := wanted & opposite:
        raise SettingsError(f"{min(both)!r} is on both sides of the word list; keep it on one")
    patterns = [re.compile(_any_of(side)) if side else None for side in (wanted, opposite)]

    def score(prompt: str, continuation: str) -> float | None:
        text = continuation.casefold()
        found, against = (len(pattern.findall(text)) if pattern else 0 for pattern in patterns)
        if opposite:
            return found / (found + against) if found + against else None
        return float(found > 0) if _WORD.search(text) else None

    return score


def regex_scorer(pattern: str) -> Scorer:
    """1 where a regular expression matches anywhere in the continuation, 0 where not; no score for a blank text.

    Raises:
        SettingsError: if the expression is none.
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise SettingsError(f"{pattern[:60]!r} is no regular expression ({error}); correct it") from error

    def score(prompt: str, continuation: str) -> float | None:
        return float(compiled.search(continuation) is not None) if continuation.strip() else None

    return score


def classifier_scorer(model: str, label: str) -> Scorer:
    """The probability that a text classifier gives a label, reading the continuation alone.

    Args:
        model: folder or hub id of a `transformers` text-classification model.
        label: one of its labels, in any case.

    Raises:
        ModelError: if there is no such model, or it is no text classifier.
        SettingsError: if it has no such label.
    """
    classifier = load_classifier(model)
    column = classifier.column(label)

    def score(prompt: str, continuation: str) -> float | None:
        if not continuation.strip():
            return None
        return float(classifier.probabilities([continuation])[0, column])

    return score


def _any_of(words: set[str]) -> str:
    # The longest first, for an alternative that matches ends the search at this place.
    ordered = sorted(words, key=lambda word: (-len(word), word))
    return r"(?<!\w)(?:" + "|".join(map(re.escape, ordered)) + r")(?!\w)"
