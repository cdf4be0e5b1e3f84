"""The arms of a concept in an evaluation, from the vectors that they are made of."""

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import SteeringVector, transfer
from lrt_explorer.errors import ContrastError, VectorError
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.linear.scores import cosine
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.evaluation.case import Case
from lrt_explorer.study.ground.known import Known, known_vectors
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.steering.arm_directions import ArmMaterial, Direction
from lrt_explorer.study.steering.arms import ARMS
from lrt_explorer.study.steering.calibrate import calibrate
from lrt_explorer.study.steering.deviation import unit_of


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

    Another concept that gives no vector here is left out.

    Raises:
        VectorError, ContrastError: if the concept gives no vector.
        MapError: if a control map is of other widths.
    """
    small, large, info, settings = case.small, case.large, case.info, case.settings

    def known(lm: LanguageModel, contrast: ContrastSet, layer: int) -> Known:
        return known_vectors().get(lm, contrast, layer, settings.reading, settings.method, whiten=settings.whiten)

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


def others_of(concepts: Sequence[ContrastSet], index: int, count: int) -> tuple[ContrastSet, ...]:
    """The concepts that follow one in their order, and begin again after the last; never itself."""
    return tuple(concepts[(index + step) % len(concepts)] for step in range(1, min(count, len(concepts) - 1) + 1))


def others_among(concepts: Sequence[ContrastSet], concept: ContrastSet, count: int) -> tuple[ContrastSet, ...]:
    """The concepts that follow one of that name; the first of them if it is not among them."""
    place = next((at for at, other in enumerate(concepts) if other.name == concept.name), None)
    return others_of([concept, *concepts], 0, count) if place is None else others_of(concepts, place, count)
