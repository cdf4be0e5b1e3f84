"""Where models go is asked and answered in one place."""

from pathlib import Path

import pytest
import torch

from lrt_explorer.errors import ModelError
from lrt_explorer.lm.load import load
from lrt_explorer.lm.placement import Placement, placement
from tests.lm.families import tiny_model, tiny_tokenizer


def test_nothing_asked_is_the_best_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert (placement().target, placement().weights) == (torch.device("cpu"), torch.float32)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert (placement().target, placement().weights) == (torch.device("mps"), None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert (placement().target, placement().weights) == (torch.device("cuda"), None)


def test_what_is_asked_for_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRT_EXPLORER_DEVICE", "cuda:1")
    monkeypatch.setenv("LRT_EXPLORER_DTYPE", "bfloat16")
    monkeypatch.setenv("LRT_EXPLORER_DEVICE_MAP", "auto")
    assert placement() == Placement("cuda:1", "bfloat16", "auto")
    assert placement("cpu", "auto", "") == Placement("cpu")
    assert placement(torch.device("cpu"), torch.float16) == Placement("cpu", "float16", "auto")
    monkeypatch.setenv("LRT_EXPLORER_DEVICE", "")
    assert placement().device == "auto"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"device": "nonsense"}, "'nonsense' is not a device; choose auto, cpu"),
        ({"device": "meta"}, "'meta' is not a device"),
        ({"dtype": "float8"}, "'float8' is not a precision; choose auto, float32, float16, bfloat16"),
        ({"device_map": "balanced"}, "'balanced' is not a device map; choose auto"),
    ],
)
def test_what_there_is_not_is_refused(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        placement(**wrong)


def test_a_model_is_loaded_as_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_model("llama").save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    assert load(str(tmp_path), device="cpu", dtype="float16").model.dtype == torch.float16
    monkeypatch.setenv("LRT_EXPLORER_DEVICE", "cpu")
    monkeypatch.setenv("LRT_EXPLORER_DTYPE", "bfloat16")
    lm = load(str(tmp_path))
    assert (lm.device, lm.model.dtype) == (torch.device("cpu"), torch.bfloat16)
