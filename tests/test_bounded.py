"""The bounded cache: never too much, the longest unused first, whole under threads."""

import sys
import threading

import pytest

from lrt_explorer.bounded import BoundedCache


def test_what_is_kept_is_found_until_the_longest_unused_makes_room() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    assert cache.get("a") is None
    cache.keep("a", 1)
    cache.keep("b", 2)
    assert cache.get("a") == 1
    cache.keep("c", 3)
    assert cache.items() == (("a", 1), ("c", 3))
    assert cache.get("b") is None


def test_keeping_again_replaces_the_value_and_is_a_use() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        cache.keep(key, value)
    assert cache.items() == (("a", 3), ("c", 4))


def test_looking_over_all_is_no_use_and_a_copy() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.keep("a", 1)
    cache.keep("b", 2)
    seen = cache.items()
    cache.keep("c", 3)
    assert seen == (("a", 1), ("b", 2))
    assert [key for key, _ in cache.items()] == ["b", "c"]


def test_values_that_do_not_fit_together_make_room_too_but_the_last_one_stays() -> None:
    cache: BoundedCache[str, int] = BoundedCache(10, fits=lambda values: sum(values) <= 10)
    for key, value in (("a", 4), ("b", 4), ("c", 2)):
        cache.keep(key, value)
    assert len(cache) == 3
    cache.keep("d", 5)
    assert [key for key, _ in cache.items()] == ["c", "d"]
    cache.keep("huge", 99)
    assert cache.items() == (("huge", 99),)


def test_an_empty_cache_can_be_filled_again_and_none_is_without_room() -> None:
    cache: BoundedCache[int, int] = BoundedCache(1)
    cache.keep(1, 1)
    cache.clear()
    assert len(cache) == 0
    cache.keep(2, 2)
    assert cache.get(2) == 2
    with pytest.raises(ValueError, match="at least 1"):
        BoundedCache(0)


def test_threads_never_see_too_much_or_a_value_under_another_key() -> None:
    cache: BoundedCache[int, int] = BoundedCache(7)
    wrong: list[object] = []

    def work(seed: int) -> None:
        try:
            for step in range(3000):
                key = (seed * 31 + step * 17) % 23
                cache.keep(key, 10 * key)
                found = cache.get((key + seed) % 23)
                if found not in (None, 10 * ((key + seed) % 23)) or len(cache.items()) > 7:
                    wrong.append((key, found))
        except RuntimeError as error:
            wrong.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert wrong == []
    assert len(cache) == 7
