"""The states of a concept's pairs, read once for each layer and kept in memory."""

from functools import cache

from lrt_explorer.bounded import BoundedCache
from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.concepts.reading import PairStates, read_pairs
from lrt_explorer.lm.model import LanguageModel

CAPACITY = 64
"""A few hundred kilobytes each."""

Key = tuple[str, str, int, str, bool]


def pair_states(
    lm: LanguageModel, contrast: ContrastSet, layer: int, reading: Reading | None, *, whiten: bool
) -> PairStates:
    """What one layer makes of the texts of a contrast set.

    Args:
        lm: the model.
        contrast: the concept.
        layer: a block.
        reading: which tokens are read; None for what the set prefers.
        whiten: whether the covariance of its tokens is read too.

    Raises what `read_pairs` raises.
    """
    chosen = reading or contrast.reading
    key = (lm.reading_mark, contrast.fingerprint(), layer, chosen, whiten)
    if (known := _known().get(key)) is not None:
        return known
    states = read_pairs(lm, contrast, [layer], chosen, covariance=whiten)[layer]
    _known().keep(key, states)
    return states


@cache
def _known() -> BoundedCache[Key, PairStates]:
    return BoundedCache(CAPACITY)
