"""Vectors that were read, kept on disk between commands and starts."""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor

from lrt_explorer.errors import ArtifactError
from lrt_explorer.store import data_home, has_artifact, load_artifact, save_artifact

logger = logging.getLogger(__name__)
KIND = "read-vectors"
RULES = 1
"""Goes up whenever the same texts are read in another way, so that older vectors are read again."""
SETS = 512
"""Contrast sets that are kept, each as one model reads it in one way; the longest unused goes first."""


@dataclass(frozen=True)
class VectorKey:
    """What vectors depend on, beside the layer.

    Attributes:
        model: the reading mark of the model.
        contrast: fingerprint of the contrast set, its pairs among what it is made from.
        reading: which tokens are read.
        method: how the vector is found in them, by its full name.
        pairs: how many pairs were read.
    """

    model: str
    contrast: str
    reading: str
    method: str
    pairs: int


def vectors_home() -> Path:
    """The folder of all vectors that were read."""
    return data_home() / "read-vectors"


def kept_vectors(key: VectorKey) -> dict[int, Tensor]:
    """The vectors that are kept, `[d]` float32 by layer; none where none are, or where they are damaged (logged)."""
    folder = _folder(key)
    try:
        if not has_artifact(folder):
            return {}
        artifact = load_artifact(folder, KIND)
        if artifact.meta.get("key") != _described(key):
            raise ArtifactError(f"{folder} holds other vectors; remove it")
        found = {int(layer): values for layer, values in artifact.tensors.items()}
        os.utime(folder)
        return found
    except (ArtifactError, KeyError, TypeError, ValueError, OSError) as error:
        logger.warning("the vectors kept in %s cannot be used and are read again (%s)", folder, error)
        return {}


def keep_vectors(key: VectorKey, vectors: Mapping[int, Tensor]) -> None:
    """Keep vectors by layer, beside those of other layers; that a disk is full or may not be written is only logged."""
    folder = _folder(key)
    whole = {**kept_vectors(key), **vectors}
    try:
        save_artifact(folder, KIND, {"key": _described(key)}, {str(layer): values for layer, values in whole.items()})
        _tidy(folder)
    except (ArtifactError, OSError) as error:
        logger.warning("the vectors just read are not kept (%s)", error)


def _folder(key: VectorKey) -> Path:
    name = hashlib.sha256(json.dumps(_described(key), sort_keys=True).encode()).hexdigest()[:24]
    return vectors_home() / name


def _described(key: VectorKey) -> dict[str, str | int]:
    return {**asdict(key), "rules": RULES}


def _tidy(keep: Path) -> None:
    """Remove the sets that were used the longest ago, until there are few enough."""
    folders = [folder for folder in vectors_home().iterdir() if folder != keep and not folder.name.startswith(".")]
    if len(folders) < SETS:
        return
    folders.sort(key=lambda folder: folder.stat().st_mtime)
    for folder in folders[: len(folders) + 1 - SETS]:
        shutil.rmtree(folder, ignore_errors=True)
