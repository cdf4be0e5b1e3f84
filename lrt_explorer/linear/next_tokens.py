"""Cross-moments between next tokens: how the states of one context differ by the token that follows."""

import torch
from torch import Tensor

from lrt_explorer.errors import MapError
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.spectrum import LazySpectrum
from lrt_explorer.linear.within import sums_of

LEAST = 2
"""Rows that a context and a next token must share to count: what one row holds beside them has nothing to cancel it."""
FLOOR = 0.01
"""Of the mean square, added to that of each difference, so that one that hardly exists is not blown up."""
ORDINARY_SHARE = 0.05
"""Weight of all states beside the differences, by variance of y: it settles what no difference says."""


def between_next_tokens(
    x: Tensor,
    y: Tensor,
    tokens: Tensor,
    ordinary: CrossMoments,
    *,
    shuffle: int | None = None,
    least: int = LEAST,
    floor: float = FLOOR,
    share: float = ORDINARY_SHARE,
) -> CrossMoments:
    """Moments of what is common to the rows of one context that go on alike, against all rows of that context.

    A steering vector is a mean difference between texts that end alike and go on differently. Such differences are
    made here without any label: rows of the same last tokens are averaged for each token that follows, and the mean of
    their context is taken away. Averaging removes what is peculiar to single texts from both sides, so that errors of x
    neither turn nor shrink the map (grouping as in Wald 1940, with the next token as the instrument). A difference
    counts by its rows and by 1 / (its squared length in y).

    Args:
        x: `[n, d_x]`, any floating type.
        y: `[n, d_y]`, row i belonging to row i of x.
        tokens: `[n, k + 1]` int64, the last k tokens of each row and the one that follows; below 0 where there is none.
        ordinary: moments of all rows, whose means a map bears.
        shuffle: a seed, to pair every difference of x with that of another context or token; None for the true pairing.
        least: rows that a difference is made of, at least.
        floor: of the mean square, added to that of each difference.
        share: of the moments of all rows in what is fitted, relative to that of the differences, by variance of y.

    Raises:
        MapError: if no context goes on in two ways, each of them often enough.
    """
    dx, dy, rows = next_token_differences(x, y, tokens, least)
    if not len(dx):
        raise MapError(
            f"the texts are too short for this estimator: no {tokens.shape[1] - 1} tokens in them go on in two ways "
            f"that each come {least} times or more; give more documents, or choose ridge"
        )
    cross = ordinary.cxy
    if shuffle is not None:
        order = torch.randperm(len(dy), generator=torch.Generator().manual_seed(shuffle))
        # Strangers have no cross-covariance.
        dy, rows, cross = dy[order], rows[order], torch.zeros_like(cross)
    lengths = dy.square().sum(dim=1)
    weights = rows / (lengths + floor * lengths.mean()).clamp(min=torch.finfo(torch.float64).tiny)
    weighted = weights[:, None] / weights.sum()
    cyy = dy.T @ (dy * weighted)
    beside = share * cyy.trace() / ordinary.cyy.trace().clamp(min=torch.finfo(torch.float64).tiny)
    total = int(rows.sum())
    cxx, cxy, cyy = (
        total * (differences + beside * all_rows)
        for differences, all_rows in (
            (dx.T @ (dx * weighted), ordinary.cxx),
            (dx.T @ (dy * weighted), cross),
            (cyy, ordinary.cyy),
        )
    )
    return CrossMoments.borrowing(
        total, (ordinary.mean_x, ordinary.mean_y), (cxx, cxy, cyy), (LazySpectrum(), LazySpectrum())
    )


def next_token_differences(x: Tensor, y: Tensor, tokens: Tensor, least: int = LEAST) -> tuple[Tensor, Tensor, Tensor]:
    """Mean states of each context and next token, less the mean of their context; arguments as above.

    Returns:
        `[c, d_x]` and `[c, d_y]` float64, and `[c]` how many rows each is the mean of.
    """
    known = (tokens[:, -1] >= 0).nonzero()[:, 0]
    ways, of, sizes = tokens[known].unique(dim=0, return_inverse=True, return_counts=True)
    often = sizes >= least
    known, of = known[often[of]], (often.cumsum(0) - 1)[of[often[of]]]
    ways, rows = ways[often], sizes[often, None].double()
    _, context, ways_of = ways[:, :-1].unique(dim=0, return_inverse=True, return_counts=True)
    rows_of = sums_of(rows, context, len(ways_of))
    differ = ways_of[context] > 1

    def less_their_context(states: Tensor) -> Tensor:
        sums = sums_of(states[known], of, len(ways))
        of_context = sums_of(sums, context, len(ways_of)) / rows_of
        differences: Tensor = sums / rows - of_context[context]
        return differences[differ]

    return less_their_context(x), less_their_context(y), rows[differ, 0]
