"""Settings that every test runs under; they must stand before torch, transformers or gradio are imported."""

import os

# No test reaches a hub or reports to anyone, whatever the caller's environment says.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
# Tokenizers and OpenMP would otherwise start one thread per core for models that fit into a cache line or two.
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.setdefault("OMP_NUM_THREADS", "2")

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from lrt_explorer.lm.load import load
from lrt_explorer.lm.model import LanguageModel
from tests.material import NOT_HERE, SHARED

torch.set_num_threads(min(2, torch.get_num_threads()))


@pytest.fixture(scope="session", autouse=True)
def data_folder_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what longer-lived fixtures write, such as a served app, out of the user's data folder."""
    home = tmp_path_factory.mktemp("lrt-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRT_EXPLORER_HOME", str(home))
        yield home


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a data folder of its own, so that none reads what another has kept."""
    home = tmp_path / "lrt-home"
    monkeypatch.setenv("LRT_EXPLORER_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def stories() -> LanguageModel:
    """A real checkpoint with a SentencePiece-style tokenizer that nobody here made."""
    folder = SHARED / "models" / "stories260K"
    if not folder.is_dir():
        pytest.skip(NOT_HERE)
    return load(str(folder))
