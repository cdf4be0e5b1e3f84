"""How far each arm is pushed, and where to: its direction, its strength and the unit at its layer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import addition
from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.store import PairMap
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.arms import NATIVE, OTHER_LAYERS, TRANSFERRED, UNSTEERED
from lrt_explorer.study.steering.brought import take_vectors
from lrt_explorer.study.steering.calibrate import calibrate, equal_strengths, strength_of_cost, what_it_costs
from lrt_explorer.study.steering.compared import ArmSources, Directions, compared_directions
from lrt_explorer.study.steering.deviation import unit_of
from lrt_explorer.study.steering.several import length_of, together
from lrt_explorer.study.steering.steer_spec import SteerSpec


@dataclass(frozen=True, eq=False)
class Pushed:
    """What the arms add after one layer of the large model.

    Attributes:
        layer: the block whose output is changed.
        unit: that strengths are counted in there.
        strength: that was asked for.
        directions: of the concept alone.
        of_arm: `[width]` for each arm and the native one; with other concepts beside it their sum.
        strengths: how far each is pushed, in units.
    """

    layer: int
    unit: TypicalDeviation
    strength: float
    directions: Directions
    of_arm: Mapping[str, Tensor]
    strengths: Mapping[str, float]

    def how_far(self, name: str) -> tuple[float, float]:
        """An arm's strength, and the length of what it adds."""
        return self.strengths[name], self.strengths[name] * self.unit.value

    def addition(self, name: str) -> Tensor:
        """`[width]` that an arm adds."""
        return addition(self.of_arm[name], self.strengths[name], self.unit)


def pushed_arms(
    pair: Pair, saved: PairMap | Layers, spec: SteerSpec, concept: ContrastSet, sources: ArmSources
) -> Pushed:
    """All arms at the layers of the comparison, with the strength calibrated where none is asked for.

    Arguments and errors as for `compared_directions`, and those of `calibrate`.
    """
    large, ordinary = pair.large, pair.world.ordinary
    found = _equally_far(pair, saved, spec, concept, sources)
    if not spec.equal_cost:
        return found
    vectors = list(found.of_arm.values())
    equal = equal_strengths(large, found.layer, vectors, found.strengths[NATIVE], found.unit, ordinary)
    # The native vector, which comes first, costs what it costs at its own strength.
    return replace(found, strengths=dict(zip(found.of_arm, equal, strict=True)))


def pushed_elsewhere(pair: Pair, here: Pushed, spec: SteerSpec, concept: ContrastSet, sources: ArmSources) -> Pushed:
    """The arm at other layers, pushed as far as the others are, or as far as costs what the native vector costs.

    Args:
        pair: the models.
        here: the arms at the layers of the comparison.
        spec: what is asked for.
        concept: what is steered.
        sources: hold the map between the other layers.

    Raises:
        SettingsError: if there is none, or a vector was brought that lives at one layer only.
    """
    if sources.other_map is None:
        raise SettingsError(f"the arm {OTHER_LAYERS!r} has nothing to add here; leave it out")
    if {"small", "transferred"} & set(take_vectors(spec.vectors)):
        raise SettingsError(
            f"the arm {OTHER_LAYERS!r} finds its vector at other layers, where a vector of your own does not live; "
            "leave one of the two out"
        )
    large, ordinary = pair.large, pair.world.ordinary
    alone = replace(spec, arms=(UNSTEERED, TRANSFERRED), vectors="", strength=here.strength)
    found = _equally_far(pair, sources.other_map, alone, concept, replace(sources, other=None))
    values, strength = found.of_arm[TRANSFERRED], found.strengths[TRANSFERRED]
    if spec.equal_cost and here.strengths[NATIVE] != 0:
        native = here.strengths[NATIVE]
        cost = what_it_costs(large, here.layer, here.of_arm[NATIVE], native, here.unit, ordinary)
        strength = strength_of_cost(large, found.layer, values, cost, native, found.unit, ordinary)
    return replace(found, of_arm={OTHER_LAYERS: values}, strengths={OTHER_LAYERS: strength})


def _equally_far(
    pair: Pair, saved: PairMap | Layers, spec: SteerSpec, concept: ContrastSet, sources: ArmSources
) -> Pushed:
    large, ordinary = pair.large, pair.world.ordinary
    layer = (saved.layers if isinstance(saved, PairMap) else saved)[1]
    directions = compared_directions(pair, saved, spec, concept, sources)
    unit = unit_of(large, layer, ordinary)
    strength = spec.strength
    if strength is None:
        strength = finish(calibrate(large, layer, directions.native, unit, ordinary)).first
    pushed: Mapping[str, Tensor] = {NATIVE: directions.native, **directions.of_arm}
    strengths = dict.fromkeys(pushed, strength)
    if spec.also:
        pushed = together(pair, saved, spec, sources, pushed, unit, strength)
        strengths = {name: length_of(added, unit, name) for name, added in pushed.items()}
    return Pushed(layer, unit, strength, directions, pushed, strengths)
