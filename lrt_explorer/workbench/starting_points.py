"""What is shown to somebody who has chosen nothing yet."""

import json
from functools import cache
from os.path import commonprefix
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.store import assets_home
from lrt_explorer.study.solve import least_tokens
from lrt_explorer.study.suggest import BLOCKS_ABOVE

DEPTH = 0.6
"""How deep the layers of a pair lie that nobody has studied: where most vectors were seen to steer."""
FIRST_FIT_TOKENS = 5_000
"""Pairs of tokens of a first map: enough to steer by, and half a minute for small models."""
EXAMPLES = 3
"""Prompts to start from that are offered for a concept."""


def default_layers(small: str, large: str, small_layers: int, large_layers: int) -> tuple[int, int]:
    """The layers to begin with: those of a known pair, else at like depths with two blocks left above the steered one.

    Args:
        small: name of the small model.
        large: name of the large model.
        small_layers: how many blocks the small model has.
        large_layers: how many blocks the large model has.
    """
    for pair in PAIRS:
        if (pair.small, pair.large) == (small, large):
            return pair.small_layer, pair.large_layer
    highest = max(large_layers - 1 - BLOCKS_ABOVE, 0)
    return int(DEPTH * (small_layers - 1)), min(round(DEPTH * (large_layers - 1)), highest)


def first_fit_tokens(small_width: int) -> int:
    """Pairs of tokens for the first map of a pair whose small model is so wide."""
    return max(FIRST_FIT_TOKENS, least_tokens(small_width))


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
