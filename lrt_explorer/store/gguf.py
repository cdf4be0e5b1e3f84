"""GGUF control vectors, the format that llama.cpp and repeng read: read and written strictly, in little memory.

**Numbers of layers.** `direction.7` is added to the output of block 7, blocks counted from 0: the same place as layer
7 of this project. repeng (`control.py`) adds `directions[i]` to what its i-th block returns. llama.cpp keeps
`direction.i` for i from 1 up (`llama_adapter_cvec::apply`) and adds it at the end of block i of its loop from 0
(`build_cvec(cur, il)` just before `l_out`). It refuses a file with `direction.0`, so none is written.

The layout is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, version 3, little-endian. The reader is
our own because files come from strangers: every count is checked against the bytes there are before anything is made.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lrt_explorer.errors import VectorError
from lrt_explorer.store.swap import new_file

ARCHITECTURE = "controlvector"
MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAXIMUM_BYTES = 100_000_000

_STRING, _ARRAY, _UINT32 = 8, 9, 4
# How the fixed-size kinds of metadata are packed, by their number in the format.
_PACKED = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_FLOAT32 = 0
_ALIGNMENT = 32
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
    if min(directions) < 1:
        raise VectorError(
            f"llama.cpp takes no control vector at layer {min(directions)}; choose another layer or a .safetensors file"
        )
    _check_widths(path, directions)
    metadata = [_text("general.architecture") + struct.pack("<I", _STRING) + _text(ARCHITECTURE)]
    texts = {f"{ARCHITECTURE}.model_hint": model_hint, **notes}
    metadata += [_text(key) + struct.pack("<I", _STRING) + _text(value) for key, value in texts.items()]
    metadata.append(_text(f"{ARCHITECTURE}.layer_count") + struct.pack("<II", _UINT32, len(directions)))
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
        if place.stat().st_size > MAXIMUM_BYTES:
            raise VectorError(f"{path} is far too large for control vectors; choose a control vector, not a model")
        content = place.read_bytes()
    except OSError as error:
        raise VectorError(f"{path} cannot be read ({error}); check the path") from error
    if content[:4] != MAGIC:
        raise VectorError(f"{path} is no GGUF file; choose a control vector in GGUF format")
    cursor = _Cursor(content, path)
    version = cursor.number("I")
    if version not in VERSIONS:
        raise VectorError(f"{path} has GGUF version {version}, but only 2 and 3 can be read; make it again")
    tensors, pairs = cursor.number("Q"), cursor.number("Q")
    # No entry is shorter than this, so that a false count is seen before anyone counts to it.
    if (tensors + pairs) * 12 > len(content):
        raise _cut_off(path)
    metadata: dict[str, str | int | float | None] = {}
    for _ in range(pairs):
        key = cursor.text()
        metadata[key] = cursor.value(cursor.number("I"))
    if (architecture := metadata.get("general.architecture")) != ARCHITECTURE:
        raise VectorError(f"{path} holds {architecture!r}, not a control vector; choose a control vector file")
    alignment = metadata.get("general.alignment", _ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1:
        raise VectorError(f"{path} has a damaged alignment; make it again")
    places = [cursor.tensor() for _ in range(tensors)]
    start = -(-cursor.at // alignment) * alignment
    directions = {layer: _values(content, start + at, width, path, layer) for layer, width, at in places}
    if not directions or len(directions) < len(places):
        what = "gives a layer twice" if directions else "holds no direction"
        raise VectorError(f"{path} {what}; make it again")
    _check_widths(path, directions)
    notes = {key: value for key, value in metadata.items() if isinstance(value, str)}
    return ControlVectors(notes.pop(f"{ARCHITECTURE}.model_hint", ""), dict(sorted(directions.items())), notes)


class _Cursor:
    """A place in the bytes of a file; reading past their end raises VectorError."""

    def __init__(self, content: bytes, path: Path) -> None:
        self._content, self._path = content, path
        self.at = len(MAGIC)

    def number(self, packed: str) -> int:
        return int(self._unpack(packed))

    def text(self) -> str:
        length = self.number("Q")
        if length > len(self._content) - self.at:
            raise _cut_off(self._path)
        self.at += length
        try:
            return self._content[self.at - length : self.at].decode()
        except UnicodeDecodeError as error:
            raise VectorError(f"{self._path} holds a text that is not UTF-8; make it again") from error

    def value(self, kind: int) -> str | int | float | None:
        """A value of the metadata; lists are passed over and give None."""
        if kind == _STRING:
            return self.text()
        if kind in _PACKED:
            return self._unpack(_PACKED[kind])
        if kind != _ARRAY:
            raise VectorError(f"{self._path} holds metadata of an unknown kind {kind}; make it again")
        inner, count = self.number("I"), self.number("Q")
        if inner in _PACKED:
            self._skip(count * struct.calcsize("<" + _PACKED[inner]))
        elif inner == _STRING and count * 8 <= len(self._content) - self.at:
            for _ in range(count):
                self._skip(self.number("Q"))
        else:
            raise VectorError(f"{self._path} holds metadata that cannot be read; make it again")
        return None

    def tensor(self) -> tuple[int, int, int]:
        """Layer, width and place of one direction."""
        name = self.text()
        match = _NAME.fullmatch(name)
        dimensions = self.number("I")
        if match is None or dimensions != 1:
            raise VectorError(
                f"{self._path} holds {name!r} of {dimensions} dimensions, where a control vector has one row named "
                "direction.LAYER; choose a control vector file"
            )
        width, kind, at = self.number("Q"), self.number("I"), self.number("Q")
        if kind != _FLOAT32:
            raise VectorError(f"{self._path} holds {name} in another precision; save it in float32")
        return int(match[1]), width, at

    def _unpack(self, packed: str) -> int | float:
        size = struct.calcsize("<" + packed)
        self._skip(size)
        value: int | float = struct.unpack_from("<" + packed, self._content, self.at - size)[0]
        return value

    def _skip(self, length: int) -> None:
        if length > len(self._content) - self.at:
            raise _cut_off(self._path)
        self.at += length


def _values(content: bytes, start: int, width: int, path: Path, layer: int) -> Tensor:
    if width < 1 or start + 4 * width > len(content):
        raise _cut_off(path)
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


def _cut_off(path: Path) -> VectorError:
    return VectorError(f"{path} is cut off or damaged; fetch or make it again")


def _text(value: str) -> bytes:
    content = value.encode()
    return struct.pack("<Q", len(content)) + content


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % _ALIGNMENT)
