"""Reading the bytes of a GGUF file strictly, whatever it holds: control vectors or a model.

The layout is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian. The
reader is our own because files come from strangers: every count is checked against the bytes there are before anything
is made.
"""

import struct
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path

from lrt_explorer.errors import LRTError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
ALIGNMENT = 32
STRING, ARRAY, UINT32 = 8, 9, 4
# How the fixed-size kinds of metadata are packed, by their number in the format.
PACKED = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_MOST_DIMENSIONS = 8

Value = str | int | float | None
"""A value of the metadata; lists are passed over and give None."""


@dataclass(frozen=True)
class GgufTensor:
    """Where a tensor lies, and how it is stored.

    Attributes:
        name: its name.
        shape: its sizes in the order of the file, the fastest first.
        kind: the number of its precision in the format; 0 is float32.
        place: its first byte, counted from the start of the data.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    place: int


@dataclass(frozen=True)
class GgufHeader:
    """What stands before the data.

    Attributes:
        metadata: values by key.
        tensors: in the order of the file.
        data: where the data starts.
    """

    metadata: dict[str, Value]
    tensors: tuple[GgufTensor, ...]
    data: int


def read_header(content: bytes | mmap, path: Path, refusal: type[LRTError], *, most: int | None = None) -> GgufHeader:
    """The header of a GGUF file.

    Args:
        content: the whole file.
        path: what it is called in errors.
        refusal: the error that is raised.
        most: bytes that the header may have; None for as many as there are.

    Raises:
        LRTError: if it is no GGUF file, of another version, cut off, or holds what the format does not know.
    """
    if content[: len(MAGIC)] != MAGIC:
        raise refusal(f"{path} is no GGUF file; choose one in GGUF format")
    end = len(content) if most is None else min(most, len(content))
    cursor = _Cursor(content, path, refusal, end)
    version = cursor.number("I")
    if version not in VERSIONS:
        raise refusal(f"{path} has GGUF version {version}, but only 2 and 3 can be read; make it again")
    tensors, pairs = cursor.number("Q"), cursor.number("Q")
    # No entry is shorter than this, so that a false count is seen before anyone counts to it.
    if (tensors + pairs) * 12 > end:
        raise cut_off(path, refusal)
    metadata: dict[str, Value] = {}
    for _ in range(pairs):
        key = cursor.text()
        metadata[key] = cursor.value(cursor.number("I"))
    alignment = metadata.get("general.alignment", ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1:
        raise refusal(f"{path} has a damaged alignment; make it again")
    found = tuple(cursor.tensor() for _ in range(tensors))
    return GgufHeader(metadata, found, -(-cursor.at // alignment) * alignment)


def cut_off(path: Path, refusal: type[LRTError]) -> LRTError:
    """The error for a file that ends too early."""
    return refusal(f"{path} is cut off or damaged; download or make it again")


class _Cursor:
    """A place in the bytes of a header; reading past its end is refused."""

    def __init__(self, content: bytes | mmap, path: Path, refusal: type[LRTError], end: int) -> None:
        self._content, self._path, self._refusal, self._end = content, path, refusal, end
        self.at = len(MAGIC)

    def number(self, packed: str) -> int:
        return int(self._unpack(packed))

    def text(self) -> str:
        length = self.number("Q")
        self._skip(length)
        try:
            return self._content[self.at - length : self.at].decode()
        except UnicodeDecodeError as error:
            raise self._refusal(f"{self._path} holds a text that is not UTF-8; make it again") from error

    def value(self, kind: int) -> Value:
        if kind == STRING:
            return self.text()
        if kind in PACKED:
            return self._unpack(PACKED[kind])
        if kind != ARRAY:
            raise self._refusal(f"{self._path} holds metadata of an unknown kind {kind}; make it again")
        inner, count = self.number("I"), self.number("Q")
        if inner in PACKED:
            self._skip(count * struct.calcsize("<" + PACKED[inner]))
        elif inner == STRING and count * 8 <= self._end - self.at:
            for _ in range(count):
                self._skip(self.number("Q"))
        else:
            raise self._refusal(f"{self._path} holds metadata that cannot be read; make it again")
        return None

    def tensor(self) -> GgufTensor:
        name = self.text()
        dimensions = self.number("I")
        if dimensions > _MOST_DIMENSIONS:
            raise cut_off(self._path, self._refusal)
        shape = tuple(self.number("Q") for _ in range(dimensions))
        return GgufTensor(name, shape, self.number("I"), self.number("Q"))

    def _unpack(self, packed: str) -> int | float:
        size = struct.calcsize("<" + packed)
        self._skip(size)
        value: int | float = struct.unpack_from("<" + packed, self._content, self.at - size)[0]
        return value

    def _skip(self, length: int) -> None:
        if length > self._end - self.at:
            raise cut_off(self._path, self._refusal)
        self.at += length
