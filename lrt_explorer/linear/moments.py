"""Streaming cross-moments of paired activations: everything that any linear map between them needs to know."""

from collections.abc import Callable, Mapping
from typing import Self

import torch
from torch import Tensor

from lrt_explorer.errors import MapError
from lrt_explorer.linear.spectrum import LazySpectrum, Spectrum

# A column whose spread is below this share of its mean is constant: what is left is rounding of the mean in float64,
# while activations, made in float32 at most, differ by at least 1e-7 of their size if they differ at all.
_ROUNDING = 1e-13

NOT_FINITE = "activations hold numbers that are not finite; run the model in float32 or bfloat16"

# Bounds the float64 copy of a large update; from about a hundred rows on, time per row no longer depends on it.
_ROWS_AT_ONCE = 4096


class CrossMoments:
    """Count, means and centred sums of products of paired rows, in float64.

    Rows are taken in chunks and folded in with the pairwise update of Chan, Golub and LeVeque (1983): each chunk is
    centred on its own mean before it is multiplied, so a mean that is large beside the spread costs no digits. The
    memory held does not grow with the number of rows, and two halves of the data can be collected apart and merged.

    Attributes are the live state, which further updates change in place; use `state` for a copy.

    Attributes:
        count: Number of paired rows taken in.
        mean_x: [d_x] float64.
        mean_y: [d_y] float64.
        cxx: [d_x, d_x] float64, sum over rows of (x - mean_x)ᵀ(x - mean_x); not divided by the count.
        cxy: [d_x, d_y] float64, likewise.
        cyy: [d_y, d_y] float64, likewise.
    """

    def __init__(self, d_x: int, d_y: int, device: torch.device | str = "cpu") -> None:
        """Start empty.

        Args:
            d_x: Width of the x rows.
            d_y: Width of the y rows.
            device: Where the sums are kept and multiplied; it must know float64. Rows are moved there.

        Raises:
            MapError: If a width is below 1.
        """
        if d_x < 1 or d_y < 1:
            raise MapError(f"cross-moments need widths of at least 1, not {d_x} and {d_y}; check both layers")
        self.device = torch.device(device)
        self.count = 0
        self.mean_x = self._zeros(d_x)
        self.mean_y = self._zeros(d_y)
        self.cxx = self._zeros(d_x, d_x)
        self.cxy = self._zeros(d_x, d_y)
        self.cyy = self._zeros(d_y, d_y)
        self._lazy_x, self._lazy_y = LazySpectrum(), LazySpectrum()
        self._borrowed = False

    @classmethod
    def borrowing(
        cls,
        count: int,
        means: tuple[Tensor, Tensor],
        sums: tuple[Tensor, Tensor, Tensor],
        lazy: tuple[LazySpectrum, LazySpectrum],
    ) -> Self:
        """Moments that share tensors with others, and copy them before they take in anything themselves.

        Args:
            count: Number of paired rows that the sums are over.
            means: mean_x and mean_y.
            sums: cxx, cxy and cyy; nothing may change them while these moments are used.
            lazy: What is known of cxx and of cyy, shared with other moments of the same x rows or the same y rows.
        """
        moments = cls.__new__(cls)
        moments.device = sums[0].device
        moments.count = count
        moments.mean_x, moments.mean_y = means
        moments.cxx, moments.cxy, moments.cyy = sums
        moments._lazy_x, moments._lazy_y = lazy
        moments._borrowed = True
        return moments

    @property
    def d_x(self) -> int:
        """Width of the x rows."""
        return len(self.mean_x)

    @property
    def d_y(self) -> int:
        """Width of the y rows."""
        return len(self.mean_y)

    @property
    def varies_x(self) -> Tensor:
        """[d_x] bool, False for columns of x that are constant up to rounding."""
        return self._varies(self.cxx, self.mean_x)

    @property
    def varies_y(self) -> Tensor:
        """[d_y] bool, likewise for y."""
        return self._varies(self.cyy, self.mean_y)

    @property
    def spectrum_x(self) -> Spectrum:
        """Eigendecomposition of cxx as it is now; made once, and again only after further rows came."""
        return self._lazy_x.of(self.cxx)

    @property
    def spectrum_y(self) -> Spectrum:
        """Likewise of cyy."""
        return self._lazy_y.of(self.cyy)

    def of_cxx(self, figure: Callable[[Tensor, Tensor], float]) -> float:
        """A figure of cxx and `varies_x` as they are now, computed once for all moments of the same x rows."""
        return self._lazy_x.figure(figure, self.cxx, lambda: self.varies_x)

    def of_cyy(self, figure: Callable[[Tensor, Tensor], float]) -> float:
        """Likewise of cyy and `varies_y`."""
        return self._lazy_y.figure(figure, self.cyy, lambda: self.varies_y)

    def cxx_seen_by(self, spectrum: Spectrum) -> Tensor:
        """[d_x, d_x] cxx as it is now in the eigenvectors of another spectrum, on the device of that spectrum."""
        return self._lazy_x.seen_by(spectrum, self.cxx)

    def check_spread(self) -> None:
        """Check that both sides vary, without which no map and no likeness is defined.

        Raises:
            MapError: If there are fewer than two rows, or all rows of one side are equal.
        """
        if self.count < 2:
            raise MapError(
                f"there are too few tokens to fit or compare layers ({self.count}, but 2 are needed); give more text"
            )
        for side, varies in (("small", self.varies_x), ("large", self.varies_y)):
            if not bool(varies.any()):
                raise MapError(f"all activations of the {side} model are equal; use more varied text or another layer")

    def update(self, x: Tensor, y: Tensor, *, times: int = 1) -> None:
        """Take in paired rows; no rows at all is allowed.

        Args:
            x: [n, d_x], any floating type.
            y: [n, d_y], row i belonging to row i of x.
            times: How often each pair counts, as if it were passed that often.

        Raises:
            MapError: If shapes do not fit or a number is not finite. Chunks before the bad one are kept.
        """
        if x.ndim != 2 or y.ndim != 2 or x.shape[1] != self.d_x or y.shape[1] != self.d_y or len(x) != len(y):
            raise MapError(
                f"cross-moments of widths {self.d_x} and {self.d_y} cannot take rows shaped {tuple(x.shape)} and "
                f"{tuple(y.shape)}; pass one row per token for both models, at the layers chosen"
            )
        for start in range(0, len(x), _ROWS_AT_ONCE):
            chunk = slice(start, start + _ROWS_AT_ONCE)
            self._take(x[chunk].detach(), y[chunk].detach(), times)

    def merge(self, other: "CrossMoments") -> None:
        """Take in all rows that another collector has seen; the other is left as it is.

        Raises:
            MapError: If the widths differ.
        """
        if (other.d_x, other.d_y) != (self.d_x, self.d_y):
            raise MapError(
                f"cross-moments of widths {other.d_x} and {other.d_y} cannot be merged into those of widths "
                f"{self.d_x} and {self.d_y}; merge only moments of the same layer pair"
            )
        if other.count == 0:
            return
        self._own()
        shift_x, shift_y = (mean.to(self.device) for mean in (other.mean_x, other.mean_y))
        shift_x, shift_y = shift_x - self.mean_x, shift_y - self.mean_y
        between = self.count * other.count / (self.count + other.count)
        self.cxx.add_(other.cxx.to(self.device)).addr_(shift_x, shift_x, alpha=between)
        self.cxy.add_(other.cxy.to(self.device)).addr_(shift_x, shift_y, alpha=between)
        self.cyy.add_(other.cyy.to(self.device)).addr_(shift_y, shift_y, alpha=between)
        self._move_means(shift_x, shift_y, other.count)

    def state(self) -> dict[str, Tensor]:
        """A copy of everything, on the CPU, under the attributes' names; `count` is a [] int64 tensor."""
        tensors = {name: getattr(self, name).to("cpu", copy=True) for name in _SUMS}
        return {"count": torch.tensor(self.count), **tensors}

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor], device: torch.device | str = "cpu") -> Self:
        """Collector that goes on from a `state`, which it copies.

        Raises:
            MapError: If a tensor is missing, its shape does not fit the others, or a number is not finite.
        """
        if set(state) != {"count", *_SUMS} or any(state[name].ndim != 1 for name in ("mean_x", "mean_y")):
            raise MapError("these tensors are not saved cross-moments; collect them again")
        moments = cls(len(state["mean_x"]), len(state["mean_y"]), device)
        for name in _SUMS:
            mine: Tensor = getattr(moments, name)
            if state[name].shape != mine.shape or not bool(torch.isfinite(state[name]).all()):
                raise MapError(f"saved cross-moments hold a damaged {name}; collect them again")
            mine.copy_(state[name])
        count = state["count"]
        if count.ndim != 0 or count.is_floating_point() or int(count) < 0:
            raise MapError("saved cross-moments hold a damaged count; collect them again")
        moments.count = int(count)
        return moments

    def _own(self) -> None:
        """Copy what is shared, before it is changed in place."""
        if self._borrowed:
            for name in _SUMS:
                setattr(self, name, getattr(self, name).clone())
            self._borrowed = False

    def _take(self, x: Tensor, y: Tensor, times: int) -> None:
        self._own()
        rows = len(x) * times
        between = (self.count * rows / (self.count + rows)) ** 0.5
        x_centred, shift_x = self._centred(x, self.mean_x, between, times)
        y_centred, shift_y = self._centred(y, self.mean_y, between, times)
        self.cxx.addmm_(x_centred.T, x_centred)
        self.cxy.addmm_(x_centred.T, y_centred)
        self.cyy.addmm_(y_centred.T, y_centred)
        self._move_means(shift_x, shift_y, rows)

    def _centred(self, rows: Tensor, mean: Tensor, between: float, times: int) -> tuple[Tensor, Tensor]:
        """Rows less their own mean, and below them the scaled shift of that mean from the mean so far.

        The product of two such blocks holds both the sums within the chunk and Chan's term between chunk and past,
        so the large matrices are read and written once.
        """
        block = torch.empty(len(rows) + 1, rows.shape[1], dtype=torch.float64, device=self.device)
        within = block[:-1]
        within.copy_(rows)
        own_mean = within.mean(dim=0)
        # A sum is finite only if all its terms are, so this costs [d] and not [n, d].
        if not bool(torch.isfinite(own_mean).all()):
            raise MapError(NOT_FINITE)
        within -= own_mean
        if times != 1:
            within *= times**0.5
        shift = own_mean - mean
        block[-1] = between * shift
        return block, shift

    def _move_means(self, shift_x: Tensor, shift_y: Tensor, rows: int) -> None:
        self.count += rows
        self.mean_x.add_(shift_x, alpha=rows / self.count)
        self.mean_y.add_(shift_y, alpha=rows / self.count)
        # New ones, not emptied ones: others may share them.
        self._lazy_x, self._lazy_y = LazySpectrum(), LazySpectrum()

    def _varies(self, sums: Tensor, mean: Tensor) -> Tensor:
        return sums.diagonal() > self.count * (_ROUNDING * mean).square()

    def _zeros(self, *shape: int) -> Tensor:
        # Tensors born in inference mode could not be updated outside it.
        with torch.inference_mode(False):
            return torch.zeros(shape, dtype=torch.float64, device=self.device)


_SUMS = ("mean_x", "mean_y", "cxx", "cxy", "cyy")
