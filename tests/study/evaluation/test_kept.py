"""What is finished is kept: after a kill a rerun takes it from there, with identical numbers."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.sets.scoring import ClassifierLabel, Expression, WordList
from lrt_explorer.errors import ArtifactError
from lrt_explorer.lm.cache import models
from lrt_explorer.study.evaluation import evaluate as module
from lrt_explorer.study.evaluation.case import Case, Controls
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.kept import evaluation_key, find_measured
from lrt_explorer.study.fitting.rivals import Rival
from lrt_explorer.study.ground.progress import finish
from tests.lm.test_classify import save
from tests.study.evaluation.suite import ANIMALS, CONCEPTS, NEUTRAL, SETTINGS, evaluation, maps, save_maps, study
from tests.study.tiny import CONCEPT, large, small

ROOT = Path(__file__).resolve().parents[3]
KILLED = """
import os, signal, sys
from pathlib import Path
from types import SimpleNamespace
import torch
torch.set_num_threads(1)
from tests.study.evaluation.suite import study
home = Path(sys.argv[1])
for step in study(keep=home / "kept", folder=home / "maps"):
    if step.message == "animals: prompt 3 of 8 under all arms":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The concepts that were measured and not taken from what is kept."""
    names: list[str] = []
    original = vars(module)["measure"]

    def noting(*arguments: Any, **named: Any) -> Any:
        names.append(arguments[2].name)
        return original(*arguments, **named)

    monkeypatch.setattr(module, "measure", noting)
    return names


def assert_same(one: Any, other: Any, where: str = "") -> None:
    """Equal, numbers up to the last digits: other tests may have read the vectors here with more threads."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same(one[key], other[key], f"{where}/{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for number, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{where}/{number}")
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-3, abs=1e-4), where
    else:
        assert one == other, where


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As the process that is killed: sums split among more threads end in other digits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_after_a_kill_the_finished_concept_is_not_measured_again(tmp_path: Path, measured: list[str]) -> None:
    save_maps(tmp_path / "maps")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [path.name.partition("-")[0] for path in (tmp_path / "kept").iterdir()] == ["mood"]
    rerun = finish(study(keep=tmp_path / "kept", folder=tmp_path / "maps"))
    assert measured == ["animals"]
    assert_same(evaluation_document(rerun), evaluation_document(finish(study(folder=tmp_path / "maps"))))
    assert measured == ["animals", "mood", "animals"]


def test_what_is_kept_is_the_same_to_the_last_bit(tmp_path: Path, measured: list[str]) -> None:
    settings = replace(SETTINGS, generate=True, generate_prompts=2, max_new_tokens=4)
    first = finish(study(keep=tmp_path, settings=settings))
    second = finish(study(keep=tmp_path, settings=settings))
    assert measured == ["mood", "animals"]
    assert first == second
    text = json.dumps(evaluation_document(second), allow_nan=False)
    assert json.loads(text) == evaluation_document(first)


def test_other_inputs_are_measured_anew(tmp_path: Path, measured: list[str]) -> None:
    finish(study(keep=tmp_path, concepts=[CONCEPT]))
    finish(study(keep=tmp_path, concepts=[CONCEPT], settings=replace(SETTINGS, prompts=7)))
    finish(study(keep=tmp_path, concepts=[CONCEPT], neutral=NEUTRAL[:1]))
    finish(study(keep=tmp_path, concepts=[CONCEPT], controls=None))
    finish(study(keep=tmp_path, concepts=[CONCEPT]))
    assert measured == ["mood"] * 4


def case(**changed: Any) -> Case:
    (map, info), controls = maps()
    return replace(Case(small(), large(), map, info, Controls(controls), CONCEPT, (ANIMALS,), SETTINGS), **changed)


def test_the_key_knows_every_input() -> None:
    (_, info), controls = maps()
    changed: dict[str, Any] = {
        "small": large(), "map": controls[0], "info": replace(info, large_layer=3), "controls": Controls(controls[:1]),
        "concept": ANIMALS, "others": (), "settings": replace(SETTINGS, seed=1), "large": small(),
    }  # fmt: skip
    assert {field.name for field in fields(Case)} == set(changed)
    keys = {evaluation_key(case(**{name: value}), NEUTRAL) for name, value in changed.items()}
    rival = Controls(controls, [Rival("untrained small model", small(), 1, controls[0])])
    keys |= {evaluation_key(case(controls=rival), NEUTRAL)}
    keys |= {evaluation_key(case(), NEUTRAL), evaluation_key(case(), NEUTRAL[:1])}
    assert len(keys) == 3 + len(changed)
    assert evaluation_key(case(), NEUTRAL) in keys


def test_the_key_knows_what_scores_texts_and_how_vectors_are_found(tmp_path: Path) -> None:
    def key(concept: ContrastSet = CONCEPT, **more: Any) -> str:
        return evaluation_key(case(concept=concept, settings=replace(SETTINGS, **more)), NEUTRAL)

    folder = tmp_path / "classifier"
    score: dict[str, Any] = {"generate": True, "scorer": ClassifierLabel(save(folder), "joy")}
    first = key(**score)
    assert key(**score) == first
    keys = {
        key(), key(generate=True), first, key(generate=True, scorer=Expression("a")),
        key(generate=True, scorer=WordList(("a",))), key(replace(CONCEPT, scorer=WordList(("a",))), generate=True),
        key(method="principal-component"), key(whiten=True), key(reading="token-2"),
        key(replace(CONCEPT, readout="probability")),
    }  # fmt: skip
    assert len(keys) == 10
    # Other weights under the same name.
    save(folder, "llama")
    models().let_go_of_unused()
    assert key(**score) != first
    # Texts that nobody writes are scored by nobody.
    assert key(replace(CONCEPT, scorer=ClassifierLabel("nowhere", "joy")))


def test_a_damaged_one_is_told(tmp_path: Path) -> None:
    finish(study(keep=tmp_path, concepts=[CONCEPT]))
    (folder,) = tmp_path.iterdir()
    assert find_measured(folder, "another key") is None
    weights = folder / "tensors.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(ArtifactError, match="damaged"):
        finish(study(keep=tmp_path, concepts=[CONCEPT]))


def test_the_document_has_the_keys_that_other_programs_rely_on() -> None:
    document = evaluation_document(evaluation())
    assert {"small", "large", "small_layer", "large_layer", "strengths", "concepts"} <= set(document)
    for concept in document["concepts"]:
        assert {
            "name", "verdict", "retention", "retention_low", "retention_high", "pearson_r", "anti_steerable", "arms",
        } <= set(concept)  # fmt: skip
        for arm in concept["arms"]:
            assert {"name", "slope", "slope_low", "slope_high"} <= set(arm)
            assert len(arm["readout"]) == len(arm["score"]) == len(arm["kl"]) == len(document["strengths"])
    assert len(document["concepts"]) == len(CONCEPTS)
    json.dumps(document, allow_nan=False)


def test_the_key_knows_the_precision_of_both_models() -> None:
    plain = evaluation_key(case(), NEUTRAL)
    halved: Any = SimpleNamespace(dtype=torch.bfloat16)
    for side, lm in (("small", small()), ("large", large())):
        assert evaluation_key(case(**{side: replace(lm, model=halved)}), NEUTRAL) != plain
        assert evaluation_key(case(**{side: replace(lm)}), NEUTRAL) == plain
