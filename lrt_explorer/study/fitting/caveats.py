"""Caveats: when a few dimensions rule the scores of a map, in words."""

from lrt_explorer.store import MapInfo

RULING_SHARE = 0.25
"""Of a layer's variance in one dimension, from which scores that count by variance are mostly about that dimension."""
RULING_TOGETHER = 0.5
"""Of a layer's variance in all outlier dimensions together, likewise."""


def caveats(info: MapInfo) -> tuple[str, ...]:
    """One sentence for each layer whose variance a few dimensions hold; none for maps that do not record it."""
    # The small layer's dimensions weigh in CKA; R² counts those of the large layer alone.
    sides = (
        (info.large, info.large_layer, info.largest_dimension_large, info.outlier_share_large, "R²"),
        (info.small, info.small_layer, info.largest_dimension_small, info.outlier_share_small, "CKA"),
    )
    counts = (info.outlier_dimensions_large, info.outlier_dimensions_small)
    found = []
    for (model, layer, largest, together, score), count in zip(sides, counts, strict=True):
        where = f"the variance of {model.rstrip('/').rsplit('/', 1)[-1]} layer {layer}"
        instead = f"read the standardised {score} instead"
        if largest is not None and largest >= RULING_SHARE:
            found.append(f"one dimension holds {largest * 100:.0f} % of {where}; {instead}")
        elif together is not None and together >= RULING_TOGETHER:
            found.append(f"{count} dimensions hold {together * 100:.0f} % of {where}; {instead}")
    return tuple(found)
