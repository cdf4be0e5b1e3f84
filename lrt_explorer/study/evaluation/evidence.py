"""What follows from the measurements of one concept: slopes, retention, correlation, and what the effect costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.sets.readout_kinds import READOUTS, Readout
from lrt_explorer.concepts.sets.scoring import ScorerChoice
from lrt_explorer.study.evaluation.chosen_prompts import evaluated_prompts, prompts_in_pairs
from lrt_explorer.study.evaluation.clusters import Clusters
from lrt_explorer.study.evaluation.cost import EqualCost, at_equal_cost, retention_at_equal_cost
from lrt_explorer.study.evaluation.holding import Holding
from lrt_explorer.study.evaluation.measure import Measured
from lrt_explorer.study.evaluation.statistics import (
    Array,
    Interval,
    mean_interval,
    pearson,
    ratio_interval,
    relabelled_interval,
    resamples,
    sample_interval,
    slopes,
    spearman,
)
from lrt_explorer.study.evaluation.verdict import Doubts, control_spread, doubts
from lrt_explorer.study.evaluation.whole_texts import WholeTexts
from lrt_explorer.study.evaluation.written import Passage
from lrt_explorer.study.steering.arms import CONTROLS, NATIVE, PROMPT, RANDOM, TRANSFERRED, UNSTEERED

Indices = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
PerStrength = tuple[float | None, ...]


@dataclass(frozen=True)
class ArmEvidence:
    """One arm over all strengths.

    Attributes:
        name: of the arm.
        directions: the directions in it; their mean is shown. None in "unsteered" and "prompt".
        readout: for each strength the mean over prompts with a bootstrap band over prompts, in nats.
        slope: of the readout over the strengths, in nats per typical deviation. Its interval is over prompts
            (bootstrap), or over directions (Student) where there are several, since another run would draw others.
            None where nothing is added.
        retention: slope / native slope, with Fieller's interval over prompts, or Student's over directions; None where
            it is not measurable.
        spearman: rank correlation of the mean readout with the strength.
        anti_steerable: share of the prompts whose own slope is below 0.
        prompt_slopes: `[prompts]`, the slope of each.
        direction_slopes: `[directions]`, the slope of each.
        kl: for each strength the mean KL(steered ‖ unsteered) of the next token on neutral prompts, in nats.
        score: for each strength the mean score of written texts; None where none was written or scored.
        perplexity: for each strength that of those texts under the unsteered model.
        repetition: for each strength the mean share of three words in a row that have come before.
        retention_at_equal_cost: effect / native effect where both cost the same on neutral prompts; None where that is
            not measurable.
        off_answers: correlation with what the native vector does to the tokens that are no answers, over the whole
            grid; its interval is over prompts, or over directions where there are several. None where it is not known.
    """

    name: str
    directions: tuple[str, ...]
    readout: tuple[Interval, ...]
    slope: Interval | None
    retention: Interval | None
    spearman: float | None
    anti_steerable: float | None
    prompt_slopes: tuple[float, ...]
    direction_slopes: tuple[float, ...]
    kl: tuple[float, ...]
    score: PerStrength
    perplexity: PerStrength
    repetition: PerStrength
    retention_at_equal_cost: Interval | None = None
    off_answers: Interval | None = None


@dataclass(frozen=True)
class ConceptEvidence:
    """One concept, in plain numbers that can be drawn.

    Attributes:
        name, description, positive_label, negative_label: of the concept.
        strengths: the grid, in typical deviations.
        arms: unsteered, native, transferred, the controls, the direct paths, and the prompt baseline.
        prompts: the held-out prompts, in the order of every arm's `prompt_slopes`.
        unsteered: `[prompts]`, the readout of each without any addition.
        pearson_r: sample-wise correlation of arXiv 2506.00653: at each strength but 0, of the readouts under the
            native and the transferred vector over the prompts; the mean over those strengths.
        pearson_r_random: the same with random directions in place of the transferred vector. It is far above 0, for
            both share what the prompts give without any vector.
        pearson_r_effect: as `pearson_r`, of the changes against unsteered in place of the readouts.
        prompt_effect: change of the readout by the prompt baseline, with a bootstrap interval over prompts.
        equal_cost: native and transferred effect at one KL on neutral prompts; None where there is none.
        retention_at_equal_cost: transferred / native effect there; None where it is not measurable.
        control_spread: root mean square slope of the directions through shuffled maps.
        doubts: p values of the single tests that the verdict rests on.
        typical_deviation: what a strength of 1 amounts to.
        direction_cosine: cosine of the transferred and the native vector.
        reachable_share: share of the native vector's squared length in the image of the map.
        passages: the written texts.
        scorer: what scored them; None where nothing did.
        readout: what the readouts are counted in, a name of `READOUTS`.
        outlier_dimensions: what does not count in the typical deviation.
        prompts_in_pairs: evaluated prompts that also occur in a text of the pairs.
        forms: of how many forms the prompts are.
        clusters: how many intervals and tests count: forms where they are few, else prompts.
        direction_cosine_relabelled: mean `direction_cosine` of relabelled pairs, and the range that holds 95 % of them:
            what it is where there is nothing to find. None where it was not measured.
        halves_cosine: cosine of the native vectors of either half of the pairs, the ceiling of `direction_cosine`.
        holding: how the small model holds the concept; None where that is not known.
        whole_texts: how far whole texts follow; None where that was not asked for, or could not be scored.
        whole_texts_missing: why it could not; "" where it was, or was not asked for.
    """

    name: str
    description: str
    positive_label: str
    negative_label: str
    strengths: tuple[float, ...]
    arms: tuple[ArmEvidence, ...]
    prompts: tuple[str, ...]
    unsteered: tuple[float, ...]
    pearson_r: float | None
    pearson_r_random: float | None
    pearson_r_effect: float | None
    prompt_effect: Interval
    equal_cost: EqualCost | None
    retention_at_equal_cost: Interval | None
    control_spread: float
    doubts: Doubts
    typical_deviation: float
    direction_cosine: float
    reachable_share: float
    passages: tuple[Passage, ...]
    scorer: ScorerChoice | None = None
    readout: Readout = READOUTS.default
    outlier_dimensions: tuple[int, ...] = ()
    prompts_in_pairs: tuple[str, ...] = ()
    forms: int = 0
    clusters: int = 0
    direction_cosine_relabelled: Interval | None = None
    halves_cosine: float | None = None
    holding: Holding | None = None
    whole_texts: WholeTexts | None = None
    whole_texts_missing: str = ""

    def arm(self, name: str) -> ArmEvidence:
        """An arm by its name; KeyError if there is none."""
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise KeyError(name)

    def unmeasurable(self) -> "ConceptEvidence":
        """The same without any retention: of an effect that may be none, nothing can be retained."""
        arms = tuple(replace(arm, retention=None, retention_at_equal_cost=None) for arm in self.arms)
        return replace(self, arms=arms, retention_at_equal_cost=None)

    @property
    def retention(self) -> Interval | None:
        """Retention of the transferred vector; None where it is not measurable."""
        return self.arm(TRANSFERRED).retention


def concept_evidence(
    concept: ContrastSet,
    measured: Measured,
    seed: int,
    scorer: ScorerChoice | None = None,
    readout: Readout | None = None,
) -> ConceptEvidence:
    """Everything that follows from the measurements; the same numbers whenever it is asked again.

    Args:
        concept: what was measured.
        measured: the numbers.
        seed: of the bootstrap.
        scorer: what scored the written texts.
        readout: what was counted; None for what the concept asks for.
    """
    grid = np.asarray(measured.strengths)
    clusters = Clusters.of(measured.forms, len(measured.prompts))
    draws = resamples(clusters.count, seed)
    # [directions, prompts]
    prompt_slopes = slopes(grid, np.moveaxis(measured.readouts, 1, 2))
    of_arm = {arm: [row for row, other in enumerate(measured.arms) if other == arm] for arm in measured.arms}
    native, transferred = (clusters.means(prompt_slopes[of_arm[arm][0]]) for arm in (NATIVE, TRANSFERRED))
    # An effect that may be none leaves nothing to retain, whatever the ratio.
    measurable = not mean_interval(native, draws).holds(0.0) and ratio_interval(native, native) is not None
    effects = measured.readouts - measured.unsteered
    own = (of_arm[NATIVE][0], of_arm[TRANSFERRED][0])
    ground = _Ground(measured, clusters, prompt_slopes, native if measurable else None, effects[own[0]], draws)
    steered = tuple(_arm(arm, rows, ground) for arm, rows in of_arm.items())
    # Over what the vectors are taken over too, or a form with many prompts would weigh more in these.
    controls = clusters.means(prompt_slopes[[row for row, arm in enumerate(measured.arms) if arm in CONTROLS]]).mean(1)
    flat = np.zeros(len(grid))
    arms = (
        _still(UNSTEERED, ground, measured.unsteered, flat),
        *steered,
        _still(PROMPT, ground, measured.baseline, flat),
    )
    found = doubts(native, transferred, controls, measured.first_order)
    return ConceptEvidence(
        concept.name,
        concept.description,
        concept.positive_label,
        concept.negative_label,
        measured.strengths,
        arms,
        measured.prompts,
        tuple(measured.unsteered.tolist()),
        _sample_wise(grid, measured.readouts[own[0]], measured.readouts[own[1]]),
        _mean([_sample_wise(grid, measured.readouts[own[0]], measured.readouts[row]) for row in of_arm[RANDOM]]),
        _sample_wise(grid, effects[own[0]], effects[own[1]]),
        mean_interval(clusters.means(measured.baseline - measured.unsteered), draws),
        at_equal_cost(grid, clusters.means(effects[list(own)]).mean(2), measured.kl.mean(2)[list(own)]),
        ground.at_equal_cost([own[1]]),
        control_spread(controls),
        found if measurable else replace(found, native=1.0),
        measured.typical_deviation,
        measured.direction_cosine,
        measured.reachable_share,
        measured.passages,
        scorer,
        readout or concept.readout,
        measured.outlier_dimensions,
        prompts_in_pairs(concept, evaluated_prompts(concept, len(measured.prompts))),
        len(set(measured.forms)) or len(measured.prompts),
        clusters.count,
        relabelled_interval(measured.relabelled_cosines),
        measured.halves_cosine,
        measured.holding,
    )


@dataclass(frozen=True, eq=False)
class _Ground:
    """What every arm of a concept is judged on.

    Attributes:
        measured: the numbers.
        clusters: which prompts count together.
        slopes: `[directions, prompts]`.
        native: `[clusters]`, the native slopes; None where nothing can be retained.
        native_effect: `[strengths, prompts]`, the change of the readout under the native vector.
        draws: of the bootstrap.
    """

    measured: Measured
    clusters: Clusters
    slopes: Array
    native: Array | None
    native_effect: Array
    draws: Indices

    def at_equal_cost(self, rows: list[int]) -> Interval | None:
        """Effect of the mean of some directions over that of the native vector, where both cost the same."""
        measured = self.measured
        own = (measured.readouts - measured.unsteered)[rows].mean(0)
        effects = self.clusters.means(np.stack([self.native_effect, own]))
        native = measured.arms.index(NATIVE)
        kl = np.stack([measured.kl[native].mean(1), measured.kl[rows].mean((0, 2))])
        return retention_at_equal_cost(np.asarray(measured.strengths), effects, kl)


def _arm(name: str, rows: list[int], ground: _Ground) -> ArmEvidence:
    """An arm of one direction or several."""
    measured, native, draws, means = ground.measured, ground.native, ground.draws, ground.clusters.means
    own = ground.slopes[rows]
    of_prompts, of_directions = own.mean(0), means(own).mean(1)
    of_clusters = means(of_prompts)
    readouts = means(measured.readouts[rows].mean(0))
    several = len(rows) > 1
    retention = None
    if native is not None:
        retention = sample_interval(of_directions / native.mean()) if several else ratio_interval(of_clusters, native)
    return ArmEvidence(
        name,
        tuple(measured.directions[row] for row in rows),
        tuple(mean_interval(row, draws) for row in readouts),
        sample_interval(of_directions) if several else mean_interval(of_clusters, draws),
        retention,
        spearman(np.asarray(measured.strengths), readouts.mean(1)),
        float((of_prompts < 0).mean()),
        tuple(of_prompts.tolist()),
        tuple(of_directions.tolist()),
        tuple(measured.kl[rows].mean((0, 2)).tolist()),
        *_texts(measured, [measured.directions[row] for row in rows]),
        None if native is None else ground.at_equal_cost(rows),
        _off_answers(rows, ground),
    )


def _off_answers(rows: list[int], ground: _Ground) -> Interval | None:
    found = ground.measured.off_answers
    if not len(found):
        return None
    of_clusters = ground.clusters.means(found[rows])
    return sample_interval(of_clusters.mean(1)) if len(rows) > 1 else mean_interval(of_clusters[0], ground.draws)


def _still(name: str, ground: _Ground, readouts: Array, kl: Array) -> ArmEvidence:
    """An arm to which nothing is added, the same at every strength."""
    measured = ground.measured
    band = mean_interval(ground.clusters.means(readouts), ground.draws)
    texts = _texts(measured, [name], still=True)
    return ArmEvidence(
        name, (), (band,) * len(measured.strengths), None, None, None, None, (), (), tuple(kl.tolist()), *texts
    )


def _texts(
    measured: Measured, directions: Sequence[str], *, still: bool = False
) -> tuple[PerStrength, PerStrength, PerStrength]:
    """Score, perplexity and repetition for each strength; at 0 every direction writes as the unsteered model does."""

    def over(of: Callable[[list[Passage]], float | None]) -> PerStrength:
        found = []
        for strength in measured.strengths:
            names = [UNSTEERED] if strength == 0 and not still else directions
            at = 0.0 if still else strength
            found.append(of([one for one in measured.passages if one.direction in names and one.strength == at]))
        return tuple(found)

    def perplexity(passages: list[Passage]) -> float | None:
        nats = _mean([one.nats for one in passages])
        return None if nats is None else float(np.exp(nats))

    return (
        over(lambda passages: _mean([one.score for one in passages])),
        over(perplexity),
        over(lambda passages: _mean([one.repetition for one in passages])),
    )


def _sample_wise(grid: Array, first: Array, second: Array) -> float | None:
    """Mean over the strengths but 0 of the correlation over prompts: both `[strengths, prompts]`."""
    return _mean([pearson(first[at], second[at]) for at in range(len(grid)) if grid[at] != 0])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
