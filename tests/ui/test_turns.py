"""Studies in turns: lanes do not wait for each other, a place in line is shown, and who is gone leaves it."""

import json
import secrets
import threading
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from lrt_explorer.errors import CancelledError
from lrt_explorer.lm.threads import use_threads
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.project import SpacePicture
from lrt_explorer.study.steering.arms import PANES
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.ui.engine import ConceptEngine, Engine
from lrt_explorer.ui.turns import AT_ONCE, COURTESY_TICK, STUDIES, InLine, InTurns, in_line
from lrt_explorer.workbench.hosting import Hosting
from lrt_explorer.workbench.lanes import LONG, QUICK, Lanes, Place, make_lanes
from lrt_explorer.workbench.session import Session, SpaceSettings
from tests.ui.fakes import FakeEngine
from tests.ui.served import Served, served

STRANGERS = Hosting(hosted=True, models=("tinyworld-s", "tinyworld-l"), time_limit=60)


class Slow(FakeEngine):
    """Fits end when they are allowed to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.go_on = threading.Event()
        self.begun = threading.Semaphore(0)
        self.ended = threading.Event()

    def fit(self, session: Session, tokens: int, text_file: Path | None) -> Generator[Progress, None, Session]:
        self.begun.release()
        try:
            while not self.go_on.wait(0.02):
                yield Progress(1, 2, "fitting")
        finally:
            self.ended.set()
        return session

    def fit_models(self, *asked: Any) -> Generator[Progress, None, Any]:
        yield from self.fit(cast(Any, None), 0, None)

    def is_drawn(self, session: Session, settings: SpaceSettings) -> bool:
        return settings.points == 40


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Slow]:
    engine = Slow(tmp_path)
    yield engine
    engine.go_on.set()


@pytest.fixture
def lanes() -> Lanes:
    return make_lanes(STRANGERS, 2)


@pytest.fixture
def turns(slow: Slow, lanes: Lanes) -> Engine:
    return cast(Engine, InTurns(slow, lanes))


def test_every_study_has_a_lane() -> None:
    studies = {
        name
        for name, method in vars(Engine).items() | vars(ConceptEngine).items()
        if "Generator" in str(getattr(method, "__annotations__", {}).get("return", ""))
    }
    assert studies == set(STUDIES)


@pytest.mark.parametrize("name", ["compare", "compare_models"])
def test_a_comparison_that_may_fit_a_control_map_is_long_work(slow: Slow, name: str) -> None:
    lane = STUDIES[name]
    assert callable(lane)
    found = [
        lane(cast(Engine, slow), None, SteerSpec(concept="mood", arms=arms)) for arms in ((), PANES, ("shuffled map",))
    ]
    assert found == [QUICK, QUICK, LONG]


def test_what_may_compute_has_a_lane_and_the_rest_is_known_to_compute_nothing() -> None:
    asked = {name for name in vars(Engine) | vars(ConceptEngine) if not name.startswith("_")} - set(STUDIES)
    at_once = {
        *("ready", "models_in_memory", "pairs", "first", "concepts", "concept", "examples", "offered_sets", "contrast"),
        *("keep_text", "forget", "fit_seconds", "methods", "is_drawn", "shipped_evidence", "suites"),
        *("keep_set", "import_set", "set_file"),
    }
    assert asked - set(AT_ONCE) == at_once


def test_what_is_answered_in_one_step_waits_for_its_turn(turns: Engine, lanes: Lanes, session: Session) -> None:
    held = [lanes.quick.join(f"other {number}", "compare") for number in range(lanes.quick.slots)]
    found: list[Session] = []
    moving = threading.Thread(target=lambda: found.append(turns.at_layers(session, 1, 2)))
    moving.start()
    until(lambda: lanes.quick.waiting == 1)
    assert not found
    held[0].leave()
    moving.join(10)
    assert found[0].large_layer == 2 and lanes.quick.running == lanes.quick.slots - 1
    with pytest.raises(Exception, match="choose one of these"):
        turns.at_layers(session, 1, 99)
    assert lanes.quick.running == lanes.quick.slots - 1, "a refusal leaves the lane too"


def test_a_study_gives_its_steps_and_its_result_and_leaves(turns: Engine, lanes: Lanes, session: Session) -> None:
    study = turns.suggest(session)
    assert next(study).message.startswith("Reading") and lanes.long.running == 1
    assert finish(study).large_layer == 4
    assert lanes.running == 0


def test_a_study_waits_for_another_and_says_where_it_stands(turns: Engine, slow: Slow, session: Session) -> None:
    first, second = turns.fit(session, 2000, None), turns.suggest(session)
    next(first)
    step = next(second)
    assert isinstance(step, InLine) and step.message == "waiting for your other job"
    slow.go_on.set()
    finish(first)
    assert not isinstance(next(second), InLine)


def test_quick_work_does_not_wait_for_long_work(turns: Engine, session: Session) -> None:
    next(turns_held := turns.fit(session, 2000, None))
    calibrated = finish(turns.calibration(session, "mood", "", ""))
    assert calibrated.first
    turns_held.close()


def test_a_long_job_lets_quick_work_go_first_but_goes_on(
    turns: Engine, lanes: Lanes, slow: Slow, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", lambda seconds: slept.append(seconds) if seconds == COURTESY_TICK else None)
    study = turns.fit(session, 2000, None)
    next(study)
    next(study)
    assert not slept, "nobody else is at work"
    quick = lanes.quick.join("other", "compare")
    next(study)
    assert slept, "the step took a while, and so may the quick work"
    quick.leave()
    slept.clear()
    next(study)
    assert not slept
    study.close()


def test_a_study_that_is_closed_leaves_its_lane(turns: Engine, lanes: Lanes, slow: Slow, session: Session) -> None:
    running, waiting = turns.fit(session, 2000, None), turns.fit(session, 2000, None)
    next(running)
    next(waiting)
    waiting.close()
    assert (lanes.long.running, lanes.long.waiting) == (1, 0)
    running.close()
    assert lanes.running == 0 and slow.ended.is_set()


def test_a_study_that_fails_leaves_its_lane(turns: Engine, lanes: Lanes) -> None:
    with pytest.raises(Exception, match="there is no model"):
        finish(turns.open("no-such", "tinyworld-l"))
    assert lanes.running == 0


def test_a_job_may_take_so_long_and_waiting_does_not_count(slow: Slow, session: Session) -> None:
    lanes = make_lanes(Hosting(hosted=True, time_limit=100), 2)
    now = 0.0
    lanes.long.clock = lambda: now
    turns = cast(Engine, InTurns(slow, lanes))
    first, second = turns.fit(session, 2000, None), turns.fit(session, 2000, None)
    next(first)
    next(second)
    now = 99.0
    next(first)
    now = 101.0
    with pytest.raises(CancelledError, match="stopped after 100 seconds, the most that one may take here; ask for le"):
        next(first)
    assert slow.ended.is_set(), "the study itself has ended"
    assert not isinstance(next(second), InLine)
    now = 199.0
    assert next(second).message == "fitting"


def test_what_a_long_job_waits_for_quick_work_does_not_count_towards_its_limit(
    slow: Slow, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes = make_lanes(Hosting(hosted=True, time_limit=100), 2)
    now = 0.0
    lanes.long.clock = lambda: now
    study = cast(Engine, InTurns(slow, lanes)).fit(session, 2000, None)
    next(study)
    quick = lanes.quick.join("other", "compare")

    def sleep(seconds: float) -> None:
        nonlocal now
        if seconds == COURTESY_TICK:
            now += 150.0
            quick.leave()

    monkeypatch.setattr(time, "sleep", sleep)
    next(study)
    assert now == 150.0
    assert next(study).message == "fitting", "it has waited 150 seconds and worked for none"
    now += 101.0
    with pytest.raises(CancelledError, match="stopped after 100 seconds"):
        next(study)


def test_models_in_memory_and_pictures_that_are_drawn_do_not_wait(
    turns: Engine, lanes: Lanes, session: Session
) -> None:
    def lane(study: Generator[Any, None, Any]) -> str:
        next(study)
        found = next(name for name in ("quick", "long", "loading") if lanes[name].running)
        study.close()
        return found

    assert lane(turns.open("tinyworld-s", "tinyworld-l")) == "quick"
    assert lane(turns.open("tinyworld-m", "tinyworld-l")) == "loading"
    picture: Callable[[SpaceSettings], Generator[Progress, None, SpacePicture]] = lambda s: turns.picture(session, s)  # noqa: E731
    assert lane(picture(SpaceSettings("mood", 40, "umap"))) == "quick"
    assert lane(picture(SpaceSettings("mood", 50, "umap"))) == "long"
    assert lane(picture(SpaceSettings("mood", 50, "pca"))) == "quick"


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (Place(1), "1 other before you"),
        (Place(2, 41.0), "2 others before you, about 40 s"),
        (Place(3, 130.0, own=True), "waiting for your other job, about 2 min"),
    ],
)
def test_a_place_in_line_is_one_sentence(place: Place, sentence: str) -> None:
    assert in_line(place) == sentence


def test_jobs_share_the_cores() -> None:
    before = torch.get_num_threads()
    try:
        most = use_threads(1)
        assert use_threads(2) == max(1, most // 2) == torch.get_num_threads()
        assert use_threads(100) == 1
        assert use_threads(1) == most
    finally:
        torch.set_num_threads(before)


# Over the web.


class Page:
    """A visitor's page."""

    def __init__(self, server: Served) -> None:
        self.server, self.session = server, secrets.token_hex(6)

    def join(self, name: str, data: list[Any]) -> str:
        """Ask for the handler of this name; gives the event."""
        event = next(e for e in self.server.events() if e["api_name"] in (name, f"{name}_1"))
        asked = {"data": data, "fn_index": event["id"], "session_hash": self.session, "event_data": None}
        found: str = self.server.ask("gradio_api/queue/join", {**asked, "trigger_id": None}).document["event_id"]
        return found

    @contextmanager
    def messages(self) -> Iterator[Iterator[dict[str, Any]]]:
        """What the server says to this page while the block lasts; then the page is closed."""
        address = f"{self.server.url}gradio_api/queue/data?session_hash={self.session}"
        with urllib.request.urlopen(address, timeout=30) as stream:
            yield (json.loads(line.removeprefix(b"data:")) for line in stream if line.startswith(b"data:"))

    def run(self, name: str, data: list[Any]) -> str:
        """What was shown in the end."""
        self.join(name, data)
        with self.messages() as messages:
            return json.dumps(next(m for m in messages if m["msg"] == "process_completed")["output"])


def until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it never became so")


FIT = "fit"
FIT_ARGUMENTS = ["tinyworld-s", "tinyworld-l"]


def lane_of(server: Served, name: str) -> tuple[int, int]:
    found = server.ask("health").document["lanes"][name]
    return found["running"], found["waiting"]


def test_long_jobs_of_five_visitors_keep_nobody_from_a_slider(slow: Slow) -> None:
    with served(slow, STRANGERS) as server:
        pages = [Page(server) for _ in range(5)]
        for page in pages:
            page.join(FIT, FIT_ARGUMENTS)
        until(lambda: sum(lane_of(server, "long")) == 5)
        assert lane_of(server, "long")[0] < 5
        answer = Page(server).run("compare", ["tinyworld-s", "tinyworld-l", "mood", "Anna went", 0.4])
        assert '"arms"' in answer
        assert sum(lane_of(server, "long")) == 5, "all of them are still there"
        numbers = server.ask("metrics").text
        assert f"lrt_explorer_long_waiting {float(lane_of(server, 'long')[1])}" in numbers
        slow.go_on.set()
        until(lambda: sum(lane_of(server, "long")) == 0)


def test_a_closed_page_ends_its_job_and_leaves_the_line(slow: Slow) -> None:
    with served(slow, STRANGERS) as server:
        pages = [Page(server) for _ in range(5)]
        for page in pages:
            page.join(FIT, FIT_ARGUMENTS)
        until(lambda: sum(lane_of(server, "long")) == 5)
        for page in pages:
            with page.messages():
                pass
        until(lambda: sum(lane_of(server, "long")) == 0)
        assert slow.ended.is_set() and not slow.go_on.is_set()
