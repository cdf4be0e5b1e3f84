"""A word where a text breaks, none where it reads well, and figures that are those of an evaluation."""

import math

import pytest

from lrt_explorer.lm.likelihood import continuation_nats
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.evaluation import coherence as module
from lrt_explorer.study.evaluation.coherence import coherence, remark
from tests.study.tiny import large, small


@pytest.mark.parametrize(
    ("repetition", "perplexity", "unsteered", "said"),
    [
        (0.0, 10.0, 10.0, ""),
        (0.2, 20.0, 10.0, ""),
        (0.21, 10.0, 10.0, "repeats itself"),
        (0.0, 20.1, 10.0, "hard to read"),
        (0.5, 99.0, 10.0, "repeats itself"),
        (0.0, None, 10.0, ""),
        (0.0, 99.0, None, ""),
    ],
)
def test_the_rule_for_broken_texts(
    repetition: float, perplexity: float | None, unsteered: float | None, said: str
) -> None:
    assert remark((repetition, perplexity), (0.0, unsteered)) == said


def test_a_text_that_repeats_itself_unsteered_too_was_not_broken_by_steering() -> None:
    assert remark((0.4, 9.0), (0.4, 9.0)) == ""
    assert remark((0.41, 9.0), (0.4, 9.0)) == "repeats itself"


def test_figures_are_those_of_the_text_alone() -> None:
    texts = {"unsteered": " sat on the beach.", "native": " the the the the the the", "empty": ""}
    found = coherence(large(), "Tom", texts, "unsteered")
    (nats,) = continuation_nats(large(), ["Tom"], [texts["native"]])
    assert nats is not None and found["native"].perplexity == math.exp(nats)
    assert found["native"].repetition == 0.75 and found["native"].remark == "repeats itself"
    assert found["empty"] == type(found["empty"])(0.0, None, "")
    assert coherence(large(), "Tom", {"unsteered": texts["unsteered"]}, "unsteered")["unsteered"] == found["unsteered"]


def test_a_text_is_judged_once_and_another_one_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    first, judged = {"unsteered": " sat on the shore.", "native": " sat on the farm."}, []

    def spy(lm: LanguageModel, prompts: list[str], texts: list[str]) -> list[float | None]:
        judged.append((*prompts, *texts))
        return continuation_nats(lm, prompts, texts)

    monkeypatch.setattr(module, "continuation_nats", spy)
    before = coherence(large(), "Anna", first, "unsteered")
    assert coherence(large(), "Anna", first, "unsteered") == before
    assert judged == [("Anna", first["unsteered"]), ("Anna", first["native"])]
    coherence(small(), "Anna", {"unsteered": first["unsteered"]}, "unsteered")
    coherence(large(), "Tom", {"unsteered": first["unsteered"]}, "unsteered")
    assert judged[2:] == [("Anna", first["unsteered"]), ("Tom", first["unsteered"])]
