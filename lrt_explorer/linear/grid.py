"""Cross-moments of many layer pairs from one stream: what pairs have in common is summed once."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Self

import torch
from torch import Tensor

from lrt_explorer.errors import MapError
from lrt_explorer.linear.moments import NOT_FINITE, CrossMoments
from lrt_explorer.linear.spectrum import LazySpectrum

# Bounds the float64 copy of a large update to 32 MiB, or to the least rows that still make a product worth its sums.
_NUMBERS_AT_ONCE = 2**22
_LEAST_ROWS_AT_ONCE = 384
# A gram is symmetric: only its blocks on and above the diagonal are multiplied. Narrower blocks would save more
# products and lose it again, for small products are slow.
_BLOCKS, _LEAST_BLOCK = 8, 64

# A layer of the small model ("x") or of the large one ("y").
_Layer = tuple[str, int]


class GridMoments:
    """The `CrossMoments` of all, or of chosen, pairs of a small model's layers with a large model's, in float64.

    All layers are read at the same tokens, so pairs share what they have in common: one mean and one cxx for each small
    layer, one mean and one cyy for each large layer. Only cxy belongs to a pair, and where every small layer is paired
    with every large one all of them are one matrix product. The sums are those of `CrossMoments`, by the same pairwise
    update of Chan, Golub and LeVeque (1983), up to rounding.

    A layer that is in no pair is left out, and may be missing from updates.

    Attributes:
        count: Number of tokens taken in.
        pairs: The (small layer, large layer) held, in ascending order.
        device: Where the sums are kept and multiplied.
    """

    def __init__(
        self,
        small_widths: Mapping[int, int],
        large_widths: Mapping[int, int],
        pairs: Iterable[tuple[int, int]] | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        """Start empty.

        Args:
            small_widths: Width of each layer of the small model, by its number.
            large_widths: Likewise of the large model.
            pairs: (small layer, large layer) to hold; None for every small layer with every large one.
            device: Where the sums are kept and multiplied; it must know float64. Rows are moved there.

        Raises:
            MapError: If there is no pair, a pair names a layer without a width, or a width is below 1.
        """
        self.pairs = _sorted_pairs(small_widths, large_widths, pairs)
        self.device = torch.device(device)
        self.count = 0
        self._widths = _layer_widths(small_widths, large_widths, self.pairs)
        self._columns: dict[_Layer, slice] = {}
        end = 0
        for layer, width in self._widths.items():
            self._columns[layer] = slice(end, end + width)
            end += width
        self._mean = self._zeros(end)
        self._grams = {layer: self._zeros(width, width) for layer, width in self._widths.items()}
        self._cross: dict[tuple[int, int], Tensor] = {}
        # What is multiplied for every chunk: columns, columns, and the sums that their product is added to.
        self._products: list[tuple[slice, slice, Tensor]] = [
            *self._cross_products(),
            *self._gram_products(),
        ]
        self._lent: dict[_Layer, tuple[Tensor, Tensor]] = {}
        self._lazy = {layer: LazySpectrum() for layer in self._widths}
        self._rows_at_once = max(_LEAST_ROWS_AT_ONCE, _NUMBERS_AT_ONCE // end)
        self._scratch = self._zeros(0, end)

    @staticmethod
    def bytes_needed(
        small_widths: Mapping[int, int],
        large_widths: Mapping[int, int],
        pairs: Iterable[tuple[int, int]] | None = None,
    ) -> int:
        """Memory that the sums of such a grid take, in bytes.

        Beyond this an update holds its rows once in float64, 32 MiB or 384 rows at a time, whichever is more.

        Args:
            small_widths: As for the constructor.
            large_widths: Likewise.
            pairs: Likewise.

        Raises:
            MapError: As the constructor.
        """
        chosen = _sorted_pairs(small_widths, large_widths, pairs)
        own = sum(width + width**2 for width in _layer_widths(small_widths, large_widths, chosen).values())
        return 8 * (own + sum(small_widths[i] * large_widths[j] for i, j in chosen))

    def update(self, small: Mapping[int, Tensor], large: Mapping[int, Tensor], *, times: int = 1) -> None:
        """Take in the same n tokens at all layers of both models; no tokens at all is allowed.

        Args:
            small: [n, d_i] for each small layer i, any floating type.
            large: [n, d_j] for each large layer j, row t belonging to row t of every other layer.
            times: How often each token counts, as if it were passed that often.

        Raises:
            MapError: If a layer is missing, shapes do not fit or a number is not finite. Chunks before the bad one are
                kept.
        """
        rows = self._checked(small, large)
        count = len(next(iter(rows.values())))
        # In equal shares: a few rows left over would cost a pass over all sums of their own.
        shares = -(-count // self._rows_at_once)
        for share in range(shares):
            start, stop = (count * (share + k) // shares for k in (0, 1))
            self._take({layer: x[start:stop] for layer, x in rows.items()}, stop - start, times)

    def merge(self, other: "GridMoments") -> None:
        """Take in all tokens that another grid has seen; the other is left as it is.

        Raises:
            MapError: If the other holds other pairs or widths.
        """
        if (other.pairs, other._widths) != (self.pairs, self._widths):
            raise MapError(
                "cross-moments of different layers or widths cannot be merged; merge only those of the same pairs"
            )
        if other.count == 0:
            return
        shift = other._mean.to(self.device) - self._mean
        between = self.count * other.count / (self.count + other.count)
        for (left, right, sums), (_, _, more) in zip(self._products, other._products, strict=True):
            sums.add_(more.to(self.device)).addr_(shift[left], shift[right], alpha=between)
        self._move_mean(shift, other.count)

    def pair(self, small_layer: int, large_layer: int) -> CrossMoments:
        """The moments of one pair, as they are now.

        They are a copy, on the same device: neither follows what the other takes in later. Pairs of the same layer
        share one copy of its sums, and decompositions, for as long as the grid takes in nothing.

        Raises:
            MapError: If the pair is not among `pairs`.
        """
        if (small_layer, large_layer) not in self._cross:
            raise MapError(
                f"no moments were collected from layer {small_layer} to {large_layer}; choose a layer pair that was "
                "read"
            )
        x, y = ("x", small_layer), ("y", large_layer)
        (mean_x, cxx), (mean_y, cyy) = self._lend(x), self._lend(y)
        cxy = self._cross[small_layer, large_layer].clone(memory_format=torch.contiguous_format)
        return CrossMoments.borrowing(self.count, (mean_x, mean_y), (cxx, cxy, cyy), (self._lazy[x], self._lazy[y]))

    def state(self) -> dict[str, Tensor]:
        """A copy of everything, contiguous and on the CPU.

        `count` is a [] int64 tensor. The others are named as in `CrossMoments`, with their layers: "mean_x.3", "cxx.3",
        "mean_y.5", "cyy.5" and "cxy.3.5" for small layer 3 and large layer 5.
        """
        contiguous = torch.contiguous_format
        copies = {name: sums.to("cpu", copy=True, memory_format=contiguous) for name, sums in self._named().items()}
        return {"count": torch.tensor(self.count), **copies}

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor], device: torch.device | str = "cpu") -> Self:
        """Grid that goes on from a `state`, which it copies.

        Raises:
            MapError: If a tensor is missing or foreign, its shape does not fit the others, or a number is not finite.
        """
        widths: dict[str, dict[int, int]] = {"x": {}, "y": {}}
        pairs = []
        for name, tensor in state.items():
            if match := re.fullmatch(r"mean_([xy])\.(\d+)", name):
                widths[match[1]][int(match[2])] = tensor.numel()
            elif match := re.fullmatch(r"cxy\.(\d+)\.(\d+)", name):
                pairs.append((int(match[1]), int(match[2])))
        if not pairs or any(i not in widths["x"] or j not in widths["y"] for i, j in pairs):
            raise MapError("these tensors are not saved cross-moments of layer pairs; collect them again")
        grid = cls(widths["x"], widths["y"], pairs, device)
        named = grid._named()
        if set(state) != {"count", *named}:
            raise MapError("these tensors are not saved cross-moments of layer pairs; collect them again")
        for name, sums in named.items():
            if state[name].shape != sums.shape or not bool(torch.isfinite(state[name]).all()):
                raise MapError(f"saved cross-moments hold a damaged {name}; collect them again")
            sums.copy_(state[name])
        count = state["count"]
        if count.ndim != 0 or count.is_floating_point() or int(count) < 0:
            raise MapError("saved cross-moments hold a damaged count; collect them again")
        grid.count = int(count)
        return grid

    def _cross_products(self) -> Iterator[tuple[slice, slice, Tensor]]:
        """Where each pair's cxy is summed: in blocks of one buffer if the pairs are a full grid, else in its own."""
        small, large = ([layer for layer in self._widths if layer[0] == side] for side in ("x", "y"))
        if len(self.pairs) == len(small) * len(large):
            middle = self._columns[small[-1]].stop
            whole = self._zeros(middle, len(self._mean) - middle)
            yield slice(0, middle), slice(middle, len(self._mean)), whole
            for i, j in self.pairs:
                right = self._columns["y", j]
                self._cross[i, j] = whole[self._columns["x", i], right.start - middle : right.stop - middle]
        else:
            for i, j in self.pairs:
                self._cross[i, j] = self._zeros(self._widths["x", i], self._widths["y", j])
                yield self._columns["x", i], self._columns["y", j], self._cross[i, j]

    def _gram_products(self) -> Iterator[tuple[slice, slice, Tensor]]:
        """The blocks of every gram that are summed: for each block of its rows those from the diagonal on."""
        for layer, gram in self._grams.items():
            begin, width = self._columns[layer].start, self._widths[layer]
            for start, stop in _blocks(width):
                left, right = slice(begin + start, begin + stop), slice(begin + start, begin + width)
                yield left, right, gram[start:stop, start:]

    def _gram(self, layer: _Layer) -> Tensor:
        """The sums of squares of a layer themselves, whole: updates leave out what lies below the diagonal blocks."""
        gram = self._grams[layer]
        for start, stop in _blocks(self._widths[layer]):
            gram[stop:, start:stop] = gram[start:stop, stop:].T
        return gram

    def _named(self) -> dict[str, Tensor]:
        """The sums themselves under the names of `state`."""
        named = {}
        for (side, number), columns in self._columns.items():
            named[f"mean_{side}.{number}"] = self._mean[columns]
            named[f"c{side}{side}.{number}"] = self._gram((side, number))
        return named | {f"cxy.{i}.{j}": sums for (i, j), sums in self._cross.items()}

    def _checked(self, small: Mapping[int, Tensor], large: Mapping[int, Tensor]) -> dict[_Layer, Tensor]:
        """The rows of the layers held, all of one length."""
        given = {"x": small, "y": large}
        missing = [
            f"{number} of the {_MODEL[side]} model" for side, number in self._widths if number not in given[side]
        ]
        if missing:
            raise MapError(
                f"there are no activations of layer {' and '.join(missing)}; pass every layer that is in a pair"
            )
        rows = {(side, number): given[side][number] for side, number in self._widths}
        count = next(iter(rows.values())).shape[:1]
        for (side, number), x in rows.items():
            if x.shape != (*count, self._widths[side, number]):
                raise MapError(
                    f"layer {number} of the {_MODEL[side]} model, {self._widths[side, number]} wide, cannot give "
                    f"rows shaped {tuple(x.shape)}; pass one row per token for both models, at every layer"
                )
        return rows

    def _take(self, rows: Mapping[_Layer, Tensor], count: int, times: int) -> None:
        """Fold a chunk in: rows less their own mean, and below them the scaled shift of that mean, as CrossMoments."""
        weight = count * times
        block = self._block(count + 1)
        within = block[:-1]
        for layer, x in rows.items():
            within[:, self._columns[layer]].copy_(x.detach())
        own_mean = within.mean(dim=0)
        if not bool(torch.isfinite(own_mean).all()):
            raise MapError(NOT_FINITE)
        within -= own_mean
        shift = own_mean - self._mean
        if times != 1:
            within *= times**0.5
        block[-1] = (self.count * weight / (self.count + weight)) ** 0.5 * shift
        for left, right, sums in self._products:
            sums.addmm_(block[:, left].T, block[:, right])
        self._move_mean(shift, weight)

    def _lend(self, layer: _Layer) -> tuple[Tensor, Tensor]:
        """A layer's mean and sums of squares as they are now, copied once for all pairs."""
        if layer not in self._lent:
            with torch.inference_mode(False):
                self._lent[layer] = self._mean[self._columns[layer]].clone(), self._gram(layer).clone()
        return self._lent[layer]

    def _move_mean(self, shift: Tensor, rows: int) -> None:
        self.count += rows
        self._mean.add_(shift, alpha=rows / self.count)
        # New ones, not emptied ones: moments that were handed out keep theirs.
        self._lent = {}
        self._lazy = {layer: LazySpectrum() for layer in self._widths}

    def _block(self, rows: int) -> Tensor:
        """[rows, all columns] to write into, kept between updates: fresh memory would cost a tenth of the time."""
        if len(self._scratch) < rows:
            self._scratch = self._zeros(rows, len(self._mean))
        return self._scratch[:rows]

    def _zeros(self, *shape: int) -> Tensor:
        # Tensors born in inference mode could not be updated outside it.
        with torch.inference_mode(False):
            return torch.zeros(shape, dtype=torch.float64, device=self.device)


_MODEL = {"x": "small", "y": "large"}


def _blocks(width: int) -> Iterator[tuple[int, int]]:
    """Where each block of a gram's rows begins and ends."""
    step = max(_LEAST_BLOCK, -(-width // _BLOCKS))
    for start in range(0, width, step):
        yield start, min(width, start + step)


def _sorted_pairs(
    small_widths: Mapping[int, int], large_widths: Mapping[int, int], pairs: Iterable[tuple[int, int]] | None
) -> tuple[tuple[int, int], ...]:
    chosen = product(small_widths, large_widths) if pairs is None else pairs
    ordered = tuple(sorted(set(chosen)))
    if not ordered:
        raise MapError("cross-moments need at least one pair of layers; choose layers of both models")
    for i, j in ordered:
        if small_widths.get(i, 0) < 1 or large_widths.get(j, 0) < 1:
            raise MapError(f"the layer pair {i} → {j} needs a width of at least 1 on both sides; choose other layers")
    return ordered


def _layer_widths(
    small_widths: Mapping[int, int], large_widths: Mapping[int, int], pairs: tuple[tuple[int, int], ...]
) -> dict[_Layer, int]:
    """Width of every layer that is in a pair, the small model's first, in ascending order."""
    small: dict[_Layer, int] = {("x", i): small_widths[i] for i in sorted({i for i, _ in pairs})}
    large: dict[_Layer, int] = {("y", j): large_widths[j] for j in sorted({j for _, j in pairs})}
    return small | large
