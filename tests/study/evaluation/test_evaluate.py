"""The evaluation: its numbers are those of the plain way, its arms are all there, and mistakes are told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.readout import answer_readout
from lrt_explorer.concepts.vectors import addition, random_vector
from lrt_explorer.errors import ArtifactError, ContrastError, SettingsError, VectorError
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.lm.likelihood import continuation_nats
from lrt_explorer.store import PairMap
from lrt_explorer.study.evaluation.arms import others_among, others_of
from lrt_explorer.study.evaluation.case import Case, Controls
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.dose import dose_response
from lrt_explorer.study.evaluation.evaluate import Evaluation, EvaluationSettings, EvaluationStep, evaluate
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.evaluation.statistics import Array, ratio_interval
from lrt_explorer.study.evaluation.verdict import VERDICTS, verdicts
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.steering.calibrate import calibrate_concept
from lrt_explorer.study.steering.deviation import unit_of
from tests.study.evaluation.suite import ANIMALS, CONCEPTS, NEUTRAL, SETTINGS, evaluation, maps, study
from tests.study.tiny import CONCEPT, large, small

ARMS = (
    "unsteered", "native", "transferred", "random", "shuffled map", "permuted labels", "permuted labels, native",
    "other concept", "drawn from the covariance", "random texts", "through other pairs", "answer embeddings",
    "native, half", "fitted on the concept",
    "native, 2 pairs", "native, 8 pairs", "native, direct", "transferred, direct", "prompt",
)  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return evaluation()


@pytest.fixture(scope="module")
def mood(found: Evaluation) -> ConceptEvidence:
    return found.concepts[0].evidence


def test_every_arm_is_there_with_its_directions(found: Evaluation) -> None:
    mood, animals = (tuple(arm.name for arm in result.evidence.arms) for result in found.concepts)
    assert mood == ARMS
    # Six pairs are no eight.
    assert animals == tuple(name for name in ARMS if name != "native, 8 pairs")
    arms = {arm.name: arm.directions for arm in found.concepts[1].evidence.arms}
    assert arms["random"] == ("random 1", "random 2")
    assert arms["shuffled map"] == ("shuffled map 1", "shuffled map 2")
    assert arms["other concept"] == ("other concept: mood",)
    assert arms["unsteered"] == () == arms["prompt"]


SENTENCES = [[0, 3, 6], [1, 4, 7], [2, 5]]
"""Which of the eight prompts of mood fill a gap in the same sentence, and so are of one form."""


def of_forms(values: Array | torch.Tensor) -> float:
    """The mean over forms of the means over their prompts."""
    return float(np.mean([np.mean([float(values[prompt]) for prompt in form]) for form in SENTENCES]))


def test_readouts_and_slopes_are_those_of_the_plain_dose_response(mood: ConceptEvidence) -> None:
    (map, info), controls = maps()
    seed = Case(small(), large(), map, info, Controls(controls), CONCEPT, (), SETTINGS).seed
    own, source = known_vectors().get(large(), CONCEPT, 2), known_vectors().get(small(), CONCEPT, 1)
    vectors = {
        "native": own.vector.values, "transferred": map.direction(source.vector.values),
        "random 1": random_vector(large().width, seed), "random 2": random_vector(large().width, seed + 1),
        "shuffled 1": controls[0].direction(source.vector.values),
    }  # fmt: skip
    prompts = CONCEPT.prompts[:8]
    unit = unit_of(large(), 2, "everyday")
    plain = finish(dose_response(large(), 2, vectors, prompts, unit, strengths=SETTINGS.strengths))
    for name in ("native", "transferred"):
        arm = mood.arm(name)
        row = plain.arms.index(name)
        readouts = [of_forms(at) for at in plain.readouts[row]]
        assert [band.value for band in arm.readout] == pytest.approx(readouts, abs=1e-4)
        assert arm.prompt_slopes == pytest.approx(plain.prompt_slopes[row], abs=1e-3)
        assert arm.slope is not None and arm.slope.value == pytest.approx(of_forms(plain.prompt_slopes[row]), abs=1e-3)
    rows = [plain.arms.index(f"random {number}") for number in (1, 2)]
    both = [of_forms(at) for at in plain.readouts[rows].mean(0)]
    assert [band.value for band in mood.arm("random").readout] == pytest.approx(both, abs=1e-4)
    assert mood.arm("random").direction_slopes == pytest.approx(
        [of_forms(plain.prompt_slopes[row]) for row in rows], abs=1e-3
    )
    shuffled = of_forms(plain.prompt_slopes[plain.arms.index("shuffled 1")])
    assert mood.arm("shuffled map").direction_slopes[0] == pytest.approx(shuffled, abs=1e-3)
    # The negative control: these are different directions.
    assert abs(plain.slope("native").value - plain.slope("transferred").value) > 1e-2
    native, transferred = (
        np.array([np.mean(plain.prompt_slopes[plain.arms.index(name)][form]) for form in SENTENCES])
        for name in ("native", "transferred")
    )
    retention = ratio_interval(transferred, native)
    assert (mood.retention is None) == (retention is None)
    assert mood.retention is None or retention is None or mood.retention.value == pytest.approx(retention.value)


def test_every_finished_concept_is_told_of_with_all_that_are_finished(found: Evaluation) -> None:
    told: list[EvaluationStep] = []
    again = finish(study(), lambda step: told.append(step) if isinstance(step, EvaluationStep) else None)
    assert [[one.evidence.name for one in step.so_far.concepts] for step in told] == [["mood"], ["mood", "animals"]]
    assert [step.share for step in told] == [0.5, 1.0]
    alone, together = (step.so_far.concepts[0] for step in told)
    assert alone.evidence == together.evidence == found.concepts[0].evidence
    assert alone.verdict == verdicts([alone.evidence.doubts])[0], "verdicts are of those that are finished"
    assert told[-1].so_far.concepts == again.concepts


def test_a_concept_alone_among_others_is_what_it_is_in_the_suite(found: Evaluation, tmp_path: Path) -> None:
    suite = finish(study(tmp_path))
    kept = sorted(tmp_path.iterdir())
    alone = finish(study(tmp_path, concepts=[ANIMALS], among=CONCEPTS))
    assert alone.concepts[0].evidence == suite.concepts[1].evidence
    assert sorted(tmp_path.iterdir()) == kept, "nothing was measured again"
    # The negative control: without them it has no other concept beside it, and is measured anew.
    bare = finish(study(tmp_path, concepts=[ANIMALS]))
    assert "other concept" not in [arm.name for arm in bare.concepts[0].evidence.arms]
    assert len(list(tmp_path.iterdir())) == len(kept) + 1


def test_a_concept_of_nobodys_suite_gets_the_first_of_it_beside_it() -> None:
    own = replace(CONCEPT, name="own")
    assert others_among(CONCEPTS, own, 1) == (CONCEPT,)
    assert others_among(CONCEPTS, CONCEPT, 3) == (ANIMALS,)
    assert others_among((), own, 3) == ()


def test_the_direct_path_is_steering_after_the_last_block(mood: ConceptEvidence) -> None:
    own, prompts = known_vectors().get(large(), CONCEPT, 2), CONCEPT.prompts[:8]
    added = addition(own.vector.values, 0.5, unit_of(large(), 2, "everyday")).expand(8, -1)
    expected = of_forms(answer_readout(large(), prompts, large().layers - 1, added))
    assert mood.arm("native, direct").readout[2].value == pytest.approx(expected, abs=1e-4)
    assert abs(mood.arm("native").readout[2].value - expected) > 1e-2


def test_without_strengths_each_concept_has_its_calibrated_grid() -> None:
    settings = replace(SETTINGS, strengths=None, prompts=2)
    found = finish(study(settings=settings))
    for result, concept in zip(found.concepts, CONCEPTS, strict=True):
        assert (
            result.evidence.strengths == finish(calibrate_concept(Pair(small=small(), large=large()), 2, concept)).grid
        )
    document = evaluation_document(found)
    assert document["strengths"] is None
    assert [one["strengths"] for one in document["concepts"]] == [list(r.evidence.strengths) for r in found.concepts]


def test_all_arms_meet_where_nothing_is_added(mood: ConceptEvidence) -> None:
    unsteered = mood.arm("unsteered").readout[1].value
    assert unsteered == pytest.approx(of_forms(np.array(mood.unsteered)))
    for arm in mood.arms:
        if arm.name != "prompt":
            assert arm.readout[1].value == unsteered and arm.kl[1] == 0.0
    assert mood.arm("prompt").readout[0].value != pytest.approx(unsteered)
    assert mood.prompt_effect.value == pytest.approx(mood.arm("prompt").readout[0].value - unsteered)


def test_the_cost_is_the_divergence_of_next_tokens_on_neutral_prompts(mood: ConceptEvidence) -> None:
    own = known_vectors().get(large(), CONCEPT, 2)
    added = addition(own.vector.values, -0.5, unit_of(large(), 2, "everyday")).expand(2, -1)
    steered, plain = next_token_logprobs(large(), NEUTRAL, 2, added), next_token_logprobs(large(), NEUTRAL)
    expected = torch.nn.functional.kl_div(plain, steered, log_target=True, reduction="batchmean")
    assert mood.arm("native").kl[0] == pytest.approx(float(expected), abs=1e-5)
    assert mood.arm("native").kl[0] > 1e-3


def test_a_model_mapped_to_itself_transfers_all_and_its_controls_do_not() -> None:
    from lrt_explorer.linear.affine import AffineMap

    width = large().width
    identity = AffineMap(torch.eye(width, dtype=torch.float64), torch.zeros(width, dtype=torch.float64))
    (_, info), _ = maps()
    own = replace(info, small=info.large, small_fingerprint=info.large_fingerprint, small_layer=2)
    settings = replace(SETTINGS, random_seeds=8)
    found = finish(
        evaluate(
            Pair(small=large(), large=large()),
            PairMap(map=identity, info=own),
            CONCEPTS,
            neutral=NEUTRAL,
            settings=settings,
        )
    )
    for result in found.concepts:
        arms = {arm.name: arm for arm in result.evidence.arms}
        # Rows at other places of a batch may be summed in another order.
        assert arms["no map"].prompt_slopes == pytest.approx(arms["transferred"].prompt_slopes, abs=1e-5)
        assert arms["transferred"].prompt_slopes == pytest.approx(arms["native"].prompt_slopes, abs=1e-5)
        assert result.evidence.pearson_r == pytest.approx(1.0)
        assert result.evidence.direction_cosine == pytest.approx(1.0)
        assert result.evidence.equal_cost is not None
        assert result.evidence.equal_cost.native == pytest.approx(result.evidence.equal_cost.transferred)
        if result.evidence.retention is not None:
            assert result.evidence.retention.value == pytest.approx(1.0, abs=1e-5)
        assert arms["random"].direction_slopes != pytest.approx([arms["native"].prompt_slopes[0]] * 8)


def test_concepts_are_judged_together(found: Evaluation) -> None:
    assert [result.verdict for result in found.concepts] == list(
        verdicts([result.evidence.doubts for result in found.concepts])
    )
    assert all(result.verdict.word in VERDICTS for result in found.concepts)
    order = [result.evidence.retention for result in found.ranked()]
    values = [float("-inf") if one is None else one.value for one in order]
    assert values == sorted(values, reverse=True)


def test_a_concept_s_numbers_do_not_depend_on_which_stand_beside_it(found: Evaluation) -> None:
    alone = finish(study(concepts=[CONCEPT])).concepts[0].evidence
    assert "other concept" not in {arm.name for arm in alone.arms}
    assert alone.arm("transferred") == found.concepts[0].evidence.arm("transferred")


def test_progress_goes_up_to_the_whole() -> None:
    steps: list[Progress] = []
    finish(study(), steps.append)
    shares = [step.share for step in steps]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert len(steps) > 2 * (8 + 2)
    assert {step.message.partition(":")[0] for step in steps} == {"mood", "animals"}


def test_it_can_be_stopped_at_any_step_and_leaves_nothing_behind() -> None:
    for steps in (1, 4, 12):
        running = study()
        for _ in range(steps):
            next(running)
        running.close()
        assert not any("forward" in vars(block) for block in large().blocks)
        assert not large().lock.held


def test_texts_are_written_and_scored_where_asked_for() -> None:
    settings = replace(SETTINGS, generate=True, generate_prompts=3, max_new_tokens=6)
    evidence = finish(study(concepts=[CONCEPT], settings=settings)).concepts[0].evidence
    names = {"unsteered", "prompt", "native", "transferred", "random 1"}
    assert {passage.direction for passage in evidence.passages} == names
    assert len(evidence.passages) == 3 * (2 + 3 * 2)
    native = evidence.arm("native")
    assert all(value is not None and value >= 1.0 for value in native.perplexity)
    assert all(value is not None and 0 <= value <= 1 for value in native.repetition)
    assert native.perplexity[1] == evidence.arm("unsteered").perplexity[1] == evidence.arm("unsteered").perplexity[0]
    assert native.perplexity[0] != native.perplexity[2]
    # An arm that writes nothing has only what it shares with the others, the unsteered text.
    assert evidence.arm("shuffled map").perplexity == (None, native.perplexity[1], None)


def test_texts_are_as_surprising_as_they_are_after_the_plain_prompt() -> None:
    settings = replace(SETTINGS, generate=True, generate_prompts=2, max_new_tokens=6)
    evidence = finish(study(concepts=[CONCEPT], settings=settings)).concepts[0].evidence
    written = [one for one in evidence.passages if one.direction == "prompt"]
    expected = continuation_nats(large(), evidence.prompts[:2], [one.text for one in written])
    assert [one.nats for one in written] == pytest.approx(expected), "the baseline's own words do not help"


def test_another_concept_that_gives_no_vector_is_no_control_and_stops_nothing() -> None:
    pairs = tuple(("Tom sat. " * 60 + one, "Tom sat. " * 60 + other) for one, other in (("a", "b"), ("c", "d")))
    long = replace(ANIMALS, name="long", pairs=pairs)
    (alone,) = finish(study(concepts=[CONCEPT], among=[CONCEPT, long])).concepts
    assert "other concept" not in [arm.name for arm in alone.evidence.arms]
    with pytest.raises((ContrastError, VectorError)):
        finish(study(concepts=[long], among=[CONCEPT, long]))


def test_others_follow_in_a_circle_and_are_never_the_concept_itself() -> None:
    three = (CONCEPT, ANIMALS, replace(CONCEPT, name="third"))
    assert [one.name for one in others_of(three, 2, 5)] == ["mood", "animals"]
    assert [one.name for one in others_of(three, 0, 1)] == ["animals"]
    assert others_of(three[:1], 0, 3) == ()


@pytest.mark.parametrize(
    ("concepts", "said"),
    [
        ([], "no concept"),
        ([CONCEPT, CONCEPT], "the same name"),
        ([CONCEPT, replace(ANIMALS, prompts=())], "animals has too few readout prompts"),
    ],
)
def test_concepts_that_cannot_be_evaluated_are_refused(concepts: list[ContrastSet], said: str) -> None:
    with pytest.raises(ContrastError, match=said):
        next(study(concepts=concepts))


def test_a_map_of_other_models_and_a_lack_of_neutral_prompts_are_refused() -> None:
    (map, info), _ = maps()
    with pytest.raises(ArtifactError, match="other weights"):
        next(evaluate(Pair(small=large(), large=large()), PairMap(map=map, info=info), CONCEPTS, neutral=NEUTRAL))
    with pytest.raises(SettingsError, match="neutral prompt"):
        next(study(neutral=()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("strengths", (0.5,)), ("strengths", (0.5, 0.5)), ("strengths", (0.0, float("nan"))), ("prompts", 1),
        ("random_seeds", 0), ("neutral_prompts", 0), ("reading", "middle"), ("method", "median"), ("scorer", "mood"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(name: str, value: object) -> None:
    with pytest.raises(SettingsError):
        EvaluationSettings(**{name: value})  # type: ignore[arg-type]
