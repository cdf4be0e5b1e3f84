"""What visitors keep lies apart, where nobody guesses it, and takes only so much room."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lrt_explorer.errors import ArtifactError
from lrt_explorer.store import VectorFile
from lrt_explorer.study.steering.brought import take_vectors
from lrt_explorer.workbench import shelves
from lrt_explorer.workbench.session import Shelf
from lrt_explorer.workbench.shelves import put_set, put_vectors, visitors_home
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
        assert Path(shelf.sets[0][1]).resolve().is_relative_to(shelf.folder) and shelf.sets[0][0] == name


def test_vectors_of_both_models_come_back_and_gone_ones_are_named() -> None:
    shelf = put_vectors(Shelf(), "joy", {"small": VECTOR, "large": VECTOR})
    shelf = put_vectors(shelf, "joy", {"large": VECTOR})
    (first, both), (second, one) = shelf.vectors
    assert (first, second) == ("joy", "joy (2)")
    assert set(take_vectors(both)) == {"small", "large"} and set(take_vectors(one)) == {"large"}
    assert torch.equal(take_vectors(both)["small"].values, VECTOR.values) and take_vectors("") == {}
    (Path(one) / "large.safetensors").unlink()
    with pytest.raises(ArtifactError, match="have been removed; make or load them again"):
        take_vectors(one)


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


def test_all_visitors_together_take_only_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    first = put_set(Shelf(), CONCEPT)
    os.utime(first.folder, (1000, 1000))
    monkeypatch.setattr(shelves, "LARGEST", Path(first.sets[0][1]).stat().st_size - 1)
    second = put_set(Shelf(), CONCEPT)
    assert [folder.name for folder in visitors_home().iterdir()] == [Path(second.folder).name]
    third = put_set(second, CONCEPT)
    assert Path(third.sets[0][1]).is_file() and Path(third.sets[1][1]).is_file(), "one's own is never taken away"
