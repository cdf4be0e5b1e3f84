"""The strengths of all benchmarks: a fixed grid, so that runs of different versions can be compared."""

from collections.abc import Sequence

from lrt_explorer.concepts.contrast import ContrastSet, ReadoutPrompt
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.steering.deviation import unit_of

STRENGTHS: tuple[float, ...] = (-0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6)
"""In typical deviations."""
OWN_LENGTHS: tuple[float, ...] = (-1.0, 0.0, 1.0)
"""In lengths of the native vector."""


def some_prompts(concept: ContrastSet, count: int) -> Sequence[ReadoutPrompt]:
    """So many of a concept's prompts, evenly from all of them, so that many forms are among them."""
    return concept.prompts[:: max(1, len(concept.prompts) // count)][:count]


def unit_for(lm: LanguageModel, layer: int) -> TypicalDeviation:
    """The unit of strength on text of the model's world."""
    return unit_of(lm, layer, world_of(lm.name).ordinary)
