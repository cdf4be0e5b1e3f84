"""The two real models, where the data folder has them; each is converted once for all tests."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.real.fetch import GEMMA3, SMOLLM2, real_home

# Read before any test's data folder takes the place of the user's.
HOME = real_home()


@dataclass(frozen=True)
class RealPair:
    """Files of a small model and of a larger one of another family and tokenizer."""

    small: Path
    large: Path

    @property
    def names(self) -> tuple[str, str]:
        return str(self.small), str(self.large)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("real")
            # Far above what any of them needs on two cores.
            item.add_marker(pytest.mark.timeout(420))


@pytest.fixture(scope="session")
def pair() -> RealPair:
    found = RealPair(HOME / SMOLLM2.file, HOME / GEMMA3.file)
    if not (found.small.is_file() and found.large.is_file()):
        pytest.fail(f"the real models are not in {HOME}; get them with `python -m tests.real.fetch`", pytrace=False)
    return found


@pytest.fixture(autouse=True)
def data_folder(data_folder_of_the_session: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One data folder for all tests here: what is converted or fitted once serves those that follow."""
    monkeypatch.setenv("LRT_EXPLORER_HOME", str(data_folder_of_the_session))
    return data_folder_of_the_session
