"""The picture of About: the texts of one concept as points in both models, and the vectors that push them.

`assets/clouds/SMALL--LARGE.json` holds it for the concept that a pair opens with, so that the page draws it without a
model. It counts only for the map and the contrast set that it was made with.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lrt_explorer.concepts.reading import read_pairs
from lrt_explorer.concepts.vectors import addition, transfer
from lrt_explorer.errors import LRTError
from lrt_explorer.linear.projection import along
from lrt_explorer.linear.scores import cosine
from lrt_explorer.lm.presets import MODELS, PAIRS
from lrt_explorer.store.swap import write_text
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.steering.deviation import unit_of
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.compare import calibration
from lrt_explorer.workbench.concepts import concept_cards, named_concept
from lrt_explorer.workbench.firsts import first_spec
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.openings import map_mark
from lrt_explorer.workbench.pair import Layers, Pair
from lrt_explorer.workbench.shipped import shipped_file

CLOUDS = "clouds"
KIND, VERSION = "lrt-two-clouds", 1
TEXTS = 30
"""Of each side of the concept: enough to see two clouds."""
DIGITS = 4

Point = tuple[float, float]


@dataclass(frozen=True)
class Cloud:
    """Texts as points of one view, and how far a strength of 1 pushes them there.

    Attributes:
        positive: the texts with the behaviour.
        negative: those without it.
        push: along the vector.
    """

    positive: tuple[Point, ...]
    negative: tuple[Point, ...]
    push: Point


@dataclass(frozen=True)
class TwoClouds:
    """The same texts in both models.

    Each model is seen along its own vector of the concept, which points to the right; up is the strongest direction at
    right angles to it. Mapped points lie in the view of the large model.

    Attributes:
        small, large: the models.
        layers: of both.
        width: numbers of a state of the large model.
        concept: whose texts they are.
        positive_label, negative_label: its sides.
        strength: at which the Steer tab begins.
        cosine: between the transferred and the native vector, in all dimensions.
        r2: of the map on held-out text.
        of_small: the small model's points, pushed by what the map takes to the transferred vector.
        mapped: what the map makes of them, pushed by the transferred vector.
        of_large: the large model's points, pushed by the native vector as far.
    """

    small: str
    large: str
    layers: Layers
    width: int
    concept: str
    positive_label: str
    negative_label: str
    strength: float
    cosine: float
    r2: float
    of_small: Cloud
    mapped: Cloud
    of_large: Cloud


def opening_clouds() -> TwoClouds | None:
    """Those of the pair that the page opens with; None if none ship that fit what else ships."""
    pair = next(pair for pair in PAIRS if MODELS[pair.small].shipped and MODELS[pair.large].shipped)
    return shipped_clouds(pair.small, pair.large)


def shipped_clouds(small: str, large: str) -> TwoClouds | None:
    """Those of a pair; None if none ship that were made with the map and the set that ship."""
    file = clouds_file(small, large)
    found = _read(file, file.stat().st_mtime_ns) if file.is_file() else None
    if found is None:
        return None
    made_with, clouds = found
    try:
        return clouds if made_with == _marks(small, large, clouds.concept) else None
    except LRTError:
        return None


def read_clouds(pair: Pair, saved: SavedMap) -> TwoClouds:
    """Read the texts of the concept that a pair opens with in both models, and lay them out.

    Raises:
        LRTError: as reading the concept and calibrating it do.
    """
    (small, large), layers, map = pair.both, saved.layers, saved.map
    concept = named_concept(pair.world, concept_cards(small.name, large.name)[0].name)
    some = concept.some_pairs(range(min(TEXTS, len(concept.pairs))))
    theirs = read_pairs(small, some, [layers[0]], concept.reading)[layers[0]]
    ours = read_pairs(large, some, [layers[1]], concept.reading)[layers[1]]
    found = known_vectors().get(small, concept, layers[0]).vector
    native = known_vectors().get(large, concept, layers[1]).vector
    mapped = transfer(found, map, saved.info)
    unit = unit_of(large, layers[1], pair.world.ordinary)
    pushes = [addition(vector.values, 1.0, unit) for vector in (mapped, native)]
    # A map is linear on differences: what it takes to the transferred push is this much of the small model's vector.
    before = found.values.double() * float(pushes[0].norm() / mapped.values.norm())

    of_small = along(torch.cat([theirs.positive, theirs.negative]), found.values, 2)
    of_large = along(torch.cat([ours.positive, ours.negative]), native.values, 2)
    carried = of_large.points(map(theirs.positive)), of_large.points(map(theirs.negative))
    # Which way is up in a view has no meaning; the same way in both makes them easier to compare.
    up = of_small.coords[:, 1] @ torch.cat(carried)[:, 1]
    turn = torch.tensor([1.0, -1.0 if float(up) < 0 else 1.0], dtype=torch.float64)
    calibrated = finish(calibration(pair, saved, SteerSpec(concept=concept.name)))
    strength = first_spec(small.name, large.name, calibrated).strength
    return TwoClouds(
        small=small.name,
        large=large.name,
        layers=layers,
        width=large.width,
        concept=concept.name,
        positive_label=concept.positive_label,
        negative_label=concept.negative_label,
        strength=calibrated.first if strength is None else strength,
        cosine=_rounded(cosine(mapped.values, native.values)),
        r2=_rounded(saved.info.r2),
        of_small=_cloud(
            of_small.points(theirs.positive) * turn,
            of_small.points(theirs.negative) * turn,
            of_small.directions(before) * turn,
        ),
        mapped=_cloud(*carried, of_large.directions(pushes[0])),
        of_large=_cloud(of_large.points(ours.positive), of_large.points(ours.negative), of_large.directions(pushes[1])),
    )


def ship_clouds(pair: Pair, saved: SavedMap) -> Path:
    """Write them where they ship.

    Raises:
        ArtifactError: if they cannot be written.
        LRTError: as for `read_clouds`.
    """
    clouds = read_clouds(pair, saved)
    map, contrast = _marks(clouds.small, clouds.large, clouds.concept)
    content = {"kind": KIND, "version": VERSION, "map": map, "set": contrast, **asdict(clouds)}
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return write_text(clouds_file(clouds.small, clouds.large), text + "\n")


def clouds_file(small: str, large: str) -> Path:
    """Where they ship."""
    return shipped_file(CLOUDS, small, large)


def _marks(small: str, large: str, concept: str) -> tuple[str, str]:
    """What changes when the map that ships or the contrast set does."""
    return map_mark(small, large), named_concept(world_of(small, large), concept).fingerprint()


@lru_cache(16)
def _read(file: Path, _mark: int) -> tuple[tuple[str, str], TwoClouds] | None:
    """What a file holds, with the marks of what it was made with; read once for as long as its own stays the same."""
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if (content["kind"], content["version"]) != (KIND, VERSION):
            return None
        given = {field.name: content[field.name] for field in fields(TwoClouds)}
        clouds = {name: _known_cloud(given[name]) for name in ("of_small", "mapped", "of_large")}
        small_layer, large_layer = given["layers"]
        return (str(content["map"]), str(content["set"])), TwoClouds(
            **given | clouds | {"layers": (int(small_layer), int(large_layer))}
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _known_cloud(content: Mapping[str, Any]) -> Cloud:
    return Cloud(_points(content["positive"]), _points(content["negative"]), _points([content["push"]])[0])


def _points(content: Any) -> tuple[Point, ...]:
    return tuple((float(x), float(y)) for x, y in content)


def _cloud(positive: Tensor, negative: Tensor, push: Tensor) -> Cloud:
    first, second, third = (
        tuple((_rounded(x), _rounded(y)) for x, y in rows.tolist()) for rows in (positive, negative, push[None])
    )
    return Cloud(first, second, third[0])


def _rounded(number: float) -> float:
    """In as many digits as a picture shows."""
    return float(f"{number:.{DIGITS}g}")
