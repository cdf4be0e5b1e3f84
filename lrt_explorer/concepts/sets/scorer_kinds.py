"""The table of scorers of generated text."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from lrt_explorer.registry import Entry, Table, resolve


class Scorer(Protocol):
    """What scores a text that a model wrote."""

    def __call__(self, prompt: str, continuation: str) -> float | None:
        """The score of the continuation of a prompt in [0, 1]; None where it holds no evidence."""


@dataclass(frozen=True, kw_only=True)
class ScorerKind(Entry[Callable[[Any], Scorer]]):
    """A scorer, or a family of scorers. Its function takes what was chosen and gives the scorer.

    Attributes:
        form: what follows the name and a colon on the command line; "" where the name is enough.
        choice: the `Choice` that such a text and a header's object are read into, as "module:Class"; "" where the
            function takes the text itself.
        identity: function of the choice, as "module:function", that tells apart what one name may stand for, as JSON.
    """

    KIND: ClassVar[str] = "scorer"
    form: str = ""
    choice: str = ""
    identity: str = ""

    @property
    def choice_type(self) -> Any:
        """The class of its choices; None where the function takes the text after the name."""
        return resolve(self.choice, f"the scorer {self.name!r}") if self.choice else None


SCORERS: Table[ScorerKind] = Table(
    [
        ScorerKind(
            name="words",
            label="Word list",
            unit="share of the words found",
            help="whole words; those after the slash count against",
            function="lrt_explorer.concepts.scorers:score_by_words",
            form="A,B/C,D",
            choice="lrt_explorer.concepts.sets.scoring:WordList",
        ),
        ScorerKind(
            name="regex",
            label="Expression",
            unit="1 or 0",
            help="whether a regular expression matches",
            function="lrt_explorer.concepts.scorers:score_by_expression",
            form="PATTERN",
            choice="lrt_explorer.concepts.sets.scoring:Expression",
        ),
        ScorerKind(
            name="classifier",
            label="Classifier",
            unit="probability",
            help="label of a text classifier, a folder or a hub id",
            function="lrt_explorer.concepts.scorers:score_by_classifier",
            form="MODEL#LABEL",
            choice="lrt_explorer.concepts.sets.scoring:ClassifierLabel",
            identity="lrt_explorer.concepts.scorers:classifier_identity",
        ),
    ],
    group="lrt_explorer.scorers",
    more="lrt_explorer.tinyworld.judges:JUDGES",
)


def named_scorers() -> list[str]:
    """Those that their name alone, or the name and a text after it, chooses: the judges, and what packages add."""
    return [name for name, entry in SCORERS.items() if not entry.choice]


def scorer_forms() -> str:
    """How every scorer is written in one word."""
    forms = [f"{name}:{entry.form}" for name, entry in SCORERS.items() if entry.form]
    return f"{', '.join(forms)}, or the name of a judge"


def scorers_help() -> str:
    """How every scorer is written in one word, with help."""
    forms = [f"{name}:{entry.form} ({entry.help})" for name, entry in SCORERS.items() if entry.form]
    plain = [name for name, entry in SCORERS.items() if not entry.form]
    return f"{', '.join(forms)}, or a judge: {', '.join(plain)}"
