"""The arm at other layers: which they are, and how links, commands and fields spell them."""

import re

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.blocks import Layered, check_layer
from lrt_explorer.study.ground.pair import Layers

_SPELLED = re.compile(r"([0-9]{1,6})\s*[-,→]\s*([0-9]{1,6})")


def spelled_layers(layers: Layers) -> str:
    """As links and commands spell a small and a large layer: "3-6"."""
    return "-".join(map(str, layers))


def read_layers(text: str) -> Layers:
    """What `spelled_layers` gives; a comma or an arrow parts them too.

    Raises:
        SettingsError: if it is not two whole numbers.
    """
    found = _SPELLED.fullmatch(text.strip())
    if found is None:
        raise SettingsError("write other layers as a small and a large one, counted from 0, as in 3-6")
    return int(found[1]), int(found[2])


def asked_layers(text: str | None) -> Layers | None:
    """What a field or an option asks for: nothing where nothing is written, else as `read_layers`."""
    return read_layers(text) if text and text.strip() else None


def other_layers(both: tuple[Layered, Layered], layers: Layers, asked: Layers | None) -> Layers:
    """Where the arm of that name is found and added.

    Args:
        both: the small model and the large one.
        layers: those of the comparison.
        asked: what is asked for; None for one block lower in both models, or higher in one that begins there.

    Raises:
        SettingsError: if a model has no such layer, or they are those of the comparison.
    """
    if asked is None:
        small, large = (
            layer - 1 if layer > 0 else min(1, lm.layers - 1) for lm, layer in zip(both, layers, strict=True)
        )
        asked = (small, large)
    for lm, layer in zip(both, asked, strict=True):
        check_layer(lm, layer)
    if asked == layers:
        raise SettingsError(
            f"the other layers are {layers[0]} and {layers[1]}, those of the comparison; choose others, or leave the "
            "arm out"
        )
    return asked
