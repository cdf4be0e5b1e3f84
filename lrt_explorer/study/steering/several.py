"""Several vectors at once: what the arms add where other concepts are steered beside the first."""

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from lrt_explorer.concepts.vectors import addition
from lrt_explorer.errors import VectorError
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.store import PairMap
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.steering.arms import NATIVE, OTHER, OTHER_LAYERS, PROMPT
from lrt_explorer.study.steering.compared import ArmSources, compared_directions
from lrt_explorer.study.steering.steer_spec import SteerSpec


def together(
    pair: Pair,
    saved: PairMap | Layers,
    spec: SteerSpec,
    sources: ArmSources,
    first: Mapping[str, Tensor],
    unit: TypicalDeviation,
    strength: float,
) -> dict[str, Tensor]:
    """What every arm adds in all: its direction for each concept at that concept's strength.

    An arm makes the direction of every concept in its own way: native, through the map, or another random one. Of
    another concept, the control, there is only the first.

    Args:
        pair: the models.
        saved: as for `compared_directions`.
        spec: what is asked for.
        sources: what the other arms take.
        first: `[width]` for each arm and the native one, the direction for the concept itself.
        unit: that strengths are counted in.
        strength: of the concept itself.

    Raises:
        VectorError: if the vectors of an arm take each other away. Else as `compared_directions`.
    """
    sums = {name: addition(values, strength, unit) for name, values in first.items()}
    arms = tuple(name for name in (NATIVE, *spec.arms) if name not in (OTHER, OTHER_LAYERS, PROMPT))
    for number, (concept, beside) in enumerate(spec.also, 1):
        known = pair.world.concept(concept) if isinstance(concept, str) else concept
        alone = replace(spec, concept=known, vectors="", also=(), arms=arms)
        found = compared_directions(
            pair, saved, alone, known, replace(sources, random_seed=sources.random_seed + number, other=None)
        )
        for name, values in found.of_arm.items():
            sums[name] = sums[name] + addition(values, beside, unit)
    return sums


def length_of(added: Tensor, unit: TypicalDeviation, arm: str) -> float:
    """How long a sum of additions is, in typical deviations.

    Raises:
        VectorError: if nothing is left of it.
    """
    if not float(added.norm()) > 0:
        raise VectorError(f"the vectors of the arm {arm!r} take each other away; choose other strengths")
    return unit.length(added) / unit.value
