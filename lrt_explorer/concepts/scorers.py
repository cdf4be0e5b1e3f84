"""Scorers of generated text: a number in [0, 1] that says how far it shows a behaviour, or None without evidence."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from lrt_explorer.concepts.scoring import ClassifierLabel, Expression, WordList
from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.classify import Classifier, load_classifier

SECONDS = 2.0
"""That an expression may take over one text: some take for ever, and files may come from anywhere."""
CLASSIFIERS = 2
"""That stay in memory."""
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
    wanted, opposite = WordList(tuple(positive), tuple(negative)).sides
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
        SettingsError: if the expression is none; when it scores, also if it takes for ever over a text.
    """
    compiled = Expression(pattern).compiled()

    def score(prompt: str, continuation: str) -> float | None:
        if not continuation.strip():
            return None
        try:
            return float(compiled.search(continuation, timeout=SECONDS) is not None)
        except TimeoutError as error:
            raise SettingsError(
                f"the expression {pattern[:60]!r} takes longer than {SECONDS:g} s over one text; write a simpler one"
            ) from error

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
    classifier = _classifier(model)
    column = classifier.column(label)

    def score(prompt: str, continuation: str) -> float | None:
        if not continuation.strip():
            return None
        return float(classifier.probabilities([continuation])[0, column])

    return score


def make_scorer(choice: WordList | Expression | ClassifierLabel) -> Scorer:
    """The scorer that was chosen; raises what making it raises."""
    if isinstance(choice, WordList):
        return word_list_scorer(choice.words, choice.against)
    if isinstance(choice, Expression):
        return regex_scorer(choice.regex)
    return classifier_scorer(choice.classifier, choice.label)


def classifier_identity(choice: ClassifierLabel) -> tuple[str, int]:
    """Fingerprint of the classifier's weights and the output that is read: the name alone may come to mean others."""
    classifier = _classifier(choice.classifier)
    return classifier.fingerprint, classifier.column(choice.label)


@lru_cache(maxsize=CLASSIFIERS)
def _classifier(model: str) -> Classifier:
    return load_classifier(model)


def _any_of(words: frozenset[str]) -> str:
    # The longest first, for an alternative that matches ends the search at this place.
    ordered = sorted(words, key=lambda word: (-len(word), word))
    return r"(?<!\w)(?:" + "|".join(map(re.escape, ordered)) + r")(?!\w)"
