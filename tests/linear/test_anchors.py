"""Maps through anchors and through a vocabulary: exact where the models differ by a turn."""

import pytest
import torch

from lrt_explorer.errors import MapError
from lrt_explorer.linear.anchors import through_anchors, through_vocabulary
from lrt_explorer.linear.scores import cosine


def turned(rows: int, width: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rows, the same turned into another basis, and the turn."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(rows, width, generator=generator, dtype=torch.float64)
    turn = torch.linalg.qr(torch.randn(width, width, generator=generator, dtype=torch.float64)).Q
    return x, x @ turn, turn


def test_anchors_find_a_turn_whatever_the_scale_and_the_shift() -> None:
    x, y, turn = turned(200, 12)
    map = through_anchors(x + 3, 5 * y - 2)
    direction = torch.arange(12, dtype=torch.float64)
    assert cosine(map.direction(direction), direction @ turn) > 0.9999
    assert torch.allclose(map((x + 3).mean(0)), (5 * y - 2).mean(0)), "the centre goes to the centre"


def test_anchors_tell_a_direction_by_cosines_not_by_lengths() -> None:
    x, y, _ = turned(200, 12)
    lengths = torch.linspace(0.1, 9, 200, dtype=torch.float64)[:, None]
    centred = x - x.mean(0)
    # Without a shift of the mean, longer anchors are the same anchors.
    longer = torch.cat([centred * lengths, -centred * lengths])
    plain = through_anchors(torch.cat([centred, -centred]), torch.cat([y - y.mean(0), y.mean(0) - y]))
    assert torch.allclose(through_anchors(longer, torch.cat([y - y.mean(0), y.mean(0) - y])).weight, plain.weight)


def test_a_direction_moves_the_logits_of_shared_tokens_alike() -> None:
    x, y, _ = turned(300, 8)
    map = through_vocabulary(x, y)
    direction = torch.arange(8, dtype=torch.float64)
    moved, expected = (y @ map.direction(direction)), (x @ direction)
    assert torch.allclose(moved - moved.mean(), expected - expected.mean(), rtol=0.02, atol=0.05)
    # A logit that all tokens gain moves nothing.
    assert torch.allclose(through_vocabulary(x + 7, y).weight, map.weight)


@pytest.mark.parametrize("make", [through_anchors, through_vocabulary])
def test_too_little_that_is_shared_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(MapError, match="too little that both models share"):
        make(torch.randn(1, 4), torch.randn(1, 6))
    with pytest.raises(MapError, match="too little that both models share"):
        make(torch.ones(5, 4), torch.randn(5, 6))
