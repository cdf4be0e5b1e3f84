"""Evaluate: does it transfer, how sure is that, and what does it cost, for any number of concepts at once."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.errors import ContrastError, SettingsError, VectorError
from lrt_explorer.store import MapInfo, PairMap
from lrt_explorer.study.evaluation.arms import concept_arms, others_among
from lrt_explorer.study.evaluation.case import Case, Controls
from lrt_explorer.study.evaluation.chosen_prompts import evaluated_prompts, forms
from lrt_explorer.study.evaluation.evidence import ConceptEvidence, concept_evidence
from lrt_explorer.study.evaluation.kept import (
    evaluation_key,
    find_measured,
    find_whole_texts,
    keep_measured,
    keep_whole_texts,
    kept_folder,
)
from lrt_explorer.study.evaluation.measure import Starts, measure, read_both
from lrt_explorer.study.evaluation.remarks import remarks
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.evaluation.verdict import NOT_MEASURABLE, Verdict, verdicts
from lrt_explorer.study.evaluation.whole_texts import WholeTexts, whole_texts
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, retold
from lrt_explorer.study.steering.arms import beside
from lrt_explorer.study.steering.brought import check_home
from lrt_explorer.study.steering.judged import text_scorer
from lrt_explorer.study.steering.neutral import neutral_prompts

__all__ = ["ConceptResult", "Evaluation", "EvaluationSettings", "EvaluationStep", "evaluate", "neutral_prompts"]

NO_HALVES = (
    "whole texts are scored under vectors of half of the pairs, and brought vectors have no halves; leave out one of "
    "the two"
)
Found = TypeVar("Found")

STEPS = 1000
"""Parts of a concept that progress is counted in."""


@dataclass(frozen=True)
class ConceptResult:
    """One concept: what was found, and what may be said of it.

    Attributes:
        evidence: the numbers; without any retention where the verdict is that it cannot be measured.
        verdict: in words, by a fixed rule.
        remarks: what a reader must know beside it, in sentences.
    """

    evidence: ConceptEvidence
    verdict: Verdict
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, evidence: ConceptEvidence, verdict: Verdict, *, together: int, brought: Sequence[str] = ()
    ) -> "ConceptResult":
        """A concept among those that were judged together: one rule says for all numbers what is measurable."""
        kept = evidence.unmeasurable() if verdict.word == NOT_MEASURABLE else evidence
        return cls(kept, verdict, remarks(kept, verdict, together, brought))


@dataclass(frozen=True)
class Evaluation:
    """A finished evaluation, in plain numbers.

    Attributes:
        small, large: names of the models.
        small_fingerprint, large_fingerprint: of their weights.
        small_layer, large_layer: blocks.
        map: what the map was fitted on, and how good it is.
        control_maps: how many maps fitted on shuffled pairs stood beside it.
        neutral: the neutral prompts.
        settings: everything else that it takes to repeat it.
        concepts: in the order in which they were given.
    """

    small: str
    large: str
    small_fingerprint: str
    large_fingerprint: str
    small_layer: int
    large_layer: int
    map: MapInfo
    control_maps: int
    neutral: tuple[str, ...]
    settings: EvaluationSettings
    concepts: tuple[ConceptResult, ...]

    def ranked(self) -> tuple[ConceptResult, ...]:
        """The concepts from the highest retention down; those where it is not measurable last."""

        def place(result: ConceptResult) -> float:
            retention = result.evidence.retention
            return float("-inf") if retention is None else retention.value

        return tuple(sorted(self.concepts, key=place, reverse=True))

    def beside(self) -> tuple[str, ...]:
        """The arms whose retention stands beside that of the transferred vector, those that any concept has."""
        return beside({arm.name for result in self.concepts for arm in result.evidence.arms})


@dataclass(frozen=True)
class EvaluationStep(Progress):
    """The step that finishes a concept.

    Attributes:
        so_far: the evaluation of all concepts that are finished, judged together. What is cancelled now ends with it.
    """

    so_far: Evaluation


def evaluate(
    pair: Pair,
    saved: PairMap,
    concepts: Sequence[ContrastSet],
    *,
    controls: Controls | None = None,
    among: Sequence[ContrastSet] = (),
    neutral: Sequence[str] | None = None,
    settings: EvaluationSettings | None = None,
    keep: Path | None = None,
) -> Generator[Progress, None, Evaluation]:
    """Measure every concept under all arms at all strengths, and judge them together.

    What the arms share is computed once: the blocks up to the steered layer run once for each prompt. A finished
    concept is kept at once, and a later run over the same inputs takes it from there. Every finished concept is told of
    by an `EvaluationStep`.

    Args:
        pair: the models.
        saved: the map under test.
        concepts: with held-out prompts; each is also a control for those before it.
        controls: maps of shuffled pairs and rivals of the map; None for none.
        among: the concepts that are controls in place of `concepts`, so that one that is evaluated alone is measured,
            and kept, as it would be among these.
        neutral: prompts that have nothing to do with the concepts; None for beginnings of ordinary text.
        settings: strengths, prompts, seeds; None for the defaults.
        keep: folder for finished concepts; None to keep nothing.

    Raises:
        ArtifactError: if the map belongs to other models, or a kept concept is damaged.
        ContrastError: if no concept is given, two have one name, or one cannot be read out.
        VectorError: if a concept gives no vector, or a brought one does not live in its layer.
        SettingsError: if there is no neutral prompt, no such judge or label of a classifier, or vectors are brought for
            several concepts, or where whole texts are to be scored.
        ModelError: if a classifier that should score texts cannot be loaded.
    """
    (small, large), map, info = pair.both, saved.map, saved.info
    controls = controls or Controls()
    settings = replace(settings or EvaluationSettings(), brought=controls.brought)
    pair.check(info)
    for side, vector in controls.vectors.items():
        check_home(vector, *((small, info.small_layer) if side == "small" else (large, info.large_layer)))
    if controls.vectors and len(concepts) > 1:
        raise SettingsError("vectors that were brought stand for one concept; evaluate one concept with them")
    names = [concept.name for concept in concepts]
    if not names:
        raise ContrastError("there is no concept to evaluate; give at least one")
    if len(set(names)) < len(names):
        raise ContrastError("two concepts have the same name; give each concept once")
    if bare := [concept.name for concept in concepts if len(concept.prompts) < 2]:
        raise ContrastError(
            f"the concept {bare[0]} has too few readout prompts to evaluate; add lines with 'prompt', 'positive' and "
            "'negative'"
        )
    if controls.vectors and settings.whole_texts:
        raise SettingsError(NO_HALVES)
    quiet = tuple(neutral_prompts(settings.neutral_prompts, pair.world.ordinary) if neutral is None else neutral)
    if not quiet:
        raise SettingsError("there is no neutral prompt to measure the coherence cost on; give at least one")
    if settings.generate:
        for concept in concepts:
            # Before hours of measuring rather than after them.
            text_scorer(settings.scorer or concept.scorer)
    starts: Starts | None = None
    found: list[ConceptEvidence] = []

    def so_far() -> Evaluation:
        judged = verdicts([evidence.doubts for evidence in found])
        return Evaluation(
            small.name,
            large.name,
            small.fingerprint,
            large.fingerprint,
            info.small_layer,
            info.large_layer,
            info,
            len(controls.maps),
            quiet,
            settings,
            tuple(
                ConceptResult.of(*both, together=len(found), brought=settings.brought)
                for both in zip(found, judged, strict=True)
            ),
        )

    for number, concept in enumerate(concepts):
        others = others_among(among or concepts, concept, settings.other_concepts)
        case = Case(small, large, map, info, controls, concept, others, settings)
        key = evaluation_key(case, quiet)
        folder = None if keep is None else kept_folder(keep, concept, key)
        measured = None if folder is None else find_measured(folder, key)
        if measured is None:
            yield Progress(STEPS * number, STEPS * len(concepts), f"{concept.name}: finding its vectors")
            arms = yield from retold(concept_arms(case), _at(number, len(concepts), concept.name))
            starts = starts or read_both(large, info.large_layer, quiet)
            measuring = measure(large, info.large_layer, concept, arms, starts, settings)
            # Whole texts take about as long as everything else of a concept.
            measured = yield from _within(measuring, number, len(concepts), 0.0, 0.5 if settings.whole_texts else 1.0)
            if folder is not None:
                keep_measured(folder, key, measured)
        # What a prompt is called changes nothing that was measured.
        measured = replace(measured, forms=forms(evaluated_prompts(concept, len(measured.prompts))))
        scorer = (settings.scorer or concept.scorer) if settings.generate else None
        evidence = concept_evidence(concept, measured, settings.seed, scorer, settings.readout)
        if settings.whole_texts:
            try:
                study = _whole_texts(pair, saved, case, folder, key)
                whole = yield from _within(study, number, len(concepts), 0.5, 0.5)
                evidence = replace(evidence, whole_texts=whole)
            except (ContrastError, VectorError) as error:
                # What is measured already stands without them.
                evidence = replace(evidence, whole_texts_missing=str(error))
        found.append(evidence)
        yield EvaluationStep(STEPS * (number + 1), STEPS * len(concepts), f"{concept.name}: done", so_far())
    return so_far()


def _whole_texts(
    pair: Pair, saved: PairMap, case: Case, folder: Path | None, key: str
) -> Generator[Progress, None, WholeTexts]:
    """How far the whole texts of a concept follow, kept or scored now."""
    if folder is not None and (known := find_whole_texts(folder, key)) is not None:
        return known
    found = yield from whole_texts(pair, saved, case.concept, how=case.settings)
    if folder is not None:
        keep_whole_texts(folder, key, found)
    return found


def _at(done: int, total: int, concept: str) -> Callable[[Progress], Progress]:
    """What comes before a concept's measurements, told at its beginning."""
    return lambda step: Progress(STEPS * done, STEPS * total, f"{concept}: {step.message}")


def _within(
    study: Generator[Progress, None, Found], done: int, total: int, begins: float, part: float
) -> Generator[Progress, None, Found]:
    """A study as a part of one of several steps: its progress within that step."""

    def told(step: Progress) -> Progress:
        return Progress(round(STEPS * (done + begins + part * step.share)), STEPS * total, step.message)

    return retold(study, told)
