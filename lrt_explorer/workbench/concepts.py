"""Concepts by name or file, and what a face shows of them."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet, load_concept, read_contrast
from lrt_explorer.concepts.examples import example_prompts
from lrt_explorer.errors import ContrastError
from lrt_explorer.limits import SHOWN_CHARACTERS
from lrt_explorer.study.evaluation.verdict import TRANSFERS
from lrt_explorer.study.ground.world import WORLDS, World, world_of
from lrt_explorer.workbench.cards import ConceptCard
from lrt_explorer.workbench.openings import examples_of, shipped_openings
from lrt_explorer.workbench.shelves import is_own, own_set
from lrt_explorer.workbench.shipped import evidence_of

MEANT_FOR = {"demo": "for the demo family", "everyday": "for everyday language"}
"""How a set is labelled where models of another world are open."""


def named_concept(world: World, concept: str | ContrastSet) -> ContrastSet:
    """A concept of a pair's world by name, or any set by its file; a set is itself.

    Only what ships is remembered: a visitor's own file may change under the same name.

    Raises:
        ContrastError: if it is neither, naming the concepts there are.
    """
    if isinstance(concept, ContrastSet):
        return concept
    known = world.concepts()
    return _shipped(known[concept]) if concept in known else load_concept(concept)


def shipped_sets(world: World) -> list[ContrastSet]:
    """Every concept that ships for these models, the opening one first."""
    return [_shipped(path) for path in world.concepts().values()]


def concept_card(contrast: ContrastSet, small: str = "", large: str = "", map: Path | None = None) -> ConceptCard:
    """What a face shows of a concept, with the examples that suit a pair of models and the map in use, as a folder."""
    description = contrast.description or f"{contrast.negative_label} or {contrast.positive_label}"
    labels = (contrast.negative_label, contrast.positive_label)
    examples, readout = examples_of(small, large, contrast, map), contrast.readout
    judged = contrast.scorer is not None
    return ConceptCard(contrast.name, description, *labels, examples, len(contrast.pairs), readout, judged)


def opening_concept(small: str, large: str) -> str:
    """The concept that a pair opens with, and that is meant where none is named.

    It is the most telling one of which the evidence that ships says that it transfers; the world's own where nothing is
    known, or none does.

    Raises:
        ContrastError: if no concept is installed.
    """
    world, known = world_of(small, large), evidence_of(small, large)
    usual, verdicts = world.opening(), {} if known is None else known.verdicts
    names = (*world.telling, *world.concepts())
    return next((name for name in names if verdicts.get(name) == TRANSFERS), usual)


def concept_cards(small: str, large: str, map: Path | None = None) -> Sequence[ConceptCard]:
    """What ships for these models, the concept that they open with first; `map` as for `concept_card`.

    Raises:
        ContrastError: if nothing does.
    """
    opening = opening_concept(small, large)
    cards = [concept_card(contrast, small, large, map) for contrast in shipped_sets(world_of(small, large))]
    return sorted(cards, key=lambda card: card.name != opening)


def shipped_examples(pairs: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The prompts offered with any concept that ships, for any of these pairs of models."""
    usual = {prompt for world in WORLDS for contrast in shipped_sets(world) for prompt in example_prompts(contrast)}
    chosen = {
        prompt
        for small, large in pairs
        if (known := shipped_openings(small, large)) is not None
        for opening in known.concepts.values()
        for prompt in opening.prompts
    }
    return frozenset(usual | chosen)


def offered_sets(world: World) -> Sequence[tuple[str, str]]:
    """The sets of a world, then those for other models with their world: a name may mean a set in both worlds."""
    return [(name, name) for name in world.concepts()] + [
        (f"{name} ({MEANT_FOR[other.name]})", f"{other.name}/{name}")
        for other in WORLDS
        if other != world
        for name in other.concepts()
    ]


def offered_set(world: World, name: str) -> ContrastSet:
    """A set by a name that the screen offers: NAME, WORLD/NAME, or what a visitor's shelf calls it; never by a path.

    Raises:
        ContrastError: if there is none of that name, naming those there are.
    """
    return read_contrast(own_set(name)) if is_own(name) else _shipped(set_file(world, name))


def set_file(world: World, name: str) -> Path:
    """The file that a set is read from; arguments and errors as for `offered_set`."""
    if is_own(name):
        return own_set(name)
    shipped = {f"{other.name}/{known}": path for other in WORLDS for known, path in other.concepts().items()}
    known = shipped | dict(world.concepts())
    if name not in known:
        names = ", ".join(world.concepts()) or "none are installed"
        raise ContrastError(f"there is no concept {name[:SHOWN_CHARACTERS]!r}; choose one of these: {names}")
    return known[name]


@cache
def _shipped(path: Path) -> ContrastSet:
    return read_contrast(path)
