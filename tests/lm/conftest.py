"""Models that several files of tests share; each is built once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from lrt_explorer.lm.model import LanguageModel
from tests.lm.families import tiny_lm

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def llama() -> LanguageModel:
    return tiny_lm("llama")


@pytest.fixture(autouse=True)
def no_hook_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does, the blocks of the shared tiny model have no hooks of ours after it."""
    yield
    if "llama" in request.fixturenames:
        lm: LanguageModel = request.getfixturevalue("llama")
        assert [hook for block in lm.blocks for hook in own_hooks(block)] == []


def own_hooks(block: torch.nn.Module) -> list[object]:
    """The forward hooks of a block, without those that transformers leaves there for `output_hidden_states`."""
    return [hook for hook in block._forward_hooks.values() if "transformers" not in getattr(hook, "__module__", "")]
