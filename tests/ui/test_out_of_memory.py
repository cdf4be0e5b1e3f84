"""Memory that runs out ends a job in one sentence, is given back, and the server goes on."""

import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from lrt_explorer.lm.cache import ModelCache
from lrt_explorer.lm.memory import is_out_of_memory
from lrt_explorer.ui import guard
from lrt_explorer.ui.guard import OUT_OF_MEMORY, UNEXPECTED, guarded
from tests.ui.fakes import FakeEngine
from tests.ui.served import served

CPU = "[enforce fail at alloc_cpu.cpp:117] data. DefaultCPUAllocator: can't allocate memory: you tried to allocate"


class Model:
    memory = 8


class Numbers:
    """Many."""


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory"), RuntimeError(CPU)])
def test_it_is_said_and_what_was_computed_is_given_back(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    unused = ModelCache(2, lambda name: cast(Any, Model()))
    unused.get("a")
    monkeypatch.setattr(guard, "models", lambda: unused)
    left: list[weakref.ref[Numbers]] = []

    def compute() -> None:
        numbers = Numbers()
        left.append(weakref.ref(numbers))
        raise error

    @guarded(lambda sentence: sentence)
    def handler() -> Iterator[str]:
        compute()
        yield "never"

    assert list(handler()) == [OUT_OF_MEMORY]
    assert left[0]() is None and unused.names() == ()


def test_other_errors_are_not_taken_for_it() -> None:
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("out of memory"))

    @guarded(lambda sentence: sentence)
    def handler() -> Iterator[str]:
        yield "working"
        raise RuntimeError("mat1 and mat2")

    assert list(handler()) == ["working", UNEXPECTED]


def test_an_endpoint_survives_it(tmp_path: Path) -> None:
    class Full(FakeEngine):
        def compare_models(self, *asked: Any) -> Any:
            if asked[1].seed == 1:
                raise MemoryError
            yield from ()
            return (yield from super().compare_models(*asked))

    with served(Full(tmp_path)) as server:
        asked = ["tinyworld-s", "tinyworld-l", "mood", "Anna went", 0.4]
        assert server.call("compare", *asked, 1) == (False, OUT_OF_MEMORY)
        assert server.call("compare", *asked, 0)[0]
