"""The table of limits: what fits passes, what does not is named, and the docs say the same."""

import math
import re
from pathlib import Path

import pytest

from lrt_explorer import limits
from lrt_explorer.errors import SettingsError
from lrt_explorer.limits import LIMITS, check_limits

DOCS = Path(__file__).parents[1] / "docs" / "hosting.md"


@pytest.mark.parametrize("name", LIMITS)
def test_both_ends_fit_and_nothing_beyond(name: str) -> None:
    limit = LIMITS[name]
    check_limits(**{name: limit.least})
    check_limits(**{name: limit.most})
    for value in (limit.least - 1, limit.most + 1, math.nan, math.inf, -math.inf):
        with pytest.raises(
            SettingsError, match=f"^{re.escape(limit.name)} must be {re.escape(limit.range)}, not .*; choose another$"
        ):
            check_limits(**{name: value})


def test_a_default_fits() -> None:
    check_limits(strength=None, temperature=None)


def test_the_docs_list_every_limit() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for limit in LIMITS.values():
        assert f"| {limit.name} | {limit.range} |" in text
    assert f"{limits.CONTRAST_SET_BYTES // 10**6} MB" in text and f"{limits.VECTOR_BYTES // 10**6} MB" in text
