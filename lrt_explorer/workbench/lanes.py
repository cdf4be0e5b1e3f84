"""Lanes of work: so many jobs at once in each, and a line before it in which nobody gains by asking for much."""

import heapq
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lrt_explorer.errors import BusyError
from lrt_explorer.workbench.hosting import OWNER, Hosting

QUICK, LONG, LOADING = LANES = ("quick", "long", "loading")
MAX_WAITING = 100
"""Jobs in line before one lane."""
PATIENCE_SECONDS = 1800.0
"""The longest that a job of a stranger waits in line."""
MOST_LONG_JOBS = 4
"""Long jobs at once, however many cores there are: each holds numbers in memory."""
WEIGHT_OF_LAST = 0.3
"""Of the job that ended last, in the mean by which waiting times are estimated."""


@dataclass(frozen=True)
class Place:
    """Where a job stands in line.

    Attributes:
        before: jobs that must end first.
        seconds: until its turn, as far as earlier jobs tell; None before any has ended.
        own: whether it waits for another job of the same visitor.
    """

    before: int
    seconds: float | None = None
    own: bool = False


class Turn:
    """One job's turn: waited for first, held until `leave`."""

    def __init__(self, lane: "Lane", visitor: str, job: str, joined: float) -> None:
        """Stand in line; made by `Lane.join`."""
        self.visitor, self.job, self.joined = visitor, job, joined
        self.since = joined
        """From when on it counts as waiting: a further job of a visitor from the end of the one before it on."""
        self.begun: float | None = None
        self._lane = lane
        self._granted = threading.Event()

    def wait(self, seconds: float) -> Place | None:
        """Wait so long at most; None once the turn has come, else the place in line.

        Raises:
            BusyError: if the job has waited longer than the lane allows.
        """
        if self._granted.wait(seconds):
            return None
        return self._lane.place(self)

    def leave(self) -> None:
        """Let the next one go on; to be called in any case, and does no harm twice."""
        self._lane.leave(self)

    def grant(self, now: float) -> None:
        """Called by the lane."""
        self.begun = now
        self._granted.set()


class Lane:
    """Jobs of one kind.

    Among those who wait, visitors with the fewest jobs running go first, then who has waited longest. A further job of
    one visitor counts as asked for when their earlier one ended, so nobody gains by asking for many at once, and nobody
    who asks for one at a time is overtaken by who comes later.
    """

    def __init__(
        self,
        slots: int,
        *,
        each: float = math.inf,
        limit: float = math.inf,
        patience: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin empty.

        Args:
            slots: jobs at once.
            each: jobs of one visitor at once; others of theirs wait.
            limit: seconds that a job may run.
            patience: seconds that a job waits at most.
            clock: seconds from any moment on.
        """
        self.slots, self.each, self.limit, self.patience = slots, each, limit, patience
        self.clock = clock
        self._lock = threading.Lock()
        self._running: list[Turn] = []
        self._waiting: list[Turn] = []
        self._means: dict[str, float] = {}

    @property
    def running(self) -> int:
        """How many jobs run."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def join(self, visitor: str, job: str) -> Turn:
        """Stand in line.

        Args:
            visitor: who asks.
            job: what kind of job it is; jobs of a kind take about as long as each other.

        Raises:
            BusyError: if the line is full.
        """
        with self._lock:
            if len(self._waiting) >= MAX_WAITING:
                raise BusyError(f"{MAX_WAITING} jobs are in line already; try again in a few minutes")
            turn = Turn(self, visitor, job, self.clock())
            self._waiting.append(turn)
            self._grant()
            return turn

    def leave(self, turn: Turn) -> None:
        """Take a job out, whether it waits or runs."""
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif turn in self._running:
                self._running.remove(turn)
                self._learn(turn)
                for other in self._waiting:
                    if other.visitor == turn.visitor:
                        other.since = self.clock()
            self._grant()

    def place(self, turn: Turn) -> Place | None:
        """Where a job stands; None once its turn has come.

        Raises:
            BusyError: if it has waited longer than the lane allows.
        """
        with self._lock:
            if turn not in self._waiting:
                return None
            if self.clock() - turn.joined > self.patience:
                minutes = f"{self.patience / 60:.0f} minutes"
                raise BusyError(f"the server was too busy for {minutes} to begin this job; try again later")
            own = sum(other.visitor == turn.visitor for other in self._running)
            line = self._line()
            ahead = line[: line.index(turn)]
            return Place(len(ahead) + 1, self._seconds(ahead), own >= self.each)

    def _line(self) -> list[Turn]:
        """Those who wait, in the order in which their turns come."""
        running = Counter(turn.visitor for turn in self._running)
        earlier: Counter[str] = Counter()
        ranked = []
        for arrival, turn in enumerate(self._waiting):
            jobs = running[turn.visitor] + earlier[turn.visitor]
            earlier[turn.visitor] += 1
            held = running[turn.visitor] >= self.each
            ranked.append(((held, jobs, turn.since, arrival), turn))
        return [turn for _, turn in sorted(ranked, key=lambda entry: entry[0])]

    def _grant(self) -> None:
        while len(self._running) < self.slots and self._waiting:
            turn = self._line()[0]
            if sum(other.visitor == turn.visitor for other in self._running) >= self.each:
                return
            self._waiting.remove(turn)
            self._running.append(turn)
            turn.grant(self.clock())

    def _learn(self, turn: Turn) -> None:
        seconds = self.clock() - (turn.begun or 0.0)
        mean = self._means.get(turn.job, seconds)
        self._means[turn.job] = mean + WEIGHT_OF_LAST * (seconds - mean)

    def _seconds(self, ahead: list[Turn]) -> float | None:
        """Until a slot is free once those ahead have had theirs."""
        if not self._means:
            return None
        usual = sum(self._means.values()) / len(self._means)
        now = self.clock()
        ends = [max(self._means.get(turn.job, usual) - (now - (turn.begun or now)), 0.0) for turn in self._running]
        heapq.heapify(ends)
        for turn in ahead:
            # A job whose visitor has one running waits longer than this; the estimate is for people.
            begins = heapq.heappop(ends) if len(ends) >= self.slots else 0.0
            heapq.heappush(ends, begins + self._means.get(turn.job, usual))
        return ends[0] if len(ends) >= self.slots else 0.0


@dataclass(frozen=True)
class Lanes:
    """The lanes of a server; none of them ever waits for another.

    Attributes:
        quick: steering and readouts.
        long: maps, evidence and everything else that may take minutes.
        loading: opening models that are not in memory, which mostly waits for the disk or the network.
    """

    quick: Lane
    long: Lane
    loading: Lane

    def __getitem__(self, name: str) -> Lane:
        """A lane by its name in `LANES`."""
        lane: Lane = getattr(self, name)
        return lane

    @property
    def running(self) -> int:
        """Jobs that run in all lanes."""
        return sum(self[name].running for name in LANES)

    @property
    def waiting(self) -> int:
        """Jobs in line before all lanes."""
        return sum(self[name].waiting for name in LANES)


def make_lanes(hosting: Hosting = OWNER, cores: int | None = None) -> Lanes:
    """The lanes that suit a machine: one core is left to quick work where visitors are strangers.

    Args:
        hosting: strangers have at most one long job each, a limit on its time, and a bound on waiting.
        cores: of the machine; by default those that this process may use.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = cores or count
    fewest = 1 if hosting.hosted else 2
    each = 1 if hosting.hosted else math.inf
    patience = PATIENCE_SECONDS if hosting.hosted else math.inf
    lane = partial(Lane, limit=hosting.time_limit, patience=patience)
    return Lanes(
        quick=lane(max(2, count)),
        long=lane(min(max(fewest, count - 1), MOST_LONG_JOBS), each=each),
        loading=lane(2, each=each),
    )
