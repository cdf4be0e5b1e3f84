"""Studies in turns: an engine whose studies wait in a lane until they may run, and say how long that takes."""

import functools
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from lrt_explorer.errors import CancelledError
from lrt_explorer.lm.memory import give_back_memory
from lrt_explorer.lm.threads import use_threads
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.arms import OTHER_LAYERS, SHUFFLED
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.ui.asker import check_still_there, visitor
from lrt_explorer.ui.cards import about
from lrt_explorer.ui.engine import Engine
from lrt_explorer.workbench.lanes import LOADING, LONG, QUICK, Lane, Lanes, Place
from lrt_explorer.workbench.session import Session, SpaceSettings

Steps = Generator[Any, None, Any]
ChooseLane = Callable[..., str]

COURTESY = 3.0
"""Times what a step took that a long job lets quick work go first, before its next step: a quarter of its pace is left.

At half its pace both lanes of a crowded core were about equally full, so the line for quick work was long in one minute
and short in the next; now the long line is always the longer one. `benchmarks/load.py` measures it.
"""
LONGEST_COURTESY, COURTESY_TICK = 3.0, 0.005
"""Seconds of it at most, and how often a job looks whether the quick work has ended."""
TICK_SECONDS = 0.5
"""How often a place in line is shown again, and how soon a page that is closed leaves it."""


def _lane_of_opening(engine: Engine, small: str, large: str) -> str:
    return QUICK if {small, large} <= set(engine.models_in_memory()) else LOADING


def _lane_of_picture(engine: Engine, session: Session, settings: SpaceSettings) -> str:
    return LONG if settings.method == "umap" and not engine.is_drawn(session, settings) else QUICK


def _lane_of_comparison(_engine: Engine, _where: object, spec: SteerSpec) -> str:
    """A map on shuffled pairs, or between other layers, may have to be fitted first."""
    return LONG if {SHUFFLED, OTHER_LAYERS} & set(spec.arms) else QUICK


STUDIES: dict[str, str | ChooseLane] = {
    "open": _lane_of_opening,
    "time_fit": QUICK,
    "calibration": QUICK,
    "compare": _lane_of_comparison,
    "compare_models": _lane_of_comparison,
    "picture": _lane_of_picture,
    "read_all": LONG,
    "make": LONG,
    "check": LONG,
    "suggest": LONG,
    "compute_layers": LONG,
    "fit": LONG,
    "fit_models": LONG,
    "evaluate": LONG,
    "evaluate_models": LONG,
    "calibrate_models": QUICK,
    "check_models": LONG,
    "transfer_models": LONG,
    "suggest_models": LONG,
    "basis_models": LONG,
    "picture_models": LONG,
    "vector_of_model": LONG,
}
"""The lane of each study of the engine, or how it follows from what is asked."""
AT_ONCE = (
    "at_layers",
    "with_method",
    "use_pair",
    "badges",
    "layers",
    "import_map",
    "vector_sides",
    "import_vector",
    "export_map",
    "vectors",
    "vector_file",
    "shared",
)
"""What is answered in one step, which may decompose a map, solve one or load a model: quick work too."""


@dataclass(frozen=True)
class InLine(Progress):
    """A study that waits for its turn."""


class InTurns:
    """An engine that works in turns; what computes nothing is the engine's own."""

    def __init__(self, engine: Engine, lanes: Lanes) -> None:
        """Put all work into its lane.

        Args:
            engine: any.
            lanes: those of the server.
        """
        self._engine, self._lanes = engine, lanes
        for name, lane in STUDIES.items():
            setattr(self, name, self._in_turn(name, lane, getattr(engine, name)))
        for name in AT_ONCE:
            setattr(self, name, self._answered_in_turn(name, getattr(engine, name)))

    def __getattr__(self, name: str) -> Any:
        """What computes nothing."""
        return getattr(self._engine, name)

    def _in_turn(self, name: str, lane: str | ChooseLane, study: Callable[..., Steps]) -> Callable[..., Steps]:
        @functools.wraps(study)
        def waited(*asked: Any) -> Steps:
            chosen = lane if isinstance(lane, str) else lane(self._engine, *asked)
            return (yield from self._run(self._lanes[chosen], name, study(*asked)))

        return waited

    def _answered_in_turn(self, name: str, answer: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(answer)
        def waited(*asked: Any) -> Any:
            turn = self._lanes[QUICK].join(visitor(), name)
            try:
                while turn.wait(TICK_SECONDS) is not None:
                    check_still_there()
                use_threads(self._lanes.running)
                return answer(*asked)
            finally:
                turn.leave()

        return waited

    def _run(self, lane: Lane, name: str, study: Steps) -> Steps:
        turn = lane.join(visitor(), name)
        try:
            wait = 0.0
            while (place := turn.wait(wait)) is not None:
                yield InLine(0, 1, in_line(place))
                wait = TICK_SECONDS
            return (yield from self._limited(lane, study))
        finally:
            study.close()
            turn.leave()
            if lane is self._lanes.long:
                give_back_memory()

    def _let_quick_work_go_first(self, lane: Lane, stepped: float) -> float:
        """Wait while quick work runs; gives the seconds that this took by the lane's clock.

        Args:
            lane: of the job.
            stepped: seconds that its last step took.
        """
        begun, end = lane.clock(), time.monotonic() + min(COURTESY * stepped, LONGEST_COURTESY)
        while self._lanes.quick.running and time.monotonic() < end:
            time.sleep(COURTESY_TICK)
        return lane.clock() - begun

    def _limited(self, lane: Lane, study: Steps) -> Steps:
        begun, waited = lane.clock(), 0.0
        while True:
            use_threads(self._lanes.running)
            stepped = time.monotonic()
            try:
                step = next(study)
            except StopIteration as stop:
                return stop.value
            if lane is self._lanes.long:
                waited += self._let_quick_work_go_first(lane, time.monotonic() - stepped)
            yield step
            if lane.clock() - begun - waited > lane.limit:
                raise CancelledError(
                    f"this job was stopped after {lane.limit:,.0f} seconds, the most that one may take here; "
                    "ask for less"
                )


def in_line(place: Place) -> str:
    """A place in line as a sentence without its end."""
    left = "" if place.seconds is None else f", {about(place.seconds)}"
    if place.own:
        return f"waiting for your other job{left}"
    others = "1 other" if place.before == 1 else f"{place.before} others"
    return f"{others} before you{left}"
