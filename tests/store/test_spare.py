import tempfile
from pathlib import Path

import pytest
import torch

from lrt_explorer.errors import ArtifactError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.store.spare import SpareMaps


def a_map(seed: int) -> AffineMap:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(6, 4, generator=generator, dtype=torch.float64).T
    return AffineMap(weight, torch.randn(6, generator=generator, dtype=torch.float64))


def test_maps_come_back_as_they_were_and_the_folder_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with SpareMaps() as spare:
        spare.put((0, 1), a_map(1))
        spare.put((1, 0), a_map(2))
        assert torch.equal(spare.get((0, 1)).weight, a_map(1).weight)
        assert torch.equal(spare.get((1, 0)).bias, a_map(2).bias)
        assert len(list(tmp_path.rglob("*.safetensors"))) == 2
        with pytest.raises(ArtifactError, match="start again"):
            spare.get((7, 7))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with SpareMaps() as spare:
        next(tmp_path.iterdir()).rmdir()
        with pytest.raises(ArtifactError, match="set TMPDIR"):
            spare.put((0, 1), a_map(1))
