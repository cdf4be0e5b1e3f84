"""The command line of the shared basis and of the estimators that go down step by step, on tiny models."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lrt_explorer.cli import main
from lrt_explorer.concepts.contrast import write_contrast
from lrt_explorer.store import load_map
from lrt_explorer.study.fitting.distill import Distillation
from tests.study.tiny import CONCEPT, large, small, texts

PAIR = ("--small-layer", "1", "--large-layer", "2", "--tokens", "4000")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    home = tmp_path_factory.mktemp("models")
    for name, lm in (("small", small()), ("large", large())):
        lm.model.save_pretrained(home / name)
        lm.tokenizer.save_pretrained(home / name)
    return str(home / "small"), str(home / "large")


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_contrast(tmp_path / "concepts" / "mood.jsonl", CONCEPT)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "everyday.txt").write_text("\n".join(texts()), encoding="utf-8")
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path))


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code = main([*arguments, "--json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    result: dict[str, Any] = json.loads(out)
    return result


def test_basis_prints_what_is_shared(models: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    result = ran(capsys, "basis", *models, *PAIR, "--top", "2")
    assert (result["small_layer"], result["large_layer"], result["tokens"]) == (1, 2, 4000)
    assert len(result["directions"]) == 2 and len(result["held_out"]) == small().width
    assert main(["basis", *models, *PAIR, "--top", "2"]) == 0
    shown = capsys.readouterr().out
    best = result["directions"][0]["large_high"][0]
    assert f"[{best['token']}]" in shown and "direction 2" in shown and "direction 3" not in shown
    assert main(["basis", *models, *PAIR, "--tokens", "1500"]) == 1
    assert "give more documents" in capsys.readouterr().err


def test_fit_by_gradient_descent_keeps_a_map(
    models: tuple[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    slow, fast = (
        ran(capsys, "fit", *models, *PAIR, "--method", "sgd", "--learning-rate", rate, "--out", str(tmp_path / rate))[
            "pairs"
        ][0]["r2"]
        for rate in ("0.0001", "0.01")
    )
    assert slow < fast
    _, info = load_map(tmp_path / "0.01")
    assert (info.method, info.settings["learning_rate"], info.r2) == ("sgd", 0.01, fast)


def test_fit_learns_from_some_concepts_and_is_judged_on_the_others(
    models: tuple[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Distillation, "__post_init__", lambda self: object.__setattr__(self, "steps", 4))
    for name in ("mood", "mood 2", "mood 3"):
        write_contrast(tmp_path / "concepts-real" / f"{name}.jsonl", replace(CONCEPT, name=name))
    how = ("--method", "distilled", "--out", str(tmp_path / "map"), "--concepts", "all", "--learn-from")
    (pair,) = ran(capsys, "fit", *models, *PAIR, *how, "mood,mood 2")["pairs"]
    _, info = load_map(tmp_path / "map")
    assert info.settings["learned_from"] == ["mood", "mood 2"] and pair["direction_cosine"] is not None
    (pair,) = ran(capsys, "fit", *models, *PAIR, *how, "all")["pairs"]
    assert pair["direction_cosine"] is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--learn-from", "mood"), "ridge does not learn from concepts"),
        (("--method", "distilled", "--learn-from", "mood", *PAIR), "so mood alone is too little"),
        (("--method", "distilled", "--learn-from", "joy", *PAIR), "there is no concept 'joy'"),
        (
            ("--method", "distilled", "--learn-from", "mood", "--concepts", "mood", *PAIR),
            "remove mood from one of the two lists",
        ),
        (("--method", "sgd", "--all-layers"), "fit one layer pair at a time"),
        (("--method", "distilled", "--all-layers"), "fit one layer pair at a time"),
        (("--learning-rate", "0.1"), "ridge has no learning rate"),
        (("--method", "sgd", "--learning-rate", "0", *PAIR), "learning rate above 0"),
        (("--method", "distilled", "--learning-rate", "0", *PAIR), "learning rate above 0"),
    ],
)
def test_what_makes_no_sense_gets_one_line(
    models: tuple[str, str], options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", *models, *options]) == 1
    out, err = capsys.readouterr()
    assert out == "" and said in err.strip().splitlines()[-1]
