"""The affine map that takes activations of a small model to those of a large one."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lrt_explorer.errors import MapError, VectorError
from lrt_explorer.linear.directions import unit
from lrt_explorer.linear.image import image_basis, reached_shares

# An image direction that only an input a million times longer than the best one can reach is not reached in practice;
# this also keeps the answer the same after a map was stored in float32.
_NEGLIGIBLE_GAIN = 1e-6


@dataclass(frozen=True, eq=False)
class AffineMap:
    """A frozen affine map x ↦ x W + b, in float64 inside.

    A *point* (an activation) takes the bias: call the map. A *direction* (a difference of activations, such as a
    steering vector) does not, since the bias cancels in a difference: use `direction`. arXiv 2506.00653 maps directions
    with the bias as well; `direction_as_in_paper` does that.

    Results are float64, or float32 where the input is float32 or narrower; they lie on the input's device and carry no
    gradient.

    Attributes:
        weight: [d_small, d_large] float64; a copy of what was passed in.
        bias: [d_large] float64; likewise.

    Raises:
        MapError: If the shapes do not fit each other or a number is not finite.
    """

    weight: Tensor
    bias: Tensor

    def __post_init__(self) -> None:
        """Check the tensors and take copies, so that nothing outside can change the map."""
        if self.weight.ndim != 2 or 0 in self.weight.shape or self.bias.shape != self.weight.shape[1:]:
            raise MapError(
                f"a map needs a weight [d_small, d_large] and a bias [d_large], not {list(self.weight.shape)} and "
                f"{list(self.bias.shape)}; fit it again"
            )
        for name in ("weight", "bias"):
            tensor = getattr(self, name).detach().to("cpu", torch.float64, copy=True)
            if not bool(torch.isfinite(tensor).all()):
                raise MapError(f"the {name} of this map holds numbers that are not finite; fit it again")
            object.__setattr__(self, name, tensor)

    @classmethod
    def identity(cls, d: int) -> "AffineMap":
        """The map of width d that changes nothing."""
        return cls(torch.eye(d, dtype=torch.float64), torch.zeros(d, dtype=torch.float64))

    @property
    def d_small(self) -> int:
        """Width of what the map takes."""
        return self.weight.shape[0]

    @property
    def d_large(self) -> int:
        """Width of what the map gives."""
        return self.weight.shape[1]

    @cached_property
    def digest(self) -> str:
        """A hash of the weight and the bias, made once: what is measured of a map is kept under it."""
        found = hashlib.sha256()
        for tensor in (self.weight, self.bias):
            found.update(tensor.contiguous().numpy().tobytes())
        return found.hexdigest()[:24]

    def __call__(self, x: Tensor) -> Tensor:
        """Map points.

        Args:
            x: [..., d_small] activations of the small model.

        Returns:
            [..., d_large] predicted activations of the large model.

        Raises:
            MapError: If the last dimension is not d_small.
        """
        return self._apply(x, self.bias)

    def direction(self, v: Tensor) -> Tensor:
        """Map directions, which take no bias: what a - b goes to is what a goes to less what b goes to.

        Args:
            v: [..., d_small].

        Returns:
            [..., d_large].

        Raises:
            MapError: If the last dimension is not d_small.
        """
        return self._apply(v, None)

    def direction_as_in_paper(self, v: Tensor) -> Tensor:
        """Map directions with the bias added, as arXiv 2506.00653 writes it; kept only for comparison.

        The result depends on the length of v: the bias does not shrink with it.

        Args:
            v: [..., d_small].

        Returns:
            [..., d_large].

        Raises:
            MapError: If the last dimension is not d_small.
        """
        return self._apply(v, self.bias)

    def carry(self, v: Tensor, *, as_in_paper: bool) -> Tensor:
        """`direction_as_in_paper` where that is asked for, else `direction`."""
        return self.direction_as_in_paper(v) if as_in_paper else self.direction(v)

    def then(self, other: "AffineMap") -> "AffineMap":
        """The map that applies this one first and `other` to its result.

        Raises:
            MapError: If `other` does not take the width that this map gives.
        """
        if other.d_small != self.d_large:
            raise MapError(
                f"a map into width {self.d_large} cannot be followed by one from width {other.d_small}; "
                "compose maps that meet at the same model and layer"
            )
        return AffineMap(self.weight @ other.weight, other(self.bias))

    def reachable_share(self, v: Tensor) -> float:
        """Share of |v|² that lies in the image of `direction`: the ceiling of any transfer through this map.

        Args:
            v: [d_large] direction in the large model, such as its native steering vector.

        Returns:
            A number in [0, 1].

        Raises:
            VectorError: If v has another shape, zero length, or numbers that are not finite.
        """
        self._check_large(v)
        return min(1.0, float((self._image @ unit(v)).square().sum()))

    def reachable_shares(self, vectors: Sequence[Tensor]) -> list[float]:
        """`reachable_share` of a few vectors at once, for a map that is not used again.

        `reachable_share` makes a basis and keeps it, so that the next vector costs little. This keeps nothing, and
        takes half the time.

        Args:
            vectors: Each [d_large].

        Raises:
            VectorError: As for `reachable_share`.
        """
        if not vectors:
            return []
        for v in vectors:
            self._check_large(v)
        shares = reached_shares(self.weight, torch.stack([unit(v) for v in vectors]), _NEGLIGIBLE_GAIN)
        return shares.clamp(0.0, 1.0).tolist()

    def _check_large(self, v: Tensor) -> None:
        if v.shape != (self.d_large,):
            raise VectorError(
                f"the image of this map has width {self.d_large}, but the vector is shaped {list(v.shape)}; "
                "take a vector of the large model"
            )

    @cached_property
    def _image(self) -> Tensor:
        """[rank, d_large] orthonormal rows that span the image of `direction`; made once, when first asked for."""
        return image_basis(self.weight, _NEGLIGIBLE_GAIN)

    def _apply(self, x: Tensor, bias: Tensor | None) -> Tensor:
        if x.ndim == 0 or x.shape[-1] != self.d_small:
            raise MapError(
                f"this map takes width {self.d_small}, but was given {list(x.shape)}; "
                "choose the small model and layer that it was fitted for"
            )
        # Computed where the map lies: some devices have no float64.
        result = x.detach().to("cpu", torch.float64) @ self.weight
        if bias is not None:
            result = result + bias
        return result.to(x.device, torch.float64 if x.dtype == torch.float64 else torch.float32)
