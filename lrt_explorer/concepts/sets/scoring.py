"""Which scorer reads generated texts: a judge of the small world, a word list, an expression, or a classifier's label.

Named in a contrast set's header (docs/formats.md) or in one word on the command line; made in `scorers.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Self, get_type_hints

from regex import Pattern
from regex import compile as compile_expression
from regex import error as ExpressionError

from lrt_explorer.concepts.sets.expressions import check_expression
from lrt_explorer.concepts.sets.scorer_kinds import SCORERS, named_scorers, scorer_forms
from lrt_explorer.errors import SettingsError

_SHOWN = 60


@dataclass(frozen=True)
class Choice:
    """What a scorer is chosen by, beside its name; its attributes are texts or tuples of texts."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """What stands after the name and a colon on the command line; raises SettingsError if it makes no sense."""
        raise NotImplementedError


@dataclass(frozen=True)
class WordList(Choice):
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

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Words separated by commas; those of the opposite follow a slash."""
        words, _, against = text.partition("/")
        return cls(tuple(_parted(words)), tuple(_parted(against)))

    @property
    def sides(self) -> tuple[frozenset[str], frozenset[str]]:
        """Both sides as they are looked for."""
        folded = [frozenset(word.strip().casefold() for word in side) - {""} for side in (self.words, self.against)]
        return folded[0], folded[1]


@dataclass(frozen=True)
class Expression(Choice):
    """A regular expression. Raises SettingsError if it is none."""

    regex: str

    def __post_init__(self) -> None:
        """Refuse what cannot be compiled."""
        self.compiled()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The expression as it is."""
        return cls(text)

    def compiled(self) -> "Pattern[str]":
        """The expression, ready to search with a time limit, which the standard library's would not take."""
        check_expression(self.regex)
        try:
            return compile_expression(self.regex)
        except (ExpressionError, RecursionError, OverflowError, MemoryError) as error:
            raise SettingsError(
                f"{self.regex[:_SHOWN]!r} is not a valid regular expression ({error}); correct it"
            ) from error


@dataclass(frozen=True)
class ClassifierLabel(Choice):
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
            raise SettingsError(
                "a classifier needs a model and one of its labels; give both, as in classifier:MODEL#LABEL"
            )

    @classmethod
    def from_text(cls, text: str) -> Self:
        """MODEL#LABEL."""
        model, _, label = text.rpartition("#")
        return cls(model, label)


ScorerChoice = str | Choice
"""A text alone is the name of a judge, or of a scorer that another package brings, with what it takes after a colon."""


def known_judge(text: str) -> str:
    """A text that chooses a judge; raises SettingsError if there is none of that name, or it takes nothing more."""
    name, colon, rest = text.strip().partition(":")
    if name not in SCORERS or SCORERS[name].choice:
        raise SettingsError(f"there is no judge {name[:_SHOWN]!r}; choose one of {', '.join(named_scorers())}")
    if colon and not SCORERS[name].form:
        raise SettingsError(f"the scorer {name!r} takes nothing after its name; remove {':' + rest[:_SHOWN]!r}")
    return text.strip()


def scorer_from_text(text: str) -> ScorerChoice:
    """What `--scorer` says: see `scorer_forms`. Words are separated by commas, those of the opposite follow a slash.

    Raises:
        SettingsError: if it names no scorer.
    """
    name, colon, rest = text.strip().partition(":")
    entry = SCORERS.get(name)
    if entry is None or (entry.choice and not colon):
        judges = ", ".join(named_scorers())
        raise SettingsError(f"{text[:_SHOWN]!r} is not a scorer; give {scorer_forms()} ({judges})")
    if not entry.choice:
        return known_judge(text)
    chosen: Choice = entry.choice_type.from_text(rest)
    return chosen


def scorer_from_json(value: object) -> ScorerChoice:
    """What a header says: the name of a judge, or an object with the attributes of one of the classes above.

    Raises:
        SettingsError: if it names no scorer.
    """
    if isinstance(value, str):
        return known_judge(value)
    if not isinstance(value, Mapping):
        raise SettingsError("it is neither the name of a judge nor an object; write one of these")
    types = [entry.choice_type for entry in SCORERS.values() if entry.choice]
    for kind in types:
        needed, allowed = _keys(kind)
        if needed <= set(value) <= needed | allowed:
            hints = get_type_hints(kind)
            return kind(**{key: (_text if hints[key] is str else _texts)(value, key) for key in value})  # type: ignore[no-any-return]
    found = ", ".join(repr(str(key)[:_SHOWN]) for key in list(value)[:5]) or "no keys"
    raise SettingsError(f"it has {found}; write {_spoken([_keys_in_words(kind) for kind in types])}")


def _keys(kind: type[Choice]) -> tuple[set[str], set[str]]:
    """The keys that an object of this kind needs, and those that it may have."""
    needed = {part.name for part in fields(kind) if part.default is MISSING}
    return needed, {part.name for part in fields(kind)} - needed


def _keys_in_words(kind: type[Choice]) -> str:
    needed, allowed = (" and ".join(repr(key) for key in sorted(keys)) for keys in _keys(kind))
    return f"{needed} (and {allowed})" if allowed else needed


def _spoken(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])}, or {parts[-1]}" if len(parts) > 1 else parts[0]


def _parted(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


def _text(value: Mapping[str, object], key: str) -> str:
    if not _is_text(found := value[key]):
        raise SettingsError(f"it holds something other than text under {key!r}; write text there")
    return str(found)


def _texts(value: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = value.get(key, [])
    if not isinstance(found, list | tuple) or not all(_is_text(word) for word in found):
        raise SettingsError(f"it has no list of words under {key!r}; add one")
    return tuple(found)


def _is_text(value: object) -> bool:
    """Whether it is a text, and one that can be written: JSON can spell halves of characters."""
    return isinstance(value, str) and all(not "\ud800" <= character <= "\udfff" for character in value)
