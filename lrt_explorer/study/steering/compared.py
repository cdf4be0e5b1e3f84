"""What the arms of a comparison add, and the vectors that it is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import transfer
from lrt_explorer.errors import ArtifactError, SettingsError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.steering import SteeringVector
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import PairMap
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.steering.arm_directions import ArmMaterial
from lrt_explorer.study.steering.arms import (
    ARMS,
    AS_IN_PAPER,
    NO_MAP,
    OTHER,
    OTHER_LAYERS,
    PROMPT,
    UNSTEERED,
    need_map,
)
from lrt_explorer.study.steering.brought import Side, check_home, take_vectors
from lrt_explorer.study.steering.steer_spec import SteerSpec


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmSources:
    """What the arms take that are neither native nor transferred.

    Attributes:
        control_maps: maps fitted on shuffled pairs, of which the first is used.
        other: the concept of the arm of that name.
        other_map: between other layers, for the arm of that name.
        random_seed: of the random direction.
    """

    control_maps: Sequence[AffineMap] = ()
    other: ContrastSet | None = None
    other_map: PairMap | None = None
    random_seed: int = 0


NO_SOURCES = ArmSources()


@dataclass(frozen=True, eq=False)
class Directions:
    """What is added.

    Attributes:
        native: the large model's own vector, by which the strength is measured, whether its arm is written or not.
        of_arm: `[width]` for each arm that adds something, in the order of the arms.
        given: the vectors that took the place of the concept's own.
    """

    native: Tensor
    of_arm: Mapping[str, Tensor]
    given: Mapping[Side, SteeringVector]


def check_arms(pair: Pair, arms: Sequence[str], *, has_map: bool) -> None:
    """Refuse arms that cannot be written with these models.

    Raises:
        ArtifactError: if one needs a map and there is none.
        SettingsError: if one adds a vector as it is, and the widths differ.
    """
    if not has_map and need_map(arms):
        named = ", ".join(repr(name) for name in arms if ARMS[name].mapped)
        raise ArtifactError(f"there is no map for {named}; fit one, or leave out what needs it")
    small, large = pair.both
    if NO_MAP in arms and small.width != large.width:
        raise SettingsError(
            f"the arm {NO_MAP!r} needs models of one width, but {small.name} has {small.width} numbers per activation "
            f"and {large.name} {large.width}; leave it out"
        )


def compared_directions(
    pair: Pair, saved: PairMap | Layers, spec: SteerSpec, concept: ContrastSet, sources: ArmSources
) -> Directions:
    """The directions of all arms of a comparison at its layers, so of all but the one at other layers.

    Args:
        pair: the models.
        saved: the map between the layers; the layers alone where no arm needs a map.
        spec: what is asked for.
        concept: what is steered.
        sources: what the other arms take.

    Raises:
        ArtifactError, SettingsError: as `check_arms`, and if an arm has nothing to add.
        VectorError, ContrastError: if the concept gives no vector, or one that is given is of another model or layer.
    """
    (small, large), map = pair.both, saved if isinstance(saved, PairMap) else None
    layers = saved.layers if isinstance(saved, PairMap) else saved
    check_arms(pair, spec.arms, has_map=map is not None)
    reading, given = spec.reading or concept.reading, take_vectors(spec.vectors)

    def vector(side: Side, lm: LanguageModel, layer: int, of: ContrastSet = concept) -> SteeringVector:
        if side in given and of is concept:
            return check_home(given[side], lm, layer)
        return known_vectors().get(lm, of, layer, reading, spec.method, whiten=spec.whiten).vector

    def mapped(found: SteeringVector, *, as_in_paper: bool = spec.as_in_paper) -> Tensor | None:
        return None if map is None else transfer(found, map.map, map.info, as_in_paper=as_in_paper).values

    native, found = vector("large", large, layers[1]), vector("small", small, layers[0])
    others: dict[str, Tensor] = {}
    if OTHER in spec.arms and sources.other is not None:
        other = mapped(vector("small", small, layers[0], sources.other))
        others |= {} if other is None else {sources.other.name: other}
    material = ArmMaterial(
        native.values,
        check_home(given["transferred"], large, layers[1]).values if "transferred" in given else mapped(found),
        found.values,
        (sources.random_seed,),
        sources.control_maps,
        others,
        with_bias=spec.as_in_paper,
        as_in_paper=mapped(found, as_in_paper=True) if AS_IN_PAPER in spec.arms else None,
    )
    of_arm: dict[str, Tensor] = {}
    for name in spec.arms:
        made = ARMS[name].load()(material)
        if made:
            # A pane shows one text.
            of_arm[name] = made[0].values
        elif name not in (UNSTEERED, PROMPT, OTHER_LAYERS):
            raise SettingsError(f"the arm {name!r} has nothing to add here; leave it out")
    return Directions(native.values, of_arm, given)
