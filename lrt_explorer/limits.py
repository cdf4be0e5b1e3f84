"""How much of everything is accepted: one table, read by the readers of files, the screen, the endpoints and the docs.

Sizes of files and the shape of JSON and expressions are bounded everywhere. What a number may be (`LIMITS`) is bounded
where strangers ask, in the app; a study called from Python takes what its machine can bear.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lrt_explorer.errors import SettingsError

CONTRAST_SET_BYTES = 5_000_000
VECTOR_BYTES = 50_000_000
VECTOR_HEADER_BYTES = 1_000_000
MAP_HEADER_BYTES = 65_536
"""Of a map's description, and of what a map's file holds beside its numbers."""
MAP_WIDTH = 16_384
"""Largest width of the two models of a map."""
TEXT_BYTES = 20_000_000
"""A text to fit a map on."""
UPLOAD_BYTES = 2_200_000_000
"""The largest upload of any kind: a map between two models `MAP_WIDTH` wide."""

JSON_DEPTH = 32
JSON_DIGITS = 200
"""Characters of one number."""
EXPRESSION_CHARACTERS = 500
EXPRESSION_SIZE = 10_000
"""Characters of an expression with its repetitions written out."""
SHOWN_CHARACTERS = 60
"""How much of a text an error repeats."""


@dataclass(frozen=True)
class Limit:
    """What a number, or the number of items in a list, may be.

    Attributes:
        name: as it stands in a sentence, such as "the strength".
        least, most: both included.
        unit: of the numbers, in the plural.
    """

    name: str
    least: float
    most: float
    unit: str = ""

    @property
    def range(self) -> str:
        """Both ends with their unit, for people."""
        # A text cannot be shorter than empty, while a number can be below 0.
        open_below = self.least == 0 and self.unit == "characters"
        ends = f"at most {self.most:,.0f}" if open_below else f"{self.least:,g} to {self.most:,.0f}"
        return f"{ends} {self.unit}".strip()

    def check(self, value: float) -> None:
        """Raise SettingsError unless a number is within."""
        if not math.isfinite(value) or not self.least <= value <= self.most:
            raise SettingsError(f"{self.name} must be {self.range}, not {value:,g}; choose another")


LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "strength": Limit("the strength", -100, 100, "typical deviations"),
        "strengths": Limit("the number of strengths", 2, 25),
        "temperature": Limit("the temperature", 0, 5),
        "seed": Limit("the seed", 0, 2**32 - 1),
        "max_new_tokens": Limit("the length of a text", 1, 400, "tokens"),
        "prompt": Limit("the prompt", 0, 20_000, "characters"),
        "name": Limit("a name", 1, 300, "characters"),
        "tokens": Limit("the number of tokens to fit on", 2_000, 1_000_000, "tokens"),
        "prompts": Limit("the number of prompts", 2, 200),
        "concepts": Limit("the number of concepts", 1, 40),
        "seeds": Limit("the number of random directions", 1, 20),
        "others": Limit("the number of other concepts", 0, 20),
        "points": Limit("the number of token pairs in Space", 1, 10_000),
        "directions": Limit("the number of directions", 1, 40),
        "also": Limit("the number of concepts beside the first", 0, 2),
    }
)
"""By the name of the setting."""


def check_limits(**settings: float | None) -> None:
    """Check settings by their names in `LIMITS`; None is a default and fits.

    Raises:
        SettingsError: naming the first that is out of range.
    """
    for name, value in settings.items():
        if value is not None:
            LIMITS[name].check(value)
