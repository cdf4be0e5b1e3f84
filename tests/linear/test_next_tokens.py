"""Moments between next tokens: noise of single rows cancels, contexts drop out, and lone rows do not count."""

import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import MapError
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.next_tokens import FLOOR, ORDINARY_SHARE, between_next_tokens
from lrt_explorer.linear.ridge import RidgePath
from lrt_explorer.linear.scores import cosine
from lrt_explorer.linear.within import within_contexts

D_X, D_Y, CONTEXTS, WAYS, EACH = 6, 9, 80, 4, 12


def moments(x: Tensor, y: Tensor) -> CrossMoments:
    found = CrossMoments(x.shape[1], y.shape[1])
    found.update(x, y)
    return found


def noisy(noise: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Rows whose differences between next tokens cross by `weight`, under noise that each side has of its own."""
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    weight, other = drawn(D_X, D_Y), drawn(D_X, D_Y)
    way = torch.arange(CONTEXTS * WAYS).repeat_interleave(EACH)
    context = way // WAYS
    places, follows = drawn(CONTEXTS, D_X)[context], drawn(CONTEXTS * WAYS, D_X)[way]
    # Noise lies along a few directions, as what is peculiar to a text does: it would turn the map, not only shrink it.
    along = torch.diag(torch.tensor([noise, noise, noise, 0.1, 0.1, 0.1], dtype=torch.float64))
    x = places + follows + drawn(len(way), D_X) @ along
    y = places @ other + follows @ weight + noise * drawn(len(way), D_Y)
    return x, y, torch.stack([context, context, context, way], dim=1), weight


def test_the_map_is_found_under_noise_that_single_rows_have_of_their_own() -> None:
    x, y, tokens, weight = noisy(2.0)
    plain = moments(x, y)
    grouped = RidgePath(between_next_tokens(x, y, tokens, plain)).map(0.0)
    single = RidgePath(within_contexts(x, y, tokens[:, 0], (plain.mean_x, plain.mean_y))).map(0.0)
    # Directions between the noisy ones and the others: a map that shrinks the noisy ones turns them.
    oblique = torch.linalg.qr(torch.randn(D_X, D_X, generator=torch.Generator().manual_seed(1), dtype=torch.float64))[0]

    def agreement(found: Tensor) -> float:
        return min(cosine(row @ found, row @ weight) for row in oblique)

    assert agreement(grouped.weight) > 0.9
    assert agreement(grouped.weight) > agreement(single.weight) + 0.05


def test_differences_are_those_worked_by_hand() -> None:
    # Context 7: token 1 comes twice, token 2 twice and token 3 once; context 8 goes on in one way only.
    tokens = torch.tensor([[7, 1], [7, 1], [7, 2], [7, 2], [7, 3], [8, 1], [8, 1], [7, -1]])
    x = torch.tensor([[1.0], [3.0], [6.0], [10.0], [90.0], [4.0], [8.0], [70.0]])
    y = torch.tensor([[0.0], [2.0], [8.0], [12.0], [50.0], [1.0], [1.0], [30.0]])
    plain = moments(x, y)
    found = between_next_tokens(x, y, tokens, plain)
    # Means 2 and 8 of x, 1 and 10 of y, their context's 5 and 5.5: differences of -3 and 3, and of -4.5 and 4.5.
    weights = 2 / (20.25 * (1 + FLOOR))
    share = ORDINARY_SHARE * 20.25 / float(plain.cyy)
    assert found.count == 4 and weights > 0
    assert float(found.cxx) == pytest.approx(4 * (9 + share * float(plain.cxx)))
    assert float(found.cxy) == pytest.approx(4 * (13.5 + share * float(plain.cxy)))
    assert float(found.cyy) == pytest.approx(4 * 20.25 * (1 + ORDINARY_SHARE))
    assert torch.equal(found.mean_x, plain.mean_x) and torch.equal(found.mean_y, plain.mean_y)


def test_a_long_difference_counts_no_more_than_a_short_one_and_many_rows_more_than_few() -> None:
    tokens = torch.tensor([[1, 1], [1, 1], [1, 2], [1, 2], [2, 1], [2, 1], [2, 2], [2, 2]])
    x = torch.tensor(
        [[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, -1.0], [0.0, -1.0]]
    )
    y = x * torch.tensor([1.0, 100.0])
    found = between_next_tokens(x, y, tokens, moments(x, y))
    # Without weights the second pair would count 10,000 times as much in y; the floor alone sets them apart.
    assert 1 < float(found.cyy[1, 1] / found.cyy[0, 0]) < 2 / FLOOR * 10
    often = torch.cat([tokens, tokens[:4]])
    more = between_next_tokens(torch.cat([x, x[:4]]), torch.cat([y, y[:4]]), often, moments(x, y))
    assert float(more.cxx[0, 0] / more.cxx[1, 1]) == pytest.approx(
        2 * float(found.cxx[0, 0] / found.cxx[1, 1]), rel=0.2
    )


def test_what_a_context_adds_to_all_its_rows_drops_out_of_the_differences() -> None:
    x, y, tokens, _ = noisy(0.5)
    plain = moments(x, y)
    moved = between_next_tokens(x + 3.0 * tokens[:, :1], y - 2.0 * tokens[:, :1], tokens, plain)
    torch.testing.assert_close(moved.cxy, between_next_tokens(x, y, tokens, plain).cxy, rtol=1e-6, atol=1e-6)


def test_without_two_ways_to_go_on_there_is_nothing_to_fit() -> None:
    x, y, tokens, _ = noisy(0.5)
    plain = moments(x, y)
    for lonely in (
        torch.arange(len(x))[:, None].repeat(1, 4),
        tokens[:, [0, 0, 0, 0]],
        torch.cat([tokens[:, :3], torch.full((len(x), 1), -1)], dim=1),
    ):
        with pytest.raises(
            MapError, match="no 3 tokens in them go on in two ways that each come 2 times or more; give more"
        ):
            between_next_tokens(x, y, lonely, plain)


def test_shuffled_differences_carry_nothing_and_the_seed_decides() -> None:
    x, y, tokens, _ = noisy(0.5)
    plain = moments(x, y)
    true, shuffled = (RidgePath(between_next_tokens(x, y, tokens, plain, shuffle=seed)).map(0.0) for seed in (None, 1))
    assert float(shuffled.weight.norm()) < 0.5 * float(true.weight.norm())
    first, again, other = (between_next_tokens(x, y, tokens, plain, shuffle=seed).cxy for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(plain.cxy, moments(x, y).cxy)
