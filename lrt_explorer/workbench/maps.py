"""Maps of a pair of models: an existing one, saved, shipped or solved from cached moments, else one fitted now."""

from collections.abc import Generator
from pathlib import Path

from lrt_explorer.errors import ArtifactError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo, assets_home, data_home, load_map, save_map
from lrt_explorer.study.fit import FittedMap, fit_map
from lrt_explorer.study.known import folder_name
from lrt_explorer.study.layers import solve_pair
from lrt_explorer.study.moments import known_moments
from lrt_explorer.study.progress import Progress, retold
from lrt_explorer.study.texts import read_texts
from lrt_explorer.study.world import world_of
from lrt_explorer.workbench.starting_points import first_fit_tokens


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


def find_map(small: LanguageModel, large: LanguageModel, small_layer: int, large_layer: int) -> Path | None:
    """The folder of a map between these layers of exactly these models: one fitted here before one that ships.

    Raises:
        ArtifactError: if the map kept for these layers is damaged.
    """
    own = own_map_folder(small.name, large.name, small_layer, large_layer)
    for folder in (own, shipped_map_folder(small.name, large.name)):
        if not folder.is_dir():
            continue
        _, info = load_map(folder)
        if (info.small_fingerprint, info.small_layer) == (small.fingerprint, small_layer) and (
            info.large_fingerprint,
            info.large_layer,
        ) == (large.fingerprint, large_layer):
            return folder
    return None


def needed_map(
    small: LanguageModel, large: LanguageModel, small_layer: int, large_layer: int
) -> tuple[AffineMap, MapInfo]:
    """The map between these layers.

    Raises:
        ArtifactError: if there is none yet, saying how to make it.
    """
    folder = find_map(small, large, small_layer, large_layer)
    if folder is None:
        raise ArtifactError(
            f"there is no map from {small.name} layer {small_layer} to {large.name} layer {large_layer} yet; "
            f"fit one with `lrt-explorer fit {small.name} {large.name} --small-layer {small_layer} "
            f"--large-layer {large_layer}`"
        )
    return load_map(folder)


def map_for(
    small: LanguageModel,
    large: LanguageModel,
    small_layer: int,
    large_layer: int,
    *,
    corpus: str | None = None,
    tokens: int | None = None,
) -> Generator[Progress, None, tuple[AffineMap, MapInfo]]:
    """The map between these layers: an existing one, else one that is fitted now and kept where `find_map` finds it.

    An existing one is saved, shipped, or solved from cached moments of the corpus, whichever comes first. The first
    thing it yields before a fit says that there was no map, and where the new one is kept.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        small_layer: block of the small model.
        large_layer: block of the large model.
        corpus: what to fit on, as for `read_texts`; None for what suits the pair.
        tokens: pairs of tokens to fit on; None for as many as a first map needs.

    Raises:
        ArtifactError: if the map kept for these layers is damaged.
        SettingsError: if a layer or the corpus does not exist.
        MapError: if too few tokens could be paired.
    """
    folder = find_map(small, large, small_layer, large_layer)
    if folder is not None:
        return load_map(folder)
    source = corpus or world_of(small.name, large.name).corpus
    layers = (small_layer, large_layer)
    if (moments := known_moments(small, large, *layers, source)) is not None:
        solved = yield from solve_pair(small, large, moments, *layers)
        return solved.map, solved.info
    count = first_fit_tokens(small.width) if tokens is None else tokens
    place = own_map_folder(small.name, large.name, *layers)
    yield Progress(
        0,
        count,
        f"no map from {small.name} layer {small_layer} to {large.name} layer {large_layer} yet: fitting one on "
        f"{count:,} tokens of {source}, to be kept in {place}",
    )
    fitted = yield from retold(
        fit_map(small, large, read_texts(source), *layers, tokens=count, corpus=source, keep_moments=True),
        lambda step: Progress(step.done, step.total, f"fitting a map: {step.message}"),
    )
    keep_map(fitted)
    return fitted.map, fitted.info
