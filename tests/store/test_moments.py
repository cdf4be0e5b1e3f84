"""Saved moments: found by what they say of themselves, and bounded in number."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lrt_explorer.errors import ArtifactError
from lrt_explorer.store import MomentsInfo, find_moments, forget_moments, load_moments, save_artifact, save_moments

INFO = MomentsInfo(
    "s",
    "l",
    "fs",
    "fl",
    "corpus",
    "print",
    100,
    True,
    ((0, 1), (2, 3)),
    {"rules": 1},
    {"used": 9},
    {"batches": 0},
    "2026",
)
STATES = {"fit": {"count": torch.tensor(3), "cxy.0.1": torch.eye(2)}, "select": {"count": torch.tensor(1)}}


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    info, states = load_moments(save_moments(tmp_path / "m", INFO, STATES))
    assert info == INFO
    assert {part: set(state) for part, state in states.items()} == {"fit": {"count", "cxy.0.1"}, "select": {"count"}}
    assert torch.equal(states["fit"]["cxy.0.1"], torch.eye(2))


def test_the_newest_come_first_and_stay(tmp_path: Path) -> None:
    for year in (2024, 2026, 2025):
        save_moments(tmp_path / str(year), replace(INFO, created=str(year)), STATES)
    assert [folder.name for folder, _ in find_moments(tmp_path)] == ["2026", "2025", "2024"]
    forget_moments(tmp_path, but=2)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["2025", "2026"]
    assert find_moments(tmp_path / "absent") == []


def test_what_is_half_written_damaged_or_something_else_is_passed_over_and_let_be(tmp_path: Path) -> None:
    save_moments(tmp_path / "good", INFO, STATES)
    save_moments(tmp_path / ".m.new-1", INFO, STATES)
    save_artifact(tmp_path / "map", "map", {}, {})
    header = save_moments(tmp_path / "vague", INFO, STATES) / "artifact.json"
    meta = json.loads(header.read_text())
    del meta["meta"]["pairs"]
    header.write_text(json.dumps(meta))
    assert [folder.name for folder, _ in find_moments(tmp_path)] == ["good"]
    with pytest.raises(ArtifactError, match="do not say which models and texts"):
        load_moments(tmp_path / "vague")
    forget_moments(tmp_path, but=0)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == [".m.new-1", "map", "vague"]
