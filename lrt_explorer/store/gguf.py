"""GGUF control vectors, the format that llama.cpp and repeng read: read and written strictly, in little memory.

**Numbers of layers.** `direction.7` is added to the output of block 7, blocks counted from 0: the same place as layer
7 of this project. repeng (`control.py`) adds `directions[i]` to what its i-th block returns. llama.cpp keeps
`direction.i` for i from 1 up (`llama_adapter_cvec::apply`) and adds it at the end of block i of its loop from 0
(`build_cvec(cur, il)` just before `l_out`). It refuses a file with `direction.0`, so none is written.

`model_hint` is the architecture as GGUF files name it, such as "llama" or "gemma3": repeng writes the model's type
there, and llama.cpp's own generator of control vectors the `general.architecture` of the model's file. llama.cpp adds
only rows of float32, of one width that is the model's.
"""

import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lrt_explorer.errors import VectorError
from lrt_explorer.limits import VECTOR_BYTES, VECTOR_HEADER_BYTES
from lrt_explorer.store.gguf_cursor import ALIGNMENT, MAGIC, STRING, UINT32, VERSIONS, GgufTensor, cut_off, read_header
from lrt_explorer.store.reading import read_whole
from lrt_explorer.store.swap import new_file

ARCHITECTURE = "controlvector"

_FLOAT32 = 0
_NAME = re.compile(r"direction\.(0|[1-9]\d{0,5})")


@dataclass(frozen=True, eq=False)
class ControlVectors:
    """What a GGUF control vector file holds.

    Attributes:
        model_hint: the family or name of the model that it was made for.
        directions: `[d]` float32 by layer, all of one width, sorted by layer.
        notes: other texts of its metadata by key.
    """

    model_hint: str
    directions: dict[int, Tensor]
    notes: dict[str, str]


def write_gguf(path: Path, model_hint: str, directions: Mapping[int, Tensor], notes: Mapping[str, str]) -> Path:
    """Write control vectors; a kill at any moment leaves the file that was there before, or the new one.

    Args:
        path: the file, usually `*.gguf`.
        model_hint: what model they are for.
        directions: `[d]` by layer; layers from 1, for llama.cpp takes none at layer 0.
        notes: further texts for the metadata; programs that do not know them pass them over.

    Raises:
        VectorError: if there is no direction, widths differ, a layer is below 1, or the system refuses to write.
    """
    if not directions:
        raise VectorError(f"there is no direction to write to {path}; give at least one")
    check_layers(path, directions)
    _check_widths(path, directions)
    metadata = [_text("general.architecture") + struct.pack("<I", STRING) + _text(ARCHITECTURE)]
    texts = {f"{ARCHITECTURE}.model_hint": model_hint, **notes}
    metadata += [_text(key) + struct.pack("<I", STRING) + _text(value) for key, value in texts.items()]
    metadata.append(_text(f"{ARCHITECTURE}.layer_count") + struct.pack("<II", UINT32, len(directions)))
    infos, data = b"", b""
    for layer in sorted(directions):
        values = directions[layer].detach().to("cpu", torch.float32).contiguous()
        shape = struct.pack("<IQIQ", 1, len(values), _FLOAT32, len(data))
        infos += _text(f"direction.{layer}") + shape
        data += _padded(values.numpy().astype("<f4").tobytes())
    head = MAGIC + struct.pack("<IQQ", VERSIONS[-1], len(directions), len(metadata)) + b"".join(metadata) + infos
    try:
        with new_file(path.expanduser().resolve()) as fresh:
            fresh.write_bytes(_padded(head) + data)
    except OSError as error:
        raise VectorError(f"{path} cannot be written ({error}); free some space or choose another file") from error
    return path


def check_layers(path: Path, layers: Iterable[int]) -> None:
    """Check that llama.cpp takes control vectors of these layers; raises VectorError if not."""
    if (lowest := min(layers)) < 1:
        raise VectorError(
            f"llama.cpp takes no control vector at layer {lowest}, so {path.name} would be of no use; choose another "
            "layer or a .safetensors file"
        )


def read_gguf(path: Path) -> ControlVectors:
    """Read control vectors, of this program or another.

    Raises:
        VectorError: if there is no such file, it is cut off, holds a model instead of a control vector, or directions
            that are not rows of finite float32 numbers of one width.
    """
    place = path.expanduser()
    if not place.is_file():
        raise VectorError(f"there is no vector file {path}; check the path")
    try:
        content = read_whole(place, VECTOR_BYTES, VectorError, "a file of control vectors")
    except OSError as error:
        raise VectorError(f"{path} cannot be read ({error}); check the path") from error
    header = read_header(content, path, VectorError, most=VECTOR_HEADER_BYTES)
    if (architecture := header.metadata.get("general.architecture")) != ARCHITECTURE:
        raise VectorError(f"{path} holds {architecture!r}, not a control vector; choose a control vector file")
    places = [_direction(path, tensor) for tensor in header.tensors]
    # Rows that lie over each other would take far more memory than the file.
    if 4 * sum(width for _, width, _ in places) > len(content):
        raise cut_off(path, VectorError)
    directions = {layer: _values(content, header.data + at, width, path, layer) for layer, width, at in places}
    if not directions or len(directions) < len(places):
        what = "gives a layer twice" if directions else "holds no direction"
        raise VectorError(f"{path} {what}; make it again")
    _check_widths(path, directions)
    notes = {key: value for key, value in header.metadata.items() if isinstance(value, str)}
    return ControlVectors(notes.pop(f"{ARCHITECTURE}.model_hint", ""), dict(sorted(directions.items())), notes)


def _direction(path: Path, tensor: GgufTensor) -> tuple[int, int, int]:
    """Layer, width and place of one direction."""
    match = _NAME.fullmatch(tensor.name)
    if match is None or len(tensor.shape) != 1:
        raise VectorError(
            f"{path} holds {tensor.name!r} of {len(tensor.shape)} dimensions, where a control vector has one row named "
            "direction.LAYER; choose a control vector file"
        )
    if tensor.kind != _FLOAT32:
        raise VectorError(f"{path} holds {tensor.name} in another precision; save it in float32")
    return int(match[1]), tensor.shape[0], tensor.place


def _values(content: bytes, start: int, width: int, path: Path, layer: int) -> Tensor:
    if width < 1 or start + 4 * width > len(content):
        raise cut_off(path, VectorError)
    values = torch.frombuffer(bytearray(content[start : start + 4 * width]), dtype=torch.float32)
    if not bool(torch.isfinite(values).all()):
        raise VectorError(f"{path} holds numbers that are not finite at layer {layer}; make it again")
    return values


def _check_widths(path: Path, directions: Mapping[int, Tensor]) -> None:
    widths = sorted({tuple(values.shape) for values in directions.values()})
    if len(widths) > 1 or len(widths[0]) != 1:
        raise VectorError(
            f"the directions of {path} are shaped {widths}, where all need one row of one width; make it again"
        )


def _text(value: str) -> bytes:
    content = value.encode()
    return struct.pack("<Q", len(content)) + content


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % ALIGNMENT)
