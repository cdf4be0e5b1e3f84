"""What is steered beside the concept: names and strengths, as faces spell, read and tell them."""

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.errors import SettingsError
from lrt_explorer.limits import check_limits
from lrt_explorer.numerals import signed

Also = tuple[tuple[str | ContrastSet, float], ...]
"""Concepts beside the first, each with its strength in typical deviations."""


def spelled_also(also: Also) -> str:
    """As links and commands spell it: "mood:0.2,person:-0.1"."""
    return ",".join(f"{named(concept)}:{strength!r}" for concept, strength in also)


def read_also(text: str) -> Also:
    """What `spelled_also` gives.

    Raises:
        SettingsError: if it is of another form, or too much.
    """
    found = []
    for part in filter(None, text.split(",")):
        name, _, number = part.rpartition(":")
        try:
            found.append((name.strip(), float(number)))
        except ValueError:
            name = ""
        if not name.strip():
            raise SettingsError(f"{part[:60]!r} is not a concept with a strength; write it as in mood:0.2")
    also = tuple(found)
    check_also(also)
    return also


def check_also(also: Also) -> None:
    """Refuse more than a comparison takes, and strengths out of range; raises SettingsError."""
    check_limits(also=len(also))
    for _, strength in also:
        check_limits(strength=strength)


def told_also(also: Also) -> str:
    """For people: "mood +0.20 and person −0.10"."""
    return " and ".join(f"{named(concept)} {signed(strength, 2)}" for concept, strength in also)


def named(concept: str | ContrastSet) -> str:
    """The name of a concept, however it is given."""
    return concept if isinstance(concept, str) else concept.name
