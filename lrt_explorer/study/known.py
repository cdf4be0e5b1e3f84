"""Vectors and typical norms that were already read, from the shipped files or from this run, so that none waits twice."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import READINGS, Reading, SteeringVector, mean_difference, typical_norms
from lrt_explorer.errors import ArtifactError
from lrt_explorer.lm.load import LanguageModel
from lrt_explorer.store import assets_home, load_artifact, save_artifact

KIND = "vectors"
CAPACITY = 512


@dataclass(frozen=True)
class Known:
    """A concept as one layer of one model holds it.

    Attributes:
        vector: its steering vector.
        typical_norm: median norm of the ordinary tokens of the concept's texts at this layer.
    """

    vector: SteeringVector
    typical_norm: float


Key = tuple[str, str, int, str]  # fingerprint of the model, of the contrast set, layer, reading


class KnownVectors:
    """A bounded store of what was read, shared by all visitors; the longest unused goes first."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Start empty; `capacity` counts vectors, a few kilobytes each."""
        self._capacity = capacity
        self._lock = threading.Lock()
        self._known: OrderedDict[Key, Known] = OrderedDict()
        self._shipped_read: set[str] = set()

    def get(self, lm: LanguageModel, contrast: ContrastSet, layer: int, reading: Reading = "all-tokens") -> Known:
        """The concept's vector and typical norm at a layer, read from the model if nobody has yet.

        Raises what `mean_difference` raises.
        """
        key = (lm.fingerprint, contrast.fingerprint(), layer, reading)
        with self._lock:
            if lm.fingerprint not in self._shipped_read:
                self._shipped_read.add(lm.fingerprint)
                for shipped_key, known in read_shipped(lm).items():
                    self._keep(shipped_key, known)
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        # Read outside the lock: two visitors may both read the same vector, but nobody waits for another's model.
        known = read_known(lm, contrast, layer, reading)
        with self._lock:
            self._keep(key, known)
        return known

    def _keep(self, key: Key, known: Known) -> None:
        self._known[key] = known
        self._known.move_to_end(key)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)


@cache
def known_vectors() -> KnownVectors:
    """The store that all studies of this process share."""
    return KnownVectors()


def read_known(lm: LanguageModel, contrast: ContrastSet, layer: int, reading: Reading) -> Known:
    """Read a concept from the model itself."""
    texts = [text for pair in contrast.pairs for text in pair]
    vector = mean_difference(lm, contrast, [layer], reading)[layer]
    return Known(vector, typical_norms(lm, [layer], texts)[layer])


def shipped_folder(model: str) -> Path:
    """Where the vectors that ship for a model lie."""
    return assets_home() / "vectors" / Path(model).name


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
            key = (lm.fingerprint, str(entry["contrast"]), vector.layer, vector.reading)
            shipped[key] = Known(vector, float(entry["typical_norm"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"the vectors in {folder} do not say what they are; make them again") from error
    return shipped


def ship_vectors(lm: LanguageModel, contrasts: Iterable[ContrastSet], layers: Iterable[int]) -> Path:
    """Read every concept at the given layers in both readings and save them where `read_shipped` finds them."""
    wanted = sorted(set(layers))
    tensors, entries = {}, []
    for contrast in contrasts:
        texts = [text for pair in contrast.pairs for text in pair]
        norms = typical_norms(lm, wanted, texts)
        for reading in READINGS:
            for layer, vector in mean_difference(lm, contrast, wanted, reading).items():
                name = f"{contrast.name}.{layer}.{reading}"
                tensors[name] = vector.values
                entries.append(
                    {
                        "tensor": name,
                        "concept": contrast.name,
                        "contrast": contrast.fingerprint(),
                        "layer": layer,
                        "reading": reading,
                        "method": vector.method,
                        "typical_norm": norms[layer],
                    }
                )
    meta = {"model": lm.name, "fingerprint": lm.fingerprint, "vectors": entries}
    return save_artifact(shipped_folder(lm.name), KIND, meta, tensors)
