"""The arms of a concept in an evaluation, from the vectors that they are made of."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet, Reading, ReadoutPrompt
from lrt_explorer.concepts.directions import direction
from lrt_explorer.concepts.reading import PairStates
from lrt_explorer.concepts.readout import answer_tokens, settle
from lrt_explorer.concepts.relabelled import (
    PERMUTATIONS,
    WITHOUT_LABELS,
    half_swapped_labels,
    relabelled_directions,
    tossed_labels,
)
from lrt_explorer.concepts.sets.contrast_set import MINIMUM_PAIRS
from lrt_explorer.concepts.vectors import SteeringVector, transfer
from lrt_explorer.errors import ContrastError, MapError, VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.linear.procrustes import between_differences
from lrt_explorer.linear.scores import cosine
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.unembedding import answer_difference
from lrt_explorer.study.evaluation.case import Case
from lrt_explorer.study.evaluation.chosen_prompts import held_back_prompts
from lrt_explorer.study.evaluation.holding import LEAST_PAIRS, Holding, bound_direction, halves, holding
from lrt_explorer.study.evaluation.pair_states import pair_states
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.ground.known import Known, known_vectors
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.steering.arm_directions import ArmMaterial, Direction
from lrt_explorer.study.steering.arms import ARMS, FEW, OTHER_PAIRS
from lrt_explorer.study.steering.brought import Side
from lrt_explorer.study.steering.calibrate import calibrate
from lrt_explorer.study.steering.deviation import unit_of
from lrt_explorer.study.steering.ordinary import ordinary_states

LEAST_LENGTH = 1e-6


@dataclass(frozen=True, eq=False)
class Relabelled:
    """Vectors of the concept's own texts with labels that mean nothing, the same labels in both models.

    Attributes:
        native: `[1 + k, d_large]` float64, of the large model: first the vector under test, then k for which every pair
            is relabelled by the toss of a coin. As long as they are found: swapped labels leave a shorter vector, which
            is what a test of the labels looks at.
        mapped: `[1 + k, d_large]` float64, likewise of the small model, mapped.
        half_native: `[k, d_large]` float64, as `native`, of `half_swapped_labels`, to be steered with.
        half_mapped: likewise of the small model, mapped.
        cosines: `[k]` float64, of each of `half_mapped` with that of `half_native`: what a direction cosine is where
            there is nothing to find.
    """

    native: Tensor
    mapped: Tensor
    half_native: Tensor
    half_mapped: Tensor
    cosines: Tensor


@dataclass(frozen=True, eq=False)
class ConceptArms:
    """All directions of one concept, and what is known of them before anyone steers.

    Attributes:
        directions: native, transferred, then the controls and the rivals.
        typical_deviation: what a strength of 1 amounts to in the large model.
        strengths: the grid: that of the settings, or the calibrated one.
        direction_cosine: cosine of the transferred and the native vector.
        reachable_share: share of the native vector's squared length that lies in the map's image.
        relabelled: what the verdict's null is made of; None where nothing was relabelled.
        halves_cosine: cosine of the native vectors of either half of the pairs, which no transfer can be above; None
            where there are too few pairs.
        holding: how the small model holds the concept; None where there are too few pairs.
    """

    directions: tuple[Direction, ...]
    typical_deviation: TypicalDeviation
    strengths: tuple[float, ...]
    direction_cosine: float
    reachable_share: float
    relabelled: Relabelled | None = None
    halves_cosine: float | None = None
    holding: Holding | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """The strengths at which texts are written."""
        return min(self.strengths), max(self.strengths)


def concept_arms(case: Case) -> Generator[Progress, None, ConceptArms]:
    """The directions of a concept: its own, those that should not do what it does, and cheap ones that might.

    Another concept that gives no vector here is left out.

    Raises:
        VectorError, ContrastError: if the concept gives no vector.
        MapError: if a control map is of other widths.
    """
    small, large, info, settings = case.small, case.large, case.info, case.settings

    def known(lm: LanguageModel, contrast: ContrastSet, layer: int, reading: Reading | None = None) -> Known:
        reads = reading or settings.reading
        return known_vectors().get(lm, contrast, layer, reads, settings.method, whiten=settings.whiten)

    def mapped(vector: SteeringVector) -> Tensor:
        return transfer(vector, case.map, info, as_in_paper=settings.as_in_paper).values

    own = _in_place(case, "large", known(large, case.concept, info.large_layer).vector.values)
    read = known(small, case.concept, info.small_layer).vector
    found = replace(read, values=_in_place(case, "small", read.values))
    carried = _in_place(case, "transferred", mapped(found))
    others: dict[str, Tensor] = {}
    for other in case.others:
        # A concept that is only a control must not stop the one that is evaluated.
        with suppress(ContrastError, VectorError):
            others[other.name] = mapped(known(small, other, info.small_layer).vector)
    yield Progress(0, 1, f"reading the pairs of {case.concept.name} for its controls")
    seed = case.seed
    ours, theirs = _both_states(case, case.concept)
    relabelled = _relabelled(case, ours, theirs, own, carried)
    of_halves = _halves(ours, seed, settings)
    ordinary = world_of(small.name, large.name).ordinary
    states = ordinary_states(large, info.large_layer, ordinary)
    rivals = yield from _rivals(case, own, found.values, known)
    material = ArmMaterial(
        own,
        carried,
        found.values,
        range(seed, seed + settings.random_seeds),
        case.controls.maps,
        others,
        permuted=_that_point(relabelled.half_mapped, carried)[: settings.permuted],
        permuted_native=_that_point(relabelled.half_native, own)[: settings.permuted],
        from_covariance=_that_point(states.from_covariance(settings.ordinary, seed), own),
        random_texts=_that_point(states.text_differences(settings.ordinary, seed), own),
        halves=of_halves,
        with_bias=settings.as_in_paper,
        few={count: row for count, row in _few(ours, seed, settings).items() if _that_point([row], own)},
        rivals=rivals,
        bound=bound_direction(case, ours, theirs),
        answers=_answers(large, held_back_prompts(case.concept, settings.prompts)),
    )
    directions = [direction for arm in ARMS.values() for direction in arm.load()(material)]
    unit = unit_of(large, info.large_layer, ordinary)
    strengths = settings.strengths
    if strengths is None:
        strengths = (yield from calibrate(large, info.large_layer, own, unit, ordinary)).grid
    return ConceptArms(
        tuple(directions),
        unit,
        strengths,
        cosine(carried, own),
        case.map.reachable_share(own),
        relabelled,
        cosine(*of_halves) if of_halves else None,
        holding(case, found.values),
    )


def _both_states(case: Case, contrast: ContrastSet) -> tuple[PairStates, PairStates]:
    """What the texts of a concept are in the large model and in the small one, of the pairs that both could read."""
    settings, info = case.settings, case.info
    ours, theirs = (
        pair_states(lm, contrast, layer, settings.reading, whiten=settings.whiten)
        for lm, layer in ((case.large, info.large_layer), (case.small, info.small_layer))
    )
    if ours.same_pairs(theirs):
        return ours, theirs
    shared = set(ours.read) & set(theirs.read)
    if len(shared) < MINIMUM_PAIRS:
        raise ContrastError(
            f"{case.small.name} and {case.large.name} read fewer than {MINIMUM_PAIRS} pairs of {contrast.name} both "
            "whole; shorten their texts"
        )
    return ours.of(shared), theirs.of(shared)


def _in_place(case: Case, side: Side, values: Tensor) -> Tensor:
    """The brought vector of this side at the length of the one that it stands in for; that one where none was brought.

    Only directions are compared, but vectors of relabelled pairs are held against the length of the concept's own.
    """
    brought = case.controls.vectors.get(side)
    if brought is None:
        return values
    given = brought.values.to(values)
    scaled: Tensor = given * (values.norm() / given.norm())
    return scaled


def _rivals(
    case: Case, own: Tensor, vector: Tensor, known: Callable[..., Known]
) -> Generator[Progress, None, dict[str, Tensor]]:
    """The rivals' vectors in the large model, as far as the texts give them one."""
    found = yield from _through_other_pairs(case, vector)
    for rival in case.controls.rivals:
        with suppress(ContrastError, VectorError):
            # Another way across takes the very vector that the map takes, a brought one too.
            same = rival.lm is case.small
            own_vector = vector if same else known(rival.lm, case.concept, rival.layer, rival.reading).vector.values
            found[rival.arm] = rival.map.carry(own_vector, as_in_paper=case.settings.as_in_paper)
    return {arm: values for arm, values in found.items() if _that_point([values], own)}


def _through_other_pairs(case: Case, vector: Tensor) -> Generator[Progress, None, dict[str, Tensor]]:
    """The small model's vector by an orthogonal map that has seen the pairs of other concepts alone."""
    both = []
    for other in case.others:
        yield Progress(0, 1, f"reading the pairs of {other.name} for a map of other pairs")
        # As above: a concept that is only a control stops nothing.
        with suppress(ContrastError, VectorError):
            ours, theirs = _both_states(case, other)
            both.append((theirs, ours))
    map = map_of_pairs(both)
    return {} if map is None else {OTHER_PAIRS: map.direction(vector)}


def map_of_pairs(both: Iterable[tuple[PairStates, PairStates]]) -> AffineMap | None:
    """The orthogonal map of contrast pairs alone.

    Args:
        both: for each concept the states of the small and of the large model.

    Returns:
        None where no concept's pairs were read in both models, or one side holds no differences.
    """
    same = [(x.differences, y.differences) for x, y in both if x.same_pairs(y)]
    try:
        return between_differences(*(torch.cat(side) for side in zip(*same, strict=True))) if same else None
    except MapError:
        return None


def _relabelled(case: Case, ours: PairStates, theirs: PairStates, own: Tensor, carried: Tensor) -> Relabelled:
    """Vectors of relabelled pairs in both models, with the same labels as long as both read the same pairs.

    The labels as they are head the tosses of the coin, found from the same states at the same precision: a draw that
    gives them again, or all of them turned round, moves a readout exactly as far, and must count as doing so.
    """
    native, mapped = _both_relabelled(case, ours, theirs, _as_given_and_tossed)
    brought, other_way = case.controls.vectors, case.settings.method in WITHOUT_LABELS
    if other_way or "large" in brought:
        native[0] = own
    if other_way or brought.keys() & {"small", "transferred"}:
        mapped[0] = carried
    half_native, half_mapped = _both_relabelled(case, ours, theirs, half_swapped_labels)
    cosines = torch.cosine_similarity(half_native, half_mapped.double(), dim=1)
    return Relabelled(native, mapped, half_native, half_mapped, cosines)


def _as_given_and_tossed(pairs: int, count: int, seed: int) -> Tensor:
    """`[1 + count, pairs]`: first the labels as given, then `tossed_labels`."""
    tossed = tossed_labels(pairs, count, seed)
    return torch.cat([torch.ones_like(tossed[:1]), tossed])


def _both_relabelled(
    case: Case, ours: PairStates, theirs: PairStates, draw: Callable[[int, int, int], Tensor]
) -> tuple[Tensor, Tensor]:
    native, own = (
        torch.stack(
            list(
                relabelled_directions(
                    states,
                    draw(len(states.positive), PERMUTATIONS, case.seed),
                    case.settings.method,
                    states.whitener,
                )
            )
        )
        for states in (ours, theirs)
    )
    return native, case.map.carry(own, as_in_paper=case.settings.as_in_paper)


def _halves(states: PairStates, seed: int, settings: EvaluationSettings) -> list[Tensor]:
    """The native vectors of either half of the pairs; none where a half would be a single pair."""
    pairs = len(states.positive)
    if pairs < LEAST_PAIRS:
        return []
    both = [_direction_of(states, part, settings) for part in halves(pairs, seed)]
    return both if len(_that_point(both, both[0])) == 2 else []


def _that_point(rows: Iterable[Tensor], like: Tensor) -> list[Tensor]:
    """The directions that have a length beside that of another: pairs that are all alike leave none when relabelled."""
    least = LEAST_LENGTH * float(like.norm())
    return [row for row in rows if float(row.norm()) > least]


def _few(states: PairStates, seed: int, settings: EvaluationSettings) -> dict[int, Tensor]:
    """The native vectors of a few pairs, drawn at random."""
    order = torch.randperm(len(states.positive), generator=torch.Generator().manual_seed(seed))
    return {count: _direction_of(states, order[:count], settings) for count in FEW if count < len(order)}


def _direction_of(states: PairStates, pairs: Tensor, settings: EvaluationSettings) -> Tensor:
    return direction(states.positive[pairs], states.negative[pairs], settings.method, states.whitener)


def _answers(large: LanguageModel, prompts: Sequence[ReadoutPrompt]) -> Tensor | None:
    """The mean difference of the answers' unembeddings; None without prompts to take them from."""
    found = []
    for prompt in prompts:
        # A prompt that is not evaluated must not stop those that are.
        with suppress(ContrastError):
            (answer,) = answer_tokens(large, settle(large, [prompt]))
            difference = answer_difference(large, list(answer.positive), list(answer.negative))
            if difference is not None and float(difference.norm()) > 0:
                found.append(difference)
    return torch.stack(found).mean(0) if found else None


def others_of(concepts: Sequence[ContrastSet], index: int, count: int) -> tuple[ContrastSet, ...]:
    """The concepts that follow one in their order, and begin again after the last; never itself."""
    return tuple(concepts[(index + step) % len(concepts)] for step in range(1, min(count, len(concepts) - 1) + 1))


def others_among(concepts: Sequence[ContrastSet], concept: ContrastSet, count: int) -> tuple[ContrastSet, ...]:
    """The concepts that follow one of that name; the first of them if it is not among them."""
    place = next((at for at, other in enumerate(concepts) if other.name == concept.name), None)
    return others_of([concept, *concepts], 0, count) if place is None else others_of(concepts, place, count)
