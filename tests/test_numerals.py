"""Every number on a screen, in a report or in a terminal is written by these functions."""

import re
from pathlib import Path

import pytest

from lrt_explorer.numerals import brief, change, plain, signed

PACKAGE = Path(__file__).resolve().parent.parent / "lrt_explorer"


@pytest.mark.parametrize("write", [signed, change, plain, brief, lambda value: signed(value, 1)])
@pytest.mark.parametrize("value", [-0.0, 0.0, -1e-9, -0.0004])
def test_what_rounds_to_nothing_has_no_minus(write, value) -> None:  # type: ignore[no-untyped-def]
    assert write(value)[:4] != "−0.0" or write(value).strip("−0.") != ""
    assert "-" not in write(value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2.34, "+2.3"),
        (-0.064, "−0.06"),
        (0.41, "+0.41"),
        (-0.004, "+0.00"),
        (14.2, "+14"),
        (9.96, "+10"),
        (-0.996, "−1.0"),
    ],
)
def test_a_change_has_two_significant_digits(value: float, shown: str) -> None:
    assert change(value) == shown


def test_signed_and_plain_numbers() -> None:
    assert (signed(1.26, 1), signed(-0.04, 1), signed(0, 1), signed(-12, 1)) == ("+1.3", "+0.0", "+0.0", "−12.0")
    assert (plain(-0.2), plain(-0.001), plain(None), plain(float("-inf"))) == ("−0.20", "0.00", "–", "−∞")
    assert (brief(-0.4), brief(-0.0), brief(1)) == ("−0.4", "0", "1")


def test_the_true_minus_is_written_in_one_place() -> None:
    writers = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if re.search(r"""replace\(["']-["'], ["']−["']\)""", file.read_text(encoding="utf-8"))
    }
    assert writers == set()
