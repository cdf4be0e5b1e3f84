"""When the ground fails: places that cannot be written, output that nobody takes, no home: one sentence each."""

import io
import json
import os
import sys
from pathlib import Path

import pytest

from lrt_explorer.cli import main, streams
from lrt_explorer.cli.streams import as_json, keep_result, prepare_streams, print_result, tell, write_or_keep
from lrt_explorer.errors import ArtifactError, VectorError
from lrt_explorer.store import data_home
from lrt_explorer.store import vectors as vector_files
from lrt_explorer.store.writing import check_file, check_folder
from lrt_explorer.study.fitting.solve import FittedMap
from lrt_explorer.workbench import fitting, maps, requests

Capture = pytest.CaptureFixture[str]
NOWHERE = "/proc/none/x"


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def begun(*_: object, **__: object) -> None:
        raise AssertionError("the work was begun")

    for name in ("fit_models", "evaluate_models"):
        monkeypatch.setattr(requests, name, begun)
    monkeypatch.setattr("lrt_explorer.workbench.single_vectors.diagnose_vector", begun)


FIT = ("fit", "tinyworld-xs", "tinyworld-s", "--tokens", "2000")
EVALUATE = ("evaluate", "tinyworld-xs", "tinyworld-s")
VECTOR = ("vector", "tinyworld-xs", "--layer", "0", "--concept", "mood")


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    "command",
    [
        (*FIT, "--out", NOWHERE),
        (*EVALUATE, "--out", NOWHERE),
        (*EVALUATE, "--report", NOWHERE),
        (*EVALUATE, "--csv", NOWHERE),
        (*VECTOR, "--out", NOWHERE),
        ("transfer", "--map", "m", "--vector", "v", "--out", NOWHERE),
    ],
)
def test_a_place_that_cannot_be_written_is_said_before_the_work(command: tuple[str, ...], capsys: Capture) -> None:
    assert main(command) == 1
    said = capsys.readouterr().err
    assert said == f"error: {NOWHERE} cannot be written: No such file or directory; name another place\n"
    assert not data_home().exists() or not any(data_home().iterdir())


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("command", [FIT, EVALUATE, VECTOR])
def test_a_data_folder_that_cannot_be_written_is_said_before_the_work(
    command: tuple[str, ...], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRT_EXPLORER_HOME", NOWHERE)
    assert main(command) == 1
    assert "the data folder /proc/none/x cannot be written" in capsys.readouterr().err
    monkeypatch.delenv("LRT_EXPLORER_HOME")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", _no_home)
    assert main(command) == 1
    assert "this user has no home folder; set LRT_EXPLORER_HOME" in capsys.readouterr().err


def _no_home(path: Path) -> Path:
    if str(path).startswith("~"):
        raise RuntimeError("Could not determine home directory.")
    return path


@pytest.mark.usefixtures("no_work")
def test_what_would_be_removed_or_of_no_use_is_said_before_the_work(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "notes").write_text("mine")
    assert main([*FIT, "--out", str(tmp_path)]) == 1
    assert "holds other files, which saving there would remove" in capsys.readouterr().err
    assert main([*VECTOR, "--out", str(tmp_path / "v.gguf")]) == 1
    assert "llama.cpp takes no control vector at layer 0, so v.gguf would be of no use" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["notes"]


def test_a_trial_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    check_folder(tmp_path / "a" / "b")
    check_file(tmp_path / "c" / "d")
    check_file(tmp_path / "kept")
    assert {path.name for path in tmp_path.rglob("*")} == {"kept"} and (tmp_path / "kept").read_text() == "kept"
    with pytest.raises(ArtifactError, match="is a folder; name a file"):
        check_file(tmp_path)
    with pytest.raises(ArtifactError, match=r"kept/x cannot be written: (Not a directory|File exists)"):
        check_file(tmp_path / "kept" / "x")


def test_a_map_that_cannot_be_written_in_the_end_is_kept_elsewhere(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    real = maps.keep_map

    def keep(found: FittedMap, folder: Path | None = None) -> Path:
        if folder == asked:
            raise ArtifactError(f"{folder} cannot be written (disk full)")
        return real(found, folder)

    monkeypatch.setattr(fitting, "keep_map", keep)
    assert main([*FIT, "--concepts", "none", "--out", str(asked), "--json"]) == 1
    out, said = capsys.readouterr()
    artifact = Path(json.loads(out)["artifact"])
    assert artifact.is_relative_to(data_home() / "maps" / "instead") and (artifact / "artifact.json").is_file()
    assert f"error: {asked} cannot be written (disk full); kept in {artifact}\n" in said


def test_a_vector_that_cannot_be_written_in_the_end_is_kept_elsewhere(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked.safetensors"
    real = vector_files.save_vector

    def save(path: Path, vector: vector_files.VectorFile, model_hint: str = "") -> Path:
        if path == asked:
            raise VectorError(f"{path} cannot be written (disk full)")
        return real(path, vector, model_hint)

    monkeypatch.setattr("lrt_explorer.lm.export.save_vector", save)
    assert main([*VECTOR, "--out", str(asked), "--json"]) == 1
    out, said = capsys.readouterr()
    assert Path(json.loads(out)["artifact"]).is_file() and "cannot be written (disk full); kept in" in said


def test_a_file_that_cannot_be_written_is_kept_in_the_data_folder(tmp_path: Path) -> None:
    assert write_or_keep(tmp_path / "report.html", "<p>") is None
    said = write_or_keep(Path(NOWHERE) / "report.html", "<p>é")
    (kept,) = (data_home() / "results").iterdir()
    assert kept.name.endswith("-report.html") and kept.read_text(encoding="utf-8") == "<p>é"
    assert said is not None and said.endswith(f"could not be written (No such file or directory); it is kept in {kept}")


def test_when_nothing_can_be_written_anywhere_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRT_EXPLORER_HOME", NOWHERE)
    with pytest.raises(ArtifactError, match="neither where it was asked for nor in the data folder"):
        keep_result("x.json", "{}")


class Gone(io.StringIO):
    """A pipe whose end has left."""

    def write(self, _: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_a_result_that_cannot_be_printed_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Gone())
    said = print_result("text", {"r2": 0.5}, "fit")
    (kept,) = (data_home() / "results").iterdir()
    assert said == f"the result could not be printed (Broken pipe); it is kept in {kept}"
    assert json.loads(kept.read_text()) == {"r2": 0.5} and kept.name.endswith("-fit.json")
    with pytest.raises(BrokenPipeError):
        print_result("text", {}, "pairs")


def test_a_log_that_nobody_reads_stops_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Gone())
    tell("half done")


def test_closed_output_is_said_before_the_work(no_work: None, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(FIT) == 1
    assert capsys.readouterr().err == (
        "error: standard output is closed, so the result would be lost; send it to a file\n"
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_no_character_is_too_much_for_a_terminal(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    inner, text = io.BytesIO(), "R² → \ud800"
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(inner, encoding=encoding))
    prepare_streams()
    print(text)
    print(as_json(text), flush=True)
    shown, told = inner.getvalue().decode(encoding).splitlines()
    assert json.loads(told) == text
    assert (
        shown
        == {
            "ascii": "R\\xb2 \\u2192 \\ud800",
            "latin-1": "R² \\u2192 \\ud800",
            "utf-8": "R² → \\ud800",
        }[encoding]
    )


def test_without_standard_error_nothing_is_mixed_into_the_result(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    prepare_streams()
    tell("half done")
    assert capsys.readouterr().out == "" and sys.stderr.name == os.devnull
    sys.stderr.close()
    assert streams.CHEAP
