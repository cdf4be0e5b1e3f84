from pathlib import Path

import pytest

import lrt_explorer
from lrt_explorer.store import assets_home, data_home


def test_the_data_folder_is_the_one_asked_for_and_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRT_EXPLORER_HOME", str(tmp_path / "own"))
    assert data_home() == tmp_path / "own"
    assert not (tmp_path / "own").exists()


def test_without_a_wish_data_lie_in_the_user_s_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in (None, ""):
        if value is None:
            monkeypatch.delenv("LRT_EXPLORER_HOME")
        else:
            monkeypatch.setenv("LRT_EXPLORER_HOME", value)
        assert data_home() == tmp_path / ".cache" / "lrt-explorer"
    monkeypatch.setenv("LRT_EXPLORER_HOME", "~/own")
    assert data_home() == tmp_path / "own"


def test_assets_lie_beside_the_package_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LRT_EXPLORER_ASSETS", raising=False)
    assert assets_home() == Path(lrt_explorer.__file__).resolve().parent.parent / "assets"
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path))
    assert assets_home() == tmp_path
