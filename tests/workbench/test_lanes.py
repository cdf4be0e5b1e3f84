"""Lanes: bounded, in turns between visitors, with a place in line that counts down."""

import threading

import pytest

from lrt_explorer.errors import BusyError
from lrt_explorer.workbench.hosting import Hosting
from lrt_explorer.workbench.lanes import MAX_WAITING, Lane, Place, Turn, make_lanes


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def begun(*turns: Turn) -> list[bool]:
    return [turn.wait(0) is None for turn in turns]


def test_no_more_jobs_run_than_there_are_slots() -> None:
    lane = Lane(2)
    a, b, c = (lane.join(name, "fit") for name in "abc")
    assert begun(a, b, c) == [True, True, False]
    assert (lane.running, lane.waiting) == (2, 1)
    b.leave()
    b.leave()
    assert begun(c) == [True]
    assert (lane.running, lane.waiting) == (2, 0)


def test_visitors_take_turns_however_much_one_of_them_asks_for() -> None:
    lane = Lane(1)
    greedy = [lane.join("greedy", "fit") for _ in range(4)]
    other, third = lane.join("other", "fit"), lane.join("third", "fit")
    order = []
    names = {id(turn): name for turn, name in [*((g, "greedy") for g in greedy), (other, "other"), (third, "third")]}
    left = [*greedy, other, third]
    while left:
        running = next(turn for turn in left if begun(turn)[0])
        order.append(names[id(running)])
        left.remove(running)
        running.leave()
    assert order == ["greedy", "other", "third", "greedy", "greedy", "greedy"]


def test_who_asks_for_one_job_at_a_time_is_not_overtaken_by_who_comes_later(clock: Clock) -> None:
    """However often they were served before: else a visitor's waits depend on how long they were away."""
    lane = Lane(1, clock=clock)
    lane.join("often", "fit").leave()
    running = lane.join("c", "fit")
    waiting = []
    for name in ("often", "new", "newer"):
        clock.now += 1
        waiting.append(lane.join(name, "fit"))
    for number, turn in enumerate([running, *waiting]):
        assert begun(*waiting) == [place < number for place in range(len(waiting))]
        turn.leave()


def test_a_further_job_counts_from_the_end_of_the_one_before_it(clock: Clock) -> None:
    lane = Lane(1, clock=clock)
    first, second = lane.join("greedy", "fit"), lane.join("greedy", "fit")
    clock.now += 1
    other = lane.join("other", "fit")
    clock.now += 1
    first.leave()
    clock.now += 1
    late = lane.join("late", "fit")
    assert begun(other, second, late) == [True, False, False]
    other.leave()
    assert begun(second, late) == [True, False], "it waits since second 2, the other since second 3"


def test_a_second_job_of_one_visitor_waits_even_where_there_is_room() -> None:
    lane = Lane(3, each=1)
    first, second = lane.join("a", "fit"), lane.join("a", "fit")
    other = lane.join("b", "fit")
    assert begun(first, second, other) == [True, False, True]
    place = second.wait(0)
    assert place is not None and place.own
    first.leave()
    assert begun(second) == [True]


def test_a_place_in_line_counts_down(clock: Clock) -> None:
    lane = Lane(1, clock=clock)
    first = lane.join("a", "fit")
    assert lane.join("b", "fit").wait(0) == Place(1, None), "nothing has ended yet, so nothing is known"
    clock.now = 20
    first.leave()
    last = [lane.join(name, "fit") for name in "cd"][-1]
    assert last.wait(0) == Place(2, 40)
    clock.now = 30
    assert last.wait(0) == Place(2, 30)
    clock.now = 100
    assert last.wait(0) == Place(2, 20), "a job that takes longer than usual may end any moment"


def test_who_leaves_the_line_makes_room_for_those_behind(clock: Clock) -> None:
    lane = Lane(1, clock=clock)
    turns = [lane.join(name, "fit") for name in "abc"]
    turns[1].leave()
    assert turns[2].wait(0) == Place(1, None)
    assert lane.waiting == 1


def test_a_long_line_is_closed() -> None:
    lane = Lane(1)
    for number in range(MAX_WAITING + 1):
        lane.join(str(number), "fit")
    with pytest.raises(BusyError, match="100 jobs are in line already; try again"):
        lane.join("one more", "fit")


def test_nobody_waits_for_ever(clock: Clock) -> None:
    lane = Lane(1, patience=1800, clock=clock)
    lane.join("a", "fit")
    turn = lane.join("b", "fit")
    clock.now = 1801
    with pytest.raises(BusyError, match="too busy for 30 minutes to begin this job"):
        turn.wait(0)


def test_a_turn_that_comes_ends_the_waiting_at_once() -> None:
    lane = Lane(1)
    first, second = lane.join("a", "fit"), lane.join("b", "fit")
    found: list[Place | None] = []
    waiting = threading.Thread(target=lambda: found.append(second.wait(30)))
    waiting.start()
    first.leave()
    waiting.join(10)
    assert found == [None]


def test_strangers_have_one_long_job_each_and_leave_a_core_to_quick_work() -> None:
    hosted, own = make_lanes(Hosting(hosted=True, time_limit=60), 2), make_lanes(cores=2)
    assert (hosted.long.slots, hosted.long.each, hosted.long.limit) == (1, 1, 60)
    assert own.long.slots == 2 and own.long.each > 2
    assert make_lanes(Hosting(hosted=True), 16).long.slots == 4
    assert all(lane.patience < 3600 for lane in (hosted.quick, hosted.long, hosted.loading))
