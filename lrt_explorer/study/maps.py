"""Maps that are already at hand for a pair of models: those that ship, and those fitted here."""

from pathlib import Path

from lrt_explorer.errors import ArtifactError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo, assets_home, data_home, load_map, save_map
from lrt_explorer.study.fit import FittedMap
from lrt_explorer.study.known import folder_name


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
