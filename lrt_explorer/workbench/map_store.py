"""Maps in memory: read, checked and decomposed once, then shared by all who use them."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lrt_explorer.bounded import BoundedCache
from lrt_explorer.store import PairMap, load_map
from lrt_explorer.store.artifacts import artifact_mark
from lrt_explorer.study.ground.pair import Layers

CAPACITY = 24
MOST_NUMBERS = 250_000_000
"""Weights of all maps in memory: 2 GB, and as much again for their decompositions."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SavedMap(PairMap):
    """A map as it lies on disk. The map keeps its decomposition once that was needed.

    Attributes:
        folder: where it lies.
        digest: of what lies there; another map in the same folder has another one.
    """

    folder: Path
    digest: str


def layers_of(saved: SavedMap | Layers) -> Layers:
    """The layers of a map, where one is at hand, else the layers themselves."""
    return saved.layers if isinstance(saved, SavedMap) else saved


def folder_of(saved: SavedMap | Layers) -> Path | None:
    """Where a map lies; None where only layers are at hand."""
    return saved.folder if isinstance(saved, SavedMap) else None


class MapStore:
    """Maps by folder and digest; what was used the longest ago goes first."""

    def __init__(self, capacity: int = CAPACITY, most_numbers: int = MOST_NUMBERS) -> None:
        """Start empty."""
        self._kept: BoundedCache[tuple[Path, str], SavedMap] = BoundedCache(
            capacity, lambda maps: sum(saved.map.weight.numel() for saved in maps) <= most_numbers
        )

    def get(self, folder: Path) -> SavedMap:
        """The map in a folder, read only if it is not the one in memory.

        Raises:
            ArtifactError: if there is none, it is no map, or it is damaged.
        """
        place = folder.expanduser().resolve()
        while True:
            mark = artifact_mark(place)
            if (known := self._kept.get((place, mark))) is not None:
                return known
            map, info = load_map(folder)
            # A map that was replaced while it was read must not be taken for the one before.
            if artifact_mark(place) == mark:
                saved = SavedMap(map=map, info=info, folder=folder, digest=mark)
                self._kept.keep((place, mark), saved)
                return saved


@cache
def saved_maps() -> MapStore:
    """The store that the whole program shares."""
    return MapStore()


def load_saved(folder: Path) -> SavedMap:
    """The map in a folder, from memory if it is there.

    Raises:
        ArtifactError: if there is none, it is no map, or it is damaged.
    """
    return saved_maps().get(folder)
