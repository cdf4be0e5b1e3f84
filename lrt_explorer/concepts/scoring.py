"""Which scorer reads generated texts: a judge of the small world, a word list, an expression, or a classifier's label.

Named in a contrast set's header (docs/formats.md) or in one word on the command line; made in `scorers.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from regex import Pattern
from regex import compile as compile_expression
from regex import error as ExpressionError  # noqa: N812 - the library's name

from lrt_explorer.errors import SettingsError
from lrt_explorer.tinyworld.judge import SCORERS

FORMS = "words:A,B/C,D, regex:PATTERN, classifier:MODEL#LABEL, or the name of a judge"
_SHOWN = 60


@dataclass(frozen=True)
class WordList:
    """Whole words, in any case. Raises SettingsError if there is no word, or one is on both sides.

    Attributes:
        words: those that show the behaviour.
        against: those that show its opposite; may be none.
    """

    words: tuple[str, ...]
    against: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a list that scores nothing."""
        wanted, opposite = self.sides
        if not wanted:
            raise SettingsError("there is no word to score by; give at least one")
        if both := wanted & opposite:
            raise SettingsError(f"{min(both)!r} is on both sides of the word list; keep it on one")

    @property
    def sides(self) -> tuple[frozenset[str], frozenset[str]]:
        """Both sides as they are looked for."""
        folded = [frozenset(word.strip().casefold() for word in side) - {""} for side in (self.words, self.against)]
        return folded[0], folded[1]


@dataclass(frozen=True)
class Expression:
    """A regular expression. Raises SettingsError if it is none."""

    regex: str

    def __post_init__(self) -> None:
        """Refuse what cannot be compiled."""
        self.compiled()

    def compiled(self) -> "Pattern[str]":
        """The expression, ready to search with a time limit, which the standard library's would not take."""
        try:
            return compile_expression(self.regex)
        except (ExpressionError, RecursionError, OverflowError, MemoryError) as error:
            raise SettingsError(f"{self.regex[:_SHOWN]!r} is no regular expression ({error}); correct it") from error


@dataclass(frozen=True)
class ClassifierLabel:
    """A label of a `transformers` text-classification model. Raises SettingsError if either is missing.

    Attributes:
        classifier: folder or hub id.
        label: one of its labels, in any case.
    """

    classifier: str
    label: str

    def __post_init__(self) -> None:
        """Refuse half of it."""
        if not self.classifier.strip() or not self.label.strip():
            raise SettingsError("a classifier scores by one of its labels; give both, as in classifier:MODEL#LABEL")


ScorerChoice = str | WordList | Expression | ClassifierLabel
"""A text alone is the name of a judge."""


def known_judge(name: str) -> str:
    """The name of a judge; raises SettingsError if nobody knows it."""
    if name not in SCORERS:
        raise SettingsError(f"there is no judge {name[:_SHOWN]!r}; choose one of {', '.join(SCORERS)}")
    return name


def scorer_from_text(text: str) -> ScorerChoice:
    """What `--scorer` says: see `FORMS`. Words are parted by commas, those of the opposite follow a slash.

    Raises:
        SettingsError: if it names no scorer.
    """
    kind, _, rest = text.strip().partition(":")
    if kind == "words":
        words, _, against = rest.partition("/")
        return WordList(tuple(_parted(words)), tuple(_parted(against)))
    if kind == "regex":
        return Expression(rest)
    if kind == "classifier":
        model, _, label = rest.rpartition("#")
        return ClassifierLabel(model, label)
    if text.strip() in SCORERS:
        return text.strip()
    raise SettingsError(f"{text[:_SHOWN]!r} names no scorer; give {FORMS} ({', '.join(SCORERS)})")


def scorer_from_json(value: object) -> ScorerChoice:
    """What a header says: the name of a judge, or an object with the attributes of one of the classes above.

    Raises:
        SettingsError: if it names no scorer.
    """
    if isinstance(value, str):
        return known_judge(value)
    if not isinstance(value, Mapping):
        raise SettingsError("it is neither the name of a judge nor an object; write one of these")
    keys = set(value)
    if keys == {"words"} or keys == {"words", "against"}:
        return WordList(_texts(value, "words"), _texts(value, "against"))
    if keys == {"regex"}:
        return Expression(_text(value, "regex"))
    if keys == {"classifier", "label"}:
        return ClassifierLabel(_text(value, "classifier"), _text(value, "label"))
    found = ", ".join(repr(str(key)[:_SHOWN]) for key in list(value)[:5]) or "no keys"
    raise SettingsError(f"it has {found}; write 'words' (and 'against'), 'regex', or 'classifier' and 'label'")


def _parted(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


def _text(value: Mapping[str, object], key: str) -> str:
    if not _is_text(found := value[key]):
        raise SettingsError(f"there is something other than text under {key!r}; write text there")
    return str(found)


def _texts(value: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = value.get(key, [])
    if not isinstance(found, list | tuple) or not all(_is_text(word) for word in found):
        raise SettingsError(f"there is no list of words under {key!r}; write one")
    return tuple(found)


def _is_text(value: object) -> bool:
    """Whether it is a text, and one that can be written: JSON can spell halves of characters."""
    return isinstance(value, str) and all(not "\ud800" <= character <= "\udfff" for character in value)
