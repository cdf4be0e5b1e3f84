"""The planted mistakes fit today's sources and tests, and the command tells what is noticed from what is not."""

import re
from pathlib import Path

import pytest

from benchmarks.mistakes import ROOT, main, run, stale
from benchmarks.planted import MISTAKES, Mistake

SOURCE = "def double(x: int) -> int:\n    return 2 * x\n"
TEST = "from lrt_explorer.sums import double\n\n\ndef test_of_two() -> None:\n    assert double(2) == 4\n"
TURNED = Mistake("turned", "lrt_explorer/sums.py", "2 * x", "-2 * x", "tests/test_sums.py")
POWER = Mistake("power", "lrt_explorer/sums.py", "2 * x", "x**2", "tests/test_sums.py")
GONE = Mistake("gone", "lrt_explorer/sums.py", "3 * x", "x", "tests/test_sums.py")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package of one function with a test that only looks at 2."""
    for folder, name, text in (("lrt_explorer", "sums.py", SOURCE), ("tests", "test_sums.py", TEST)):
        (tmp_path / "project" / folder).mkdir(parents=True)
        (tmp_path / "project" / folder / "__init__.py").touch()
        (tmp_path / "project" / folder / name).write_text(text)
    return tmp_path / "project"


def test_every_text_is_found_once_and_is_planted_as_another() -> None:
    assert stale(MISTAKES) == []
    assert all(one.text != one.instead for one in MISTAKES)
    assert len({one.name for one in MISTAKES}) == len(MISTAKES) >= 50


@pytest.mark.parametrize("tests", sorted({one.tests for one in MISTAKES}))
def test_every_test_that_should_notice_is_there(tests: str) -> None:
    file, _, name = tests.partition("::")
    source = (ROOT / file).read_text("utf-8")
    assert re.search(rf"^def {name}\(" if name else r"^def test_", source, re.MULTILINE)


def test_it_tells_what_is_noticed_from_what_is_not(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([POWER, TURNED], project, jobs=1) == 1
    told = capsys.readouterr().out.splitlines()
    assert told == ["power: ALIVE", "turned: killed by tests/test_sums.py::test_of_two", "1 of 2 killed"]
    assert (project / TURNED.file).read_text() == SOURCE, "nothing is planted in the sources themselves"


def test_a_stale_list_and_a_failing_test_are_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([TURNED, GONE], project) == 1
    assert "gone: its text is found 0 times in lrt_explorer/sums.py" in capsys.readouterr().out
    (project / "lrt_explorer" / "sums.py").write_text(SOURCE.replace("2 * x", "2 * x + 1"))
    assert run([TURNED], project, jobs=1) == 1
    assert "tests/test_sums.py::test_of_two fails without any mistake" in capsys.readouterr().out


def test_a_name_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "no-such-mistake"])
    assert "there is no mistake no-such-mistake" in capsys.readouterr().err
