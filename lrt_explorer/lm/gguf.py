"""GGUF files of models, as llama.cpp, Ollama and LM Studio leave them: recognised and described from their header."""

import mmap
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path

from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

from lrt_explorer.errors import ModelError
from lrt_explorer.store.gguf_cursor import MAGIC, GgufHeader, Value, read_header

ENDING = ".gguf"
# Families whose name in GGUF files is not that of transformers without underscores and "_text".
_ARCHITECTURES = {
    "mistral": "llama",
    "mixtral": "llama",
    "cohere": "command-r",
    "phi": "phi2",
    "gpt_oss": "gpt-oss",
    "falcon_h1": "falcon-h1",
    "ernie4_5": "ernie4_5",
    "seed_oss": "seed_oss",
    "hunyuan_v1_dense": "hunyuan-dense",
    "qwen3_5": "qwen35",
}
# Files that stand beside a model: what turns pictures into its input.
_PROJECTOR = "mmproj"


@dataclass(frozen=True, eq=False)
class GgufModel:
    """What the header of a model's file says.

    Attributes:
        file: the file.
        architecture: the family as GGUF files name it, such as "llama" or "gemma3".
        layers, width: number of blocks, and size of a hidden state; None where the file does not say.
        parameters: number of weights.
        metadata: all single values of the header by key.
    """

    file: Path
    architecture: str
    layers: int | None
    width: int | None
    parameters: int
    metadata: dict[str, Value]


def gguf_file(name: str, path: Path) -> Path | None:
    """The GGUF file that a name stands for; None where it stands for something else.

    A file is recognised by its first bytes, because Ollama's files have no ending. A folder without safetensors stands
    for the only GGUF file in it.

    Args:
        name: what was asked for, as errors call it.
        path: where it would be on this disk.

    Raises:
        ModelError: if there is no such file, it is of another kind, or the folder holds several.
    """
    if path.is_dir():
        files = sorted(file for file in path.glob(f"*{ENDING}") if not file.name.startswith(_PROJECTOR))
        if not files or any(path.glob("*.safetensors")):
            return None
        if len(files) > 1:
            raise ModelError(f"the folder {name} holds {len(files)} GGUF files; name one, such as {files[0]}")
        return files[0]
    if path.is_file():
        if not is_gguf(path):
            raise ModelError(f"{name} is not a GGUF model; name a {ENDING} file, or a folder that holds a model")
        return path
    if path.suffix.lower() == ENDING:
        raise ModelError(f"there is no file {name}; check the path")
    return None


def gguf_architecture(family: str) -> str:
    """How GGUF files name a family that transformers calls by its `model_type`."""
    return _ARCHITECTURES.get(family, family.removesuffix("_text").replace("_", ""))


def is_gguf(path: Path) -> bool:
    """Whether a file is in GGUF format, by its first bytes."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_gguf_model(file: Path) -> GgufModel:
    """What a model's file says of it; the weights are not read.

    Raises:
        ModelError: if the file is cut off, one part of several, or holds something else than a model.
    """
    try:
        state = file.stat()
        return _read(file, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error}); check the path") from error


# The size and the time of the last change are there so that a file that was exchanged is read again.
@lru_cache(maxsize=64)
def _read(file: Path, size: int, _changed: int) -> GgufModel:
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        header = read_header(content, file, ModelError)
    metadata = header.metadata
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str):
        raise ModelError(f"{file} does not say what it holds; download or make it again")
    if (kind := metadata.get("general.type", "model")) != "model" or architecture == "controlvector":
        what = "control vector" if architecture == "controlvector" else kind
        raise ModelError(f"{file} holds no model ({what}); choose the file of a model")
    parts = metadata.get("split.count")
    if isinstance(parts, int) and parts > 1:
        part = metadata.get("split.no")
        which = f"part {part + 1} of {parts}" if isinstance(part, int) else f"one of {parts} parts"
        raise ModelError(
            f"{file} is {which} of a model; join them with `llama-gguf-split --merge` and name the whole file"
        )
    if size < (needed := _end(file, header)):
        raise ModelError(f"{file} is cut off: it has {size:,} of {needed:,} bytes; download it again")
    return GgufModel(
        file=file,
        architecture=architecture,
        layers=_number(metadata.get(f"{architecture}.block_count")),
        width=_number(metadata.get(f"{architecture}.embedding_length")),
        parameters=sum(prod(tensor.shape) for tensor in header.tensors if not tensor.name.startswith("rope_freqs")),
        metadata=metadata,
    )


def _end(file: Path, header: GgufHeader) -> int:
    """How many bytes a whole file has."""
    end = header.data
    for tensor in header.tensors:
        try:
            values, stored = GGML_QUANT_SIZES[GGMLQuantizationType(tensor.kind)]
        except (ValueError, KeyError) as error:
            raise ModelError(
                f"{file} holds {tensor.name} in a precision that is unknown here ({tensor.kind}); choose another "
                "file, such as Q8_0 or Q4_K_M"
            ) from error
        end = max(end, header.data + tensor.place + -(-prod(tensor.shape) // values) * stored)
    return end


def _number(value: Value) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
