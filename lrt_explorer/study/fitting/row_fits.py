"""Maps fitted on the rows themselves: one pass over the texts, whose states stay in memory until a map is solved."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.estimators import Estimate
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.next_tokens import between_next_tokens
from lrt_explorer.linear.ridge import RidgePath
from lrt_explorer.linear.within import last_two, within_contexts
from lrt_explorer.lm.chat import Document
from lrt_explorer.study.corpora.texts import prepared
from lrt_explorer.study.fitting.collect import Collected, Part, Route, collect
from lrt_explorer.study.fitting.directions import directions_for
from lrt_explorer.study.fitting.estimators import ESTIMATORS, NEXT_TOKENS, WITHIN_CONTEXTS
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.solve import FittedMap, check_enough, with_evidence
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress

_PARTS: tuple[Part, ...] = ("fit", "select")


def row_maps(
    pair: Pair, texts: Iterable[Document], layers: Layers, settings: FitSettings, shuffles: Sequence[int | None]
) -> Generator[Progress, None, tuple[FittedMap, ...]]:
    """Maps of one layer pair by one of `ROW_FITS`, in the order of `shuffles`.

    Within contexts, these are the large model's last two tokens, and λ is chosen within those of the select documents.
    Between next tokens, contexts are its last three tokens; nothing is chosen, so the select documents are fitted too.
    The scores are those of all tokens of the report documents, as for every other estimator.

    Args:
        pair: the models.
        texts: documents, read until enough tokens are paired.
        layers: a block of each, counted from 0.
        settings: of the fit, the estimator among them; no moments are kept, because the map does not follow from them.
        shuffles: for each map None for the true pairing, or the seed of a control map.

    Raises:
        SettingsError: if a layer does not exist, no tokens are asked for, the rows do not fit into the memory, or the
            estimator is another one.
        MapError: if too few tokens could be paired, or too few share a context.
    """
    pair.check_layers(layers)
    if settings.tokens < 1:
        raise SettingsError(f"a map cannot be fitted on {settings.tokens} tokens; ask for a few thousand")
    method = settings.method
    if method not in ROW_FITS:
        raise SettingsError(f"{method!r} is not fitted on rows; choose one of {', '.join(ROW_FITS)}")
    _check_memory(pair, settings)
    route = Route(*layers)
    rows = _Rows(layers)
    texts = yield from prepared(texts, pair.large, settings.tokens)
    begun = Collected.empty(*pair.both, [route])
    begun.take = rows.add
    collected = yield from collect(pair, texts, [route], settings.tokens, begun=begun)
    collected.corpus = settings.corpus
    check_enough(pair, collected, [route])
    moments = collected.of(route)
    label = ESTIMATORS[method].label.lower()
    maps = []
    for number, shuffle in enumerate(shuffles):
        yield Progress(number, len(shuffles), f"solving layer {layers[0]} → {layers[1]}: {label}")
        estimate = _SOLVED[method](rows, moments, shuffle)
        found = Route(*layers, shuffle)
        maps.append(with_evidence(pair, collected, found, estimate, method=method, scored_on=route))
    directions = yield from directions_for(pair, [layers], settings)
    return tuple(one.compared(directions) for one in maps)


def fit_rows(
    pair: Pair, texts: Iterable[Document], layers: Layers, settings: FitSettings
) -> Generator[Progress, None, FittedMap]:
    """`row_maps` as the table of estimators calls it; raises what that raises."""
    (fitted,) = yield from row_maps(pair, texts, layers, settings, [None])
    return fitted


class _Rows:
    """The paired states of one layer pair in float32, with their tokens, of the parts that a map is made of."""

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self._held: dict[Part, list[tuple[Tensor, Tensor, Tensor]]] = {part: [] for part in _PARTS}

    def add(self, part: Part, small: Mapping[int, Tensor], large: Mapping[int, Tensor], tokens: Tensor) -> None:
        """Take in the rows of one part of a batch."""
        if part in self._held:
            x, y = small[self._layers[0]].float().cpu(), large[self._layers[1]].float().cpu()
            self._held[part].append((x, y, tokens))

    def within_contexts(self, moments: Mapping[Part, CrossMoments], shuffle: int | None) -> Estimate:
        """Ridge on the deviations, its λ chosen on those of the select documents."""
        means = (moments["fit"].mean_x.cpu(), moments["fit"].mean_y.cpu())
        fit, select = (within_contexts(*self._part(part), means, shuffle=shuffle) for part in _PARTS)
        choice = RidgePath(fit).select(select)
        return Estimate(choice.map, choice.lam, choice.r2_by_lambda, {"rows_in_contexts": fit.count})

    def next_tokens(self, moments: Mapping[Part, CrossMoments], shuffle: int | None) -> Estimate:
        """Least squares on the differences between next tokens, of both parts because nothing is chosen."""
        x, y, tokens = (torch.cat(both) for both in zip(*(self._rows(part) for part in _PARTS), strict=True))
        ordinary = CrossMoments.from_state(moments["fit"].state())
        ordinary.merge(moments["select"])
        found = between_next_tokens(x, y, tokens, ordinary, shuffle=shuffle)
        return Estimate(
            RidgePath(found).map(0.0),
            None,
            (),
            {"rows_between_next_tokens": found.count, "tokens_fit": ordinary.count, "tokens_select": 0},
        )

    def _part(self, part: Part) -> tuple[Tensor, Tensor, Tensor]:
        """The rows of one part, with the context of each."""
        x, y, tokens = self._rows(part)
        return x, y, last_two(tokens)

    def _rows(self, part: Part) -> tuple[Tensor, Tensor, Tensor]:
        if len(self._held[part]) > 1:
            # In one piece from now on: every control map asks for the same rows.
            x, y, tokens = (torch.cat(parts) for parts in zip(*self._held[part], strict=True))
            self._held[part] = [(x, y, tokens)]
        ((x, y, tokens),) = self._held[part]
        return x, y, tokens


_SOLVED: dict[str, Callable[[_Rows, Mapping[Part, CrossMoments], int | None], Estimate]] = {
    NEXT_TOKENS: _Rows.next_tokens,
    WITHIN_CONTEXTS: _Rows.within_contexts,
}
ROW_FITS = tuple(_SOLVED)
"""The estimators that are fitted so."""


def _check_memory(pair: Pair, settings: FitSettings) -> None:
    needed = 3 * 4 * settings.tokens * (pair.small.width + pair.large.width)
    if needed > settings.memory_gb * 1e9:
        raise SettingsError(
            f"the states of {settings.tokens:,} tokens, which this estimator needs at once, take {needed / 1e9:.1f} "
            f"GB, but {settings.memory_gb:g} GB are allowed; ask for fewer tokens, allow more memory, or choose ridge"
        )
