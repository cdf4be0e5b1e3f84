"""What can be said of a model from its files alone, without loading it."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import try_to_load_from_cache
from huggingface_hub.errors import HFValidationError
from safetensors import SafetensorError, safe_open

from lrt_explorer.errors import ModelError
from lrt_explorer.lm.gguf import gguf_architecture, gguf_file, read_gguf_model
from lrt_explorer.lm.presets import MODELS, locate


@dataclass(frozen=True)
class ModelSummary:
    """What can be said of a model without loading it; None where its files are not on this disk.

    Attributes:
        name: as asked for.
        where: folder or hub id.
        parameters, layers, width: its size.
        available: whether it can be loaded without a network.
    """

    name: str
    where: str
    parameters: int | None
    layers: int | None
    width: int | None
    available: bool


def describe(name: str) -> ModelSummary:
    """Size and place of a model, read from the files on this disk where there are any, without loading it."""
    where = locate(name)
    try:
        if (file := gguf_file(name, Path(where))) is not None:
            model = read_gguf_model(file)
            return ModelSummary(name, where, model.parameters, model.layers, model.width, available=True)
    except ModelError:  # loading says why
        return ModelSummary(name, where, None, None, None, available=False)
    folder = Path(where) if Path(where).is_dir() else cached_folder(where)
    config = _config(folder) if folder is not None else None
    preset = MODELS.get(name)
    if folder is None or config is None:
        sizes = (preset.parameters, preset.layers, preset.width) if preset else (None, None, None)
        return ModelSummary(name, where, *sizes, available=False)
    weights = sorted(folder.glob("*.safetensors"))
    return ModelSummary(
        name,
        where,
        sum(_values(file) for file in weights) or None,
        _first(config, "num_hidden_layers", "n_layer", "n_layers", "num_layers"),
        _first(config, "hidden_size", "n_embd", "d_model"),
        available=bool(weights),
    )


def architecture(name: str) -> str:
    """A model's family as GGUF files name it, such as "llama" or "gemma3"; "" if its files are not on this disk."""
    where = locate(name)
    try:
        if (file := gguf_file(name, Path(where))) is not None:
            return read_gguf_model(file).architecture
    except ModelError:
        return ""
    folder = Path(where) if Path(where).is_dir() else cached_folder(where)
    config = _config(folder) if folder is not None else None
    family = config.get("model_type") if config else None
    return gguf_architecture(family) if isinstance(family, str) else ""


def cached_folder(hub_id: str) -> Path | None:
    """Where the hub's cache on this disk keeps a model; None if it has none of this name."""
    try:
        config = try_to_load_from_cache(hub_id, "config.json")
    except HFValidationError:
        return None
    return Path(config).parent if isinstance(config, str) else None


def _config(folder: Path) -> dict[str, Any] | None:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return config.get("text_config", config) if isinstance(config, dict) else None


def _first(config: dict[str, Any], *keys: str) -> int | None:
    return next((config[key] for key in keys if isinstance(config.get(key), int)), None)


def _values(file: Path) -> int:
    """How many numbers a safetensors file holds, from its header alone; 0 if it is damaged."""
    try:
        with safe_open(file, "pt") as tensors:
            return sum(math.prod(tensors.get_slice(key).get_shape()) for key in tensors.keys())
    except (OSError, SafetensorError):
        return 0
