"""JSON from strangers: what is refused, and that refusing costs no more than reading."""

import json
import tracemalloc

import pytest

from lrt_explorer.limits import JSON_DEPTH, JSON_DIGITS
from lrt_explorer.strict_json import StrictJSONError, check_depth, read_json


def test_plain_json_is_read() -> None:
    value = {"a": [1, -2.5e3, True, None, "é\n[[[" * 40], "b": {"c": {}}}
    assert read_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * (JSON_DEPTH + 1) + "]" * (JSON_DEPTH + 1), "nested deeper than 32"),
        ('{"a":' * 100_000, "nested deeper"),
        ('{"a": 1, "b": 2, "a": 3}', "gives 'a' twice"),
        ("[NaN]", "holds NaN"),
        ("[1e999]", "too large"),
        (f"[{'1' * (JSON_DIGITS + 1)}]", "a number of 201 digits"),
        (f"[0.{'1' * JSON_DIGITS}]", "a number of 202 digits"),
    ],
)
def test_what_no_reader_needs_is_refused(text: str, said: str) -> None:
    with pytest.raises(StrictJSONError, match=said):
        read_json(text)


def test_brackets_within_texts_are_no_depth() -> None:
    check_depth(json.dumps(["[{" * 500, '\\"[' * 500]))
    check_depth("[]" * 500)


def test_a_key_given_twice_is_found_without_copies() -> None:
    text = "{" + ",".join(f'"k{number}":1' for number in range(20_000)) + ',"k19999":2}'
    tracemalloc.start()
    with pytest.raises(StrictJSONError, match="k19999"):
        read_json(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * len(text)
