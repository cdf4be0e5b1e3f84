"""Right angles of steering vectors of one layer of one model, and what several of them push by together.

Sums and multiples are operators of `SteeringVector`. What is *added* to a model may well be zero, and then leaves it as
it is: see `push`.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from lrt_explorer.concepts.vectors import addition
from lrt_explorer.errors import VectorError
from lrt_explorer.linear.steering import ROUNDING, SteeringVector, check_places


def orthogonalise(vector: SteeringVector, others: Sequence[SteeringVector]) -> SteeringVector:
    """What is left of a vector without its part in the space of the others: its cosine with each is 0.

    Raises:
        VectorError: if they live in different places, or nothing is left.
    """
    check_places([vector, *others])
    if not others:
        return vector
    rows = torch.stack([other.values.double() / other.values.double().norm() for other in others])
    spread = torch.linalg.svd(rows, full_matrices=False)
    basis = spread.Vh[spread.S > ROUNDING * spread.S[0]]  # noqa: SIM300 - S is not a constant
    values = vector.values.double()
    rest = values - basis.T @ (basis @ values)
    # Once more for the digits that the first subtraction has cost.
    rest = rest - basis.T @ (basis @ rest)
    names = ", ".join(other.concept for other in others)
    if float(rest.norm()) <= ROUNDING * float(values.norm()):
        raise VectorError(
            f"nothing is left of {vector.concept} after removing {names}; choose vectors that differ more"
        )
    return replace(vector, values=rest, concept=f"{vector.concept} without {names}")


def push(terms: Sequence[tuple[float, SteeringVector]], typical_deviation: float) -> Tensor:
    """What is added when several vectors steer at once, each at its own strength: Σ s · m · v/‖v‖, `[d]` float32.

    Terms that cancel push by exactly nothing, and the model is then unsteered to the bit.

    Raises:
        VectorError: if there is no term, or they live in different places.
    """
    if not terms:
        raise VectorError("there is no vector to steer with; give at least one")
    check_places([vector for _, vector in terms])
    return torch.stack([addition(vector.values, strength, typical_deviation) for strength, vector in terms]).sum(0)
