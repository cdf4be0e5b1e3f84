"""Fit one map by any estimator."""

from collections.abc import Generator, Iterable

from lrt_explorer.lm.chat import Document
from lrt_explorer.study.fitting.estimators import ESTIMATORS, Descent, DescentOptions, Estimator, RowFit
from lrt_explorer.study.fitting.fit import fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.solve import FittedMap
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress


def fit_one(
    pair: Pair,
    texts: Iterable[Document],
    layers: Layers,
    settings: FitSettings,
    options: DescentOptions | None = None,
) -> Generator[Progress, None, FittedMap]:
    """The map of one layer pair by the estimator that the settings name.

    Args:
        pair: the models.
        texts: documents, read until enough tokens are paired.
        layers: a block of each, counted from 0.
        settings: of the fit, among them the method, of whatever kind.
        options: of an estimator by descent; None for its usual ones.

    Raises:
        SettingsError: if there is no such method, and as for `fit_map`.
        MapError: if too few tokens could be paired for a map to mean anything.
    """
    entry = ESTIMATORS.find(settings.method)
    fitted: FittedMap
    match entry:
        case Estimator():
            fitted = yield from fit_map(pair, texts, layers, settings)
        case RowFit():
            fitted = yield from entry.load()(pair, texts, layers, settings)
        case Descent():
            fitted = yield from entry.load()(pair, texts, layers, settings, options or DescentOptions())
    return fitted
