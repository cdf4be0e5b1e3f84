"""Sums, multiples and right angles of steering vectors of one layer of one model.

A vector is a direction and cannot be zero: what cancels is refused. What is *added* to a model may well be zero, and
then leaves it as it is: see `push`.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from lrt_explorer.concepts.vectors import SteeringVector, addition
from lrt_explorer.errors import VectorError

# Below this share of the longest term what is left is rounding of float32.
_ROUNDING = 1e-6


def combine(terms: Sequence[tuple[float, SteeringVector]]) -> SteeringVector:
    """Σ factor · vector.

    Args:
        terms: factors and vectors, at least one, all of one layer of one model.

    Raises:
        VectorError: if there is none, they live in different places, a factor is not finite, or they cancel.
    """
    if not terms:
        raise VectorError("there is no vector to combine; give at least one")
    _check_places([vector for _, vector in terms])
    total = torch.stack([factor * vector.values.double() for factor, vector in terms]).sum(0)
    longest = max(abs(factor) * float(vector.values.double().norm()) for factor, vector in terms)
    if float(total.norm()) <= _ROUNDING * longest < float("inf"):
        raise VectorError(
            f"{_named(terms)} cancel, and nothing that points anywhere is left; give terms that differ, or use the "
            "unsteered model"
        )
    return replace(terms[0][1], values=total, concept=_named(terms), method=_shared([v.method for _, v in terms]))


def scale(vector: SteeringVector, factor: float) -> SteeringVector:
    """A vector times a factor; raises VectorError where the factor is 0 or not finite."""
    return combine([(factor, vector)])


def negate(vector: SteeringVector) -> SteeringVector:
    """The vector towards the opposite, to the bit."""
    return replace(vector, values=-vector.values, concept=f"−{vector.concept}")


def subtract(vector: SteeringVector, other: SteeringVector) -> SteeringVector:
    """A vector minus another; raises VectorError where they are equal."""
    return combine([(1.0, vector), (-1.0, other)])


def orthogonalise(vector: SteeringVector, others: Sequence[SteeringVector]) -> SteeringVector:
    """What is left of a vector without its part in the space of the others: its cosine with each is 0.

    Raises:
        VectorError: if they live in different places, or nothing is left.
    """
    _check_places([vector, *others])
    if not others:
        return vector
    rows = torch.stack([other.values.double() / other.values.double().norm() for other in others])
    spread = torch.linalg.svd(rows, full_matrices=False)
    basis = spread.Vh[spread.S > _ROUNDING * spread.S[0]]  # noqa: SIM300 - S is no constant
    values = vector.values.double()
    rest = values - basis.T @ (basis @ values)
    # Once more for the digits that the first subtraction has cost.
    rest = rest - basis.T @ (basis @ rest)
    names = ", ".join(other.concept for other in others)
    if float(rest.norm()) <= _ROUNDING * float(values.norm()):
        raise VectorError(f"nothing of {vector.concept} is left without {names}; choose vectors that differ more")
    return replace(vector, values=rest, concept=f"{vector.concept} without {names}")


def push(terms: Sequence[tuple[float, SteeringVector]], typical_deviation: float) -> Tensor:
    """What is added when several vectors steer at once, each at its own strength: Σ s · m · v/‖v‖, `[d]` float32.

    Terms that cancel push by exactly nothing, and the model is then unsteered to the bit.

    Raises:
        VectorError: if there is no term, or they live in different places.
    """
    if not terms:
        raise VectorError("there is no vector to steer with; give at least one")
    _check_places([vector for _, vector in terms])
    return torch.stack([addition(vector.values, strength, typical_deviation) for strength, vector in terms]).sum(0)


def _check_places(vectors: Sequence[SteeringVector]) -> None:
    first = vectors[0]
    for vector in vectors[1:]:
        if (vector.fingerprint, vector.layer, len(vector.values)) != (
            first.fingerprint,
            first.layer,
            len(first.values),
        ):
            raise VectorError(
                f"{vector.concept} lives in {vector.model} layer {vector.layer}, but {first.concept} in {first.model} "
                f"layer {first.layer}; combine vectors of one layer of one model"
            )


def _named(terms: Sequence[tuple[float, SteeringVector]]) -> str:
    text = ""
    for factor, vector in terms:
        size = "" if abs(factor) == 1 else f"{abs(factor):g}·"
        sign = ("−" if factor < 0 else "") if not text else (" − " if factor < 0 else " + ")
        text += f"{sign}{size}{vector.concept}"
    return text


def _shared(methods: Sequence[str]) -> str:
    return " and ".join(dict.fromkeys(methods))
