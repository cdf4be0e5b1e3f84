"""How much memory a model takes and how much is free, asked before it is loaded."""

import ctypes
import gc
import math
import traceback
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from lrt_explorer.errors import ModelError
from lrt_explorer.lm.summary import ModelSummary, cached_folder

UNKNOWN_ITEMSIZE = 2
"""Bytes a number of a checkpoint whose files are not on this disk; most are stored in half precision."""
TOKENIZER_FACTOR, TOKENIZER_BASE = 5.2, 30_000_000
"""Memory of a fast tokenizer in sizes of its file, and what comes on top whatever its size, in bytes.

Measured with vocabularies of 49,152 and 262,144 by `benchmarks/memory.py`. Twice that is in use while it is read,
before the weights are.
"""
BESIDE = 30_000_000
"""Bytes that loading takes beside weights and tokenizer, whatever the model."""
FLOATS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
"""Bytes a number that is stored as a float and may be loaded in another precision."""
INTEGERS = {"I64": 8, "U64": 8, "I32": 4, "U32": 4, "I16": 2, "U16": 2}

M_ARENA_MAX, ARENAS = -8, 2
"""As malloc.h of the GNU C library names the setting, and how many there are."""

CGROUPS = Path("/sys/fs/cgroup")
PROCESS = Path("/proc/self/cgroup")
MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True)
class Need:
    """What loading a model takes, in bytes.

    Attributes:
        weights: what stays once it is loaded, without the tokenizer.
        peak: the most that is in use while it is being loaded, tokenizer included.
        tokenizer: what its tokenizer takes, by the size of its file; 0 where it has none.
    """

    weights: int
    peak: int
    tokenizer: int = 0


def needed_memory(model: str | Path | ModelSummary, dtype: torch.dtype | None) -> Need | None:
    """What loading a model takes, from the headers of its files, or else from its number of parameters.

    Args:
        model: a folder, or what `describe` says of a model.
        dtype: the precision of the weights; None for the one that is stored.

    Returns:
        None where nothing is known of its size.
    """
    where = model.where if isinstance(model, ModelSummary) else str(model)
    folder = Path(where) if Path(where).is_dir() else cached_folder(where)
    stored = _tensors(folder) if folder else []
    if folder and stored:
        weights = sum(count * _loaded(kind, dtype) for _, kind, count in stored)
        largest = max(count * _beside(key, kind, dtype) for key, kind, count in stored)
        files = [file.stat().st_size for file in folder.glob("tokenizer.json")]
        tokenizer = round(TOKENIZER_FACTOR * sum(files)) + TOKENIZER_BASE if files else 0
        return Need(weights, max(2 * tokenizer, weights + largest + tokenizer) + BESIDE, tokenizer)
    if isinstance(model, ModelSummary) and model.parameters:
        weights = model.parameters * (dtype.itemsize if dtype else UNKNOWN_ITEMSIZE)
        return Need(weights, int(1.2 * weights))
    return None


def free_memory(device: torch.device | str = "cpu") -> int | None:
    """Bytes that can still be taken, within the limits of the container this runs in; None where it cannot be told."""
    device = torch.device(device)
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    free = [found for found in (_free_in_machine(), _free_in_container()) if found is not None]
    return min(free) if free else None


def check_room(name: str, need: Need | None, dtype: torch.dtype | None, device: torch.device) -> None:
    """Raise ModelError, with the figures, if a model does not fit into what is free."""
    free = free_memory(device)
    if need is None or free is None:
        return
    peak = need.weights if device.type == "cuda" else need.peak
    if peak <= free:
        return
    precision = "as stored" if dtype is None else f"as {str(dtype).removeprefix('torch.')}"
    smaller = " or the dtype bfloat16" if dtype == torch.float32 else ""
    raise ModelError(
        f"{name} needs {gigabytes(peak)} to be loaded ({gigabytes(need.weights)} for its weights {precision}), but "
        f"{gigabytes(free)} of memory is free; choose a smaller model{smaller}, or free some memory"
    )


def gigabytes(size: float) -> str:
    """A number of bytes in words."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e9:.3f} GB"


def share_arenas() -> None:
    """Let all threads take memory from the same few places, so that what one has let go of serves the others.

    The C library of Linux keeps some for each thread otherwise, which a server with many threads never gives back.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def give_back_memory() -> None:
    """Give what is free back to the system; the C library of Linux would keep it for the next job."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory has run out, of the machine or of an accelerator."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and ("can't allocate memory" in str(error) or "out of memory" in str(error))


def free_up(error: BaseException) -> None:
    """Let go of what a failed computation has left: its numbers hang on to the error."""
    traceback.clear_frames(error.__traceback__)
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _tensors(folder: Path) -> list[tuple[str, str, int]]:
    """Name of every tensor of a checkpoint, with the kind and count of its numbers."""
    files = sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("*.safetensors"))
    found: list[tuple[str, str, int]] = []
    for file in files:
        try:
            with safe_open(file, "pt") as tensors:
                slices = {key: tensors.get_slice(key) for key in tensors.keys()}
                found += [(key, part.get_dtype(), math.prod(part.get_shape())) for key, part in slices.items()]
        except (OSError, SafetensorError):
            return []  # loading says what is wrong
    return found


def _stored(kind: str) -> int:
    return FLOATS.get(kind) or INTEGERS.get(kind, 1)


def _loaded(kind: str, dtype: torch.dtype | None) -> int:
    return dtype.itemsize if dtype is not None and kind in FLOATS else _stored(kind)


def _beside(key: str, kind: str, dtype: torch.dtype | None) -> int:
    """Bytes a number that one tensor at a time takes beside its place among the weights."""
    if kind not in FLOATS:
        return _stored(kind)
    # Floats are read in pieces; matrices in float32 are then turned round (see layout.py), tables are not.
    table = "embed" in key or "wte" in key
    return 4 if _loaded(kind, dtype) == 4 and not table else 0


def _free_in_machine() -> int | None:
    try:
        lines = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines() if ":" in line)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError, IndexError):
        pass
    # Elsewhere than on Linux; accelerate brings it.
    return int(import_module("psutil").virtual_memory().available) if find_spec("psutil") else None


def _free_in_container() -> int | None:
    """What the control groups that this process belongs to leave it, in either version of their files."""
    try:
        lines = [line.split(":", 2) for line in PROCESS.read_text().splitlines()]
    except OSError:
        return None
    free = []
    for _, controllers, path in (line for line in lines if len(line) == 3):
        if controllers == "":
            names, home = ("memory.max", "memory.current", "inactive_file"), CGROUPS
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            home = CGROUPS / "memory"
        else:
            continue
        # A container may see its own group as the root while it is told its path in the host.
        inner = home / path.strip("/")
        groups = [inner, *inner.parents]
        free += [left for group in groups[: groups.index(home) + 1] if (left := _left(group, *names)) is not None]
    return min(free) if free else None


def _left(group: Path, limit: str, usage: str, reclaimable: str) -> int | None:
    """What one control group leaves; files that are only cached give way. None where it sets no limit."""
    try:
        most = int((group / limit).read_text())
        used = int((group / usage).read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    # Version 1 writes "no limit" as a number that no machine has.
    return max(0, most - used + int(stat.get(reclaimable, 0))) if most < 2**60 else None
