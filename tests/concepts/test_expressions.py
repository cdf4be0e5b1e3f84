"""Expressions are refused for their size before they are compiled."""

import pytest

from lrt_explorer.concepts.sets.expressions import check_expression, expression_size
from lrt_explorer.concepts.sets.scoring import Expression, scorer_from_json
from lrt_explorer.errors import SettingsError


@pytest.mark.parametrize(
    "expression",
    [
        "(?:ab){1000000000}",
        "((a{100}){100}){100}",
        "(?:a{0,1000}){0,1000}",
        "[a-z]{1000000}",
        "(a[)]{100}){1000}",
        r"(a\){100}){1000}",
        "(?x)(a{ 1000 }){ 1000 }",
        "(?x)(a{900}#)\n){99}",
        "(?V1)([[a])]{99}){999}",
        "a" * 501,
    ],
)
def test_what_would_take_gigabytes_is_never_compiled(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(_: str) -> None:
        raise AssertionError("it was compiled")

    monkeypatch.setattr("lrt_explorer.concepts.sets.scoring.compile_expression", compiled)
    with pytest.raises(SettingsError, match="the expression"):
        Expression(expression)
    with pytest.raises(SettingsError, match="the expression"):
        scorer_from_json({"regex": expression})


@pytest.mark.parametrize("expression", [r"\b(?:thee|thou)\b", r"\d{4}-\d{2}-\d{2}", "(?:ha){2,200}", "[(]{30}", "a|b"])
def test_what_people_write_passes(expression: str) -> None:
    check_expression(expression)
    assert Expression(expression).compiled()


def test_repetitions_multiply_through_groups() -> None:
    assert expression_size("abc") == 3
    assert expression_size("ab{5}") == 6
    assert expression_size("(ab{5}){10}") == 70
    assert expression_size("(ab{5}){2,10}c") == 71
