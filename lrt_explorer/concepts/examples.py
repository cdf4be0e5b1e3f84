"""Prompts to start from: those on which a concept shows."""

import json
from functools import cache
from os.path import commonprefix
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.store import assets_home

EXAMPLES = 3
"""Prompts to start from that are offered for a concept."""


def default_prompt(contrast: ContrastSet) -> str:
    """The prompt that a comparison starts from unless someone writes another: the first of `example_prompts`."""
    examples = example_prompts(contrast)
    return examples[0] if examples else ""


def example_prompts(contrast: ContrastSet) -> tuple[str, ...]:
    """Prompts on which a concept shows: those picked by hand, else its first readout prompts.

    Without either it is how both texts of the first pair begin. There are none where they begin with nothing in common;
    then the user writes the prompt.
    """
    if chosen := contrast.examples or _chosen_examples(assets_home()).get(contrast.name):
        return tuple(chosen)
    shared = commonprefix(contrast.pairs[0]).rpartition(" ")[0]
    begun = shared or contrast.pairs[0][1].partition(" ")[0]
    prompts = [prompt.text for prompt in contrast.prompts] or [begun]
    return tuple(dict.fromkeys(prompt for prompt in prompts if prompt.strip()))[:EXAMPLES]


@cache
def _chosen_examples(assets: Path) -> dict[str, list[str]]:
    """Prompts picked by hand, easier to read than those that measure; none where the assets bring none."""
    file = assets / "examples.json"
    examples: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return examples
