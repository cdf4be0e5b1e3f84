"""Concepts by name, and what the screen shows of them."""

import json
from functools import cache
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet, load_concept, read_contrast, shipped_concepts
from lrt_explorer.store import assets_home
from lrt_explorer.study.defaults import default_prompt
from lrt_explorer.ui.engine import ConceptCard

EXAMPLES = 3


def named_concept(name: str) -> ContrastSet:
    """A concept by name or file. Only what ships is remembered: a visitor's own file may change under the same name."""
    shipped = shipped_concepts()
    return _shipped(shipped[name]) if name in shipped else load_concept(name)


def concept_card(contrast: ContrastSet) -> ConceptCard:
    """What the screen shows of a concept."""
    prompts = [default_prompt(contrast), *(prompt.text for prompt in contrast.prompts)]
    # A set without prompts may have texts that begin with nothing in common; then the visitor writes the prompt.
    known = list(dict.fromkeys(prompt for prompt in prompts if prompt.strip()))[:EXAMPLES]
    examples = contrast.examples or _chosen_examples(assets_home()).get(contrast.name, known)
    description = contrast.description or f"{contrast.negative_label} or {contrast.positive_label}"
    return ConceptCard(contrast.name, description, contrast.negative_label, contrast.positive_label, tuple(examples))


@cache
def _shipped(path: Path) -> ContrastSet:
    return read_contrast(path)


@cache
def _chosen_examples(assets: Path) -> dict[str, list[str]]:
    """Prompts picked by hand, easier to read than those that measure; none where the assets bring none."""
    file = assets / "examples.json"
    examples: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return examples
