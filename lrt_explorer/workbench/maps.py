"""Maps of a pair: an existing one, saved, shipped or solved from cached moments, else one fitted now."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

from lrt_explorer.errors import ArtifactError
from lrt_explorer.store import assets_home, data_home, save_map
from lrt_explorer.study.corpora.texts import Source, read_texts
from lrt_explorer.study.fitting.estimators import ESTIMATORS, closed_forms
from lrt_explorer.study.fitting.fit import FittedMap
from lrt_explorer.study.fitting.fit_one import fit_one
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.layers import solve_pair
from lrt_explorer.study.fitting.moments import known_moments
from lrt_explorer.study.ground.known import folder_name, short_hash
from lrt_explorer.study.ground.progress import Progress, finish, retold
from lrt_explorer.workbench.map_store import SavedMap, load_saved
from lrt_explorer.workbench.own import Own
from lrt_explorer.workbench.pair import Layers, Pair
from lrt_explorer.workbench.starting_points import corpus_name, first_fit_tokens


def shipped_map_folder(small: str, large: str) -> Path:
    """Where the map of a shipped pair lies, at the layers that ship as its default."""
    return assets_home() / "maps" / f"{folder_name(small)}--{folder_name(large)}"


def own_map_folder(small: str, large: str, small_layer: int, large_layer: int) -> Path:
    """Where a map fitted here is kept."""
    pair = f"{folder_name(small)}--{folder_name(large)}"
    return data_home() / "maps" / pair / f"{small_layer}-{large_layer}"


def keep_map(fitted: FittedMap, folder: Path | None = None) -> Path:
    """Save a fitted map, by default where `find_map` finds it."""
    info = fitted.info
    target = folder or own_map_folder(info.small, info.large, info.small_layer, info.large_layer)
    return save_map(target, fitted.map, info)


def keep_apart(fitted: FittedMap, where: str | Path) -> Path:
    """Keep a map where no one else finds it by its layers; the same map again finds its own folder.

    Args:
        fitted: the map.
        where: a folder, or the name of one beside the other maps.
    """
    folder = data_home() / "maps" / where / short_hash(repr(replace(fitted.info, created="")))
    return folder if folder.is_dir() else keep_map(fitted, folder)


def find_map(pair: Pair, layers: Layers) -> SavedMap | None:
    """The map between these layers of exactly these models: one fitted here before one that ships.

    Raises:
        ArtifactError: if the map kept for these layers is damaged.
    """
    ends = tuple(zip((pair.small.fingerprint, pair.large.fingerprint), layers, strict=True))
    own = own_map_folder(pair.small.name, pair.large.name, *layers)
    for folder in (own, shipped_map_folder(pair.small.name, pair.large.name)):
        if not folder.is_dir():
            continue
        saved = load_saved(folder)
        info = saved.info
        if ((info.small_fingerprint, info.small_layer), (info.large_fingerprint, info.large_layer)) == ends:
            return saved
    return None


def solved_map(pair: Pair, layers: Layers, corpus: str, method: str = "", own: Own | None = None) -> SavedMap | None:
    """The map solved from the moments of a corpus; None where these hold other layers, or there are none.

    Args:
        pair: the models.
        layers: the layers.
        corpus: the name that the moments bear, as `corpus_name` gives it.
        method: the estimator; "" for the usual one. None but a closed form can be solved from moments.
        own: where a visitor's sums come from and the map is kept; None for the places of all.
    """
    if method and method not in closed_forms():
        return None
    moments = known_moments(pair, layers, corpus, None if own is None else own.sums)
    if moments is None:
        return None
    fitted = finish(solve_pair(pair, moments, layers, method=method or ESTIMATORS.default))
    return load_saved(keep_apart(fitted, "solved" if own is None else own.maps))


def existing_map(
    pair: Pair, layers: Layers, *, corpus: Source | None = None, method: str = "", own: Own | None = None
) -> SavedMap | None:
    """The map between these layers that takes no pass over a text: saved, shipped, or solved from cached moments.

    A map that was fitted comes before one that is solved, since it may have seen more text.

    Args:
        pair: the models.
        layers: the layers.
        corpus: whose moments count, as `read_texts` takes it; None for that of the pair.
        method: the estimator; "" for any.
        own: as for `solved_map`.

    Raises:
        ArtifactError: if the map kept for these layers is damaged.
    """
    saved = find_map(pair, layers)
    if saved is not None and method in ("", saved.info.method):
        return saved
    return solved_map(pair, layers, corpus_name(corpus or pair.world.corpus), method, own)


def needed_map(pair: Pair, layers: Layers) -> SavedMap:
    """The map between these layers, saved or shipped.

    Raises:
        ArtifactError: if there is none yet, saying how to make it.
    """
    saved = find_map(pair, layers)
    if saved is None:
        (small, large), (i, j) = pair.both, layers
        raise ArtifactError(f"there is no map from {small.name} layer {i} to {large.name} layer {j} yet; fit one first")
    return saved


def map_for(
    pair: Pair,
    layers: Layers,
    *,
    folder: Path | None = None,
    corpus: Source | None = None,
    tokens: int | None = None,
    method: str = "",
    own: Own | None = None,
) -> Generator[Progress, None, SavedMap]:
    """The map to work with: that of a folder; without one an existing map between these layers, else one fitted now.

    What is fitted is kept where `find_map` finds it, unless it is by another estimator than suits the pair.

    The first thing it yields before a fit says that there was no map, and where the new one is kept.

    Args:
        pair: the models.
        layers: the layers; those of a folder's map may be others.
        folder: where the map lies that was chosen; None for none.
        corpus: what to fit on, as for `read_texts`; None for what suits the pair.
        tokens: pairs of tokens to fit on; None for as many as a first map needs.
        method: the estimator; "" for that of any existing map, or else for what suits the pair.
        own: where a visitor's map is kept instead.

    Raises:
        ArtifactError: if the map in the folder, or kept for these layers, is damaged or of other models.
        SettingsError: if a layer, the corpus or the estimator does not exist.
        MapError: if too few tokens could be paired.
    """
    if folder is not None:
        chosen = load_saved(folder)
        pair.check(chosen.info)
        return chosen
    if (saved := existing_map(pair, layers, corpus=corpus, method=method, own=own)) is not None:
        return saved
    small, large = pair.both
    estimator = method or pair.world.estimator
    for_all = own is None and estimator == pair.world.estimator
    source = corpus or pair.world.corpus
    count = first_fit_tokens(small.width) if tokens is None else tokens
    place, name = own_map_folder(small.name, large.name, *layers), corpus_name(source)
    yield Progress(
        0,
        count,
        f"no {method and f'{method} '}map from {small.name} layer {layers[0]} to {large.name} layer {layers[1]} yet: "
        f"fitting one on {count:,} tokens of {source if isinstance(source, str) else name}"
        + (f", to be saved in {place}" if for_all else ""),
    )
    settings = FitSettings(tokens=count, corpus=name, method=estimator, keep_moments=True)
    if own is not None:
        settings = replace(settings, sums=own.sums)
    fitted = yield from retold(
        fit_one(pair, read_texts(source), layers, settings),
        lambda step: Progress(step.done, step.total, f"fitting a map: {step.message}"),
    )
    return load_saved(keep_map(fitted) if for_all else keep_apart(fitted, "solved" if own is None else own.maps))
