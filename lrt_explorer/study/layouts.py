"""Layouts that ship: where UMAP puts the points of the pictures that are asked for first.

UMAP compiles for ten seconds and lays out for a few more, and what it finds differs a little between machines. So a
picture of the demo family at its usual settings has the positions that ship, whichever face it is asked through.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lrt_explorer.linear.projection import UmapSettings
from lrt_explorer.study.ground.records import Json, Records

KIND, VERSION = "layouts", 1


@dataclass(frozen=True)
class Mark:
    """Which model a picture is of, without keeping its weights in memory.

    Attributes:
        name: of the model.
        fingerprint: of its weights.
        reading_mark: of its weights as they are loaded.
    """

    name: str
    fingerprint: str
    reading_mark: str


def layout_key(points: str, dims: int, settings: UmapSettings) -> str:
    """The key of a layout among those of the large model.

    Args:
        points: tells which points they are.
        dims: of the picture.
        settings: those of UMAP.
    """
    return hashlib.sha256(f"{points} {dims} {settings}".encode()).hexdigest()[:24]


def points_digest(parts: Iterable[object]) -> str:
    """Tells points apart by what they were made from: numbers of other machines differ in their last digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{part}\0".encode())
    return digest.hexdigest()


@cache
def layout_records() -> Records[NDArray[np.float64]]:
    """The layouts, `[n, dims]`, that all studies of this process share."""
    return Records(KIND, VERSION, _to_json, _from_json)


def _to_json(coords: NDArray[np.float64]) -> Json:
    """In float16: a thousandth of the picture's width, less than a pixel."""
    return {"dims": coords.shape[1], "coords": base64.b64encode(coords.astype("<f2").tobytes()).decode()}


def _from_json(record: Json) -> NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(record["coords"]), "<f2").reshape(-1, record["dims"]).astype(np.float64)
