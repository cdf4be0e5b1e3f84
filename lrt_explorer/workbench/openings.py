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
from lrt_explorer.concepts.examples import EXAMPLES, example_prompts
from lrt_explorer.store import assets_home, data_home
from lrt_explorer.store.artifacts import HEADER
from lrt_explorer.store.swap import write_text
from lrt_explorer.study.ground.known import folder_name
from lrt_explorer.study.steering.calibrate import Calibration
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.map_store import SavedMap, folder_of, layers_of
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

    @property
    def shows_enough(self) -> bool:
        """Whether every prompt that is offered shows the story."""
        return self.showed >= EXAMPLES


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
    found = _chosen(small, large, concept, map)
    return None if found is None else found[1]


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
    found = _chosen(*names, concept, folder_of(saved))
    usual = SteerSpec(concept=concept, reading=spec.reading and concept.reading)
    if found is None or found[0] != layers_of(saved):
        return calibration
    if any(getattr(spec, name) != getattr(usual, name) for name in FOUND_BY):
        return calibration
    return replace(calibration, first=found[1].strength)


def _chosen(small: str, large: str, concept: ContrastSet, map: Path | None) -> tuple[Layers, Opening] | None:
    """The layers and the opening of a concept: what was found on this machine comes before what ships."""
    mark = header_mark(shipped_map_folder(small, large) if map is None else map)
    if not mark:
        return None
    for known in (found_openings(small, large, mark), shipped_openings(small, large)):
        if known is not None and known.map == mark and known.sets.get(concept.name) == concept.fingerprint():
            return known.layers, known.concepts[concept.name]
    return None


def found_openings(small: str, large: str, mark: str) -> Openings | None:
    """Those that were found on this machine for the map with this mark; None if there are none, or damaged ones."""
    return _read_if_there(found_openings_file(small, large, mark))


def found_examples() -> frozenset[str]:
    """The prompts of all openings that were found on this machine."""
    files = (data_home() / OPENINGS).glob("*/*.json")
    known = [found for file in files if (found := _read_if_there(file)) is not None]
    return frozenset(prompt for one in known for opening in one.concepts.values() for prompt in opening.prompts)


def map_mark(small: str, large: str) -> str:
    """What changes when the map that ships for a pair does; "" without one."""
    return header_mark(shipped_map_folder(small, large))


def header_mark(folder: Path) -> str:
    """A mark of the map in a folder by its header, which names its weights, wherever it lies; "" if there is none."""
    header = folder.expanduser() / HEADER
    try:
        return _digest(header, header.stat().st_mtime_ns)
    except OSError:
        # There is none, or it is being replaced.
        return ""


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
    return _read_if_there(openings_file(small, large))


def _read_if_there(file: Path) -> Openings | None:
    try:
        return _read(file, file.stat().st_mtime_ns)
    except OSError:
        return None


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
