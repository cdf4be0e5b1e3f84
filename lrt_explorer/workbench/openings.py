"""Where each concept of a pair begins: a strength and prompts on which the story shows, chosen by measurement.

`assets/openings/SMALL--LARGE.json` says for each concept at which strength and on which prompts it begins, and how many
of the prompts that were tried showed the story there (see `study.story`). For pairs that do not ship, and for maps of
your own, `lrt-explorer examples` keeps the same in the data folder. It counts only for the map, the layers and the
contrast set that it was made with, so that an example never outlives what it was an example of.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.examples import example_prompts
from lrt_explorer.store import assets_home, data_home
from lrt_explorer.store.artifacts import HEADER
from lrt_explorer.store.swap import write_text
from lrt_explorer.study.ground.known import folder_name
from lrt_explorer.study.steering.calibrate import Calibration
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.maps import shipped_map_folder
from lrt_explorer.workbench.pair import Layers, Pair

OPENINGS = "openings"
KIND, VERSION = "lrt-openings", 1
FOUND_BY = ("reading", "method", "whiten", "as_in_paper", "equal_cost", "vectors", "also", "ask")
"""What a comparison must leave at its defaults: the strength was chosen with these."""


@dataclass(frozen=True)
class Opening:
    """Where a concept begins.

    Attributes:
        strength: in typical deviations, in two digits.
        prompts: those offered, the one that is shown first at the head.
        showed: how many of the prompts tried show the story at this strength.
        tried: how many were tried.
    """

    strength: float
    prompts: tuple[str, ...]
    showed: int
    tried: int


@dataclass(frozen=True)
class Openings:
    """Those of a pair.

    Attributes:
        layers: at which they hold.
        map: the mark of the map that they were chosen with, by `header_mark`.
        sets: the fingerprint of each concept's contrast set.
        concepts: the opening of each concept.
    """

    layers: Layers
    map: str
    sets: Mapping[str, str]
    concepts: Mapping[str, Opening]


def opening(small: str, large: str, concept: ContrastSet, map: Path | None = None) -> Opening | None:
    """Where a concept begins in a pair; None if nothing was chosen for exactly this set and this map.

    Args:
        small: name of the small model.
        large: name of the large model.
        concept: the set.
        map: folder of the map in use; None for the one that ships.
    """
    known = openings_with(small, large, map)
    if known is None or known.sets.get(concept.name) != concept.fingerprint():
        return None
    return known.concepts[concept.name]


def examples_of(small: str, large: str, concept: ContrastSet, map: Path | None = None) -> tuple[str, ...]:
    """Prompts to start from in a pair: those that were chosen by measurement, else `example_prompts`."""
    chosen = opening(small, large, concept, map)
    return example_prompts(concept) if chosen is None else chosen.prompts


def opened_at(calibration: Calibration, pair: Pair, saved: SavedMap | Layers, spec: SteerSpec) -> Calibration:
    """A calibration whose first strength is that of the concept's opening, where there is one for these settings.

    Args:
        calibration: of the native vector.
        pair: the models.
        saved: the map in use; without one, at the layers of the map that ships, what was chosen with that.
        spec: what is asked for; its concept is the contrast set that was read.
    """
    names, concept = (pair.small.name, pair.large.name), spec.concept
    if not isinstance(concept, ContrastSet):
        return calibration
    folder, layers = (saved.folder, saved.layers) if isinstance(saved, SavedMap) else (None, saved)
    known, chosen = openings_with(*names, folder), opening(*names, concept, folder)
    usual = SteerSpec(concept=concept, reading=spec.reading and concept.reading)
    if known is None or chosen is None or known.layers != layers:
        return calibration
    if any(getattr(spec, name) != getattr(usual, name) for name in FOUND_BY):
        return calibration
    return replace(calibration, first=chosen.strength)


def openings_with(small: str, large: str, map: Path | None = None) -> Openings | None:
    """The openings of a pair that were chosen with a map: those that ship, or those found here; None without any."""
    mark = header_mark(shipped_map_folder(small, large) if map is None else map)
    if not mark:
        return None
    places = (openings_file(small, large), found_openings_file(small, large, mark))
    found = [_read(file, file.stat().st_mtime_ns) for file in places if file.is_file()]
    return next((one for one in found if one is not None and one.map == mark), None)


def map_mark(small: str, large: str) -> str:
    """What changes when the map that ships for a pair does; "" without one."""
    return header_mark(shipped_map_folder(small, large))


def header_mark(folder: Path) -> str:
    """A mark of the map in a folder by its header, which names its weights, wherever it lies; "" if there is none."""
    header = folder / HEADER
    return _digest(header, header.stat().st_mtime_ns) if header.is_file() else ""


@lru_cache(16)
def _digest(header: Path, _mark: int) -> str:
    return hashlib.sha256(header.read_bytes()).hexdigest()[:12]


def openings_file(small: str, large: str) -> Path:
    """Where the openings of a pair ship."""
    return assets_home() / OPENINGS / f"{folder_name(small)}--{folder_name(large)}.json"


def found_openings_file(small: str, large: str, mark: str) -> Path:
    """Where those of a map with this mark are kept that were found on this machine."""
    return data_home() / OPENINGS / f"{folder_name(small)}--{folder_name(large)}" / f"{mark}.json"


def ship_openings(small: str, large: str, openings: Openings) -> Path:
    """Write the openings of a pair where they ship.

    Raises:
        ArtifactError: if they cannot be written.
    """
    return _write(openings_file(small, large), openings)


def keep_openings(small: str, large: str, openings: Openings) -> Path:
    """Write the openings of a pair and a map of somebody's own into the data folder; raises likewise."""
    return _write(found_openings_file(small, large, openings.map), openings)


def _write(file: Path, openings: Openings) -> Path:
    concepts = {
        name: {
            "set": openings.sets[name],
            "strength": one.strength,
            "prompts": one.prompts,
            "showed": one.showed,
            "tried": one.tried,
        }
        for name, one in openings.concepts.items()
    }
    content = {"kind": KIND, "version": VERSION, "layers": openings.layers, "map": openings.map, "concepts": concepts}
    return write_text(file, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def shipped_openings(small: str, large: str) -> Openings | None:
    """The openings that ship for a pair; None if there are none, or damaged ones."""
    file = openings_file(small, large)
    return _read(file, file.stat().st_mtime_ns) if file.is_file() else None


@lru_cache(16)
def _read(file: Path, _mark: int) -> Openings | None:
    """What a file holds, read once for as long as its mark stays the same."""
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if (content["kind"], content["version"]) != (KIND, VERSION):
            return None
        small_layer, large_layer = content["layers"]
        concepts = content["concepts"]
        return Openings(
            (int(small_layer), int(large_layer)),
            str(content["map"]),
            {name: str(one["set"]) for name, one in concepts.items()},
            {
                name: Opening(float(one["strength"]), tuple(one["prompts"]), int(one["showed"]), int(one["tried"]))
                for name, one in concepts.items()
            },
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
