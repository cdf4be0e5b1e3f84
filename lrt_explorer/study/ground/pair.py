"""The two models that a study works with, and where in them."""

from dataclasses import dataclass

from lrt_explorer.lm.blocks import check_layer
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.store import MapInfo, check_map
from lrt_explorer.study.ground.world import World, world_of

Layers = tuple[int, int]
"""A block of the small model and one of the large model, both counted from 0."""
DEPTH = 0.6
"""How deep the layers of a pair without known ones lie: where most vectors were seen to steer."""
BLOCKS_ABOVE = 2
"""Steering nearer to the output is almost adding to the logits, and transfers almost by definition."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two loaded models.

    Attributes:
        small: the model that vectors come from.
        large: the model that is steered.
    """

    small: LanguageModel
    large: LanguageModel

    @property
    def world(self) -> World:
        """What suits these models: corpus, concepts, ordinary text, temperature."""
        return world_of(self.small.name, self.large.name)

    @property
    def both(self) -> tuple[LanguageModel, LanguageModel]:
        """The small model, then the large one."""
        return self.small, self.large

    def layers(self, small_layer: int | None = None, large_layer: int | None = None) -> Layers:
        """The layers asked for; where None is, the default of this pair.

        Raises:
            SettingsError: if a model has no such layer.
        """
        first, second = default_layers(self.small.name, self.large.name, self.small.layers, self.large.layers)
        chosen = (first if small_layer is None else small_layer, second if large_layer is None else large_layer)
        self.check_layers(chosen)
        return chosen

    def check_layers(self, layers: Layers) -> None:
        """Check that both models have these layers.

        Raises:
            SettingsError: if a model has no such layer.
        """
        check_layer(self.small, layers[0])
        check_layer(self.large, layers[1])

    def check(self, info: MapInfo) -> None:
        """Check that a map belongs to exactly these models.

        Raises:
            ArtifactError: if one of them has other weights.
        """
        check_map(info, self.small.fingerprint, self.large.fingerprint)


def default_layers(small: str, large: str, small_layers: int, large_layers: int) -> Layers:
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
