"""Pairs that a model's context is too short for are left out and counted, not cut to texts that are the same."""

from dataclasses import replace

import pytest
import torch

from lrt_explorer.concepts.reading import fitting_pairs, read_pairs
from lrt_explorer.concepts.vectors import find_vectors
from lrt_explorer.errors import ContrastError
from lrt_explorer.lm.tokens import token_counts
from lrt_explorer.study.check import check_concept
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from tests.study.tiny import CONCEPT, large, small

LONG = " The cook saw a cow." * 40
WITH_LONG = replace(CONCEPT, pairs=(*CONCEPT.pairs[:3], (f"{LONG} Yes", f"{LONG} No"), *CONCEPT.pairs[3:]))


@pytest.mark.parametrize("reading", ["all-tokens", "last-token"])
def test_a_pair_that_is_too_long_is_left_out_and_counted(reading: str) -> None:
    assert token_counts(small(), [LONG])[0] > small().context
    assert 3 not in fitting_pairs(small(), WITH_LONG, reading)
    found = read_pairs(small(), WITH_LONG, [1], reading)[1]
    without = read_pairs(small(), CONCEPT, [1], reading)[1]
    assert (found.left_out, without.left_out) == (1, 0)
    assert torch.allclose(found.positive, without.positive)
    vector = find_vectors(small(), WITH_LONG, [1], reading=reading)[1]
    assert (vector.left_out, vector.diagnosis.pairs) == (1, len(CONCEPT.pairs))


def test_a_check_says_how_many_were_read() -> None:
    check = finish(check_concept(Pair(small=small(), large=large()), WITH_LONG, (1, 2)))
    assert (check.pairs, check.pairs_read) == (len(CONCEPT.pairs) + 1, len(CONCEPT.pairs))


def test_a_set_of_nothing_else_is_refused_in_one_sentence() -> None:
    long = replace(CONCEPT, pairs=tuple((f"{LONG} {n} Yes", f"{LONG} {n} No") for n in range(3)))
    with pytest.raises(ContrastError, match=r"3 of 3 pairs .* longer than the 96 tokens that tiny-small reads"):
        read_pairs(small(), long, [1], "all-tokens")
