"""The benchmark of contrast sets runs on any model, and says only what its numbers say."""

import json
from pathlib import Path

import pytest

import benchmarks.concepts as benchmark
from lrt_explorer.concepts.contrast import write_contrast
from lrt_explorer.concepts.sets.contrast_set import ReadoutPrompt
from tests.study.tiny import CONCEPT, large, small


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_contrast(tmp_path / "mood.jsonl", CONCEPT)
    monkeypatch.setattr(benchmark, "real_concepts", lambda: {"mood": tmp_path / "mood.jsonl"})
    monkeypatch.setattr(benchmark, "models", lambda: {"tiny-small": small(), "tiny-large-one": large()})


@pytest.mark.usefixtures("shipped")
def test_it_prints_one_object_for_all_models_and_sets(capsys: pytest.CaptureFixture[str]) -> None:
    benchmark.main(["tiny-small", "tiny-large-one", "--prompts", "4"])
    report = json.loads(capsys.readouterr().out)
    seen = report["concepts"]["mood"]
    assert set(seen) == {"tiny-small", "tiny-large-one"}
    for of_model in seen.values():
        assert of_model["prompts"] == 4
        for layer in of_model["layers"]:
            assert 0 < layer["strengths"][0] <= layer["strengths"][1]
            assert layer["slope"]["low"] <= layer["slope"]["value"] <= layer["slope"]["high"]
            assert layer["shown"] == (layer["slope"]["low"] > 0)
    assert set(report["shown"]["mood"]) == {name for name, of_model in seen.items() if of_model["shown"]}


def test_plain_sets_ask_nothing() -> None:
    asked = [ReadoutPrompt("It was", (" good",), (" bad",), ask="How was it?")]
    plain = benchmark.unasked(type(CONCEPT)("x", CONCEPT.pairs, prompts=tuple(asked), ask="And?"))
    assert plain.ask is None and plain.prompts[0].ask is None and not plain.pair_asks
