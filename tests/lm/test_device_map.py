"""A model spread by the library is the model that was asked for, and what cannot be spread is refused."""

from pathlib import Path

import pytest
import torch

from lrt_explorer.errors import ModelError
from lrt_explorer.lm.capture import capture, capture_rows
from lrt_explorer.lm.load import load
from lrt_explorer.lm.tokens import encode
from tests.study.tiny import small


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    home: Path = tmp_path_factory.mktemp("model")
    small().model.save_pretrained(home)
    small().tokenizer.save_pretrained(home)
    return str(home)


def test_a_spread_model_reads_as_it_does_on_one_device(folder: str) -> None:
    spread = load(folder, device_map="auto")
    assert spread.fingerprint == small().fingerprint
    encoded = encode(spread, ["Tom saw a cow.", "Anna ran"])
    # Weights that lie otherwise in memory are summed in another order.
    torch.testing.assert_close(capture(spread, encoded, [1])[1], capture(small(), encoded, [1])[1], rtol=0, atol=1e-5)


def test_bfloat16_is_read_into_float32(folder: str) -> None:
    half = load(folder, dtype=torch.bfloat16)
    encoded = encode(half, ["Tom saw a cow."])
    rows = capture_rows(half, encoded, torch.arange(3), [0, 1], [1])
    assert rows.states[1].dtype == torch.float32 and set(rows.norms) == {0, 1}
    whole = capture_rows(small(), encoded, torch.arange(3), [0, 1], [1]).states[1]
    assert 0 < float((rows.states[1] - whole).norm() / whole.norm()) < 0.05
    assert half.fingerprint == small().fingerprint


def test_other_maps_are_refused(folder: str) -> None:
    with pytest.raises(ModelError, match="'balanced' is not a device map; choose auto"):
        load(folder, device_map="balanced")
