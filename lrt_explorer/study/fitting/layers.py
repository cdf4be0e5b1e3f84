"""Layers: how well each layer of one model can be mapped to each layer of the other."""

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.chat import Document
from lrt_explorer.store import MapInfo, load_map
from lrt_explorer.study.fitting.collect import Collected, Route
from lrt_explorer.study.fitting.directions import Agreement, Directions, agreement, directions_for, read_directions
from lrt_explorer.study.fitting.estimators import ESTIMATORS
from lrt_explorer.study.fitting.fit import each_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.solve import FittedMap, check_enough, solve
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress


@dataclass(frozen=True)
class LayerCell:
    """One layer pair with its held-out evidence.

    Attributes:
        small_layer: block of the small model.
        large_layer: block of the large model.
        r2: held-out variance that the map explains.
        cka: held-out linear CKA.
        direction_cosine: mean over concepts of mapped against native vectors; None without concepts.
        norm_ratio: mean over concepts, length of the mapped over that of the native vector; likewise.
        reachable_share: mean over concepts, share of the native vector within the map's image; likewise.
        lam: the λ chosen; None where the method has none.
        r2_standardised: as `r2`, with every dimension of the large model in units of its own deviation.
        cka_standardised: as `cka`, likewise on both sides.
        largest_dimension_small: share of the small layer's variance that its largest dimension holds.
        largest_dimension_large: likewise of the large layer.
        direction_cosine_standardised: as `direction_cosine`, in units of the large layer's deviations.
        direction_cosine_relabelled: mean over concepts, the cosine that 19 in 20 vectors of relabelled pairs stay
            below; None where these were not read.
        direction_cosine_standardised_relabelled: likewise, standardised.
        r2_ends: as `r2`, at the ends of readout prompts (see `ends.py`); None where these were not read.
        concepts: how many the means are over.
        left_out: the concepts that were asked for and give no vector at these layers.
    """

    small_layer: int
    large_layer: int
    r2: float
    cka: float
    direction_cosine: float | None
    norm_ratio: float | None
    reachable_share: float | None
    lam: float | None
    r2_standardised: float | None = None
    cka_standardised: float | None = None
    largest_dimension_small: float | None = None
    largest_dimension_large: float | None = None
    direction_cosine_standardised: float | None = None
    direction_cosine_relabelled: float | None = None
    direction_cosine_standardised_relabelled: float | None = None
    r2_ends: float | None = None
    concepts: int = 0
    left_out: tuple[str, ...] = ()

    @property
    def was_compared(self) -> bool:
        """Whether directions were compared here, if only to find that no concept gives one."""
        return self.concepts + len(self.left_out) > 0


@dataclass(frozen=True)
class LayerGrid:
    """All layer pairs that were tried.

    Attributes:
        small: name of the small model.
        large: name of the large model.
        cells: one a pair, in ascending order of the layers.
        left_out: every concept that gives no vector at some pair, and why.
        tokens_used: pairs of tokens that the maps were fitted and scored on.
    """

    small: str
    large: str
    cells: tuple[LayerCell, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    tokens_used: int = 0

    def cell(self, small_layer: int, large_layer: int) -> LayerCell | None:
        """The cell of a pair; None if that pair was not tried."""
        fitting = (c for c in self.cells if (c.small_layer, c.large_layer) == (small_layer, large_layer))
        return next(fitting, None)


def layer_grid(
    pair: Pair,
    texts: Iterable[Document],
    settings: FitSettings | None = None,
    *,
    pairs: Collection[Layers] | None = None,
    take: Callable[[FittedMap], Path | None] | None = None,
) -> Generator[Progress, None, LayerGrid]:
    """Fit the map of every layer pair, from one pass if the memory allows, and say how good each is.

    Where maps are taken, concepts are read after the last of them, so a concept that fails, or is interrupted, costs no
    map. Otherwise they are read after the first pass, and each map is compared as it is made and then let go.

    Args:
        pair: the models.
        texts: documents, read until enough tokens are paired.
        settings: as for `fit_map`; with moments kept, any of these maps can be made later without a pass.
        pairs: the layers to try; by default all.
        take: is given every map as it is made, without its agreement, because the result holds only figures. It may
            give back the folder in which it keeps the map; others stay in memory for as long as concepts need them.

    Raises:
        As for `fit_map`.
    """
    small, large = pair.both
    settings = settings or FitSettings()
    chosen = set(product(range(small.layers), range(large.layers)) if pairs is None else pairs)
    cells: dict[Layers, LayerCell] = {}
    kept: dict[Layers, Path | AffineMap] = {}
    deviations: dict[int, Tensor] = {}
    directions: list[Directions] = []
    reasons: dict[str, str] = {}
    tokens_used = 0

    def compare(layers: Layers, map: AffineMap) -> None:
        found = agreement(map, *layers, directions, deviations[layers[1]], once=True)
        cells[layers] = _compared(cells[layers], found)
        reasons.update((name, why) for name, why in found.left_out.items() if name not in reasons)

    def add(route: Route, fitted: FittedMap) -> None:
        nonlocal tokens_used
        layers = (route.small_layer, route.large_layer)
        cells[layers] = _cell(fitted.info)
        deviations[layers[1]] = fitted.deviations
        tokens_used = max(tokens_used, fitted.info.tokens_used)
        if take is None:
            compare(layers, fitted.map)
        else:
            folder = take(fitted)
            if settings.concepts:
                kept[layers] = folder or fitted.map

    def read() -> Generator[Progress, None, None]:
        directions.extend((yield from directions_for(pair, chosen, settings)))

    routes = [Route(i, j) for i, j in sorted(chosen)]
    yield from each_map(pair, texts, routes, settings, add, read if take is None else None)
    if take is not None:
        yield from read()
    for number, (layers, held) in enumerate(kept.items()):
        yield Progress(number, len(kept), f"comparing directions, layer {layers[0]} → {layers[1]}")
        compare(layers, held if isinstance(held, AffineMap) else load_map(held)[0])
    return _grid(pair, cells.values(), reasons, tokens_used)


def grid_of_one(fitted: FittedMap) -> LayerGrid:
    """The grid that holds nothing but this map's pair."""
    cell = _compared(_cell(fitted.info), fitted.agreement)
    return LayerGrid(fitted.info.small, fitted.info.large, (cell,), fitted.agreement.left_out, fitted.info.tokens_used)


def solve_pair(
    pair: Pair,
    collected: Collected,
    layers: Layers,
    *,
    concepts: Sequence[ContrastSet] = (),
    reading: Reading | None = None,
    method: str = ESTIMATORS.default,
) -> Generator[Progress, None, FittedMap]:
    """The map of one layer pair from moments already collected, without a pass.

    Args:
        pair: the models.
        collected: moments that hold the pair, such as those of `known_moments`.
        layers: a block of each, counted from 0.
        concepts: contrast sets to compare directions on.
        reading: how their vectors are read.
        method: a closed-form estimator.

    Raises:
        SettingsError: if a layer or the method does not exist.
        MapError: if the pair was not collected, or from too few tokens.
    """
    pair.check_layers(layers)
    route = Route(*layers)
    check_enough(pair, collected, [route])
    yield Progress(0, 1, f"solving layer {layers[0]} → {layers[1]}")
    fitted = solve(pair, collected, route, method=method)
    directions = yield from read_directions(pair, [layers], concepts, reading)
    return fitted.compared(directions)


def _cell(info: MapInfo) -> LayerCell:
    return LayerCell(
        info.small_layer,
        info.large_layer,
        info.r2,
        info.cka,
        None,
        None,
        None,
        info.lam,
        info.r2_standardised,
        info.cka_standardised,
        info.largest_dimension_small,
        info.largest_dimension_large,
    )


def _compared(cell: LayerCell, found: Agreement) -> LayerCell:
    return replace(
        cell,
        direction_cosine=found.direction_cosine,
        direction_cosine_standardised=found.standardised_cosine,
        direction_cosine_relabelled=found.relabelled_cosine,
        direction_cosine_standardised_relabelled=found.relabelled_standardised_cosine,
        norm_ratio=found.norm_ratio,
        reachable_share=found.reachable_share,
        concepts=len(found.direction_cosines),
        left_out=tuple(found.left_out),
    )


def _grid(
    pair: Pair,
    cells: Iterable[LayerCell],
    left_out: Mapping[str, str],
    tokens_used: int,
) -> LayerGrid:
    ordered = tuple(sorted(cells, key=lambda c: (c.small_layer, c.large_layer)))
    return LayerGrid(pair.small.name, pair.large.name, ordered, left_out, tokens_used)
