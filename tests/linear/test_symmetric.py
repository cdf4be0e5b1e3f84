import pytest
import torch

from lrt_explorer.linear.symmetric import gram, quadratic_forms
from tests.linear.rows import noise


@pytest.mark.parametrize("n", [1, 31, 32, 33, 127, 200])
@pytest.mark.parametrize("d", [1, 50])
def test_products_by_blocks_are_the_whole_products(n: int, d: int) -> None:
    rows = noise(n, d, seed=n)
    found = gram(rows)
    torch.testing.assert_close(found, rows @ rows.T, rtol=1e-12, atol=1e-11)
    assert n < 100 or torch.equal(found[:32, -32:], found[-32:, :32].T)
    columns = noise(n, d, seed=n + 1)
    expected = (columns * (found @ columns)).sum(dim=0)
    torch.testing.assert_close(quadratic_forms(found, columns), expected, rtol=1e-11, atol=1e-9)


def test_what_is_not_symmetric_is_told_apart() -> None:
    lopsided, columns = noise(100, 100, seed=1), noise(100, 7, seed=2)
    plain = (columns * (lopsided @ columns)).sum(dim=0)
    assert not torch.allclose(quadratic_forms(lopsided, columns), plain)
    torch.testing.assert_close(quadratic_forms(lopsided + lopsided.T, columns), 2.0 * plain)
