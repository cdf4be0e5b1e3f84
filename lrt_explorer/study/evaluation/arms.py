"""The arms of an evaluation: every direction that is added, and where it comes from."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import SteeringVector, random_vector, transfer
from lrt_explorer.errors import ContrastError, VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.linear.scores import cosine
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.arms import (
    ARMS,
    NATIVE,
    NATIVE_DIRECT,
    NO_MAP,
    OTHER,
    RANDOM,
    SHUFFLED,
    TRANSFERRED,
    TRANSFERRED_DIRECT,
)
from lrt_explorer.study.calibrate import calibrate
from lrt_explorer.study.deviation import unit_of
from lrt_explorer.study.evaluation.case import Case
from lrt_explorer.study.known import Known, known_vectors
from lrt_explorer.study.progress import Progress
from lrt_explorer.study.world import world_of


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


@dataclass(frozen=True, eq=False)
class ConceptArms:
    """All directions of one concept, and what is known of them before anyone steers.

    Attributes:
        directions: native, transferred, then the controls.
        typical_deviation: what a strength of 1 amounts to in the large model.
        strengths: the grid: that of the settings, or the calibrated one.
        direction_cosine: cosine of the transferred and the native vector.
        reachable_share: share of the native vector's squared length that lies in the map's image.
    """

    directions: tuple[Direction, ...]
    typical_deviation: TypicalDeviation
    strengths: tuple[float, ...]
    direction_cosine: float
    reachable_share: float

    @property
    def ends(self) -> tuple[float, float]:
        """The strengths at which texts are written."""
        return min(self.strengths), max(self.strengths)


def concept_arms(case: Case) -> Generator[Progress, None, ConceptArms]:
    """The directions of a concept: its own, and those that should not do what it does.

    Another concept that gives no vector here is no control.

    Raises:
        VectorError, ContrastError: if the concept gives no vector.
        MapError: if a control map is of other widths.
    """
    small, large, info, settings = case.small, case.large, case.info, case.settings

    def known(lm: LanguageModel, contrast: ContrastSet, layer: int) -> Known:
        return known_vectors().get(lm, contrast, layer, settings.reading, settings.method, settings.whiten)

    def mapped(vector: SteeringVector) -> Tensor:
        return transfer(vector, case.map, info, as_in_paper=settings.as_in_paper).values

    read = known(large, case.concept, info.large_layer)
    found = known(small, case.concept, info.small_layer).vector
    own, carried = read.vector.values, mapped(found)
    others: dict[str, Tensor] = {}
    for other in case.others:
        # A concept that is only a control must not stop the one that is evaluated.
        with suppress(ContrastError, VectorError):
            others[other.name] = mapped(known(small, other, info.small_layer).vector)
    material = ArmMaterial(own, carried, found.values, range(settings.random_seeds), case.control_maps, others)
    directions = [direction for arm in ARMS.values() for direction in arm.load()(material)]
    ordinary = world_of(small.name, large.name).ordinary
    unit = unit_of(large, info.large_layer, ordinary)
    strengths = settings.strengths
    if strengths is None:
        strengths = (yield from calibrate(large, info.large_layer, own, unit, ordinary)).grid
    return ConceptArms(tuple(directions), unit, strengths, cosine(carried, own), case.map.reachable_share(own))


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


def others_of(concepts: Sequence[ContrastSet], index: int, count: int) -> tuple[ContrastSet, ...]:
    """The concepts that follow one in their order, and begin again after the last; never itself."""
    return tuple(concepts[(index + step) % len(concepts)] for step in range(1, min(count, len(concepts) - 1) + 1))


def others_among(concepts: Sequence[ContrastSet], concept: ContrastSet, count: int) -> tuple[ContrastSet, ...]:
    """The concepts that follow one of that name; the first of them if it is not among them."""
    place = next((at for at, other in enumerate(concepts) if other.name == concept.name), None)
    return others_of([concept, *concepts], 0, count) if place is None else others_of(concepts, place, count)
