"""Vector files: one steering vector with what it is, as safetensors, or as GGUF where the file is named so."""

import re
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from lrt_explorer.errors import VectorError
from lrt_explorer.limits import VECTOR_BYTES, VECTOR_HEADER_BYTES
from lrt_explorer.linear.steering import SteeringVector
from lrt_explorer.store.gguf import check_layers, read_gguf, write_gguf
from lrt_explorer.store.reading import check_safetensors
from lrt_explorer.store.swap import new_file

KIND = "lrt-vector"
FORMAT_VERSION = "1"
_TENSOR = "values"
_TEXTS = ("model", "fingerprint", "concept", "method", "reading")
_MAPPED = "mapped_from"
"""Said by files of vectors that came through a map; older ones say it in how they were found."""
_MAPPED_BY = re.compile(r" mapped (?:as in the paper )?from (.+)$")
_GGUF = ".gguf"
_NOTES = "lrt_explorer."


# What a vector file holds.
VectorFile = SteeringVector


def save_vector(path: Path, vector: VectorFile, model_hint: str = "") -> Path:
    """Save a vector; a kill at any moment leaves the file that was there before, or the new one.

    Args:
        path: The file; `*.gguf` becomes a GGUF control vector, every other a safetensors file. Its folder is made if
            needed.
        vector: What to save.
        model_hint: The architecture that a GGUF file names, such as "llama"; empty for the model's name.

    Returns:
        The path.

    Raises:
        VectorError: If the system refuses to write there, or GGUF has no place for its layer.
    """
    if path.suffix.lower() == _GGUF:
        notes = {_NOTES + name: text for name, text in _said(vector).items()}
        return write_gguf(path, model_hint or vector.model, {vector.layer: vector.values}, notes)
    metadata = {"kind": KIND, "version": FORMAT_VERSION, "layer": str(vector.layer), **_said(vector)}
    try:
        with new_file(path.expanduser().resolve()) as fresh:
            save_file({_TENSOR: vector.values}, fresh, metadata)
    except (OSError, SafetensorError) as error:
        raise VectorError(f"{path} cannot be written ({error}); free some space or choose another file") from error
    return path


def check_vector_file(path: Path | None, layer: int) -> None:
    """Check before a vector is found that a file of that name has a place for its layer; None is a file of ours.

    Raises:
        VectorError: if it is GGUF, and the layer the first.
    """
    if path is not None and path.suffix.lower() == _GGUF:
        check_layers(path, [layer])


def load_vector(path: str | Path, layer: int | None = None, width: int | None = None) -> VectorFile:
    """Load a vector.

    Args:
        path: A file that `save_vector` wrote, or a GGUF control vector (`*.gguf`) of another program.
        layer: Which of the layers of a control vector; None where there is one only. Another file must be of it too.
        width: How many numbers it must have; None to take any.

    Raises:
        VectorError: If there is none, it is no vector file, it is of another format, its numbers are no vector, or it
            is not of that layer and width.
    """
    path = Path(path)
    vector = _load_gguf(path, layer) if path.suffix.lower() == _GGUF else _load_safetensors(path)
    if layer is not None and vector.layer != layer:
        raise VectorError(f"{path} holds a vector of layer {vector.layer}, not {layer}; choose the file of that layer")
    if width is not None and len(vector.values) != width:
        raise VectorError(
            f"{path} holds a vector of {len(vector.values)} numbers where {width} are needed; choose one of that model"
        )
    return vector


def _load_gguf(path: Path, layer: int | None) -> VectorFile:
    found = read_gguf(path)
    layers = list(found.directions)
    if layer is None and len(layers) == 1:
        layer = layers[0]
    if layer is None or layer not in found.directions:
        which = ", ".join(map(str, layers[:40])) + (" and more" if len(layers) > 40 else "")
        asked = "several layers" if layer is None else f"no layer {layer}"
        raise VectorError(f"{path} holds {asked}; choose one of its layers {which}")
    notes = {name: found.notes.get(_NOTES + name) for name in _TEXTS}
    return VectorFile(
        values=found.directions[layer],
        model=notes["model"] or found.model_hint or "unknown",
        fingerprint=notes["fingerprint"] or "",
        layer=layer,
        concept=notes["concept"] or path.stem,
        method=notes["method"] or "control vector",
        reading=notes["reading"] or "unknown",
        mapped_from=_mapped_from(found.notes.get(_NOTES + _MAPPED), notes["method"]),
    )


def _said(vector: VectorFile) -> dict[str, str]:
    """What a file says of its vector."""
    names = (*_TEXTS, _MAPPED) if vector.mapped_from else _TEXTS
    return {name: str(getattr(vector, name)) for name in names}


def _mapped_from(said: str | None, method: str | None) -> str:
    """What a vector came through: as its file says, or as an older one says in how it was found."""
    if said is not None:
        return said
    match = _MAPPED_BY.search(method or "")
    return match[1] if match else ""


def _load_safetensors(path: Path) -> VectorFile:
    place = path.expanduser()
    if not place.is_file():
        raise VectorError(f"there is no vector file {path}; check the path")
    try:
        check_safetensors(place, VECTOR_BYTES, VECTOR_HEADER_BYTES, VectorError, "a vector")
        with safe_open(place, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name).clone() for name in file.keys() if name == _TENSOR}
            others = set(file.keys()) - {_TENSOR}
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise VectorError(
            f"{path} is cut off or not a safetensors file; choose a vector that this program saved"
        ) from error
    if metadata.get("kind") != KIND or others or not tensors:
        raise VectorError(f"{path} holds tensors, but not one steering vector; choose a vector that this program saved")
    if metadata.get("version") != FORMAT_VERSION:
        raise VectorError(
            f"{path} has format {metadata.get('version')}, but only format {FORMAT_VERSION} can be read; make it again"
        )
    try:
        texts = {name: metadata[name] for name in _TEXTS}
        mapped_from = _mapped_from(metadata.get(_MAPPED), texts["method"])
        return VectorFile(values=tensors[_TENSOR], layer=int(metadata["layer"]), mapped_from=mapped_from, **texts)
    except (KeyError, ValueError) as error:
        raise VectorError(f"{path} does not say which model and layer it belongs to; make it again") from error
