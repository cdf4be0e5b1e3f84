"""Vectors that are known: shipped, read in this run, or kept on disk from an earlier one."""

import hashlib
import re
import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from torch import Tensor

from lrt_explorer.bounded import BoundedCache
from lrt_explorer.concepts.contrast import READINGS, ContrastSet, Reading
from lrt_explorer.concepts.directions import METHODS, Method, method_name
from lrt_explorer.concepts.vectors import SteeringVector, reading_vectors
from lrt_explorer.defaults import FEW_PAIRS
from lrt_explorer.errors import ArtifactError
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import assets_home, load_artifact, save_artifact
from lrt_explorer.study.ground.kept_vectors import VectorKey, keep_vectors, kept_vectors
from lrt_explorer.study.ground.progress import Progress, finish, retold

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


Key = tuple[str, str, int, str, str]  # reading mark of the model, fingerprint of the set, layer, reading, method


class KnownVectors:
    """What was read, shared by all visitors and kept on disk; in memory the longest unused goes first."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Start empty; `capacity` counts vectors in memory, a few kilobytes each."""
        self._known: BoundedCache[Key, Known] = BoundedCache(capacity)
        self._shipped_lock = threading.Lock()
        self._shipped_read: set[str] = set()

    def get(
        self,
        lm: LanguageModel,
        contrast: ContrastSet,
        layer: int,
        reading: Reading | None = None,
        method: Method = METHODS.default,
        *,
        whiten: bool = False,
    ) -> Known:
        """The concept's vector at a layer, read from the model if it is not cached yet.

        Raises what `find_vectors` raises.
        """
        return self.get_all(lm, contrast, [layer], reading, method, whiten=whiten)[layer]

    def get_all(
        self,
        lm: LanguageModel,
        contrast: ContrastSet,
        layers: Sequence[int],
        reading: Reading | None = None,
        method: Method = METHODS.default,
        *,
        whiten: bool = False,
        skip_empty: bool = False,
    ) -> dict[int, Known]:
        """`get` at several layers; those not yet known are read together.

        With `skip_empty` layers at which the texts give no vector are left out, where otherwise one such is an error.
        """
        return finish(self.reading(lm, contrast, layers, reading, method, whiten=whiten, skip_empty=skip_empty))

    def reading(
        self,
        lm: LanguageModel,
        contrast: ContrastSet,
        layers: Sequence[int],
        reading: Reading | None = None,
        method: Method = METHODS.default,
        *,
        whiten: bool = False,
        skip_empty: bool = False,
    ) -> Generator[Progress, None, dict[int, Known]]:
        """`get_all` with progress in texts; without any where nothing has to be read."""
        reading = reading or contrast.reading
        name = method_name(method, whiten=whiten)
        found = self._found(lm, contrast, layers, reading, name)
        # Read outside the lock: two visitors may both read the same vector, but none waits for another's model.
        if missing := sorted(set(layers) - set(found)):
            fresh = yield from reading_known(
                lm, contrast, missing, reading, method, whiten=whiten, skip_empty=skip_empty
            )
            kept = {layer: known.vector.values for layer, known in fresh.items()}
            on_disk = _on_disk(lm, contrast, reading, name)
            keep_vectors(on_disk, kept)
            self._remember(on_disk, fresh)
            found |= fresh
        return found

    def holds(
        self, lm: LanguageModel, contrast: ContrastSet, layers: Sequence[int], reading: Reading | None = None
    ) -> bool:
        """Whether `get_all` would answer at once, by the usual method."""
        return set(layers) <= set(self._found(lm, contrast, layers, reading or contrast.reading, METHODS.default))

    def _found(
        self, lm: LanguageModel, contrast: ContrastSet, layers: Sequence[int], reading: Reading, method: str
    ) -> dict[int, Known]:
        """What is known at these layers without a look at the model: in memory, shipped, or on disk."""
        on_disk = _on_disk(lm, contrast, reading, method)
        keys = {layer: _key(on_disk, layer) for layer in layers}
        self._take_shipped(lm)
        held = {layer: self._known.get(key) for layer, key in keys.items()}
        found = {layer: known for layer, known in held.items() if known is not None}
        if missing := set(layers) - set(found):
            kept = kept_vectors(on_disk)
            usable = {layer: kept[layer] for layer in missing & set(kept) if kept[layer].shape == (lm.width,)}
            fresh = {
                layer: Known(SteeringVector(values, lm.name, lm.fingerprint, layer, contrast.name, method, reading))
                for layer, values in usable.items()
            }
            self._remember(on_disk, fresh)
            found |= fresh
        return found

    def _remember(self, on_disk: VectorKey, known: Mapping[int, Known]) -> None:
        for layer, one in known.items():
            self._known.keep(_key(on_disk, layer), one)

    def _take_shipped(self, lm: LanguageModel) -> None:
        with self._shipped_lock:
            if lm.reading_mark not in self._shipped_read:
                self._shipped_read.add(lm.reading_mark)
                for key, known in read_shipped(lm).items():
                    self._known.keep(key, known)


@cache
def known_vectors() -> KnownVectors:
    """The store that all studies of this process share."""
    return KnownVectors()


def few_pairs(contrast: ContrastSet, pairs: int = FEW_PAIRS) -> ContrastSet:
    """The set with so many of its pairs, spread evenly over it; the set itself where it has no more."""
    have = len(contrast.pairs)
    return contrast if have <= pairs else contrast.some_pairs([have * number // pairs for number in range(pairs)])


def first_reading(
    places: Sequence[tuple[LanguageModel, int]], contrast: ContrastSet, reading: Reading | None = None
) -> ContrastSet:
    """The set to read first: whole where its vectors are known at all of these places, else a few of its pairs."""
    store = known_vectors()
    whole = all(store.holds(lm, contrast, [layer], reading) for lm, layer in places)
    return contrast if whole else few_pairs(contrast)


def read_known(
    lm: LanguageModel,
    contrast: ContrastSet,
    layers: Sequence[int],
    reading: Reading | None,
    method: Method = METHODS.default,
    *,
    whiten: bool = False,
    skip_empty: bool = False,
) -> dict[int, Known]:
    """Read a concept from the model itself, at several layers at once, whatever is known of it already."""
    return finish(reading_known(lm, contrast, layers, reading, method, whiten=whiten, skip_empty=skip_empty))


def reading_known(
    lm: LanguageModel,
    contrast: ContrastSet,
    layers: Sequence[int],
    reading: Reading | None,
    method: Method = METHODS.default,
    *,
    whiten: bool = False,
    skip_empty: bool = False,
) -> Generator[Progress, None, dict[int, Known]]:
    """`read_known` with progress in texts."""
    texts = 2 * len(contrast.pairs)
    said = f"reading {len(contrast.pairs)} pairs of {contrast.name} with {model_label(lm.name)}"
    yield Progress(0, texts, said)
    found = yield from retold(
        reading_vectors(lm, contrast, layers, method=method, reading=reading, whiten=whiten, skip_empty=skip_empty),
        lambda done: Progress(done, texts, said),
    )
    return {layer: Known(vector) for layer, vector in found.items()}


def model_label(model: str) -> str:
    """A model's name as it is said: of a path or a hub id the last part."""
    return model.rstrip("/").rsplit("/", 1)[-1] or model


def _on_disk(lm: LanguageModel, contrast: ContrastSet, reading: Reading, method: str) -> VectorKey:
    """What names the vectors on disk; it hashes the whole set, so it is made once for all layers."""
    return VectorKey(lm.reading_mark, contrast.fingerprint(), reading, method, len(contrast.pairs))


def _key(on_disk: VectorKey, layer: int) -> Key:
    return on_disk.model, on_disk.contrast, layer, on_disk.reading, on_disk.method


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
            key = (lm.reading_mark, str(entry["contrast"]), vector.layer, vector.reading, vector.method)
            shipped[key] = Known(vector)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"the vectors in {folder} do not say what they belong to; make them again") from error
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
