"""The table of vector methods: how the differences of a set's pairs become one direction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lrt_explorer.concepts.sets.readings import Reading, token_from_end
from lrt_explorer.errors import SettingsError
from lrt_explorer.registry import Entry, Table

if TYPE_CHECKING:
    from torch import Tensor

Method = str
"""The name of a vector method."""

MethodFunction = Callable[["Tensor"], "Tensor"]
"""Takes the pair differences `[pairs, d]` float64 and gives the direction `[d]` float64, in the same unit."""


@dataclass(frozen=True, kw_only=True)
class VectorMethod(Entry[MethodFunction]):
    """A way to find a vector. Its unit is that of the vector's length."""

    KIND: ClassVar[str] = "vector method"


METHODS: Table[VectorMethod] = Table(
    [
        VectorMethod(
            name="mean-difference",
            label="mean difference",
            unit="units of the activations",
            help="mean of the texts with the behaviour minus mean of those without",
            function="lrt_explorer.concepts.directions:mean_difference",
        ),
        VectorMethod(
            name="principal-component",
            label="principal component",
            unit="units of the activations",
            help="axis that most pair differences share",
            function="lrt_explorer.concepts.directions:principal_component",
        ),
    ],
    group="lrt_explorer.methods",
)


def check_finding(reading: Reading | None, method: Method) -> None:
    """Raise SettingsError unless vectors can be found by this reading (None for the concept's own) and this method."""
    if reading is not None:
        token_from_end(reading)
    if method not in METHODS:
        raise SettingsError(f"{method!r} is not a way to find vectors; choose one of {', '.join(METHODS)}")
