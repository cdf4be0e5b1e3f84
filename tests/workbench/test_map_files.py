import zipfile
from pathlib import Path

import pytest

from lrt_explorer.errors import ArtifactError
from lrt_explorer.workbench.map_files import NAMES, pack_map, unpack_map


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "map"
    place.mkdir()
    for name in NAMES:
        (place / name).write_text(name)
    return place


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
    with pytest.raises(ArtifactError, match="no longer"):
        pack_map(tmp_path / "nowhere", tmp_path / "map.zip")
    assert not (tmp_path / "map.zip").exists()
