"""The list of concepts says before the click what the evidence says."""

from dataclasses import replace

import pytest

from lrt_explorer.study.compare import Arm, Comparison
from lrt_explorer.study.evaluation.verdict import NOT_MEASURABLE, NOT_SHOWN, PARTLY, TRANSFERS, VERDICTS
from lrt_explorer.ui.choices import steered_concepts
from lrt_explorer.ui.verdicts import MARKS, by_verdict, concept_label, sentence_card
from lrt_explorer.workbench.session import Session, Shelf
from lrt_explorer.workbench.shipped import ShippedEvidence
from tests.ui.fake_evidence import fake_evaluation
from tests.ui.fakes import CONCEPTS, FakeEngine

SHIPPED = ShippedEvidence(fake_evaluation(("mood", "register")), "2025-01-02")


def compared(concept: str) -> Comparison:
    arms = tuple(Arm(n, "", (), (), None, r) for n, r in (("unsteered", 0.0), ("native", 2.0), ("transferred", 1.9)))
    return Comparison("The", 0.3, 2.5, arms, {"concept": concept, "large": "<l>", "positive_label": "happy"})


def test_a_concept_is_called_as_people_speak_with_its_verdict_as_mark_and_word() -> None:
    assert concept_label(CONCEPTS[0], None) == "happy ↔ sad"
    assert concept_label(CONCEPTS[0], TRANSFERS) == "● happy ↔ sad · transfers"
    assert concept_label(CONCEPTS[0], NOT_MEASURABLE) == "– happy ↔ sad · not measurable"
    assert set(MARKS) == set(VERDICTS) and len(set(MARKS.values())) == len(VERDICTS)


def test_a_set_that_does_not_name_its_ends_is_called_by_its_name() -> None:
    assert replace(CONCEPTS[0], high_label="with", low_label="without").title == "mood"


def test_concepts_are_grouped_by_verdict_and_those_without_one_come_last() -> None:
    cards = [replace(CONCEPTS[0], name=name) for name in "abcd"]
    ordered = by_verdict(cards, {"b": NOT_SHOWN, "c": TRANSFERS, "d": PARTLY})
    assert [card.name for card in ordered] == ["c", "d", "b", "a"]


def test_the_list_follows_the_map_in_use(engine: FakeEngine, session: Session) -> None:
    engine.shipped = SHIPPED
    assert [label for label, _ in steered_concepts(engine, session, Shelf())] == [
        f"● happy ↔ sad · {SHIPPED.verdicts['mood']}", f"◐ pirate ↔ plain · {SHIPPED.verdicts['register']}",
    ]  # fmt: skip
    other = replace(session, map_folder="maps/fitted-1")
    assert [label for label, _ in steered_concepts(engine, other, Shelf())] == ["happy ↔ sad", "pirate ↔ plain"]
    assert [label for label, _ in steered_concepts(engine, None, Shelf())] == ["happy ↔ sad", "pirate ↔ plain"]


def test_the_sentence_stands_with_what_the_evidence_says_beyond_one_prompt() -> None:
    html = sentence_card(compared("mood"), SHIPPED)
    assert "moved &lt;l&gt; by +1.9 nats towards “happy”" in html and 'class="sentence o0"' in html
    assert "On 10 held-out prompts" in html and "of the native effect" in html
    assert "held-out" not in sentence_card(compared("another"), SHIPPED)
    assert "held-out" not in sentence_card(compared("mood"), None)


@pytest.mark.parametrize("word", VERDICTS)
def test_every_verdict_has_its_words(word: str) -> None:
    first, *others = SHIPPED.evaluation.concepts
    changed = replace(first, verdict=replace(first.verdict, word=word))
    shipped = ShippedEvidence(replace(SHIPPED.evaluation, concepts=(changed, *others)), "2025-01-02")
    assert "On 10 held-out prompts: <span" in sentence_card(compared("mood"), shipped)
