"""Results as frames, figures, files and HTML: everything in them, and nothing of a text taken for markup."""

from dataclasses import replace
from pathlib import Path

import pytest

import lrt_explorer as lrt
from lrt_explorer.study.evaluation import evaluate as study
from lrt_explorer.study.evaluation.document import evaluation_document
from tests.study.tiny import CONCEPT, large, small, texts

EVIL = "<script>alert(1)</script>&amp;"
SAFE = "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;"


@pytest.fixture(scope="module")
def fitted() -> lrt.FittedMap:
    return lrt.fit_map(small(), large(), layers=(1, 2), corpus=texts(60), tokens=3000, concepts=())


@pytest.fixture(scope="module")
def evidence(fitted: lrt.FittedMap) -> lrt.Evaluation:
    return lrt.evaluate(
        small(),
        large(),
        CONCEPT,
        map=fitted,
        corpus=texts(60),
        tokens=3000,
        prompts=3,
        random_seeds=1,
        strengths=(-0.5, 0.5),
    )


def test_evidence_is_what_the_study_gives(evidence: lrt.Evaluation) -> None:
    assert isinstance(evidence, study.Evaluation)
    assert evidence.document() == evaluation_document(evidence)


def test_evidence_becomes_a_frame(evidence: lrt.Evaluation) -> None:
    frame = evidence.to_frame()
    (concept,) = evidence.document()["concepts"]
    assert len(frame) == len(concept["arms"]) * len(concept["strengths"])
    transferred = frame[(frame["arm"] == "transferred") & (frame["strength"] == 0.5)].iloc[0]
    (arm,) = [arm for arm in concept["arms"] if arm["name"] == "transferred"]
    assert transferred["readout"] == arm["readout"][concept["strengths"].index(0.5)]


def test_evidence_becomes_figures(evidence: lrt.Evaluation) -> None:
    # Where nothing is measurable the figure of all concepts says so in words.
    assert "not measurable" in evidence.plot().to_json() or evidence.plot().data
    titles = {evidence.plot("mood", kind).layout.xaxis.title.text for kind in ("dose", "cost", "prompts")}
    assert len(titles) == 3 and all(evidence.plot("mood", kind).data for kind in ("dose", "cost", "prompts"))
    with pytest.raises(lrt.SettingsError, match="'joy' was not evaluated; choose one of mood"):
        evidence.plot("joy")
    with pytest.raises(lrt.SettingsError, match="'pie' is not a figure"):
        evidence.plot("mood", "pie")  # type: ignore[arg-type]


def test_evidence_becomes_a_report(evidence: lrt.Evaluation, tmp_path: Path) -> None:
    page = evidence.save_report(tmp_path / "report.html")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    (tmp_path / "file").touch()
    with pytest.raises(lrt.ArtifactError, match="free some space or choose another path"):
        evidence.save_report(tmp_path / "file" / "report.html")


def test_a_notebook_shows_verdicts_escaped(evidence: lrt.Evaluation) -> None:
    (result,) = evidence.concepts
    evil = replace(evidence, small=EVIL, concepts=(replace(result, evidence=replace(result.evidence, name=EVIL)),))
    shown = evil._repr_html_()
    assert "<script" not in shown and shown.count(SAFE) == 2
    assert result.verdict.word in shown


def test_a_notebook_shows_every_text_escaped(fitted: lrt.FittedMap) -> None:
    concept = replace(CONCEPT, name=EVIL)
    found = lrt.compare(small(), large(), concept, map=fitted, prompt=f"Tom {EVIL}", strength=0.4, max_new_tokens=4)
    arm = replace(found.arms[1], tokens=("<b>", " &"), changed=(True, False))
    shown = replace(found, arms=(found.arms[0], arm))._repr_html_()
    assert "<script" not in shown and "<b>" not in shown
    assert shown.count(f"Tom {SAFE}") == 2
    assert "&lt;b&gt;</mark> &amp;" in shown
    for part in ("Unsteered", "Native", "readout (nats)", "at strength 0.4", "layer 1", "layer 2"):
        assert part in shown, part


def test_a_notebook_shows_the_scores_of_a_map(fitted: lrt.FittedMap) -> None:
    shown = fitted._repr_html_()
    assert "held-out R²" in shown and f"{fitted.info.tokens_used:,}" in shown
