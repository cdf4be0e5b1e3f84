"""Products with symmetric matrices, of which only the blocks on and above the diagonal are multiplied."""

from collections.abc import Iterator

from torch import Tensor

# Four blocks multiply five eighths of what a whole product does. Narrower ones would save little more and lose it
# again, because small products are slow.
_BLOCKS, _LEAST_BLOCK = 4, 32


def gram(rows: Tensor) -> Tensor:
    """[n, n] products of all rows with each other.

    Args:
        rows: [n, d], any floating type.
    """
    n = len(rows)
    products = rows.new_empty(n, n)
    for start, stop in _blocks(n):
        block = rows[start:stop] @ rows[start:].T
        products[start:stop, start:] = block
        products[stop:, start:stop] = block[:, stop - start :].T
    return products


def quadratic_forms(sums: Tensor, columns: Tensor) -> Tensor:
    """The number wᵀ C w for every column w.

    Args:
        sums: [n, n], the symmetric C.
        columns: [n, m].

    Returns:
        [m].
    """
    forms = columns.new_zeros(columns.shape[1])
    for start, stop in _blocks(len(sums)):
        block, right = columns[start:stop], columns[stop:]
        product = sums[start:stop, start:stop] @ block
        # What lies below the diagonal is what lies above it.
        product.addmm_(sums[start:stop, stop:], right, alpha=2.0)
        forms += (block * product).sum(dim=0)
    return forms


def _blocks(n: int) -> Iterator[tuple[int, int]]:
    """Where each block of rows begins and ends."""
    step = max(_LEAST_BLOCK, -(-n // _BLOCKS))
    for start in range(0, n, step):
        yield start, min(n, start + step)
