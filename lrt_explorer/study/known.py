"""Cached vectors, shipped or read in this run, so that a concept is read once per model."""

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from torch import Tensor

from lrt_explorer.concepts.contrast import READINGS, ContrastSet, Reading
from lrt_explorer.concepts.directions import METHODS, Method, method_name
from lrt_explorer.concepts.vectors import SteeringVector, read_vectors
from lrt_explorer.errors import ArtifactError
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import assets_home, load_artifact, save_artifact

KIND = "vectors"
CAPACITY = 4096
"""Enough for the shipped concepts at all layers of a dozen models."""


@dataclass(frozen=True)
class Known:
    """A concept as one layer of one model holds it.

    Attributes:
        vector: its steering vector.
    """

    vector: SteeringVector


Key = tuple[str, str, int, str, str]  # fingerprint of the model, of the contrast set, layer, reading, method


class KnownVectors:
    """A bounded store of what was read, shared by all visitors; the longest unused goes first."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Start empty; `capacity` counts vectors, a few kilobytes each."""
        self._capacity = capacity
        self._lock = threading.Lock()
        self._known: OrderedDict[Key, Known] = OrderedDict()
        self._shipped_read: set[str] = set()

    def get(
        self,
        lm: LanguageModel,
        contrast: ContrastSet,
        layer: int,
        reading: Reading | None = None,
        method: Method = METHODS[0],
        whiten: bool = False,
    ) -> Known:
        """The concept's vector at a layer, read from the model if it is not cached yet.

        Raises what `find_vectors` raises.
        """
        return self.get_all(lm, contrast, [layer], reading, method, whiten)[layer]

    def get_all(
        self,
        lm: LanguageModel,
        contrast: ContrastSet,
        layers: Sequence[int],
        reading: Reading | None = None,
        method: Method = METHODS[0],
        whiten: bool = False,
        *,
        skip_empty: bool = False,
    ) -> dict[int, Known]:
        """`get` at several layers; those not yet known are read together.

        With `skip_empty` layers at which the texts give no vector are left out, where otherwise one such is an error.
        """
        reading = reading or contrast.reading
        keys = {layer: _key(lm, contrast, layer, reading, method_name(method, whiten)) for layer in layers}
        with self._lock:
            self._take_shipped(lm)
            found = {layer: self._known[key] for layer, key in keys.items() if key in self._known}
        # Read outside the lock: two visitors may both read the same vector, but nobody waits for another's model.
        if missing := sorted(set(layers) - set(found)):
            found |= read_known(lm, contrast, missing, reading, method, whiten, skip_empty)
        with self._lock:
            for layer, known in found.items():
                self._keep(keys[layer], known)
        return found

    def holds(
        self, lm: LanguageModel, contrast: ContrastSet, layers: Sequence[int], reading: Reading | None = None
    ) -> bool:
        """Whether `get_all` would answer at once, by the usual method."""
        reading = reading or contrast.reading
        with self._lock:
            self._take_shipped(lm)
            return all(_key(lm, contrast, layer, reading, METHODS[0]) in self._known for layer in layers)

    def _take_shipped(self, lm: LanguageModel) -> None:
        if lm.fingerprint not in self._shipped_read:
            self._shipped_read.add(lm.fingerprint)
            for key, known in read_shipped(lm).items():
                self._keep(key, known)

    def _keep(self, key: Key, known: Known) -> None:
        self._known[key] = known
        self._known.move_to_end(key)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)


@cache
def known_vectors() -> KnownVectors:
    """The store that all studies of this process share."""
    return KnownVectors()


def read_known(
    lm: LanguageModel,
    contrast: ContrastSet,
    layers: Sequence[int],
    reading: Reading | None,
    method: Method = METHODS[0],
    whiten: bool = False,
    skip_empty: bool = False,
) -> dict[int, Known]:
    """Read a concept from the model itself, at several layers at once."""
    found = read_vectors(lm, contrast, layers, method=method, reading=reading, whiten=whiten, skip_empty=skip_empty)
    return {layer: Known(vector) for layer, vector in found.items()}


def _key(lm: LanguageModel, contrast: ContrastSet, layer: int, reading: Reading, method: str) -> Key:
    return lm.fingerprint, contrast.fingerprint(), layer, reading, method


def folder_name(model: str) -> str:
    """A model's name, hub id or path as the name of one folder."""
    return re.sub(r"[^\w.-]+", "_", model.strip("/")) or "model"


def short_hash(text: str) -> str:
    """A short name for a long one, for a folder too."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def shipped_folder(model: str) -> Path:
    """Where the vectors that ship for a model lie."""
    return assets_home() / "vectors" / folder_name(model)


def read_shipped(lm: LanguageModel) -> dict[Key, Known]:
    """The vectors that ship for this model; none if none do, or if they belong to other weights of the same name."""
    folder = shipped_folder(lm.name)
    if not folder.is_dir():
        return {}
    artifact = load_artifact(folder, KIND)
    if artifact.meta.get("fingerprint") != lm.fingerprint:
        return {}
    shipped: dict[Key, Known] = {}
    try:
        for entry in artifact.meta["vectors"]:
            vector = SteeringVector(
                artifact.tensors[entry["tensor"]],
                lm.name,
                lm.fingerprint,
                int(entry["layer"]),
                str(entry["concept"]),
                str(entry["method"]),
                str(entry["reading"]),
            )
            key = (lm.fingerprint, str(entry["contrast"]), vector.layer, vector.reading, vector.method)
            shipped[key] = Known(vector)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"the vectors in {folder} do not say what they are; make them again") from error
    return shipped


def ship_vectors(lm: LanguageModel, contrasts: Iterable[ContrastSet], layers: Iterable[int]) -> Path:
    """Read every concept at the given layers in both readings and save them where `read_shipped` finds them."""
    wanted = sorted(set(layers))
    tensors: dict[str, Tensor] = {}
    entries: list[dict[str, str | int | float]] = []
    for contrast in contrasts:
        for reading in READINGS:
            for layer, known in read_known(lm, contrast, wanted, reading).items():
                name = f"{contrast.name}.{layer}.{reading}"
                tensors[name] = known.vector.values
                entries.append(
                    {
                        "tensor": name,
                        "concept": contrast.name,
                        "contrast": contrast.fingerprint(),
                        "layer": layer,
                        "reading": reading,
                        "method": known.vector.method,
                    }
                )
    meta = {"model": lm.name, "fingerprint": lm.fingerprint, "vectors": entries}
    return save_artifact(shipped_folder(lm.name), KIND, meta, tensors)
