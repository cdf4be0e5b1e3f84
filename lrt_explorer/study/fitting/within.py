"""The map fitted within contexts: one pass over the texts, whose rows stay in memory until it is solved."""

from collections.abc import Generator, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.estimators import Estimate
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.ridge import RidgePath
from lrt_explorer.linear.within import within_contexts
from lrt_explorer.lm.chat import Document
from lrt_explorer.study.corpora.texts import prepared
from lrt_explorer.study.fitting.collect import Collected, Part, Route, collect
from lrt_explorer.study.fitting.directions import directions_for
from lrt_explorer.study.fitting.estimators import WITHIN_CONTEXTS
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.solve import FittedMap, check_enough, with_evidence
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress

_PARTS: tuple[Part, ...] = ("fit", "select")


def within_maps(
    pair: Pair, texts: Iterable[Document], layers: Layers, settings: FitSettings, shuffles: Sequence[int | None]
) -> Generator[Progress, None, tuple[FittedMap, ...]]:
    """Maps of one layer pair fitted within contexts, in the order of `shuffles`.

    Contexts are the large model's last two tokens. λ is chosen within the contexts of the select documents; the scores
    are those of all tokens of the report documents, as for every other estimator.

    Args:
        pair: the models.
        texts: documents, read until enough tokens are paired.
        layers: a block of each, counted from 0.
        settings: of the fit; no moments are kept, because the map does not follow from them.
        shuffles: for each map None for the true pairing, or the seed of a control map.

    Raises:
        SettingsError: if a layer does not exist, no tokens are asked for, or the rows do not fit into the memory.
        MapError: if too few tokens could be paired, or too few share a context.
    """
    pair.check_layers(layers)
    if settings.tokens < 1:
        raise SettingsError(f"a map cannot be fitted on {settings.tokens} tokens; ask for a few thousand")
    _check_memory(pair, settings)
    route = Route(*layers)
    rows = _Rows(layers)
    texts = yield from prepared(texts, pair.large, settings.tokens)
    begun = Collected.empty(*pair.both, [route])
    begun.take = rows.add
    collected = yield from collect(pair, texts, [route], settings.tokens, begun=begun)
    collected.corpus = settings.corpus
    check_enough(pair, collected, [route])
    fit = collected.of(route)["fit"]
    maps = []
    for number, shuffle in enumerate(shuffles):
        yield Progress(number, len(shuffles), f"solving layer {layers[0]} → {layers[1]} within contexts")
        estimate = rows.estimate((fit.mean_x, fit.mean_y), shuffle)
        found = Route(*layers, shuffle)
        maps.append(with_evidence(pair, collected, found, estimate, method=WITHIN_CONTEXTS, scored_on=route))
    directions = yield from directions_for(pair, [layers], settings)
    return tuple(one.compared(directions) for one in maps)


def fit_within(
    pair: Pair, texts: Iterable[Document], layers: Layers, settings: FitSettings
) -> Generator[Progress, None, FittedMap]:
    """`within_maps` as the table of estimators calls it; raises what that raises."""
    (fitted,) = yield from within_maps(pair, texts, layers, settings, [None])
    return fitted


class _Rows:
    """The paired states of one layer pair in float32, with the context of each, of the parts that a map is made of."""

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self._held: dict[Part, list[tuple[Tensor, Tensor, Tensor]]] = {part: [] for part in _PARTS}

    def add(self, part: Part, small: Mapping[int, Tensor], large: Mapping[int, Tensor], contexts: Tensor) -> None:
        """Take in the rows of one part of a batch."""
        if part in self._held:
            x, y = small[self._layers[0]].float().cpu(), large[self._layers[1]].float().cpu()
            self._held[part].append((x, y, contexts))

    def estimate(self, means: tuple[Tensor, Tensor], shuffle: int | None) -> Estimate:
        """Ridge on the deviations, its λ chosen on those of the select documents."""
        fit, select = (self._moments(part, means, shuffle) for part in _PARTS)
        choice = RidgePath(fit).select(select)
        return Estimate(choice.map, choice.lam, choice.r2_by_lambda, {"rows_in_contexts": fit.count})

    def _moments(self, part: Part, means: tuple[Tensor, Tensor], shuffle: int | None) -> CrossMoments:
        if len(self._held[part]) > 1:
            # In one piece from now on: every control map asks for the same rows.
            x, y, contexts = (torch.cat(parts) for parts in zip(*self._held[part], strict=True))
            self._held[part] = [(x, y, contexts)]
        ((x, y, contexts),) = self._held[part]
        return within_contexts(x, y, contexts, (means[0].cpu(), means[1].cpu()), shuffle=shuffle)


def _check_memory(pair: Pair, settings: FitSettings) -> None:
    needed = 3 * 4 * settings.tokens * (pair.small.width + pair.large.width)
    if needed > settings.memory_gb * 1e9:
        raise SettingsError(
            f"the states of {settings.tokens:,} tokens take {needed / 1e9:.1f} GB to fit within contexts, but "
            f"{settings.memory_gb:g} GB are allowed; ask for fewer tokens, allow more memory, or choose ridge"
        )
