"""The lock of a model goes to whoever has waited longest, and to its owner again at once."""

import threading
import time

import pytest

from lrt_explorer.lm.fair_lock import FairLock


def test_one_pass_after_another_keeps_nobody_waiting() -> None:
    lock, over, passes = FairLock(), threading.Event(), [0]

    def long_job() -> None:
        while not over.is_set():
            with lock:
                passes[0] += 1
                time.sleep(0.002)

    job = threading.Thread(target=long_job)
    job.start()
    while not passes[0]:
        time.sleep(0.001)
    before = passes[0]
    for _ in range(20):
        with lock:
            pass
    tokens = passes[0] - before
    over.set()
    job.join()
    assert tokens <= 45, "each token waited for one pass, or two"


def test_it_goes_round_in_the_order_of_asking() -> None:
    lock, order = FairLock(), []

    def ask(name: int) -> None:
        with lock:
            order.append(name)

    threads = []
    with lock:
        for name in range(5):
            threads.append(threading.Thread(target=ask, args=(name,)))
            threads[-1].start()
            while len(lock._waiting) <= name:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(5))


def is_held(lock: FairLock) -> bool:
    return lock.held


def test_its_owner_may_take_it_again_and_an_error_lets_go_of_it() -> None:
    lock = FairLock()
    with lock:
        with lock:
            pass
        assert is_held(lock)

    def fail() -> None:
        with lock, lock:
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    assert not is_held(lock)
    done: list[bool] = []

    def ask() -> None:
        with lock:
            done.append(True)

    other = threading.Thread(target=ask)
    other.start()
    other.join(10)
    assert done == [True]
