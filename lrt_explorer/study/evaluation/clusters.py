"""Prompts of one form know little more than one of them, so they count together where forms are few."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lrt_explorer.study.evaluation.statistics import Array

MOST_FORMS = 0.5
"""Of the prompts: with more forms than this share, nearly every prompt speaks for itself."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """Which prompts count together.

    Attributes:
        members: `[clusters, prompts]`, rows that sum to 1.
    """

    members: Array

    @classmethod
    def of(cls, forms: Sequence[str], prompts: int) -> "Clusters":
        """Clusters by form where there are at least two and few; else every prompt for itself."""
        names = list(dict.fromkeys(forms))
        if len(forms) != prompts or len(names) < 2 or len(names) > MOST_FORMS * prompts:
            return cls(np.eye(prompts))
        members = np.array([[float(own == name) for own in forms] for name in names])
        return cls(members / members.sum(1, keepdims=True))

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.members)

    def means(self, values: Array) -> Array:
        """The mean over each cluster: `[..., prompts]` to `[..., clusters]`."""
        if self.count == values.shape[-1]:
            return values
        found: Array = values @ self.members.T
        return found
