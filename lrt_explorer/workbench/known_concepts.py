"""Concepts by name, and what the screen shows of them."""

from functools import cache
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet, load_concept, read_contrast
from lrt_explorer.study.world import World
from lrt_explorer.workbench.cards import ConceptCard
from lrt_explorer.workbench.starting_points import example_prompts


def named_concept(world: World, name: str) -> ContrastSet:
    """A concept of a pair's world by name, or any set by its file.

    Only what ships is remembered: a visitor's own file may change under the same name.
    """
    known = world.concepts()
    return _shipped(known[name]) if name in known else load_concept(name)


def concept_card(contrast: ContrastSet) -> ConceptCard:
    """What the screen shows of a concept."""
    description = contrast.description or f"{contrast.negative_label} or {contrast.positive_label}"
    labels = (contrast.negative_label, contrast.positive_label)
    return ConceptCard(contrast.name, description, *labels, example_prompts(contrast), len(contrast.pairs))


@cache
def _shipped(path: Path) -> ContrastSet:
    return read_contrast(path)
