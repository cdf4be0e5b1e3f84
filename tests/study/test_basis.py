"""The shared basis: a model shares all of itself, strangers share nothing, and every context holds its token."""

from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from functools import cache

import pytest

from lrt_explorer.errors import SettingsError
from lrt_explorer.study.basis import CONTEXTS, SharedBasis, TokenInContext, shared_basis
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from tests.study.tiny import large, other, small, texts

TOKENS, TOP = 4000, 3
CHARACTERS = 120  # about what one window holds


@cache
def pair() -> SharedBasis:
    return finish(
        shared_basis(Pair(small=small(), large=large()), texts(), (1, 2), top=TOP, tokens=TOKENS, corpus="tests")
    )


def shown(basis: SharedBasis) -> Iterator[tuple[TokenInContext, ...]]:
    for one in basis.directions:
        yield from (one.small_high, one.small_low, one.large_high, one.large_low)


def test_a_model_shares_all_of_itself() -> None:
    basis = finish(shared_basis(Pair(small=small(), large=small()), texts(), (1, 1), top=TOP, tokens=TOKENS))
    assert len(basis.held_out) == small().width
    assert min(basis.correlations) > 1 - 1e-6 and min(basis.held_out) > 1 - 1e-6
    assert basis.shared_small == pytest.approx(1, abs=1e-6) == basis.shared_large
    for one in basis.directions:
        assert one.small_share == pytest.approx(one.large_share)
        assert [t.marked for t in one.small_high] == [t.marked for t in one.large_high]


def test_shuffled_pairs_share_little_where_true_ones_share_much() -> None:
    basis = finish(shared_basis(Pair(small=small(), large=small()), texts(), (0, 2), top=TOP, tokens=TOKENS))
    assert len(basis.control) == len(basis.held_out) == small().width
    assert max(abs(correlation) for correlation in basis.control) < 0.3 and basis.held_out[0] > 0.8
    assert 0 < basis.shared_small <= 1 and 0 < basis.shared_large < 1
    assert list(basis.correlations) == sorted(basis.correlations, reverse=True)


def test_contexts_hold_their_token_come_from_different_texts_and_are_in_order() -> None:
    everything = texts()
    for tokens in shown(pair()):
        assert 2 <= len(tokens) <= CONTEXTS
        homes = []
        for token in tokens:
            assert token.token and f"[{token.token}]" in token.marked
            homes.append([text for text in everything if token.before + token.token + token.behind in text])
            assert homes[-1]
        assert len({tuple(home) for home in homes}) == len(tokens)
    for one in pair().directions:
        for high, low in ((one.small_high, one.small_low), (one.large_high, one.large_low)):
            assert [t.value for t in high] == sorted((t.value for t in high), reverse=True)
            assert [t.value for t in low] == sorted(t.value for t in low)
            assert high[0].value > 1 > -1 > low[0].value


def test_shares_of_variance_add_up_to_no_more_than_all() -> None:
    every = finish(shared_basis(Pair(small=small(), large=large()), texts(), (1, 2), top=99, tokens=TOKENS))
    assert len(every.directions) == small().width
    assert sum(one.small_share for one in every.directions) == pytest.approx(1)
    assert sum(one.large_share for one in every.directions) < 1


def test_a_text_that_comes_twice_is_shown_once() -> None:
    twice = finish(shared_basis(Pair(small=small(), large=large()), texts() * 2, (1, 2), top=TOP, tokens=TOKENS))
    assert twice.directions
    for tokens in shown(twice):
        assert len({token.marked for token in tokens}) == len(tokens)


def test_models_with_other_tokenizers_share_a_basis_too() -> None:
    beginnings = [text[:CHARACTERS] for text in texts()]
    basis = finish(shared_basis(Pair(small=small(), large=other()), beginnings, (1, 2), top=1, tokens=TOKENS))
    assert basis.held_out[0] > 0.3 and all(token.token for tokens in shown(basis) for token in tokens)


def test_the_result_is_frozen_the_same_again_and_told_in_steps() -> None:
    steps: list[Progress] = []
    again = finish(
        shared_basis(Pair(small=small(), large=large()), texts(), (1, 2), top=TOP, tokens=TOKENS, corpus="tests"),
        steps.append,
    )
    assert again == pair() and {"reading", "read", "finding", "looking"} & {s.message.split()[0] for s in steps}
    with pytest.raises(FrozenInstanceError):
        again.corpus = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("layers", "top", "tokens"), [((9, 0), 1, 100), ((0, 9), 1, 100), ((1, 1), 0, 100), ((1, 1), 1, 0)]
)
def test_settings_out_of_range_are_refused(layers: tuple[int, int], top: int, tokens: int) -> None:
    with pytest.raises(SettingsError):
        finish(shared_basis(Pair(small=small(), large=large()), texts(), layers, top=top, tokens=tokens))


def test_texts_that_can_be_read_once_are_refused() -> None:
    with pytest.raises(SettingsError, match="only once"):
        finish(shared_basis(Pair(small=small(), large=large()), iter(texts()), (1, 1)))
