"""Control maps: fitted on shuffled pairs, kept beside an evaluation so that a rerun does not fit them again."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from lrt_explorer.defaults import CONTROL_TOKENS
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.chat import Document
from lrt_explorer.store import has_artifact, load_map, save_map
from lrt_explorer.study.fitting.collect import Route
from lrt_explorer.study.fitting.estimators import ESTIMATORS
from lrt_explorer.study.fitting.fit import fit_maps
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.row_fits import ROW_FITS, row_maps
from lrt_explorer.study.ground.known import short_hash
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress

SEEDS = tuple(range(1, 9))
"""Of eight maps: three give an interval that holds 0 almost always."""
WAY = 2
"""Counted up whenever the same inputs would give other maps."""


def control_maps(
    pair: Pair,
    texts: Iterable[Document],
    layers: Layers,
    *,
    tokens: int = CONTROL_TOKENS,
    corpus: str = "",
    seeds: Sequence[int] = SEEDS,
    keep: Path | None = None,
    method: str = ESTIMATORS.default,
) -> Generator[Progress, None, tuple[AffineMap, ...]]:
    """The control maps of a layer pair: those kept in a folder, or fitted now in one pass over the texts.

    They know both clouds of points, but not which point belongs to which.

    Args:
        pair: the models.
        texts: documents, read only if something must be fitted.
        layers: a block of each, counted from 0.
        tokens: pairs of tokens for each map.
        corpus: the name of the texts, for people.
        seeds: of the shuffling, one for each map.
        keep: folder for control maps, of whatever texts; None to keep none.
        method: the estimator of the map that they control. By one of `ROW_FITS` they are fitted as it is; for all
            others by ridge.

    Raises:
        MapError, SettingsError: as `fit_maps`.
    """
    by_rows = method in ROW_FITS
    if keep is not None:
        # Maps of other texts are kept beside these, not written over.
        types = [str(lm.model.dtype) for lm in pair.both]
        keep = keep / short_hash(repr([WAY, corpus, tokens, method if by_rows else "", *types]))
        ends = ((pair.small.fingerprint, layers[0]), (pair.large.fingerprint, layers[1]))
        kept = [_kept(keep / str(seed), ends, (corpus, tokens, seed)) for seed in seeds]
        found = [one for one in kept if one is not None]
        if len(found) == len(seeds):
            return tuple(found)
    settings = FitSettings(tokens, corpus, method=method if by_rows else ESTIMATORS.default)
    if by_rows:
        controls = yield from row_maps(pair, texts, layers, settings, seeds)
    else:
        controls = yield from fit_maps(pair, texts, [Route(*layers, seed) for seed in seeds], settings)
    if keep is not None:
        for seed, control in zip(seeds, controls, strict=True):
            # Texts that end early give fewer tokens than asked for, and so would a rerun.
            info = replace(control.info, settings={**control.info.settings, "tokens_asked": tokens})
            save_map(keep / str(seed), control.map, info)
    return tuple(one.map for one in controls)


def _kept(
    folder: Path, ends: tuple[tuple[str, int], tuple[str, int]], made_of: tuple[str, int, int]
) -> AffineMap | None:
    """The control map in a folder, if it is the one that would be fitted."""
    if not has_artifact(folder):
        return None
    map, info = load_map(folder)
    found = ((info.small_fingerprint, info.small_layer), (info.large_fingerprint, info.large_layer))
    same = (info.corpus, info.settings.get("tokens_asked"), info.settings.get("shuffle")) == made_of
    return map if found == ends and same else None
