"""Steering vectors: a direction in one layer of one model, where it comes from, and arithmetic on it.

A vector is a direction and cannot be zero: terms that cancel are refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from lrt_explorer.errors import VectorError

# Below this share of the longest term what is left is rounding of float32.
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class SteeringVector:
    """A steering vector and where it comes from.

    Vectors of one layer of one model add, subtract, negate and scale: `v1 + 2 * v2`, `-v`, `v / 2`.

    Attributes:
        values: [d] float32 on the CPU; a copy of what was passed in.
        model: Name of the model it lives in.
        fingerprint: Of that model's weights; empty where a file of another program does not say.
        layer: Block of that model whose output it is added to.
        concept: What it stands for.
        method: How it was found.
        reading: Which tokens it was read from.
        mapped_from: Model, layer and map, with the map's digest, that it came through; files from before the digest
            name it without. Empty for a vector found in the model it lives in.

    Raises:
        VectorError: If values is not one vector, is zero, or holds numbers that are not finite, or layer is negative.
    """

    values: Tensor
    model: str
    fingerprint: str
    layer: int
    concept: str
    method: str
    reading: str
    mapped_from: str = ""

    # So that a number of numpy leaves its product with a vector to the vector.
    __array_ufunc__ = None

    def __post_init__(self) -> None:
        """Check the values and take a copy."""
        what = f"the vector of {self.concept} for {self.model}"
        if self.values.ndim != 1 or not len(self.values) or not self.values.is_floating_point():
            raise VectorError(
                f"{what} is shaped {list(self.values.shape)} of {self.values.dtype}, where one row of floating numbers "
                "belongs; make it again"
            )
        values = self.values.detach().to("cpu", torch.float32, copy=True)
        if not bool(torch.isfinite(values).all()):
            raise VectorError(f"{what} holds numbers that are not finite; make it again")
        if not bool(values.any()):
            raise VectorError(f"{what} is zero everywhere and has no direction; make it again")
        if self.layer < 0:
            raise VectorError(f"{what} names layer {self.layer}, but layers count from 0; make it again")
        object.__setattr__(self, "values", values)

    def __add__(self, other: "SteeringVector") -> "SteeringVector":
        """The sum; raises VectorError if the two live in different places, or cancel."""
        return combine([(1.0, self), (1.0, other)]) if isinstance(other, SteeringVector) else NotImplemented

    def __sub__(self, other: "SteeringVector") -> "SteeringVector":
        """The difference; raises VectorError if the two live in different places, or are equal."""
        return combine([(1.0, self), (-1.0, other)]) if isinstance(other, SteeringVector) else NotImplemented

    def __neg__(self) -> "SteeringVector":
        """The vector towards the opposite, to the bit."""
        return replace(self, values=-self.values, concept=_named([(-1.0, self)]))

    def __mul__(self, factor: float) -> "SteeringVector":
        """A multiple; raises VectorError if the factor is 0 or not finite."""
        return combine([(float(factor), self)]) if _is_number(factor) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> "SteeringVector":
        """A fraction; raises VectorError if the divisor is 0 or not finite."""
        if not _is_number(divisor):
            return NotImplemented
        if not divisor:
            raise VectorError(f"{self.concept} cannot be divided by 0; divide by another number")
        return combine([(1 / float(divisor), self)])


def combine(terms: Sequence[tuple[float, SteeringVector]]) -> SteeringVector:
    """Σ factor · vector.

    Args:
        terms: factors and vectors, at least one, all of one layer of one model.

    Raises:
        VectorError: if there is none, they live in different places, a factor is not finite, or they cancel.
    """
    if not terms:
        raise VectorError("there is no vector to combine; give at least one")
    check_places([vector for _, vector in terms])
    total = torch.stack([factor * vector.values.double() for factor, vector in terms]).sum(0)
    longest = max(abs(factor) * float(vector.values.double().norm()) for factor, vector in terms)
    if float(total.norm()) <= ROUNDING * longest < float("inf"):
        raise VectorError(
            f"{_named(terms)} cancel out, so no direction is left; give terms that differ, or use the unsteered model"
        )
    methods = " and ".join(dict.fromkeys(vector.method for _, vector in terms))
    # What holds a mapped part is never the large model's own.
    origins = " and ".join(dict.fromkeys(vector.mapped_from for _, vector in terms if vector.mapped_from))
    return replace(terms[0][1], values=total, concept=_named(terms), method=methods, mapped_from=origins)


def check_places(vectors: Sequence[SteeringVector]) -> None:
    """Check that vectors may be combined.

    Raises:
        VectorError: if they live in different layers or models.
    """
    first = vectors[0]
    for vector in vectors[1:]:
        if _place(vector) != _place(first):
            raise VectorError(
                f"{vector.concept} belongs to {vector.model} layer {vector.layer}, but {first.concept} in "
                f"{first.model} layer {first.layer}; combine vectors of one layer of one model"
            )


def _is_number(value: object) -> bool:
    return isinstance(value, Real)


def _place(vector: SteeringVector) -> tuple[Any, ...]:
    return vector.fingerprint, vector.layer, len(vector.values)


def _named(terms: Sequence[tuple[float, SteeringVector]]) -> str:
    text = ""
    for factor, vector in terms:
        name = vector.concept
        # 2·(a + b) is not 2·a + b.
        if factor != 1 and (" + " in name or " − " in name or name.startswith("−")):
            name = f"({name})"
        size = "" if abs(factor) == 1 else f"{abs(factor):g}·"
        sign = ("−" if factor < 0 else "") if not text else (" − " if factor < 0 else " + ")
        text += f"{sign}{size}{name}"
    return text
