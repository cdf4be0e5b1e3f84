"""What stands beside a verdict in words."""

from dataclasses import replace

import pytest

from lrt_explorer.study.evaluation.evaluate import ConceptResult
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.evaluation.remarks import RIVALS, remarks
from lrt_explorer.study.evaluation.statistics import Interval
from lrt_explorer.study.evaluation.verdict import NOT_MEASURABLE, NOT_SHOWN, TRANSFERS, Verdict
from lrt_explorer.study.evaluation.whole_texts import WholeTexts
from lrt_explorer.study.steering.arms import ANSWERS, VOCABULARY
from tests.study.evaluation.suite import evaluation

GOOD = Verdict(TRANSFERS, 0.001, 0.001, 0.001)


@pytest.fixture
def plain() -> ConceptEvidence:
    """Many prompts of many forms, a native vector that works, and answers whose embeddings do little."""
    evidence = evaluation().concepts[0].evidence
    return changed(
        replace(evidence, prompts=("p",) * 12, forms=12), native=(1.0, 0.9, 1.1), transferred=1.0, answers=0.1
    )


def changed(
    evidence: ConceptEvidence, native: tuple[float, float, float], transferred: float, answers: float
) -> ConceptEvidence:
    retained = {"native": 1.0, "transferred": transferred, "answer embeddings": answers}
    arms = tuple(
        replace(
            arm,
            slope=Interval(*native) if arm.name == "native" else arm.slope,
            retention=Interval(retained[arm.name], 0.0, 2.0) if arm.name in retained else None,
            off_answers=None,
        )
        for arm in evidence.arms
    )
    return replace(evidence, arms=arms)


def test_a_trivial_vector_is_measured_against_the_transferred_one(plain: ConceptEvidence) -> None:
    (said,) = remarks(plain, GOOD, 2)
    assert "does less (0.10 of the native effect)" in said
    (said,) = remarks(changed(plain, (1.0, 0.9, 1.1), 0.9, 0.75), GOOD, 2)
    assert "does as much (0.75" in said
    assert remarks(plain, replace(GOOD, word=NOT_SHOWN), 2) == ()


def test_a_vector_that_does_something_else_apart_from_the_answers_is_told(plain: ConceptEvidence) -> None:
    def off(value: float) -> ConceptEvidence:
        arms = (
            replace(arm, off_answers=Interval(value, 0.0, 1.0)) if arm.name == "transferred" else arm
            for arm in plain.arms
        )
        return replace(plain, arms=tuple(arms))

    assert any("correlation of 0.49" in one for one in remarks(off(0.49), GOOD, 2))
    assert not any("On words that are" in one for one in remarks(off(0.5), GOOD, 2))
    assert not any("On words that are" in one for one in remarks(off(0.1), replace(GOOD, word=NOT_SHOWN), 2))


@pytest.mark.parametrize(("arm", "said"), [(name, said) for name, (said, _) in RIVALS.items() if name != ANSWERS])
def test_a_rival_of_the_map_that_does_as_much_is_named(plain: ConceptEvidence, arm: str, said: str) -> None:
    def beside(retention: float | None) -> ConceptEvidence:
        kept = None if retention is None else Interval(retention, 0.0, 2.0)
        other = replace(plain.arm("random"), name=arm, retention=kept)
        return replace(plain, arms=(*(one for one in plain.arms if one.name != arm), other))

    assert any(one.startswith(said) and "(0.81 of the native effect)" in one for one in remarks(beside(0.81), GOOD, 2))
    for evidence, verdict in ((beside(0.79), GOOD), (beside(None), GOOD), (beside(0.9), replace(GOOD, word=NOT_SHOWN))):
        assert not any(one.startswith(said) for one in remarks(evidence, verdict, 2))


def test_a_rival_that_does_as_much_only_at_a_higher_cost_is_told_so(plain: ConceptEvidence) -> None:
    def at_cost(own: float | None, rival: float | None) -> str:
        def cost(value: float | None) -> Interval | None:
            return None if value is None else Interval(value, 0.0, 2.0)

        evidence = changed(plain, (1.0, 0.9, 1.1), 0.9, 1.97)
        kept = {"transferred": own, "answer embeddings": rival}
        arms = tuple(replace(arm, retention_at_equal_cost=cost(kept.get(arm.name))) for arm in evidence.arms)
        (said,) = remarks(replace(evidence, arms=arms, retention_at_equal_cost=cost(own)), GOOD, 2)
        return said

    assert at_cost(0.85, 0.38).endswith("more: at equal cost it has 0.38, the transferred vector 0.85.")
    vocabulary = replace(plain.arm("random"), name=VOCABULARY, retention=Interval(0.9, 0.0, 2.0))
    costly = replace(vocabulary, retention_at_equal_cost=Interval(0.2, 0.0, 2.0))
    for arm, count in ((vocabulary, 1), (costly, 0)):
        evidence = replace(plain, arms=(*plain.arms, arm), retention_at_equal_cost=Interval(0.85, 0.0, 2.0))
        assert sum("shared tokens, does as much" in one for one in remarks(evidence, GOOD, 2)) == count
    for own, rival in ((0.85, 0.8), (0.85, None), (None, 0.38)):
        assert "does as much (1.97 of the native effect), so this readout alone" in at_cost(own, rival)


def test_what_a_reader_must_know_is_said(plain: ConceptEvidence) -> None:
    def said(evidence: ConceptEvidence, together: int = 2) -> str:
        return " ".join(remarks(evidence, GOOD, together))

    assert "steers backwards" in said(changed(plain, (-1.0, -1.1, -0.9), 1.0, 0.1))
    assert "steers backwards" not in said(changed(plain, (-1.0, -1.1, 0.1), 1.0, 0.1))
    assert "9 prompts of 12 forms" in said(replace(plain, prompts=("p",) * 9))
    assert "12 prompts of 1 form," in said(replace(plain, forms=1))
    assert "1 of its prompts also occurs" in said(replace(plain, prompts_in_pairs=("The cook",)))
    assert "2 of its prompts also occur in" in said(replace(plain, prompts_in_pairs=("The cook", "Tom")))
    assert "judged alone" in said(plain, 1) and "judged alone" not in said(plain)


def test_what_cannot_be_measured_has_no_retention_anywhere(plain: ConceptEvidence) -> None:
    result = ConceptResult.of(plain, Verdict(NOT_MEASURABLE, 0.5, 0.001, 0.001), together=2)
    assert result.evidence.retention is None and result.evidence.retention_at_equal_cost is None
    assert all(arm.retention is None and arm.retention_at_equal_cost is None for arm in result.evidence.arms)
    assert ConceptResult.of(plain, GOOD, together=2).evidence.retention is not None


def test_what_whole_texts_say_stands_beside_a_verdict(plain: ConceptEvidence) -> None:
    slopes = {"native": Interval(0.2, 0.1, 0.3), "transferred": Interval(0.1, 0.0, 0.2), "random": Interval(0, 0, 0)}
    found = WholeTexts("mood", 24, 0.5, Interval(0, 0, 0), slopes, Interval(0.5, 0.4, 0.6), Interval(-0.05, -0.2, 0.1))
    said = [one for one in remarks(replace(plain, whole_texts=found), GOOD, 2) if "whole texts" in one]
    assert said == [
        "Over whole texts (24 pairs, each scored with vectors from the other half), the transferred vector has "
        "0.50 (0.40 … 0.60) times the effect of the large model’s own; vectors of relabelled pairs have "
        "−0.05 (−0.20 … 0.10) times."
    ]
    for native, kept, wanted in (
        (
            (0.1, -0.01, 0.2),
            None,
            "do not follow the large model’s own vector (0.100 (−0.010 … 0.200) nats for each token",
        ),
        ((0.1, 0.01, 0.2), None, "but too unevenly to say what is retained"),
        ((-0.2, -0.3, -0.1), found.retention, "the large model’s own, which here steers backwards; vectors of"),
    ):
        other = replace(found, slopes=slopes | {"native": Interval(*native)}, retention=kept)
        (told,) = (
            one
            for one in remarks(replace(plain, whole_texts=other), GOOD, 2)
            if "texts follow" in one or "texts do" in one or "Over whole texts" in one
        )
        assert wanted in told
    assert not any("whole texts" in one.lower() for one in remarks(plain, GOOD, 2))
