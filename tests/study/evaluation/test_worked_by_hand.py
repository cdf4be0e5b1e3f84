"""One concept in small integers: every number that follows from it is the one worked out by hand."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.evidence import ConceptEvidence, concept_evidence
from lrt_explorer.study.evaluation.prompts import prompts_by_gap
from lrt_explorer.study.evaluation.verdict import (
    NOT_MEASURABLE,
    NOT_SHOWN,
    PARTLY,
    TRANSFERS,
    Doubts,
    Verdict,
    verdicts,
)
from tests.study.evaluation import by_hand
from tests.study.evaluation.arithmetic import above_one, above_three, mean, ratio, t_of
from tests.study.evaluation.by_hand import ARMS, SLOPES, STRENGTHS
from tests.study.evaluation.worked_out import (
    BEYOND,
    NATIVE,
    SPREAD,
    TRANSFERRED,
    at_equal_cost,
    correlations,
    expected_arms,
    expected_concept,
)
from tests.study.tiny import large, small


@pytest.fixture(scope="module")
def mood() -> ConceptEvidence:
    return by_hand.evaluation().concepts[1].evidence


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        yield path, len(value)
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}/{number}")
    else:
        yield path, value


def assert_same(found: Any, expected: Any) -> None:
    theirs, ours = dict(leaves(found)), dict(leaves(expected))
    assert theirs.keys() == ours.keys()
    for path, value in ours.items():
        assert theirs[path] == (pytest.approx(value, abs=1e-9) if isinstance(value, float) else value), path


def test_the_slopes_by_which_all_else_goes() -> None:
    for direction, rows in by_hand.EFFECTS.items():
        rises = [(2 * (row[4] - row[0]) + row[3] - row[1]) / 10 for row in rows]
        assert rises == pytest.approx(SLOPES[direction]) and all(row[2] == 0 for row in rows)
    assert (mean(NATIVE), mean(TRANSFERRED)) == pytest.approx((10.175, 8.9))


@pytest.mark.parametrize("name", ["unsteered", *ARMS, "prompt"])
def test_every_number_of_an_arm(mood: ConceptEvidence, name: str) -> None:
    document = evaluation_document(by_hand.evaluation())["concepts"][1]
    (found,) = [arm for arm in document["arms"] if arm["name"] == name]
    (expected,) = [arm for arm in expected_arms() if arm["name"] == name]
    assert_same(found, expected)
    arm = mood.arm(name)
    assert [band.value for band in arm.readout] == pytest.approx(expected["readout"])
    assert (arm.slope is None) == (expected["slope"] is None)


def test_retention_and_its_interval_in_figures(mood: ConceptEvidence) -> None:
    kept = mood.retention
    assert kept is not None
    # Fieller with t² = 10.128 and the squared errors 29.9475/12 below, 26.32/12 above, 28.04/12 between:
    # a = 103.5306 − 25.2756 = 78.2550, b = 90.5575 − 23.6657 = 66.8918, c = 79.21 − 22.2140 = 56.9960, and
    # (b ∓ √(b² − a·c)) / a = (66.8918 ∓ 3.7806) / 78.2550.
    assert (kept.value, kept.low, kept.high) == pytest.approx((0.87469, 0.80648, 0.90310), abs=2e-5)


def test_correlations_leave_out_strength_0_and_are_of_readouts_or_of_changes(mood: ConceptEvidence) -> None:
    assert mood.pearson_r == pytest.approx(correlations("transferred"), abs=1e-12)
    random = mean([correlations("random 1"), correlations("random 2")])
    assert mood.pearson_r_random == pytest.approx(random, abs=1e-12)
    assert mood.pearson_r_effect == pytest.approx(correlations("transferred", unsteered=False), abs=1e-12)
    assert len({round(one or 0, 3) for one in (mood.pearson_r, mood.pearson_r_random, mood.pearson_r_effect)}) == 3


def test_the_single_tests_behind_the_verdict(mood: ConceptEvidence) -> None:
    assert mood.control_spread == pytest.approx(SPREAD)
    beyond = [carried - 0.75 * own for carried, own in zip(TRANSFERRED, NATIVE, strict=True)]
    assert beyond == pytest.approx(BEYOND)
    # Two-sided over prompts, which is less sure here than one of 500 among the relabelled.
    assert mood.doubts.native == pytest.approx(2 * above_three(t_of(NATIVE)))
    assert mood.doubts.native > 1 / 500
    # Two-sided against the three shuffled maps, which is less sure than three of 500: the vector, −7 and 9.
    assert mood.doubts.transferred == pytest.approx(2 * above_three(8.9 / SPREAD))
    assert mood.doubts.transferred > 3 / 500
    assert mood.doubts.some == pytest.approx(above_three(t_of(TRANSFERRED)))
    assert mood.doubts.most == pytest.approx(above_three(t_of(BEYOND)))


def test_controls_weigh_forms_as_the_vectors_do() -> None:
    lopsided = replace(by_hand.measured(), forms=("weather", "weather", "weather", "person"))
    found, plain = (concept_evidence(by_hand.MOOD, one, 0) for one in (lopsided, by_hand.measured()))
    assert found.clusters == 2
    slopes = np.array(found.arm("shuffled map").direction_slopes)
    assert found.control_spread == pytest.approx(np.sqrt((slopes**2).mean()))
    assert abs(found.control_spread - plain.control_spread) > 1e-3


def test_prompts_of_two_forms_are_two_and_relabelled_pairs_decide_where_they_doubt_more() -> None:
    faint = by_hand.evaluation().concepts[0].evidence
    assert (faint.forms, faint.clusters, len(faint.prompts)) == (2, 2, 4)
    own, carried = (0.25, -0.6), (6.5, 11.3)  # such as (−0.7 + 1.2)/2 and (5.5 + 7.5)/2
    assert faint.doubts.native == 1.0, "the interval of the native slope holds 0"
    # Of the 499 mapped vectors of relabelled pairs 143 are as far from 0.
    assert faint.doubts.transferred == pytest.approx(144 / 500)
    # The native vector steers backwards, so what is transferred must go back too.
    assert faint.doubts.some == pytest.approx(above_one(-t_of(carried)))
    back = [0.75 * one - other for one, other in zip(own, carried, strict=True)]
    assert faint.doubts.most == pytest.approx(above_one(t_of(back)))
    slope, means = faint.arm("transferred").slope, [arm.value for arm in faint.arm("transferred").readout]
    # Of two forms a bootstrap takes one alone in a quarter of its draws each.
    assert slope is not None and (slope.value, slope.low, slope.high) == pytest.approx((8.9, 6.5, 11.3))
    assert means[2] == pytest.approx(0.5) and means[4] == pytest.approx(0.5 + (12 + 15 + 21 + 24) / 4)


def test_two_concepts_are_judged_together() -> None:
    faint, mood = by_hand.evaluation().concepts
    # The smaller of two p values is doubled (Holm), and two of these are two-sided; a claim needs all of its tests.
    sure = 4 * above_three(t_of(NATIVE)), 4 * above_three(8.9 / SPREAD), 2 * above_three(t_of(BEYOND))
    assert mood.verdict.word == TRANSFERS
    assert (mood.verdict.native, mood.verdict.partly, mood.verdict.transfers) == pytest.approx(sure)
    assert mood.verdict.partly < mood.verdict.transfers < 0.05
    # The larger one stays as it is.
    some = above_one(-t_of((6.5, 11.3)))
    assert (faint.verdict.word, faint.verdict.native) == (NOT_MEASURABLE, 1.0)
    assert (faint.verdict.partly, faint.verdict.transfers) == pytest.approx((some, some))
    assert all(arm.retention is None and arm.retention_at_equal_cost is None for arm in faint.evidence.arms)
    assert faint.evidence.retention_at_equal_cost is None
    assert by_hand.evaluation().ranked() == (mood, faint)


@pytest.mark.parametrize(
    ("native", "transfers", "partly", "word"),
    [
        (0.049, 0.049, 0.049, TRANSFERS), (0.051, 0.001, 0.001, NOT_MEASURABLE), (0.049, 0.051, 0.049, PARTLY),
        (0.049, 0.051, 0.051, NOT_SHOWN),
    ],
)  # fmt: skip
def test_a_claim_holds_below_five_percent(native: float, transfers: float, partly: float, word: str) -> None:
    (verdict,) = verdicts([Doubts(native=native, transferred=1e-9, some=partly, most=transfers)])
    assert verdict == Verdict(word, native, partly, max(partly, transfers))


def test_effects_at_equal_cost(mood: ConceptEvidence) -> None:
    # Along growing |s| the native vector costs 0, (2 + 4)/2 = 3, (9 + 11)/2 = 10, the transferred one 0, 2, 8: it never
    # costs more than 8, which the native one does 5/7 of the way from |s| = 1 to 2. Its effects are means of both signs
    # of s, such as (6 + 7)/2 = 6.5 and (14 + 13)/2 = 13.5: 10.125 on average at |s| = 1, 20.375 at 2.
    equal, kept = mood.equal_cost, mood.retention_at_equal_cost
    assert equal is not None and kept is not None
    assert (equal.kl, equal.native, equal.transferred) == pytest.approx((8.0, 10.125 + 5 / 7 * 10.25, 17.875))
    cost, native, transferred = at_equal_cost(("transferred",))
    assert (cost, mean(native), mean(transferred)) == pytest.approx((equal.kl, equal.native, equal.transferred))
    expected = ratio(transferred, native)
    assert (kept.value, kept.low, kept.high) == pytest.approx((expected.value, expected.low, expected.high), abs=1e-9)


def test_the_bootstrap_goes_by_the_seed() -> None:
    dice = np.random.default_rng(0)
    found = by_hand.measured()
    many = replace(
        found, prompts=tuple(f"{number}" for number in range(40)), forms=(), unsteered=np.zeros(40),
        baseline=np.ones(40), readouts=dice.normal(size=(*found.readouts.shape[:2], 40)),
        off_answers=np.zeros((0, 0)),
    )  # fmt: skip
    for seed in (0, 3):
        slope = concept_evidence(by_hand.MOOD, many, seed).arm("native").slope
        draws = np.random.default_rng(seed).integers(0, 40, (2000, 40))
        rises = (2 * (many.readouts[0, 4] - many.readouts[0, 0]) + many.readouts[0, 3] - many.readouts[0, 1]) / 10
        low, high = np.quantile(rises[draws].mean(1), [0.025, 0.975])
        assert slope is not None and (slope.low, slope.high) == pytest.approx((low, high))


def test_prompts_from_the_one_that_falls_furthest_short() -> None:
    found = prompts_by_gap(by_hand.evaluation().concepts[1].evidence)
    assert [one.number for one in found] == [3, 2, 0, 1]
    assert [one.gap for one in found] == pytest.approx([-1.6, -1.3, -1.2, -1.0])
    assert [one.native for one in found] == pytest.approx([13.7, 11.8, 6.7, 8.5])
    assert [one.unsteered for one in found] == [7, 3, -6, -2] and not any(one.wrong_way for one in found)


def test_every_number_of_the_document() -> None:
    document = evaluation_document(by_hand.evaluation())
    found = document["concepts"][1]
    assert found.pop("remarks") == list(by_hand.evaluation().concepts[1].remarks)
    assert_same(found, expected_concept())
    whole = {
        "small": "tiny-small", "large": "tiny-large-one", "small_layer": 1, "large_layer": 2, "control_maps": 3,
        "strengths": list(STRENGTHS), "neutral": list(by_hand.NEUTRAL),
    }  # fmt: skip
    assert {name: document[name] for name in whole} == whole
    assert document["small_fingerprint"] == small().fingerprint != large().fingerprint == document["large_fingerprint"]
    asked = {
        "strengths": list(STRENGTHS), "prompts": 4, "random_seeds": 2, "other_concepts": 1, "neutral_prompts": 2,
        "generate": True, "generate_prompts": 2, "seed": 2,
    }  # fmt: skip
    assert {name: document["settings"][name] for name in asked} == asked
    map = {
        "method": "ridge", "lambda": 1e-4, "setting": "λ", "setting_value": 1e-4, "r2": 0.84, "r2_standardised": 0.42,
        "cka": 0.9, "cka_standardised": 0.7, "largest_dimension_small": 0.125, "largest_dimension_large": 0.25,
        "coverage": 0.875, "tokens_used": 20_000, "corpus": "made up", "corpus_fingerprint": "c" * 8,
    }  # fmt: skip
    assert {name: document["map"][name] for name in map} == map
