"""Fit: the affine map between two layers, its settings chosen and its scores measured on documents apart."""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.chat import Document
from lrt_explorer.study.corpora.texts import prepared
from lrt_explorer.study.fitting.collect import Collected, Route, collect
from lrt_explorer.study.fitting.directions import directions_for
from lrt_explorer.study.fitting.estimators import closed_form
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.memory import bytes_for, passes, passes_of_one_reading
from lrt_explorer.study.fitting.moments import moments_of
from lrt_explorer.study.fitting.readings import Readings
from lrt_explorer.study.fitting.solve import FittedMap, check_enough, solve
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress, retold

__all__ = ["FittedMap", "each_map", "fit_map", "fit_maps"]


def fit_map(
    pair: Pair,
    texts: Iterable[Document],
    layers: Layers,
    settings: FitSettings | None = None,
    *,
    shuffle_pairs: bool = False,
    seed: int = 0,
) -> Generator[Progress, None, FittedMap]:
    """Fit the map from one layer of the small model to one of the large model.

    Args:
        pair: the models.
        texts: documents, read until enough tokens are paired.
        layers: a block of each, counted from 0.
        settings: tokens, corpus, concepts and so on; None for the defaults.
        shuffle_pairs: pair every token with a random other one, which makes the control map.
        seed: of the shuffling.

    Raises:
        SettingsError: if a layer or a method does not exist, `tokens` is not positive, or the memory is too small.
        MapError: if too few tokens could be paired for a map to mean anything.
    """
    route = Route(*layers, seed if shuffle_pairs else None)
    (fitted,) = yield from fit_maps(pair, texts, [route], settings or FitSettings())
    return fitted


def fit_maps(
    pair: Pair,
    texts: Iterable[Document],
    routes: Sequence[Route],
    settings: FitSettings,
) -> Generator[Progress, None, tuple[FittedMap, ...]]:
    """Fit one map per route, in the order given, from as few passes as the memory allows; otherwise as `fit_map`."""
    fitted: dict[Route, FittedMap] = {}
    yield from each_map(pair, texts, routes, settings, lambda route, found: fitted.update({route: found}))
    pairs = {(route.small_layer, route.large_layer) for route in routes}
    directions = yield from directions_for(pair, pairs, settings)
    return tuple(fitted[route].compared(directions) for route in routes)


def each_map(
    pair: Pair,
    texts: Iterable[Document],
    routes: Sequence[Route],
    settings: FitSettings,
    take: Callable[[Route, FittedMap], None],
    before_solving: Callable[[], Generator[Progress, None, None]] | None = None,
) -> Generator[Progress, None, None]:
    """As `fit_maps`, but every map is given to `take` as soon as it is solved, so that they need not all be held.

    No concept is read: what takes the maps can keep them before anyone compares directions, or read the concepts in
    `before_solving`, which runs once, after the first pass, whose moments are then kept.
    """
    small, large = pair.both
    tokens, corpus, memory_gb = settings.tokens, settings.corpus, settings.memory_gb
    for route in routes:
        pair.check_layers((route.small_layer, route.large_layer))
    closed_form(settings.method)
    if tokens < 1 or not routes:
        raise SettingsError(f"a map cannot be fitted on {tokens} tokens; ask for a few thousand")
    end_weight = settings.weight_of_ends(texts)
    texts = yield from prepared(texts, large, tokens)
    pairs = {(route.small_layer, route.large_layer) for route in routes}
    controls = any(route.shuffle is not None for route in routes)
    # Saving takes memory too, which several passes would rather sum in.
    fits = bytes_for(small, large, pairs, kept=True) <= memory_gb * 1e9
    kept = settings.keep_moments and bool(corpus) and not controls and fits
    summed = replace(settings, keep_moments=kept, end_weight=end_weight)
    groups = passes(small, large, pairs, memory_gb, kept=kept)
    readings = None
    if len(groups) > 1:
        once = passes_of_one_reading(small, large, pairs, memory_gb, tokens)
        if once is not None:
            groups, readings = once, Readings()
        elif iter(texts) is texts:
            raise SettingsError(
                f"these {len(pairs)} layer pairs take {len(groups)} passes within {memory_gb:g} GB, but the texts can "
                "be read only once; give a list or a corpus, fewer layers, or more memory"
            )
        why = f"{memory_gb:g} GB hold {len(groups[0])} layer pairs at once"
        again = "" if readings is None else "; the models read the texts once"
        yield Progress(0, len(groups), f"{len(groups)} passes, because {why}{again}; no sums are saved")
    for number, group in enumerate(groups, 1):
        chosen = [route for route in routes if (route.small_layer, route.large_layer) in set(group)]
        if controls:
            begun = Collected.empty(small, large, chosen)
            begun.readings = readings
            study = collect(pair, texts, (), tokens, watched=pairs, begun=begun, end_weight=end_weight)
        else:
            study = moments_of(pair, texts, group, summed, watched=pairs, readings=readings)
        collected = yield from _numbered(study, number, len(groups))
        collected.corpus = corpus
        check_enough(pair, collected, chosen)
        if number == 1 and before_solving is not None:
            yield from before_solving()
        for index, route in enumerate(chosen):
            yield Progress(index, len(chosen), f"solving layer {route.small_layer} → {route.large_layer}")
            take(route, solve(pair, collected, route, method=settings.method))
        # The next pass would otherwise sum beside these, in twice the memory.
        del collected


def _numbered(
    study: Generator[Progress, None, Collected], number: int, passes: int
) -> Generator[Progress, None, Collected]:
    """A pass that says which of several it is."""
    if passes == 1:
        return study
    return retold(study, lambda step: Progress(step.done, step.total, f"pass {number} of {passes}: {step.message}"))
