"""Moments within contexts: what a context shares drops out, and what changes within it stays."""

import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import MapError
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.ridge import RidgePath
from lrt_explorer.linear.within import FLOOR, within_contexts

CONTEXTS, EACH, D_X, D_Y = 40, 30, 4, 6
ZERO = (torch.zeros(D_X), torch.zeros(D_Y))


def confounded(seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Rows whose map within every context is `weight`, and whose contexts lie where another map would put them."""
    generator = torch.Generator().manual_seed(seed)
    weight, other = (torch.randn(D_X, D_Y, generator=generator, dtype=torch.float64) for _ in range(2))
    contexts = torch.arange(CONTEXTS).repeat(EACH)
    places = 5 * torch.randn(CONTEXTS, D_X, generator=generator, dtype=torch.float64)[contexts]
    within = torch.randn(len(contexts), D_X, generator=generator, dtype=torch.float64)
    return places + within, places @ other + within @ weight, contexts, weight


def test_the_map_within_contexts_is_found_where_contexts_say_another() -> None:
    x, y, contexts, weight = confounded()
    found = RidgePath(within_contexts(x, y, contexts, ZERO)).map(0.0)
    assert torch.allclose(found.weight, weight, atol=1e-5)
    plain = CrossMoments(D_X, D_Y)
    plain.update(x, y)
    assert not torch.allclose(RidgePath(plain).map(0.0).weight, weight, atol=0.5)


def test_what_a_context_shares_changes_nothing() -> None:
    x, y, contexts, _ = confounded()
    before = within_contexts(x, y, contexts, ZERO)
    after = within_contexts(x + 3.0 * contexts[:, None], y - 2.0 * contexts[:, None], contexts, ZERO)
    assert torch.allclose(before.cxy, after.cxy, atol=1e-3) and torch.allclose(before.cxx, after.cxx, atol=1e-3)


def test_the_bias_follows_from_the_means_that_are_given() -> None:
    x, y, contexts, _ = confounded()
    means = (x.mean(0), y.mean(0))
    found = RidgePath(within_contexts(x, y, contexts, means)).map(0.0)
    assert torch.allclose(found(means[0]), means[1])


def test_rows_count_by_rarity_and_by_the_inverse_square_of_their_length() -> None:
    contexts = torch.tensor([0, 0, 1, 1, 1, 1])
    x = torch.tensor([[1.0], [-1.0], [2.0], [-2.0], [2.0], [-2.0]])
    y = torch.tensor([[3.0], [-3.0], [1.0], [-1.0], [1.0], [-1.0]])
    found = within_contexts(x, y, contexts, (torch.zeros(1), torch.zeros(1)))
    lengths = torch.tensor([9.0, 9.0, 1.0, 1.0, 1.0, 1.0], dtype=torch.float64)
    weights = torch.tensor([2.0, 2.0, 4.0, 4.0, 4.0, 4.0], dtype=torch.float64) ** -0.5
    weights = weights / (lengths + FLOOR * lengths.mean())
    weights = weights * (6 / weights.sum())
    assert found.count == 6
    assert float(found.cxx) == pytest.approx(float((weights[:2] * 1).sum() + (weights[2:] * 4).sum()))
    assert float(found.cxy) == pytest.approx(float((weights[:2] * 3).sum() + (weights[2:] * 2).sum()))


def test_rows_alone_in_their_context_do_not_count() -> None:
    x, y, contexts, _ = confounded()
    alone = torch.cat([contexts, torch.tensor([-1])])
    far = within_contexts(torch.cat([x, x[:1] + 100]), torch.cat([y, y[:1] - 100]), alone, ZERO)
    assert far.count == len(x) and torch.equal(far.cxy, within_contexts(x, y, contexts, ZERO).cxy)
    with pytest.raises(MapError, match="no two tokens of the texts have the same context; give more documents"):
        within_contexts(x, y, torch.arange(len(x)), ZERO)


def test_shuffled_pairs_carry_nothing() -> None:
    x, y, contexts, _ = confounded()
    true, shuffled = (RidgePath(within_contexts(x, y, contexts, ZERO, shuffle=seed)).map(0.0) for seed in (None, 1))
    assert float(shuffled.weight.norm()) < 0.2 * float(true.weight.norm())
    again = within_contexts(x, y, contexts, ZERO, shuffle=1)
    assert torch.equal(again.cxy, within_contexts(x, y, contexts, ZERO, shuffle=1).cxy)
    assert not torch.equal(again.cxy, within_contexts(x, y, contexts, ZERO, shuffle=2).cxy)
