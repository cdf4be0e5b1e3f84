"""What is shown to somebody who has chosen nothing yet."""

from dataclasses import dataclass
from os.path import commonprefix

from lrt_explorer.concepts.contrast import ContrastSet, shipped_concepts
from lrt_explorer.errors import ContrastError
from lrt_explorer.lm.presets import PAIRS, PairPreset
from lrt_explorer.study.suggest import BLOCKS_ABOVE

CONCEPT = "register"
DEPTH = 0.6
"""How deep the layers of a pair lie that nobody has studied: where most vectors were seen to steer."""


@dataclass(frozen=True)
class Opening:
    """The first thing on the screen: a pair and a concept."""

    pair: PairPreset
    concept: str


def opening() -> Opening:
    """The pair and concept the app opens with.

    Raises:
        ContrastError: if no concept is installed.
    """
    concepts = shipped_concepts()
    if not concepts:
        raise ContrastError("no concepts are installed; reinstall the app, or set LRT_EXPLORER_ASSETS to its assets")
    return Opening(PAIRS[0], CONCEPT if CONCEPT in concepts else next(iter(concepts)))


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
