"""`lrt-explorer evaluate` on tiny models: its JSON, its file, its table, its rerun, one clear line for a mistake."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lrt_explorer.cli import main
from lrt_explorer.concepts.contrast import write_contrast
from lrt_explorer.store import assets_home, data_home
from lrt_explorer.study.evaluation import evaluate
from lrt_explorer.study.evaluation.evaluate import EvaluationSettings
from lrt_explorer.study.fitting import controls
from tests.study.evaluation.suite import ANIMALS
from tests.study.tiny import CONCEPT, large, small, texts


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("evaluate")
    for name, lm in (("small", small()), ("large", large())):
        lm.model.save_pretrained(home / name)
        lm.tokenizer.save_pretrained(home / name)
    for concept in (CONCEPT, ANIMALS):
        write_contrast(home / "assets" / "concepts-real" / f"{concept.name}.jsonl", concept)
    (home / "assets" / "corpus").mkdir(parents=True)
    (home / "assets" / "corpus" / "everyday.txt").write_text("\n".join(texts(200)), encoding="utf-8")
    for name in ("style.css", "report.css", "plot.js", "table.js", "report.js"):
        shutil.copyfile(assets_home() / name, home / "assets" / name)
    (home / "neutral.txt").write_text("The old\nIn the morning the\n")
    return {name: str(home / name) for name in ("small", "large", "assets", "neutral.txt")}


@pytest.fixture(autouse=True)
def assets(folders: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", folders["assets"])


def command(folders: dict[str, str], *more: str) -> list[str]:
    return [
        "evaluate", folders["small"], folders["large"], "--small-layer", "1", "--large-layer", "2", "--tokens", "8000",
        "--neutral", folders["neutral.txt"], "--prompts", "4", "--seeds", "2", "--strengths", "-0.5", "0", "0.5", *more,
    ]  # fmt: skip


def test_it_writes_one_document_and_a_rerun_measures_nothing_again(
    folders: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "evidence"
    arguments = command(folders, "--out", str(out), "--json")
    assert main(arguments) == 0
    first: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [concept["name"] for concept in first["concepts"]] == ["animals", "mood"]
    assert first["strengths"] == [-0.5, 0.0, 0.5] and first["control_maps"] == len(controls.SEEDS)
    assert len(first["concepts"][0]["prompts"]) == 4
    document = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert document == {name: value for name, value in first.items() if name != "out"}
    # The map that was fitted is where the app finds it.
    assert list((data_home() / "maps").rglob("1-2/artifact.json"))

    def never(*arguments: Any, **named: Any) -> None:
        raise AssertionError("something was computed again")

    monkeypatch.setattr(evaluate, "measure", never)
    monkeypatch.setattr(controls, "fit_maps", never)
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out) == first
    assert main(command(folders, "--out", str(out))) == 0
    table = capsys.readouterr().out
    for concept in first["concepts"]:
        assert concept["name"] in table and concept["verdict"] in table
    assert str(out) in table


def test_vectors_from_files_are_measured_in_place_of_the_concepts(
    folders: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "own.safetensors"
    how = ("--layer", "1", "--concept", "animals", "--out", str(file))
    assert main(["vector", folders["small"], *how]) == 0
    capsys.readouterr()
    arguments = command(folders, "--out", str(tmp_path), "--json", "--vector", str(file), "--concepts")
    assert main([*arguments, "mood"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert len(found["settings"]["brought"]) == 1 and "small" in found["settings"]["brought"][0]
    assert main([*arguments, "mood,animals"]) == 1
    assert "evaluate one concept with them" in capsys.readouterr().err


def test_scorers_and_vectors_are_chosen_on_the_command_line(
    folders: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(command(folders, "--out", str(tmp_path), "--json")) == 0
    plain: dict[str, Any] = json.loads(capsys.readouterr().out)
    monkeypatch.setattr(EvaluationSettings, "__post_init__", lambda self: object.__setattr__(self, "max_new_tokens", 4))
    how = ("--method", "principal-component", "--whiten", "--reading", "token-2")
    more = ("--concepts", "mood", "--generate", "--scorer", "words:the,a/of", "--whole-texts", *how)
    assert main(command(folders, "--out", str(tmp_path), *more, "--json")) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    settings = found["settings"]
    assert (settings["method"], settings["whiten"], settings["reading"]) == ("principal-component", True, "token-2")
    assert settings["scorer"] == {"words": ["the", "a"], "against": ["of"]} == found["concepts"][0]["scorer"]
    assert plain["concepts"][1]["scorer"] is None and plain["settings"]["scorer"] is None
    before, after = plain["concepts"][1], found["concepts"][0]
    assert before["whole_texts"] is None and after["whole_texts"]["pairs"] > 0
    assert any("hole texts" in one or "to their last token" in one for one in after["remarks"])
    assert before["name"] == after["name"] and before["direction_cosine"] != after["direction_cosine"]


def test_it_writes_the_report_and_the_sheet_where_asked(
    folders: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, sheet = tmp_path / "new folder" / "report.html", tmp_path / "numbers.csv"
    arguments = command(folders, "--concepts", "mood,animals", "--out", str(tmp_path / "out"), "--json")
    assert main([*arguments, "--report", str(report), "--csv", str(sheet)]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert "report" not in document and "csv" not in document
    page = report.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and page.count('class="figure"') == 1 + 3 * 2
    with sheet.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    arms = sum(len(concept["arms"]) for concept in document["concepts"])
    assert len(rows) == arms * len(document["strengths"])
    assert {row["concept"] for row in rows} == {"mood", "animals"}
    # A place that cannot be written is named before anything is measured.
    (tmp_path / "file").write_text("in the way")
    assert main([*arguments, "--csv", str(tmp_path / "file" / "numbers.csv")]) == 1
    assert "numbers.csv cannot be written: Not a directory; name another place" in capsys.readouterr().err


def test_mistakes_are_one_clear_line(folders: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for more, said in (
        (("--concepts", "joy"), "there is no concept 'joy'"),
        (("--concepts", "mood,mood"), "the same name"),
        (("--strengths", "0.3"), "at least two strengths"),
        (("--prompts", "1"), "at least 2"),
        (("--reading", "token-0"), "is not a way to read a vector; choose all-tokens"),
        (("--scorer", "regex:a"), "a scorer reads written texts"),
        (("--generate", "--scorer", "regex:("), "is not a valid regular expression"),
        (("--generate", "--scorer", "joy"), "'joy' is not a scorer; give words:"),
        (("--large-layer", "9"), "blocks 0 to 4"),
    ):
        assert main(command(folders, *more)) == 1
        out, err = capsys.readouterr()
        line = err.strip().splitlines()[-1]
        assert out == "" and line.startswith("error: ") and said in line and "should not happen" not in line
