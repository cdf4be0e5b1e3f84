"""Models from GGUF files as folders that load fast: dequantised once, and kept under the digest of their file.

The weights are kept in float32, so that the model computes what the library makes of the file, and in safetensors, so
that the next start only maps them into memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers

from lrt_explorer.errors import ModelError, first_line
from lrt_explorer.lm.gguf import ENDING, GgufModel, read_gguf_model
from lrt_explorer.lm.gguf_tokenizer import read_gguf_tokenizer
from lrt_explorer.store import data_home
from lrt_explorer.store.swap import new_file, new_folder, swap_lock, take_back

VERSION = 2
"""Raised when conversions are made in another way, so that older ones are made again."""
MOST_MODELS = 8
MOST_BYTES = 40_000_000_000
PAIR = 2
BYTES_PER_WEIGHT = 4
SOURCE = "source.json"
_DIGESTS = "digests.json"
_MOST_DIGESTS = 256


def converted(name: str, file: Path) -> Path:
    """The folder of a model that was converted from a GGUF file; it is made the first time.

    A kill at any moment leaves no half folder. At most `MOST_MODELS` are kept, of at most `MOST_BYTES` beside the two
    last used; those unused for longest go first.

    Args:
        name: what the model was asked for by.
        file: the GGUF file.

    Raises:
        ModelError: if the file is damaged, of a family that the library does not read from GGUF, or there is no room.
    """
    model = read_gguf_model(file)
    home = conversions_home()
    try:
        place = home / _digest(file)
        with swap_lock:
            take_back(place)
        if not _is_current(place):
            _check_room(name, model, home)
            with new_folder(place) as fresh:
                _convert(name, model, fresh)
        os.utime(place / SOURCE)
        _make_room(home)
    except OSError as error:
        raise ModelError(
            f"{name} cannot be converted in {home} ({error}); free some space, or set LRT_EXPLORER_HOME to a folder "
            "elsewhere"
        ) from error
    return place


def conversions_home() -> Path:
    """Where converted models lie."""
    return (data_home() / "gguf").resolve()


def _convert(name: str, model: GgufModel, folder: Path) -> None:
    with _with_ending(model.file) as file:
        language_model = _read_weights(name, model, file)
        tokenizer = read_gguf_tokenizer(name, model, file)
    # The weights are plain numbers from here on.
    for holder, attribute in ((language_model, "hf_quantizer"), (language_model.config, "quantization_config")):
        if hasattr(holder, attribute):
            delattr(holder, attribute)
    language_model.config.architectures = [type(language_model).__name__]
    language_model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    source = {"version": VERSION, "file": str(model.file), "architecture": model.architecture}
    (folder / SOURCE).write_text(json.dumps(source | {"transformers": transformers.__version__}), encoding="utf-8")


def _read_weights(name: str, model: GgufModel, file: Path) -> transformers.PreTrainedModel:
    kind: Any = transformers.AutoModelForCausalLM
    try:
        found, report = kind.from_pretrained(
            file.parent,
            gguf_file=str(file),
            dtype=torch.float32,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise ModelError(f"{name} does not fit into memory; choose a smaller model") from error
    except Exception as error:  # the library raises ValueError, KeyError and NotImplementedError for what it lacks
        raise ModelError(
            f"{name} belongs to the family {model.architecture}, which cannot be read from GGUF here "
            f"({first_line(error)}); use the model's safetensors, or a newer transformers"
        ) from error
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            f"{name} lacks {len(missing)} of the tensors of a {model.architecture} model, such as {missing[0]}; use "
            "the model's safetensors"
        )
    weights: transformers.PreTrainedModel = found
    return weights


@contextmanager
def _with_ending(file: Path) -> Iterator[Path]:
    """The file under a name that ends as the library expects, which Ollama's do not."""
    if file.suffix == ENDING:
        yield file.resolve()
        return
    with TemporaryDirectory(prefix="lrt-gguf-") as folder:
        linked = Path(folder) / f"model{ENDING}"
        try:
            linked.symlink_to(file.resolve())
        except OSError:  # systems where links take a privilege
            shutil.copyfile(file, linked)
        yield linked


def _is_current(place: Path) -> bool:
    try:
        return bool(json.loads((place / SOURCE).read_text(encoding="utf-8"))["version"] == VERSION)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _digest(file: Path) -> str:
    """sha256 of the file, computed once for as long as its size and the time of its last change stay as they are."""
    state, known = file.stat(), _known_digests()
    key = str(file.resolve())
    mark = [state.st_size, state.st_mtime_ns]
    if (entry := known.get(key)) is not None and entry[:2] == mark:
        return str(entry[2])
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    known.pop(key, None)
    known[key] = [*mark, digest]
    newest = dict(list(known.items())[-_MOST_DIGESTS:])
    with new_file(conversions_home() / _DIGESTS) as fresh:
        fresh.write_text(json.dumps(newest), encoding="utf-8")
    return digest


def _known_digests() -> dict[str, list[Any]]:
    try:
        known = json.loads((conversions_home() / _DIGESTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = known.items() if isinstance(known, dict) else ()
    return {key: entry for key, entry in entries if isinstance(entry, list) and len(entry) == 3}


def _check_room(name: str, model: GgufModel, home: Path) -> None:
    needed, free = model.parameters * BYTES_PER_WEIGHT, shutil.disk_usage(home).free
    if needed > free:
        raise ModelError(
            f"{name} needs {needed / 1e9:.1f} GB to be converted, but {home} has {free / 1e9:.1f} GB free; free "
            "some space, or set LRT_EXPLORER_HOME to a folder elsewhere"
        )


def _make_room(home: Path) -> None:
    """Remove the conversions that were not used for longest, for as long as there are too many or too much."""
    kept = sorted((source.parent for source in home.glob(f"*/{SOURCE}")), key=_last_used)
    sizes = {place: sum(file.stat().st_size for file in place.iterdir()) for place in kept}
    while len(kept) > MOST_MODELS or (len(kept) > PAIR and sum(sizes[place] for place in kept) > MOST_BYTES):
        with suppress(OSError):
            shutil.rmtree(kept[0])
        del kept[0]


def _last_used(place: Path) -> float:
    return (place / SOURCE).stat().st_mtime
