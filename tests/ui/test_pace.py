"""Texts reach the page at once, then a few times a second; whatever else happens is told."""

from collections.abc import Generator

from lrt_explorer.study.compare import ComparisonStep
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.ui.pace import PACE_SECONDS, paced


def test_of_quick_steps_some_are_shown_and_of_slow_ones_all() -> None:
    now, closed = [0.0], []

    def study(seconds: float) -> Generator[Progress | ComparisonStep, None, str]:
        try:
            yield Progress(0, 2, "reading")
            yield Progress(1, 2, "measuring")
            for done in range(1, 41):
                now[0] += seconds
                yield ComparisonStep(tuple, done, 40, done == 40)
            return "written"
        finally:
            closed.append(seconds)

    def shown(seconds: float) -> tuple[list[int], str]:
        running = paced(study(seconds), lambda: now[0])
        steps = []
        while True:
            try:
                steps.append(next(running))
            except StopIteration as stop:
                return [step.done for step in steps], stop.value

    quick, result = shown(PACE_SECONDS * 0.26)
    assert quick == [0, 1, *range(1, 41, 4)] and result == "written"
    slow, _ = shown(PACE_SECONDS * 1.01)
    assert slow == [0, 1, *range(1, 40)], "the result shows the last"
    running = paced(study(1.0))
    next(running)
    running.close()
    assert len(closed) == 3
