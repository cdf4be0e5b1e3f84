"""Which layer pairs are summed in one pass, so that a stated memory holds them."""

from collections.abc import Collection
from math import ceil

from lrt_explorer.defaults import MEMORY_GB
from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.grid import GridMoments
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.corpora.batches import BATCH_TOKENS
from lrt_explorer.study.fitting.collect import PARTS

_SCRATCH = 2**25  # float64 copy of some rows, as `GridMoments` makes it
# Of the memory that rows may take which are kept for further passes: what is left has to hold sums of many pairs.
_SHARE_OF_ROWS = 2 / 3
_SAVING = 3  # the sums, their state, and the copy that is written

Pair = tuple[int, int]


def bytes_for(small: LanguageModel, large: LanguageModel, pairs: Collection[Pair], *, kept: bool = False) -> int:
    """Memory that collecting these layer pairs takes beside the models, in bytes.

    Sums of all parts, activations of one batch or what pairs of a layer share, a float64 copy of some rows, and what
    solving one pair takes.

    Args:
        small: the small model.
        large: the large model.
        pairs: (small layer, large layer) held at once.
        kept: whether the sums are also saved, for which they are copied.
    """
    small_widths = {i: small.width for i, _ in pairs}
    large_widths = {j: large.width for _, j in pairs}
    columns = sum(small_widths.values()) + sum(large_widths.values())
    sums = len(PARTS) * GridMoments.bytes_needed(small_widths, large_widths, pairs)
    # When pairs are solved, the batch is gone and all pairs of a layer share a copy of its own sums.
    lent = 8 * len(PARTS) * sum(width**2 for width in (*small_widths.values(), *large_widths.values()))
    batch = max(4 * 2 * BATCH_TOKENS * columns, lent) + max(_SCRATCH, 384 * 8 * columns)
    solving = 8 * (len(PARTS) + 4) * (small.width**2 + small.width * large.width + large.width**2)
    return sums * (_SAVING if kept else 1) + batch + solving


def passes(
    small: LanguageModel,
    large: LanguageModel,
    pairs: Collection[Pair],
    memory_gb: float = MEMORY_GB,
    *,
    kept: bool = False,
) -> tuple[tuple[Pair, ...], ...]:
    """The layer pairs in as few groups as fit into memory one after another.

    A group is some layers of one model with some of the other, which share most of their sums.

    Args:
        small: the small model.
        large: the large model.
        pairs: (small layer, large layer) wanted.
        memory_gb: memory beside the models, in 10⁹ bytes.
        kept: as for `bytes_for`.

    Raises:
        SettingsError: if not even one pair fits.
    """
    budget = memory_gb * 1e9
    if bytes_for(small, large, pairs, kept=kept) <= budget:
        return (tuple(sorted(pairs)),)
    ours, theirs = sorted({i for i, _ in pairs}), sorted({j for _, j in pairs})
    best: tuple[int, int, int] | None = None
    for a in range(1, len(ours) + 1):
        for b in range(1, len(theirs) + 1):
            number = ceil(len(ours) / a) * ceil(len(theirs) / b)
            if best is not None and number >= best[0]:
                continue
            if bytes_for(small, large, [(i, j) for i in ours[:a] for j in theirs[:b]], kept=kept) <= budget:
                best = number, a, b
    if best is None:
        needed = bytes_for(small, large, [(ours[0], theirs[0])], kept=kept) / 1e9
        raise SettingsError(
            f"one layer pair of {small.name} and {large.name} needs {needed:.2g} GB, and {memory_gb:g} GB are allowed; "
            "allow more memory"
        )
    _, a, b = best
    wanted = set(pairs)
    groups = (
        tuple((i, j) for i in ours[x : x + a] for j in theirs[y : y + b] if (i, j) in wanted)
        for x in range(0, len(ours), a)
        for y in range(0, len(theirs), b)
    )
    return tuple(group for group in groups if group)


def passes_of_one_reading(
    small: LanguageModel, large: LanguageModel, pairs: Collection[Pair], memory_gb: float, tokens: int
) -> tuple[tuple[Pair, ...], ...] | None:
    """As `passes`, with what is read kept beside the sums, so that the models read the texts once for all groups.

    Args:
        small: the small model.
        large: the large model.
        pairs: (small layer, large layer) wanted.
        memory_gb: memory beside the models, in 10⁹ bytes.
        tokens: pairs of tokens that are read.

    Returns:
        The groups; None if the rows leave too little room for sums.
    """
    columns = small.width * len({i for i, _ in pairs}) + large.width * len({j for _, j in pairs})
    # The last batch is read whole.
    rows = 4 * (tokens + BATCH_TOKENS) * columns / 1e9
    if rows > _SHARE_OF_ROWS * memory_gb or bytes_for(small, large, list(pairs)[:1]) / 1e9 > memory_gb - rows:
        return None
    return passes(small, large, pairs, memory_gb - rows)
