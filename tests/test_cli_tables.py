"""Tables for people: aligned, numbers to the right."""

from lrt_explorer.cli.common import number, table


def test_columns_are_aligned_by_what_they_hold() -> None:
    rows = [("gpt2", "12", "the hub"), ("tinyworld-s", "–", "nothing")]
    assert table(("model", "layers", "needs"), rows).splitlines() == [
        "model        layers  needs",
        "gpt2             12  the hub",
        "tinyworld-s       –  nothing",
    ]


def test_a_number_that_is_not_there_is_a_dash() -> None:
    assert (number(0.256), number(None), number(-1.0, 1)) == ("0.26", "–", "-1.0")
