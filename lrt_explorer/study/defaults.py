"""What is shown to somebody who has chosen nothing yet."""

from os.path import commonprefix

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.study.suggest import BLOCKS_ABOVE

STRENGTH = 0.6
FIRST_FIT_TOKENS = 5_000
"""Pairs of tokens of a first map: enough to steer by, and half a minute for small models."""
DEPTH = 0.6
"""How deep the layers of a pair lie that nobody has studied: where most vectors were seen to steer."""


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


def default_prompt(contrast: ContrastSet) -> str:
    """A prompt on which the concept shows: its first readout prompt, or else how both texts of its first pair begin."""
    if contrast.prompts:
        return contrast.prompts[0].text
    shared = commonprefix(contrast.pairs[0]).rpartition(" ")[0]
    return shared or contrast.pairs[0][1].partition(" ")[0]
