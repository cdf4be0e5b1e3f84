"""Two columns as people paste them: the text with the behaviour, a tab or " | ", the text without it."""

from lrt_explorer.concepts.formats.source import Source, checked_source
from lrt_explorer.concepts.sets.contrast_set import ContrastSet
from lrt_explorer.errors import ContrastError

_HEADERS = (("with", "without"), ("positive", "negative"))


def paste_contrast(text: str, name: str) -> ContrastSet:
    r"""A contrast set from pasted text, one pair a line: "with\twithout" or "with | without".

    Args:
        text: the lines; a first line "with | without" is a heading.
        name: of the concept.

    Raises:
        ContrastError: in one sentence, naming the line at fault.
    """
    return from_source(checked_source(Source("the pasted text", name, text)))


def from_source(source: Source) -> ContrastSet:
    """The set that the lines of a text make; as `paste_contrast`."""
    pairs: dict[tuple[str, str], str] = {}
    for number, line in source.lines():
        where = source.where(number)
        sides = [side.strip() for side in (line.split("\t") if "\t" in line else line.split(" | "))]
        if not pairs and tuple(side.casefold() for side in sides) in _HEADERS:
            continue
        if len(sides) == 1:
            raise ContrastError(f"{where} has neither a tab nor ' | ' between two texts; put one there")
        if len(sides) > 2:
            raise ContrastError(f"{where} has {len(sides)} columns; write two, with a tab or ' | ' between them")
        positive, negative = sides
        if any(not side or side.casefold() == "nan" for side in sides):
            raise ContrastError(f"{where} is one-sided; write both texts")
        if positive == negative:
            raise ContrastError(f"{where} holds the same text twice; write texts that differ in the behaviour")
        if (positive, negative) in pairs:
            raise ContrastError(f"{where} repeats {pairs[positive, negative]}; keep one of them")
        pairs[positive, negative] = where
    return ContrastSet(source.stem, tuple(pairs), description=f"Pairs of {source.name}.")
