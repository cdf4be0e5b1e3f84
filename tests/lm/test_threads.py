"""Threads by the size of the model and by the jobs at once."""

import threading

import pytest
import torch

from lrt_explorer.lm import threads
from lrt_explorer.lm.threads import ONE_THREAD, PassLock, useful_threads
from tests.study import tiny


@pytest.fixture(autouse=True)
def four_threads() -> object:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def test_small_models_take_one_and_large_ones_more() -> None:
    assert useful_threads(1_000) == useful_threads(ONE_THREAD) == 1
    assert 1 < useful_threads(ONE_THREAD + 1) <= useful_threads(135_000_000) < useful_threads(2_000_000_000)


def test_within_a_lock_a_pass_takes_what_its_model_gains_from() -> None:
    small, large = PassLock(1_000), PassLock(10**10)
    with small:
        assert torch.get_num_threads() == 1
        with small:
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1, "still within the outer one"
    assert torch.get_num_threads() == 4
    with large:
        assert torch.get_num_threads() == 4, "never more than its share"


def test_a_pass_that_fails_gives_its_threads_back() -> None:
    lock = PassLock(1_000)
    with pytest.raises(ValueError, match="bad"), lock:
        raise ValueError("bad")
    assert torch.get_num_threads() == 4 and not lock.held


def test_a_loaded_model_has_such_a_lock() -> None:
    seen = []
    lm = tiny.small()
    with lm.lock:
        seen.append(torch.get_num_threads())
    assert seen == [1] and isinstance(lm.lock, threads.PassLock)


def test_one_job_does_not_change_the_threads_of_another() -> None:
    lock, inside, done = PassLock(1_000), threading.Event(), threading.Event()

    def job() -> None:
        with lock:
            inside.set()
            done.wait(10)

    other = threading.Thread(target=job)
    other.start()
    inside.wait(10)
    assert torch.get_num_threads() == 4
    done.set()
    other.join()
