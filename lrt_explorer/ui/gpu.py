"""Jobs on a borrowed GPU: on a ZeroGPU Space each study asks for one, with an estimate of its seconds.

The package `spaces` is there on Spaces alone. It runs a decorated function in a process of its own, which has the GPU
for as long as was asked; what is loaded by the main process is there too. See
https://huggingface.co/docs/hub/spaces-zerogpu.
"""

import functools
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from lrt_explorer.errors import LRTError, ModelError
from lrt_explorer.study.steering.arms import SHUFFLED
from lrt_explorer.ui.engine import Engine

Steps = Generator[Any, None, Any]

SECONDS = {
    "time_fit": 20,
    "suggest": 90,
    "compute_layers": 180,
    "check": 60,
    "make": 30,
    "calibration": 30,
    "compare": 45,
    "read_all": 60,
    "picture": 45,
    "evaluate": 240,
    "compare_models": 60,
    "evaluate_models": 240,
    "fit": 120,
    "fit_models": 120,
    "calibrate_models": 45,
    "check_models": 60,
    "transfer_models": 120,
    "suggest_models": 90,
    "basis_models": 90,
    "picture_models": 60,
    "vector_of_model": 30,
}
"""How long a job holds a GPU at most, by the method of the engine; loading models needs none."""
FIT_MARGIN = 2.0
"""A fit may take so many times the estimate that a small batch gives."""
MOST_SECONDS = 300


def gpu_decorator() -> Callable[..., Any] | None:
    """`spaces.GPU`, or None where there is no such package."""
    try:
        return cast(Callable[..., Any], import_module("spaces").GPU)
    except (ImportError, AttributeError):
        return None


class OnGpu:
    """An engine whose studies run on a GPU that is borrowed for each of them; all else is the engine's own."""

    def __init__(self, engine: Engine, gpu: Callable[..., Any]) -> None:
        """Decorate the studies of an engine.

        Args:
            engine: any.
            gpu: `spaces.GPU`.
        """
        self._engine = engine
        for name in SECONDS:
            borrow = gpu(duration=functools.partial(self._seconds, name))
            setattr(self, name, _study(borrow(_steps(getattr(engine, name)))))

    def __getattr__(self, name: str) -> Any:
        """What needs no GPU."""
        return getattr(self._engine, name)

    def _seconds(self, name: str, *asked: Any) -> int:
        """The estimate for one job, from what is asked."""
        seconds: float = SECONDS[name]
        if name == "fit":
            session, tokens = asked[:2]
            if (estimate := self._engine.fit_seconds(session, tokens)) is not None:
                seconds = FIT_MARGIN * estimate
        if name in ("compare", "compare_models") and SHUFFLED in asked[1].arms:
            # A map on shuffled pairs may have to be fitted first, as for an evaluation.
            seconds = SECONDS["evaluate"]
        return round(min(max(seconds, 10), MOST_SECONDS))


@dataclass(frozen=True)
class _Result:
    value: Any


@dataclass(frozen=True)
class _Refusal:
    error: LRTError


def _steps(study: Callable[..., Steps]) -> Callable[..., Steps]:
    """A study that yields its result too, and its refusal: only what is yielded comes back from the other process."""

    @functools.wraps(study)
    def steps(*asked: Any) -> Steps:
        try:
            result = yield from study(*asked)
        except LRTError as error:
            yield _Refusal(error)
        else:
            yield _Result(result)

    return steps


def _study(steps: Callable[..., Steps]) -> Callable[..., Steps]:
    """The study again, from all that it yields."""

    @functools.wraps(steps)
    def study(*asked: Any) -> Steps:
        with closing(steps(*asked)) as told:
            for step in told:
                if isinstance(step, _Refusal):
                    raise step.error
                if isinstance(step, _Result):
                    return step.value
                yield step
        raise ModelError("the GPU was taken away before the job was done; ask for less, or try again")

    return study


def on_gpu(engine: Engine) -> Engine:
    """The engine, borrowing GPUs where this is a Space that lends them."""
    gpu = gpu_decorator()
    return engine if gpu is None else cast(Engine, OnGpu(engine, gpu))
