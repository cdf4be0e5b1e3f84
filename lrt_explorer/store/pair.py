"""Which two models something on disk was made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PairInfo:
    """Two models, by name and by weights.

    Attributes:
        small: Name of the small model.
        large: Name of the large model.
        small_fingerprint: Of the small model's weights.
        large_fingerprint: Of the large model's weights.
    """

    small: str
    large: str
    small_fingerprint: str
    large_fingerprint: str
