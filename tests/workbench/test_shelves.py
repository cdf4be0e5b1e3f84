"""What visitors keep lies apart, where nobody guesses it, and takes only so much room."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lrt_explorer.errors import ArtifactError, ContrastError, SettingsError
from lrt_explorer.store import VectorFile
from lrt_explorer.study.steering.brought import take_vectors
from lrt_explorer.workbench import shelves
from lrt_explorer.workbench.session import Shelf
from lrt_explorer.workbench.shelves import is_own, own_set, own_vectors, put_set, put_vectors, visitors_home
from tests.study.tiny import CONCEPT

VECTOR = VectorFile(torch.ones(3), "m", "f", 1, "joy", "x", "y")


def test_two_visitors_have_two_folders_with_names_that_nobody_guesses() -> None:
    one, other = (put_set(Shelf(), CONCEPT) for _ in range(2))
    assert one.folder != other.folder and one.sets[0][1] != other.sets[0][1]
    assert all(len(Path(shelf.folder).name) == 32 for shelf in (one, other))
    assert Path(one.folder).parent == visitors_home()


def test_a_name_with_slashes_stays_below_the_folder(tmp_path: Path) -> None:
    for name in ("../../out", "a/b", "…", "x" * 500):
        shelf = put_set(Shelf(), replace(CONCEPT, name=name))
        assert own_set(shelf.sets[0][1]).resolve().is_relative_to(shelf.folder) and shelf.sets[0][0] == name


def test_vectors_of_both_models_come_back_and_gone_ones_are_named() -> None:
    shelf = put_vectors(Shelf(), "joy", {"small": VECTOR, "large": VECTOR})
    shelf = put_vectors(shelf, "joy", {"large": VECTOR})
    assert [label for label, _ in shelf.vectors] == ["joy", "joy (2)"]
    both, one = (own_vectors(name) for _, name in shelf.vectors)
    assert set(take_vectors(str(both))) == {"small", "large"} and set(take_vectors(str(one))) == {"large"}
    assert torch.equal(take_vectors(str(both))["small"].values, VECTOR.values) and take_vectors("") == {}
    (one / "large.safetensors").unlink()
    with pytest.raises(ArtifactError, match="have been removed; make or load them again"):
        take_vectors(str(one))
    one.rmdir()
    with pytest.raises(ArtifactError, match="have been removed; make or load them again"):
        own_vectors(shelf.vectors[1][1])


@pytest.mark.parametrize("name", ["", "own", "own/../x", "own/" + "a" * 32 + "/../../x", "/etc/passwd", "own/\n/x"])
def test_a_shelf_gives_no_path(name: str) -> None:
    assert not is_own(name)
    with pytest.raises(ContrastError, match="been removed"):
        own_set(name)
    with pytest.raises(ArtifactError, match="been removed"):
        own_vectors(name)


def test_a_shelf_names_its_things_without_saying_where_they_lie() -> None:
    shelf = put_vectors(put_set(Shelf(), CONCEPT), "joy", {"small": VECTOR})
    for _, name in (*shelf.sets, *shelf.vectors):
        assert is_own(name) and str(visitors_home()) not in name


def test_a_full_disk_is_said_without_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(visitors_home()))

    monkeypatch.setattr(shelves, "write_contrast", full)
    with pytest.raises(ArtifactError, match=r"^this cannot be kept here \(No space left on device\); tell"):
        put_set(Shelf(), CONCEPT)


def test_the_folders_used_the_longest_ago_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "VISITORS", 3)
    visitors = []
    for age in range(5):
        visitors.append(put_set(Shelf(), CONCEPT))
        os.utime(visitors[-1].folder, (1000 + age, 1000 + age))
    assert {Path(shelf.folder) for shelf in visitors[-3:]} == set(visitors_home().iterdir())
    put_set(visitors[2], CONCEPT)
    put_set(Shelf(), CONCEPT)
    assert Path(visitors[2].folder).is_dir() and not Path(visitors[3].folder).is_dir()


def test_nothing_in_use_makes_room_for_newcomers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "VISITORS", 2)
    first, second = (put_set(Shelf(), CONCEPT) for _ in range(2))
    for _ in range(3):
        with pytest.raises(SettingsError, match="there is no room for more from visitors just now"):
            put_set(Shelf(), CONCEPT)
    assert own_set(first.sets[0][1]).is_file() and len(list(visitors_home().iterdir())) == 2
    put_set(first, CONCEPT)
    # An old folder that is read is in use again; the other one makes room.
    for shelf in (first, second):
        os.utime(shelf.folder, (1000, 1000))
    own_set(first.sets[0][1])
    put_set(Shelf(), CONCEPT)
    assert own_set(first.sets[0][1]).is_file() and not Path(second.folder).exists()


def test_all_visitors_together_take_only_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    first = put_set(Shelf(), CONCEPT)
    monkeypatch.setattr(shelves, "LARGEST", own_set(first.sets[0][1]).stat().st_size - 1)
    os.utime(first.folder, (1000, 1000))
    second = put_set(Shelf(), CONCEPT)
    assert [folder.name for folder in visitors_home().iterdir()] == [Path(second.folder).name]
    with pytest.raises(SettingsError, match="no room for more"):
        put_set(second, CONCEPT)
    assert own_set(second.sets[0][1]).is_file(), "one's own is never taken away"


def test_what_goes_while_room_is_made_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = [put_set(Shelf(), CONCEPT).folder for _ in range(3)]
    walk = os.walk

    def walk_while_others_leave(place: Path) -> object:
        for folder in gone:
            shutil.rmtree(folder, ignore_errors=True)
        return walk(place)

    monkeypatch.setattr(os, "walk", walk_while_others_leave)
    assert put_set(Shelf(), CONCEPT).sets and not any(Path(folder).exists() for folder in gone)
