"""What the command line is told arrives: every option of `compare` and `evaluate`, with a value that is no default."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from lrt_explorer.cli import main
from lrt_explorer.cli.bundle import PARTS
from lrt_explorer.concepts.contrast import write_contrast
from lrt_explorer.concepts.sets.scoring import scorer_from_text
from lrt_explorer.errors import ModelError
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.sides import GivenFile
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench import requests
from lrt_explorer.workbench.evidence import EvidenceSpec
from lrt_explorer.workbench.requests import Models
from tests.study.tiny import CONCEPT

PLACES = ("one", "two", "--small-layer", "3", "--large-layer", "4", "--map", "folder")
MODELS = Models(small="one", large="two", small_layer=3, large_layer=4, map=Path("folder"))
VECTORS = ("--reading", "token-3", "--method", "principal-component", "--whiten", "--scorer", "words:joy")
FOUND: dict[str, Any] = {
    "reading": "token-3", "method": "principal-component", "whiten": True, "scorer": scorer_from_text("words:joy"),
}  # fmt: skip


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The models, what is asked for and the files of vectors; nothing is loaded."""
    found: list[Any] = []

    def note(models: Models, spec: Any, files: list[GivenFile]) -> Generator[Progress, None, Any]:
        found.extend([models, spec, files])
        yield Progress(0, 1, "noted")
        raise ModelError("only noted")

    monkeypatch.setattr(requests, "compare_models", note)
    monkeypatch.setattr(requests, "evaluate_models", note)
    return found


def test_a_comparison_is_asked_for_as_the_options_say(noted: list[Any]) -> None:
    options = ["--concept", "mood", "--prompt", "Once", "--strength", "0.25", "--seed", "7", "--max-new-tokens", "9"]
    options += ["--temperature", "0.5", "--as-in-paper", "--equal-cost", *VECTORS, "--vector", "a"]
    options += ["--vector", "transferred=b"]
    assert main(["compare", *PLACES, *options]) == 1
    spec = SteerSpec(
        concept="mood", prompt="Once", strength=0.25, seed=7, max_new_tokens=9, temperature=0.5, as_in_paper=True,
        equal_cost=True, **FOUND,
    )  # fmt: skip
    assert noted == [MODELS, spec, [GivenFile(Path("a")), GivenFile(Path("b"), "transferred")]]


def test_an_evaluation_is_asked_for_as_the_options_say(noted: list[Any], tmp_path: Path) -> None:
    concept, neutral, corpus = tmp_path / "mood.jsonl", tmp_path / "neutral.txt", tmp_path / "corpus.txt"
    write_contrast(concept, CONCEPT)
    neutral.write_text("The old\nIn the morning the\n")
    corpus.write_text("Tom saw the sea.\n")
    options = ["--concepts", str(concept), "--prompts", "5", "--strengths", "-0.5", "0", "0.75", "--seeds", "6"]
    options += ["--others", "1", "--readout", "probability", "--generate", "--neutral", str(neutral)]
    options += [
        "--corpus",
        str(corpus),
        "--tokens",
        "1234",
        "--out",
        str(tmp_path / "out"),
        *VECTORS,
        "--vector",
        "a.gguf",
    ]
    assert main(["evaluate", *PLACES, *options]) == 1
    settings = EvaluationSettings(
        strengths=(-0.5, 0.0, 0.75), prompts=5, random_seeds=6, other_concepts=1, readout="probability", generate=True,
        **FOUND,
    )  # fmt: skip
    models, spec, files = noted
    assert files == [GivenFile(Path("a.gguf"))]
    assert models == MODELS and [one.name for one in spec.concepts] == ["mood"]
    assert spec == EvidenceSpec(
        concepts=spec.concepts, settings=settings, corpus=str(corpus), tokens=1234,
        neutral=("The old", "In the morning the"), folder=tmp_path / "out",
    )  # fmt: skip


def test_every_part_that_can_be_rebuilt_alone_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bundle", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "layouts" in PARTS and [part for part, does in PARTS.items() if f"{part}: {does}" not in said] == []
