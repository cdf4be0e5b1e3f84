"""The directions of every arm, each made of the vectors of a concept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from lrt_explorer.concepts.vectors import random_vector
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.study.steering.arms import (
    NATIVE,
    NATIVE_DIRECT,
    NO_MAP,
    OTHER,
    RANDOM,
    SHUFFLED,
    TRANSFERRED,
    TRANSFERRED_DIRECT,
)


@dataclass(frozen=True, eq=False)
class Direction:
    """One direction that is added.

    Attributes:
        name: "random 2"; that of the arm where it is the only one in it.
        arm: the arm it belongs to, "random".
        values: `[width]`, of any length.
        direct: whether it is added to the last state before the final norm instead, so that no block sees it.
    """

    name: str
    arm: str
    values: Tensor
    direct: bool = False


@dataclass(frozen=True, eq=False)
class ArmMaterial:
    """What the directions of all arms of a concept are made of.

    Attributes:
        native: `[d_large]`, the large model's own vector.
        transferred: `[d_large]`, the small model's vector, mapped.
        small: `[d_small]`, the small model's vector.
        seeds: of the random directions.
        control_maps: maps fitted on shuffled pairs.
        others: mapped vectors of other concepts by name.
    """

    native: Tensor
    transferred: Tensor
    small: Tensor
    seeds: Sequence[int] = (0,)
    control_maps: Sequence[AffineMap] = ()
    others: Mapping[str, Tensor] = field(default_factory=dict)


def nothing(_: ArmMaterial) -> list[Direction]:
    """No direction: the model as it is."""
    return []


def native(material: ArmMaterial) -> list[Direction]:
    """The large model's own vector."""
    return [Direction(NATIVE, NATIVE, material.native)]


def transferred(material: ArmMaterial) -> list[Direction]:
    """The small model's vector, mapped."""
    return [Direction(TRANSFERRED, TRANSFERRED, material.transferred)]


def random(material: ArmMaterial) -> list[Direction]:
    """One random direction for each seed."""
    width = len(material.native)
    return [Direction(f"{RANDOM} {seed + 1}", RANDOM, random_vector(width, seed)) for seed in material.seeds]


def shuffled(material: ArmMaterial) -> list[Direction]:
    """The small model's vector through each control map."""
    maps = enumerate(material.control_maps, 1)
    return [Direction(f"{SHUFFLED} {number}", SHUFFLED, one.direction(material.small)) for number, one in maps]


def other_concepts(material: ArmMaterial) -> list[Direction]:
    """The mapped vectors of other concepts."""
    return [Direction(f"{OTHER}: {name}", OTHER, values) for name, values in material.others.items()]


def unmapped(material: ArmMaterial) -> list[Direction]:
    """The small model's vector as it is, where the widths agree."""
    same = len(material.small) == len(material.native)
    return [Direction(NO_MAP, NO_MAP, material.small)] if same else []


def native_direct(material: ArmMaterial) -> list[Direction]:
    """The native vector, past all blocks."""
    return [Direction(NATIVE_DIRECT, NATIVE_DIRECT, material.native, direct=True)]


def transferred_direct(material: ArmMaterial) -> list[Direction]:
    """The transferred vector, past all blocks."""
    return [Direction(TRANSFERRED_DIRECT, TRANSFERRED_DIRECT, material.transferred, direct=True)]
