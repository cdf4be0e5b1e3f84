"""Eigendecompositions of centred sums of squares, made once and shared by all that need them."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.errors import SettingsError


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues and eigenvectors of a symmetric [d, d] matrix that has no negative ones but for rounding.

    Attributes:
        values: [d] float64, ascending, none below 0.
        vectors: [d, d] float64, the eigenvectors as columns in the same order.
    """

    values: Tensor
    vectors: Tensor

    @classmethod
    def of(cls, sums: Tensor) -> "Spectrum":
        """Decompose [d, d] sums, such as `CrossMoments.cxx`, where they lie."""
        values: Tensor
        vectors: Tensor
        values, vectors = torch.linalg.eigh(sums)
        return cls(values.clamp(min=0.0), vectors)

    def damped_inverse(self, lam: float) -> Tensor:
        """Inverse of each eigenvalue plus λ, and 0 where only rounding is left to invert.

        Args:
            lam: λ relative to the mean eigenvalue, from 0 up.

        Returns:
            [d] float64.

        Raises:
            SettingsError: If lam is negative or not finite.
        """
        if not 0 <= lam < math.inf:
            raise SettingsError(f"λ = {lam} is out of range; choose 0 or more")
        # The eigenvalues are exact up to about this much, so anything below is not evidence of any spread.
        resolution = len(self.values) * torch.finfo(torch.float64).eps * float(self.values[-1])
        damped = self.values + lam * float(self.values.mean())
        return torch.where(damped > resolution, 1.0 / damped, 0.0)

    def whitener(self, floor: float) -> Tensor:
        """[d, r] columns K with Kᵀ C K = 1, spanning the r eigenvectors above `floor` times the largest eigenvalue."""
        kept = self.values > floor * self.values[-1]
        return self.vectors[:, kept] / self.values[kept].sqrt()


class LazySpectrum:
    """What follows from the sums of one layer alone, made when it is first asked for.

    Moments of the same rows can hold one of these together, so that all pairs of a layer make it once.
    """

    def __init__(self) -> None:
        """Start without anything."""
        self._made: Spectrum | None = None
        self._seen: tuple[Spectrum, Tensor] | None = None
        self._figures: dict[Callable[[Tensor, Tensor], float], float] = {}

    def of(self, sums: Tensor) -> Spectrum:
        """That of `sums`, which must hold the same numbers at every call."""
        if self._made is None:
            self._made = Spectrum.of(sums)
        return self._made

    def seen_by(self, other: Spectrum, sums: Tensor) -> Tensor:
        """[d, d] Vᵀ C V for the eigenvectors V of other sums, such as those of the rows that a map is fitted on.

        Kept until another spectrum asks. `sums` is C, which must hold the same numbers at every call.
        """
        if self._seen is None or self._seen[0] is not other:
            vectors = other.vectors
            self._seen = other, vectors.T @ sums.to(vectors.device) @ vectors
        return self._seen[1]

    def figure(self, compute: Callable[[Tensor, Tensor], float], sums: Tensor, varies: Callable[[], Tensor]) -> float:
        """What `compute` makes of these sums and of which dimensions vary, which must be the same at every call."""
        if compute not in self._figures:
            self._figures[compute] = compute(sums, varies())
        return self._figures[compute]
