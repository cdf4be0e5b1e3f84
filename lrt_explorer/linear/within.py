"""Cross-moments within contexts: what changes between tokens whose last words are the same."""

import torch
from torch import Tensor

from lrt_explorer.errors import MapError
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.spectrum import LazySpectrum

FLOOR = 0.05
"""Of the mean square, added to that of each row, so that a row that hardly differs from its group is not blown up."""
_ROWS_AT_ONCE = 16_384
_MOST_TOKENS = 2**31
"""More than any vocabulary has."""


def last_two(tokens: Tensor) -> Tensor:
    """`[n]`, equal where the last two tokens before the next one are, of the `tokens` of paired states.

    Args:
        tokens: `[n, k]` int64, the next token at the end; -1 where there is none, as before a first one.
    """
    return (tokens[:, -3] + 1) * _MOST_TOKENS + tokens[:, -2]


def within_contexts(
    x: Tensor, y: Tensor, contexts: Tensor, means: tuple[Tensor, Tensor], *, shuffle: int | None = None
) -> CrossMoments:
    """Moments of the deviations of rows from the mean of their context.

    Most of the variance of hidden states says which token was just read. Within a context that is constant, and what
    is left is what the wider text changes, which is what a steering vector is made of. Every deviation counts by
    1 / (its squared length in y), as an observation whose error grows with its length does in weighted least squares,
    and by 1 / √(rows of its context), so that frequent contexts do not outvote the others. No label is involved.

    Args:
        x: `[n, d_x]`, any floating type.
        y: `[n, d_y]`, row i belonging to row i of x.
        contexts: `[n]` int64, equal where the last tokens are. Rows that are alone in theirs do not count.
        means: `[d_x]` and `[d_y]`, the means that the moments are to bear, which the bias of a map follows from.
        shuffle: a seed, to pair every deviation of x with that of another row of y; None for the true pairing.

    Raises:
        MapError: if no two rows share a context.
    """
    _, group, sizes = contexts.unique(return_inverse=True, return_counts=True)
    shared = sizes[group] > 1
    if not bool(shared.any()):
        raise MapError("no two tokens of the texts have the same context; give more documents, or choose ridge")
    x, y, (group, sizes) = x[shared], y[shared], _numbered(group[shared])
    dx, dy = _deviations(x, group, sizes), _deviations(y, group, sizes)
    rarity = sizes[group].double().rsqrt()
    if shuffle is not None:
        order = torch.randperm(len(dy), generator=torch.Generator().manual_seed(shuffle))
        dy, rarity = dy[order], rarity[order]
    lengths = dy.square().sum(dim=1, dtype=torch.float64)
    weights = rarity / (lengths + FLOOR * lengths.mean()).clamp(min=torch.finfo(torch.float64).tiny)
    roots = (weights * (len(weights) / weights.sum())).sqrt()[:, None]
    cxx, cxy, cyy = (
        torch.zeros(shape, dtype=torch.float64)
        for shape in ((x.shape[1], x.shape[1]), (x.shape[1], y.shape[1]), (y.shape[1], y.shape[1]))
    )
    for start in range(0, len(dx), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        a, b = dx[rows].double() * roots[rows], dy[rows].double() * roots[rows]
        cxx.addmm_(a.T, a)
        cxy.addmm_(a.T, b)
        cyy.addmm_(b.T, b)
    mean_x, mean_y = (mean.double() for mean in means)
    return CrossMoments.borrowing(len(dx), (mean_x, mean_y), (cxx, cxy, cyy), (LazySpectrum(), LazySpectrum()))


def _numbered(group: Tensor) -> tuple[Tensor, Tensor]:
    _, numbers, sizes = group.unique(return_inverse=True, return_counts=True)
    return numbers, sizes


def _deviations(rows: Tensor, group: Tensor, sizes: Tensor) -> Tensor:
    """`[n, d]` float32, each row less the mean of its group; the sums of a group are made in float64."""
    means = sums_of(rows, group, len(sizes)).div_(sizes[:, None]).float()
    return rows.float() - means[group]


def sums_of(rows: Tensor, group: Tensor, groups: int) -> Tensor:
    """`[groups, d]` float64, the sum of the rows of each group; `group` is `[n]` int64."""
    sums = torch.zeros(groups, rows.shape[1], dtype=torch.float64)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        sums.index_add_(0, group[part], rows[part].double())
    return sums
