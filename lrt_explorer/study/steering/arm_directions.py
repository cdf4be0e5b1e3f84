"""The directions of every arm, each made of the vectors of a concept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from lrt_explorer.concepts.vectors import random_vector
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.study.steering.arms import (
    ANCHORS,
    ANSWERS,
    AS_IN_PAPER,
    BOUND,
    COVARIANCE,
    EMBEDDINGS,
    FEW,
    HALF,
    NATIVE,
    NATIVE_DIRECT,
    NO_MAP,
    OTHER,
    OTHER_PAIRS,
    PERMUTED,
    PERMUTED_NATIVE,
    RANDOM,
    SHUFFLED,
    TEXTS,
    TRANSFERRED,
    TRANSFERRED_DIRECT,
    UNTRAINED,
    VOCABULARY,
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
        transferred: `[d_large]`, the small model's vector, mapped; None without a map.
        small: `[d_small]`, the small model's vector.
        seeds: of the random directions.
        control_maps: maps fitted on shuffled pairs.
        with_bias: whether these add their bias to a vector, as the map under test does.
        others: mapped vectors of other concepts by name.
        permuted, permuted_native: `[k, d_large]` each, vectors of relabelled pairs, mapped and native.
        from_covariance, random_texts: `[k, d_large]` each, made of the large model's states on ordinary text.
        halves: `[2, d_large]`, native vectors of either half of the pairs.
        few: `[d_large]` for each number of pairs, the native vector of so many.
        answers: `[d_large]`, the difference of the answers' embeddings; None where there are none to take.
        as_in_paper: `[d_large]`, the small model's vector, mapped with the map's bias; None where it is not asked for.
        bound: `[d_large]`, the best that a linear map could make of the small model's vector; None where unknown.
        rivals: `[d_large]` for each arm, the vector of a rival of the map.
    """

    native: Tensor
    transferred: Tensor | None
    small: Tensor
    seeds: Sequence[int] = (0,)
    control_maps: Sequence[AffineMap] = ()
    others: Mapping[str, Tensor] = field(default_factory=dict)
    permuted: Sequence[Tensor] = ()
    permuted_native: Sequence[Tensor] = ()
    from_covariance: Sequence[Tensor] = ()
    random_texts: Sequence[Tensor] = ()
    halves: Sequence[Tensor] = ()
    few: Mapping[int, Tensor] = field(default_factory=dict)
    answers: Tensor | None = None
    as_in_paper: Tensor | None = None
    bound: Tensor | None = None
    rivals: Mapping[str, Tensor] = field(default_factory=dict)
    with_bias: bool = False


def nothing(_: ArmMaterial) -> list[Direction]:
    """No direction: the model as it is."""
    return []


def native(material: ArmMaterial) -> list[Direction]:
    """The large model's own vector."""
    return [Direction(NATIVE, NATIVE, material.native)]


def transferred(material: ArmMaterial) -> list[Direction]:
    """The small model's vector, mapped."""
    return _one(TRANSFERRED, material.transferred)


def random(material: ArmMaterial) -> list[Direction]:
    """One random direction for each seed."""
    width = len(material.native)
    return _numbered(RANDOM, [random_vector(width, seed) for seed in material.seeds])


def shuffled(material: ArmMaterial) -> list[Direction]:
    """The small model's vector through each control map."""
    rows = [one.carry(material.small, as_in_paper=material.with_bias) for one in material.control_maps]
    return _numbered(SHUFFLED, rows)


def permuted(material: ArmMaterial) -> list[Direction]:
    """The small model's vectors of relabelled pairs, mapped."""
    return _numbered(PERMUTED, material.permuted)


def permuted_native(material: ArmMaterial) -> list[Direction]:
    """The large model's own vectors of relabelled pairs."""
    return _numbered(PERMUTED_NATIVE, material.permuted_native)


def from_covariance(material: ArmMaterial) -> list[Direction]:
    """Normal draws with the covariance of the large model's ordinary states."""
    return _numbered(COVARIANCE, material.from_covariance)


def random_texts(material: ArmMaterial) -> list[Direction]:
    """Differences of the large model's mean states of ordinary texts."""
    return _numbered(TEXTS, material.random_texts)


def answer_embeddings(material: ArmMaterial) -> list[Direction]:
    """The difference of the unembeddings of both sides' answers."""
    return _one(ANSWERS, material.answers)


def bound(material: ArmMaterial) -> list[Direction]:
    """The small model's vector through maps fitted on the concept itself."""
    return _one(BOUND, material.bound)


def native_halves(material: ArmMaterial) -> list[Direction]:
    """The native vectors of either half of the pairs."""
    return _numbered(HALF, material.halves)


def native_of_2(material: ArmMaterial) -> list[Direction]:
    """The native vector of two pairs."""
    return _of_few(material, 2)


def native_of_8(material: ArmMaterial) -> list[Direction]:
    """The native vector of eight pairs."""
    return _of_few(material, 8)


def native_of_32(material: ArmMaterial) -> list[Direction]:
    """The native vector of thirty-two pairs."""
    return _of_few(material, 32)


def other_concepts(material: ArmMaterial) -> list[Direction]:
    """The mapped vectors of other concepts."""
    return [Direction(f"{OTHER}: {name}", OTHER, values) for name, values in material.others.items()]


def of_untrained(material: ArmMaterial) -> list[Direction]:
    """The vector of an untrained small model, through its own map."""
    return _of_rival(material, UNTRAINED)


def of_embeddings(material: ArmMaterial) -> list[Direction]:
    """The vector of the small model's token embeddings, through their own map."""
    return _of_rival(material, EMBEDDINGS)


def through_vocabulary(material: ArmMaterial) -> list[Direction]:
    """The small model's vector, through the vocabulary that both models share."""
    return _of_rival(material, VOCABULARY)


def through_anchors(material: ArmMaterial) -> list[Direction]:
    """The small model's vector, through its cosines with shared anchors."""
    return _of_rival(material, ANCHORS)


def through_other_pairs(material: ArmMaterial) -> list[Direction]:
    """The small model's vector, through an orthogonal map of the pairs of other concepts."""
    return _of_rival(material, OTHER_PAIRS)


def unmapped(material: ArmMaterial) -> list[Direction]:
    """The small model's vector as it is, where the widths agree."""
    same = len(material.small) == len(material.native)
    return [Direction(NO_MAP, NO_MAP, material.small)] if same else []


def as_in_paper(material: ArmMaterial) -> list[Direction]:
    """The small model's vector, mapped with the map's bias."""
    return _one(AS_IN_PAPER, material.as_in_paper)


def native_direct(material: ArmMaterial) -> list[Direction]:
    """The native vector, past all blocks."""
    return [Direction(NATIVE_DIRECT, NATIVE_DIRECT, material.native, direct=True)]


def transferred_direct(material: ArmMaterial) -> list[Direction]:
    """The transferred vector, past all blocks."""
    return _one(TRANSFERRED_DIRECT, material.transferred, direct=True)


def _one(arm: str, values: Tensor | None, *, direct: bool = False) -> list[Direction]:
    return [] if values is None else [Direction(arm, arm, values, direct)]


def _numbered(arm: str, rows: Iterable[Tensor]) -> list[Direction]:
    return [Direction(f"{arm} {number}", arm, values) for number, values in enumerate(rows, 1)]


def _of_rival(material: ArmMaterial, arm: str) -> list[Direction]:
    return [Direction(arm, arm, material.rivals[arm])] if arm in material.rivals else []


def _of_few(material: ArmMaterial, pairs: int) -> list[Direction]:
    return [Direction(FEW[pairs], FEW[pairs], material.few[pairs])] if pairs in material.few else []
