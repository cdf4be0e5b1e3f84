"""Directions: how a map's vectors agree with the large model's own, over the concepts that someone asked for."""

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.errors import ContrastError, VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.scores import cosine, cosine_standardised, norm_ratio
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.relabelled import RelabelledPairs, read_relabelled
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress


@dataclass(frozen=True)
class Directions:
    """A concept's vectors at layers of both models; layers at which its texts give no vector are missing.

    Attributes:
        concept: its name.
        small: for each layer of the small model `[d_small]`.
        large: for each layer of the large model `[d_large]`.
        reason: why layers are missing; "" where none are.
        relabelled: what its vectors are held against, for those who asked for it.
    """

    concept: str
    small: Mapping[int, Tensor]
    large: Mapping[int, Tensor]
    reason: str = ""
    relabelled: RelabelledPairs | None = None


@dataclass(frozen=True)
class Agreement:
    """How the vectors that a map makes compare with native ones, concept by concept.

    Attributes:
        direction_cosines: cosine of the mapped against the native vector.
        norm_ratios: length of the mapped over that of the native vector.
        reachable_shares: share of the native vector's squared length that lies in the map's image.
        left_out: the concepts that give no vector at these layers, and why.
        standardised_cosines: as `direction_cosines`, with every dimension of the large model in units of its own
            deviation; empty where that is not known.
        relabelled: the cosine, without its sign, that 19 in 20 vectors of relabelled pairs stay below: what
            `direction_cosines` has to exceed. Empty where these were not read.
        relabelled_standardised: likewise for `standardised_cosines`.
    """

    direction_cosines: Mapping[str, float] = field(default_factory=dict)
    norm_ratios: Mapping[str, float] = field(default_factory=dict)
    reachable_shares: Mapping[str, float] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    standardised_cosines: Mapping[str, float] = field(default_factory=dict)
    relabelled: Mapping[str, float] = field(default_factory=dict)
    relabelled_standardised: Mapping[str, float] = field(default_factory=dict)

    @property
    def direction_cosine(self) -> float | None:
        """Mean over concepts; None without any."""
        return _mean(self.direction_cosines)

    @property
    def standardised_cosine(self) -> float | None:
        """Mean over concepts; None without any."""
        return _mean(self.standardised_cosines)

    @property
    def relabelled_cosine(self) -> float | None:
        """Mean over concepts; None without any."""
        return _mean(self.relabelled)

    @property
    def relabelled_standardised_cosine(self) -> float | None:
        """Mean over concepts; None without any."""
        return _mean(self.relabelled_standardised)

    @property
    def norm_ratio(self) -> float | None:
        """Mean over concepts; None without any."""
        return _mean(self.norm_ratios)

    @property
    def reachable_share(self) -> float | None:
        """Mean over concepts; None without any."""
        return _mean(self.reachable_shares)


def read_directions(
    pair: Pair,
    pairs: Collection[tuple[int, int]],
    concepts: Sequence[ContrastSet],
    reading: Reading | None = None,
    *,
    relabelled: bool = False,
) -> Generator[Progress, None, list[Directions]]:
    """The vectors of every concept at the layers of these pairs, in both models, and on demand of relabelled pairs.

    A concept whose texts a model cannot tell apart, or cannot read, has no vector there; it costs its own figures and
    nothing else.
    """
    small, large = pair.both
    read = []
    for number, concept in enumerate(concepts):
        yield Progress(number, len(concepts), f"reading {concept.name} in both models")
        in_small, why_small = _vectors(small, concept, sorted({i for i, _ in pairs}), reading)
        in_large, why_large = _vectors(large, concept, sorted({j for _, j in pairs}), reading)
        reason = "; ".join(why for why in (why_small, why_large) if why)
        others = None
        if relabelled and in_small and in_large:
            others = yield from read_relabelled(pair, pairs, concept, reading)
        read.append(Directions(concept.name, in_small, in_large, reason, others))
    return read


def directions_for(
    pair: Pair, pairs: Collection[tuple[int, int]], settings: FitSettings
) -> Generator[Progress, None, list[Directions]]:
    """`read_directions` of what a fit is asked for."""
    return (
        yield from read_directions(pair, pairs, settings.concepts, settings.reading, relabelled=settings.relabelled)
    )


def agreement(
    map: AffineMap,
    small_layer: int,
    large_layer: int,
    directions: Sequence[Directions],
    deviations: Tensor | None = None,
    *,
    once: bool = False,
) -> Agreement:
    """How the vectors that a map makes of these compare with those of the large model.

    Args:
        map: between these layers.
        small_layer: block of the small model.
        large_layer: block of the large model.
        directions: read at these layers, among others.
        deviations: `[d_large]`, how far each dimension of the large layer deviates from its mean.
        once: whether the map will be asked no more, so that it need not keep what would answer faster later.
    """
    cosines, ratios, left_out, standardised = {}, {}, {}, {}
    natives: dict[str, Tensor] = {}
    relabelled: dict[str, float] = {}
    relabelled_standardised: dict[str, float] = {}
    for one in directions:
        if small_layer not in one.small or large_layer not in one.large:
            left_out[one.concept] = one.reason
            continue
        mapped, native = map.direction(one.small[small_layer]), one.large[large_layer]
        try:
            cosines[one.concept] = cosine(mapped, native)
            if deviations is not None:
                standardised[one.concept] = cosine_standardised(mapped, native, deviations)
        except VectorError:
            cosines.pop(one.concept, None)
            left_out[one.concept] = f"the map takes its vector at layer {small_layer} to nothing"
            continue
        ratios[one.concept] = norm_ratio(mapped, native)
        natives[one.concept] = native
        if one.relabelled is not None:
            limit, standardised_limit = one.relabelled.limits(map, (small_layer, large_layer), deviations)
            relabelled[one.concept] = limit
            if standardised_limit is not None:
                relabelled_standardised[one.concept] = standardised_limit
    if once:
        shares = dict(zip(natives, map.reachable_shares(list(natives.values())), strict=True))
    else:
        shares = {concept: map.reachable_share(native) for concept, native in natives.items()}
    return Agreement(cosines, ratios, shares, left_out, standardised, relabelled, relabelled_standardised)


def _vectors(
    lm: LanguageModel, concept: ContrastSet, layers: Sequence[int], reading: Reading | None
) -> tuple[dict[int, Tensor], str]:
    """A concept's vectors at the layers where its texts give one, and why the other layers have none."""
    try:
        known = known_vectors().get_all(lm, concept, layers, reading, skip_empty=True)
    except (ContrastError, VectorError) as error:
        return {}, str(error)
    missing = [str(layer) for layer in layers if layer not in known]
    where = f"layer{'s' * (len(missing) > 1)} {', '.join(missing)}"
    reason = f"the texts of {concept.name} read the same to {lm.name} at {where}" if missing else ""
    return {layer: one.vector.values for layer, one in known.items()}, reason


def _mean(values: Mapping[str, float]) -> float | None:
    return sum(values.values()) / len(values) if values else None
