"""Ends of tokens: the short way for texts without gaps gives what the long way gives."""

import random
from itertools import pairwise

import pytest

from lrt_explorer.lm import ends
from lrt_explorer.lm.ends import ends_from_offsets

Case = tuple[str, list[tuple[int, int]], list[str], list[bool]]


def drawn(seed: int) -> Case:
    """A text cut into tokens with marks around it; in most cases something is then put out of order."""
    dice = random.Random(seed)
    text = "".join(dice.choice("ab é\n😀") for _ in range(dice.randint(1, 12)))
    cuts = sorted({0, len(text), *(dice.randint(0, len(text)) for _ in range(4))})
    offsets = list(pairwise(cuts))
    pieces = [text[start:end].replace(" ", "Ġ") for start, end in offsets]
    special = [False] * len(offsets)
    for _ in range(dice.randint(0, 2)):
        at = dice.choice([0, len(offsets)])
        offsets.insert(at, (0, 0))
        pieces.insert(at, "<s>")
        special.insert(at, True)
    at = dice.randrange(len(offsets))
    start, end = offsets[at]
    match dice.randrange(8):
        case 0:
            offsets[at] = (start, max(start, end - 1))
        case 1:
            offsets[at] = (min(start + 1, end), end)
        case 2:
            offsets.insert(at, offsets[at])
            pieces.insert(at, pieces[at])
            special.insert(at, special[at])
        case 3:
            special[at] = not special[at]
        case 4:
            offsets[at] = (start, end + 1)
        case 5:
            offsets[at] = (0, 0)
    return text, offsets, pieces, special


def test_the_short_way_gives_what_the_long_way_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [drawn(seed) for seed in range(3000)]
    found = [ends_from_offsets(*case) for case in cases]
    taken = [ends._gapless_ends(len(text), offsets, special) is not None for text, offsets, _, special in cases]
    monkeypatch.setattr(ends, "_gapless_ends", lambda *_: None)
    assert found == [ends_from_offsets(*case) for case in cases]
    # Control: both ways were gone, many times.
    assert 300 < sum(taken) < 2700


def test_marks_alone_and_no_tokens_at_all_have_no_ends_of_their_own() -> None:
    assert ends_from_offsets("ab", [(0, 0), (0, 0)], ["<s>", "</s>"], [True, True]) == [0, 0]
    assert ends_from_offsets("ab", [], [], []) == []
