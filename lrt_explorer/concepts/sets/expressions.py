"""Regular expressions from strangers: how large one becomes with its repetitions written out, before it is compiled.

Compiling writes repetitions out, so that twenty characters can take gigabytes: `((a{100}){100}){100}`.
"""

import re

from lrt_explorer.errors import SettingsError
from lrt_explorer.limits import EXPRESSION_CHARACTERS, EXPRESSION_SIZE, SHOWN_CHARACTERS

_SET = r"\[\^?\]?(?:\\.|[^\]\\])*\]"
_PART = re.compile(rf"\\.|{_SET}|\{{[^{{}}]*\}}|.", re.DOTALL)
_VERBOSE = re.compile(r"\(\?[\w-]*x")
_COUNT = re.compile(r"\d+")


def check_expression(expression: str) -> None:
    """Check the length and the size of an expression; whether it is one, compiling it will tell.

    Raises:
        SettingsError: if it is too long, or its repetitions make it too large.
    """
    if len(expression) > EXPRESSION_CHARACTERS:
        raise SettingsError(
            f"the expression {expression[:SHOWN_CHARACTERS]!r} has {len(expression):,} characters; "
            f"{EXPRESSION_CHARACTERS} are the most"
        )
    # Sets within sets, which only V1 has, and comments would hide parentheses from `expression_size`.
    if "V1" in expression or ("#" in expression and _VERBOSE.search(expression)):
        raise SettingsError(
            f"the expression {expression[:SHOWN_CHARACTERS]!r} holds comments, or asks for V1; leave these out"
        )
    if expression_size(expression) > EXPRESSION_SIZE:
        raise SettingsError(
            f"the expression {expression[:SHOWN_CHARACTERS]!r} repeats too much; write it with fewer repetitions"
        )


def expression_size(expression: str) -> int:
    """Characters of an expression with its repetitions written out, or more.

    Every number in braces counts as a repetition of what stands before it, wherever it stands: at worst an expression
    is taken for larger than it is.
    """
    # One entry for each group that is open: its size so far, and the size of its last part.
    open_groups: list[list[int]] = [[0, 0]]
    for part in _PART.findall(expression):
        group = open_groups[-1]
        if part == "(":
            open_groups.append([0, 0])
        elif part == ")" and len(open_groups) > 1:
            total, last = open_groups.pop()
            _add(open_groups[-1], total + last + 1)
        elif part.startswith("{") and (counts := [int(count) for count in _COUNT.findall(part)]):
            group[1] *= max(1, *counts)
        else:
            _add(group, 1)
    # A group that is never closed is no expression; its parts count all the same.
    return sum(total + last for total, last in open_groups)


def _add(group: list[int], size: int) -> None:
    group[0], group[1] = group[0] + group[1], size
