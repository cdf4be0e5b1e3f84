"""Named artifacts: a folder with a description and tensors, checked when it is read."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from lrt_explorer.errors import ArtifactError
from lrt_explorer.store.swap import new_folder, swap_lock, take_back
from lrt_explorer.strict_json import read_json

FORMAT_VERSION = 1
HEADER = "artifact.json"
TENSORS = "tensors.safetensors"
_ATTEMPTS = 5


@dataclass(frozen=True, eq=False)
class Artifact:
    """What `load_artifact` found.

    Attributes:
        kind: What it is, such as "map".
        meta: Its description, plain JSON values with finite numbers.
        tensors: Its numbers, all finite, on the CPU.
    """

    kind: str
    meta: dict[str, Any]
    tensors: dict[str, Tensor]


def save_artifact(folder: Path, kind: str, meta: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Path:
    """Save an artifact as a folder; a kill at any moment leaves the one that was there before, or the new one.

    Args:
        folder: Where it goes: a new or empty folder, or that of an artifact, which is replaced.
        kind: What it is; `load_artifact` asks for it again.
        meta: Its description: JSON values with finite numbers.
        tensors: Its numbers, on any device.

    Returns:
        The folder.

    Raises:
        ArtifactError: If a number is not finite, the description is no JSON, the folder holds other files, or the
            system refuses to write there.
    """
    # Copies, because safetensors refuses tensors that share memory.
    whole = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    _check_finite(whole, f"the {kind} was not saved")
    place = folder.expanduser().resolve()
    try:
        check_replaceable(folder)
        with new_folder(place) as fresh:
            save_file(whole, fresh / TENSORS)
            header = {
                "kind": kind,
                "version": FORMAT_VERSION,
                "meta": dict(meta),
                "tensors": _described(whole),
                "sha256": _digest(fresh / TENSORS),
            }
            (fresh / HEADER).write_text(json.dumps(header, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except (TypeError, ValueError) as error:
        raise ArtifactError(
            f"the {kind} was not saved: its description is not valid JSON ({error}); correct it"
        ) from error
    except (OSError, SafetensorError) as error:
        raise ArtifactError(
            f"{folder} cannot be written ({error}); free some space or choose another folder"
        ) from error
    return folder


def check_replaceable(folder: Path) -> None:
    """Check that saving an artifact in a folder would remove nothing but an artifact.

    Raises:
        ArtifactError: if it holds other files.
    """
    if not _replaceable(folder.expanduser().resolve()):
        raise ArtifactError(f"{folder} holds other files, which saving there would remove; choose a new folder")


def has_artifact(folder: Path) -> bool:
    """Whether an artifact lies there, of whatever kind and state."""
    place = folder.expanduser().resolve()
    take_back(place)
    return (place / HEADER).is_file()


def load_artifact(folder: Path, kind: str) -> Artifact:
    """Load an artifact and check that it is whole.

    Args:
        folder: Where `save_artifact` put it.
        kind: What it must be.

    Raises:
        ArtifactError: If there is none, it is of another kind or format, or it is damaged.
    """
    place = folder.expanduser().resolve()
    with swap_lock:
        for _ in range(_ATTEMPTS):
            found = _identity(place)
            try:
                return _load(place, kind)
            except ArtifactError:
                # A writer in another process makes a whole artifact look damaged or gone for a moment.
                if found is not None and _identity(place) == found:
                    raise
        return _load(place, kind)


def read_meta(folder: Path, kind: str) -> dict[str, Any]:
    """The description of an artifact alone, without reading or checking its tensors.

    Args:
        folder: Where `save_artifact` put it.
        kind: What it must be.

    Raises:
        ArtifactError: If there is none, it is of another kind or format, or its description is damaged.
    """
    place = folder.expanduser().resolve()
    with swap_lock:
        if not has_artifact(place):
            raise ArtifactError(f"there is no saved {kind} in {place}; check the path or make it again")
        meta: dict[str, Any] = _read_header(place, kind)["meta"]
        return meta


def _load(place: Path, kind: str) -> Artifact:
    if not has_artifact(place):
        raise ArtifactError(f"there is no saved {kind} in {place}; check the path or make it again")
    header = _read_header(place, kind)
    try:
        tensors = {name: tensor.clone() for name, tensor in load_file(place / TENSORS).items()}
        digest = _digest(place / TENSORS)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise _damaged(place, kind, f"its {TENSORS} is missing, cut off or overwritten") from error
    if header.get("tensors") != _described(tensors):
        raise _damaged(place, kind, "its tensors are not of the shapes that it was saved with")
    _check_finite(tensors, f"the {kind} in {place} is damaged")
    if header.get("sha256") != digest:
        raise _damaged(place, kind, "its tensors are not those that it was saved with")
    return Artifact(kind, header["meta"], tensors)


def _read_header(place: Path, kind: str) -> dict[str, Any]:
    try:
        text = (place / HEADER).read_text(encoding="utf-8")
        header = read_json(text)
    except OSError as error:
        raise ArtifactError(f"the {kind} in {place} cannot be read ({error}); check its permissions") from error
    except (ValueError, RecursionError) as error:
        raise _damaged(place, kind, f"its {HEADER} is not valid JSON with finite numbers") from error
    if not isinstance(header, dict) or not isinstance(header.get("meta"), dict):
        raise _damaged(place, kind, f"its {HEADER} describes nothing")
    if header.get("kind") != kind:
        raise ArtifactError(f"{place} holds a saved {header.get('kind')}, not a {kind}; choose another folder")
    if header.get("version") != FORMAT_VERSION:
        raise ArtifactError(
            f"the {kind} in {place} has format {header.get('version')}, but only format {FORMAT_VERSION} can be read; "
            "make it again"
        )
    return header


def artifact_mark(folder: Path) -> str:
    """A mark by which an artifact is told from any other that lies, or lay, in the same folder; "" if there is none.

    The header names the digest of the tensors, and their file's size and time tell of damage; no tensor is read.
    """
    place = folder.expanduser().resolve()
    with swap_lock:
        take_back(place)
        try:
            header, status = (place / HEADER).read_bytes(), (place / TENSORS).stat()
        except OSError:
            return ""
    return hashlib.sha256(header + repr((status.st_size, status.st_mtime_ns)).encode()).hexdigest()[:12]


def _identity(place: Path) -> tuple[int, int] | None:
    """What changes when a folder is replaced by another of the same name."""
    try:
        status = place.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _replaceable(place: Path) -> bool:
    """Whether nothing but an artifact, or a part of one, would be lost."""
    try:
        return {entry.name for entry in place.iterdir()} <= {HEADER, TENSORS}
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        return not place.exists()


def _described(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Any]]:
    return {
        name: {"shape": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch.")}
        for name, tensor in tensors.items()
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_finite(tensors: Mapping[str, Tensor], trouble: str) -> None:
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise ArtifactError(f"{trouble}: its {name} holds numbers that are not finite; make it again")


def _damaged(place: Path, kind: str, how: str) -> ArtifactError:
    return ArtifactError(f"the {kind} in {place} is damaged: {how}; make it again")
