import errno
import os
import zipfile
from pathlib import Path

import pytest

from lrt_explorer.errors import ArtifactError
from lrt_explorer.limits import MAP_HEADER_BYTES
from lrt_explorer.workbench.map_files import NAMES, map_bytes, pack_map, unpack_map


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "map"
    place.mkdir()
    for name in NAMES:
        (place / name).write_text(name)
    return place


def zipped(archive: Path, members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(archive, "w", kind) as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)
    return archive


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_map_survives_the_way_out_and_in(folder: Path, tmp_path: Path) -> None:
    archive = pack_map(folder, tmp_path / "out" / "map.zip")
    assert contents(unpack_map([archive], tmp_path / "in")) == contents(folder)


def test_the_two_files_do_as_well(folder: Path, tmp_path: Path) -> None:
    assert contents(unpack_map(sorted(folder.iterdir()), tmp_path / "in")) == contents(folder)


def test_an_archive_reaches_no_other_place_and_brings_nothing_else(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("../../escaped.json", "x")
        bundle.writestr("extra.py", "x")
        for name in NAMES:
            bundle.writestr(f"../../../{name}", name)
    target = unpack_map([archive], tmp_path / "in")
    assert contents(target) == contents(folder)
    assert {path.name for path in tmp_path.iterdir()} == {"map", "evil.zip", "in"}


@pytest.mark.parametrize("keep", [0, 30, 120])
def test_a_truncated_archive_gets_one_sentence(folder: Path, tmp_path: Path, keep: int) -> None:
    archive = pack_map(folder, tmp_path / "map.zip")
    archive.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(ArtifactError, match=r"map.zip is damaged or not a zip file; save the map again"):
        unpack_map([archive], tmp_path / "in")


def test_a_missing_half_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"artifact.json is missing"):
        unpack_map([folder / "tensors.safetensors"], tmp_path / "in")
    with pytest.raises(ArtifactError, match=r"artifact.json and tensors.safetensors is missing"):
        unpack_map([], tmp_path / "in")


def test_a_map_that_is_gone_is_not_packed(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="has been removed"):
        pack_map(tmp_path / "nowhere", tmp_path / "map.zip")
    assert not (tmp_path / "map.zip").exists()


BOMBS = {
    "description": {"artifact.json": bytes(MAP_HEADER_BYTES + 1)},
    "numbers": {"artifact.json": b"{}", "tensors.safetensors": bytes(map_bytes(8, 8) + 1)},
    "members": {f"{number}.txt": b"" for number in range(20)},
}


@pytest.mark.parametrize("members", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, members: dict[str, bytes]) -> None:
    archive = zipped(tmp_path / "m.zip", members)
    with pytest.raises(ArtifactError, match=r"unpacks to|holds more than a map"):
        unpack_map([archive], tmp_path / "in", map_bytes(8, 8))
    assert files_in(tmp_path) == [archive]


def test_members_packed_in_a_way_that_takes_memory_are_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "m.zip", dict.fromkeys(NAMES, b"{}"), zipfile.ZIP_LZMA)
    with pytest.raises(ArtifactError, match="damaged or not a zip file"):
        unpack_map([archive], tmp_path / "in")


def test_the_two_files_have_the_same_bounds(folder: Path, tmp_path: Path) -> None:
    (folder / NAMES[1]).write_bytes(bytes(map_bytes(8, 8) + 1))
    with pytest.raises(ArtifactError, match=r"tensors\.safetensors is larger than"):
        unpack_map(sorted(folder.iterdir()), tmp_path / "in", map_bytes(8, 8))
    assert not files_in(tmp_path / "in")


def test_what_is_refused_leaves_the_map_that_lies_there(folder: Path, tmp_path: Path) -> None:
    def refuse(_: Path) -> None:
        raise ArtifactError("not for these models")

    archive = pack_map(folder, tmp_path / "map.zip")
    kept = unpack_map([archive], tmp_path / "in")
    with pytest.raises(ArtifactError, match="not for these models"):
        unpack_map([archive], tmp_path / "in", check=refuse)
    assert contents(kept) == contents(folder)
    other = zipped(tmp_path / "other.zip", dict.fromkeys(NAMES, b"other"))
    with pytest.raises(ArtifactError, match="not for these models"):
        unpack_map([other], tmp_path / "in", check=refuse)
    assert [path.name for path in (tmp_path / "in").iterdir()] == [kept.name]


def test_an_archive_is_packed_apart_and_put_in_place_whole(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = pack_map(folder, tmp_path / "map.zip")
    whole, seen = archive.read_bytes(), []
    write = zipfile.ZipFile.write

    def looked_at(bundle: zipfile.ZipFile, *asked: object) -> None:
        seen.append(archive.read_bytes() == whole)
        if len(seen) == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(bundle, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(zipfile.ZipFile, "write", looked_at)
    pack_map(folder, archive)
    with pytest.raises(ArtifactError, match="No space left on device"):
        pack_map(folder, archive)
    assert seen == [True] * 4 and archive.read_bytes() == whole
    assert [path.name for path in tmp_path.glob(".map*")] == []
