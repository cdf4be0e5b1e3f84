"""Scorers of generated text: a number in [0, 1] that says how far it shows a behaviour, or None without evidence."""

import re
from collections.abc import Sequence

from lrt_explorer.concepts.sets.scorer_kinds import SCORERS, Scorer, ScorerKind
from lrt_explorer.concepts.sets.scoring import ClassifierLabel, Expression, ScorerChoice, WordList, known_judge
from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.cache import models
from lrt_explorer.registry import resolve

SECONDS = 2.0
"""How long an expression may take on one text: some never end, and files may come from anywhere."""
_WORD = re.compile(r"\w+(?:['’]\w+)*")


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
        SettingsError: if the expression is not valid; when it scores, also if it takes too long on a text.
    """
    compiled = Expression(pattern).compiled()

    def score(prompt: str, continuation: str) -> float | None:
        if not continuation.strip():
            return None
        try:
            return float(compiled.search(continuation, timeout=SECONDS) is not None)
        except TimeoutError as error:
            raise SettingsError(
                f"the expression {pattern[:60]!r} takes longer than {SECONDS:g} s on one text; write a simpler one"
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
    classifier = models().classifier(model)
    column = classifier.column(label)

    def score(prompt: str, continuation: str) -> float | None:
        if not continuation.strip():
            return None
        return float(classifier.probabilities([continuation])[0, column])

    return score


def score_by_words(choice: WordList) -> Scorer:
    """The scorer of a word list."""
    return word_list_scorer(choice.words, choice.against)


def score_by_expression(choice: Expression) -> Scorer:
    """The scorer of an expression."""
    return regex_scorer(choice.regex)


def score_by_classifier(choice: ClassifierLabel) -> Scorer:
    """The scorer of a classifier's label."""
    return classifier_scorer(choice.classifier, choice.label)


def make_scorer(choice: ScorerChoice) -> Scorer:
    """The scorer that was chosen; raises what making it raises, and SettingsError if there is none of that name."""
    entry = scorer_kind(choice)
    return entry.load()(choice.strip().partition(":")[2] if isinstance(choice, str) else choice)


def scorer_kind(choice: ScorerChoice) -> ScorerKind:
    """The entry of what was chosen; raises SettingsError if there is none."""
    if isinstance(choice, str):
        return SCORERS[known_judge(choice).partition(":")[0]]
    return next(entry for entry in SCORERS.values() if entry.choice and isinstance(choice, entry.choice_type))


def scorer_identity(choice: ScorerChoice | None) -> object:
    """What tells two scorers apart beyond what they are called by, as JSON; raises what `make_scorer` raises.

    A classifier is known by its weights, since a name may come to mean others; a scorer of another package by that
    package and its version.
    """
    if choice is None:
        return None
    make_scorer(choice)
    entry = scorer_kind(choice)
    if entry.identity:
        return resolve(entry.identity, f"the scorer {entry.name!r}")(choice)
    return entry.origin or None


def classifier_identity(choice: ClassifierLabel) -> tuple[str, int]:
    """Fingerprint of the classifier's weights and the output that is read: the name alone may come to mean others."""
    classifier = models().classifier(choice.classifier)
    return classifier.fingerprint, classifier.column(choice.label)


def _any_of(words: frozenset[str]) -> str:
    # The longest first, because an alternative that matches ends the search at this place.
    ordered = sorted(words, key=lambda word: (-len(word), word))
    return r"(?<!\w)(?:" + "|".join(map(re.escape, ordered)) + r")(?!\w)"
