"""Load a language model by preset name, folder or hub id: safetensors only, and never code that comes with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn

from lrt_explorer.errors import ModelError, first_line
from lrt_explorer.lm.blocks import find_blocks
from lrt_explorer.lm.conversion import converted
from lrt_explorer.lm.fingerprint import fingerprint
from lrt_explorer.lm.gguf import gguf_file
from lrt_explorer.lm.hub import explain_refusal, only_on_disk
from lrt_explorer.lm.layout import lay_out_for_few_rows
from lrt_explorer.lm.memory import check_room, needed_memory
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.placement import AUTO, placement
from lrt_explorer.lm.presets import MODELS, locate
from lrt_explorer.lm.selfcheck import self_check
from lrt_explorer.lm.summary import cached_folder, describe
from lrt_explorer.lm.threads import PassLock
from lrt_explorer.lm.weights import (
    adapter_of,
    base_of,
    check_adapter,
    check_quantiser,
    installed,
    quantised,
    read_weights,
    with_adapter,
)

__all__ = ["LanguageModel", "load", "wrap_model"]

# Where neither the configuration nor the tokenizer sets a limit (ALiBi and recurrent models).
CONTEXT_WITHOUT_LIMIT = 2048


# Transformers builds models by switching process-wide state such as the default dtype.
_BUILDING = threading.Lock()


def load(
    name: str,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    device_map: str | None = None,
) -> LanguageModel:
    """Load a model and its tokenizer.

    Args:
        name: a preset, a local folder, a GGUF file, or a hub id, tried in this order.
        device: where to put it, as `Placement` says; None for what the environment says, else "auto".
        dtype: precision of the weights, likewise.
        device_map: "auto" to spread it over all accelerators, likewise.

    Raises:
        ModelError: if there is no such model, its files are missing or damaged, it does not fit into the memory that is
            free, or it does not pass the self-check as a causal language model.
    """
    _be_quiet()
    if not name.strip():
        raise ModelError("no model was named; give a preset, a folder, a GGUF file or a hub id")
    placed = placement(device, dtype, device_map)
    where = locate(name)
    if (file := gguf_file(name, Path(where))) is not None:
        with _BUILDING:
            where = str(converted(name, file))
    folder = Path(where)
    local = folder.is_dir()
    if local and adapter_of(folder):
        check_adapter(name, folder)
        if not (folder / "config.json").is_file():
            return _load_adapter(name, folder, device, dtype, device_map)
    if local:
        _check_folder(name, folder)
    elif name in MODELS and MODELS[name].shipped:
        raise ModelError(
            f"the demo model {name} is not in {folder}; restore the assets folder, or train it with "
            "`lrt-explorer tinyworld train`"
        )
    else:
        local = only_on_disk(name, where)
    target = placed.target
    config = _read_config(name, where, local=local)
    packed = quantised(config) is not None
    precision = None if packed and placed.dtype == AUTO else placed.weights
    check_quantiser(name, config)
    if not placed.device_map:
        check_room(name, needed_memory(folder if local else describe(name), precision), precision, target)
    tokenizer = _read_tokenizer(name, where, local=local)
    # Quantised weights cannot be moved, so they are put where they belong at once.
    spread = {"": target} if packed and not placed.device_map else placed.device_map or None
    with _BUILDING:
        model: Any = read_weights(name, where, local=local, config=config, dtype=precision, device_map=spread)
    if folder.is_dir() and adapter_of(folder):
        model = with_adapter(name, model, folder)
    try:
        if spread is None:
            model.to(target)
        elif any(weight.is_meta for weight in model.parameters()):
            # Weights that are fetched from elsewhere at every pass have no fingerprint, and take hours.
            raise ModelError(f"{name} does not fit on the available accelerators; add one or choose a smaller model")
    except (RuntimeError, AssertionError) as error:  # full, or not there
        raise ModelError(f"{name} cannot be put on {target} ({first_line(error)}); choose another device") from error
    lay_out_for_few_rows(model)
    return wrap_model(name, model, tokenizer)


def wrap_model(
    name: str,
    model: transformers.PreTrainedModel,
    tokenizer: transformers.PreTrainedTokenizerBase,
    *,
    blocks: Sequence[nn.Module] | None = None,
) -> LanguageModel:
    """A model that is already in memory, set to evaluation mode and checked, as the rest of the house takes it.

    Args:
        name: what it is called in messages and records.
        model: the model.
        tokenizer: its tokenizer.
        blocks: its decoder blocks, first to last, where they are not to be found by `find_blocks`.

    Raises:
        ModelError: if its blocks cannot be found, or it does not pass the self-check (see `selfcheck.py`).
    """
    try:
        blocks = find_blocks(model) if blocks is None else list(blocks)
    except ModelError as error:
        raise ModelError(f"{name} cannot be steered: {error}") from error
    _be_quiet()
    model.eval()
    parameters = sum(weight.numel() for weight in model.parameters())
    lm = LanguageModel(
        name=name,
        model=model,
        tokenizer=tokenizer,
        blocks=blocks,
        width=0,  # found by the self-check
        layers=len(blocks),
        parameters=parameters,
        fingerprint=fingerprint(model),
        device=model.device,
        context=_context(model, tokenizer),
        lock=PassLock(parameters),
    )
    return self_check(lm)


def _load_adapter(
    name: str, folder: Path, device: str | torch.device | None, dtype: torch.dtype | str | None, device_map: str | None
) -> LanguageModel:
    """The base model that a folder with nothing but an adapter names, with the adapter on it."""
    base = load(base_of(name, folder), device, dtype, device_map)
    tokenizer = base.tokenizer
    if (folder / "tokenizer.json").is_file():
        tokenizer = _read_tokenizer(name, str(folder), local=True)
    model = with_adapter(name, base.model, folder)
    lay_out_for_few_rows(model)
    return wrap_model(name, model, tokenizer)


def _context(model: transformers.PreTrainedModel, tokenizer: transformers.PreTrainedTokenizerBase) -> int:
    config = model.config.get_text_config(decoder=True)
    for key in ("max_position_embeddings", "max_seq_len", "seq_length"):
        if isinstance(limit := getattr(config, key, None), int) and limit > 0:
            return limit
    # Tokenizers without a limit of their own say 10 ** 30.
    return int(min(tokenizer.model_max_length, CONTEXT_WITHOUT_LIMIT))


def _check_folder(name: str, folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise ModelError(f"the folder {name} has no config.json, so it is not a model; choose a folder that holds one")
    if any(folder.glob("*.safetensors")):
        return
    if pickles := sorted(file.name for ending in ("bin", "pt", "pth", "ckpt") for file in folder.glob(f"*.{ending}")):
        raise ModelError(
            f"the folder {name} holds its weights only as pickle ({pickles[0]}), which can run code when it is read; "
            "save them as safetensors first"
        )
    raise ModelError(f"the folder {name} has no weights; put its model.safetensors there")


def _read_config(name: str, where: str, *, local: bool) -> transformers.PretrainedConfig:
    try:
        config: transformers.PretrainedConfig = transformers.AutoConfig.from_pretrained(
            where, trust_remote_code=False, local_files_only=local
        )
    except Exception as error:  # the library raises OSError, ValueError, KeyError and the hub's own kinds here
        if refusal := explain_refusal(name, error):
            raise ModelError(refusal) from error
        raise ModelError(
            f"the config.json of {name} is damaged, or of a family that the installed transformers does not know "
            f"({first_line(error)}); choose another model or a newer transformers"
        ) from error
    return config


def _read_tokenizer(name: str, where: str, *, local: bool) -> transformers.PreTrainedTokenizerBase:
    try:
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
            where, trust_remote_code=False, local_files_only=local
        )
        readable = len(tokenizer("a b", add_special_tokens=False, verbose=False)["input_ids"]) > 0
    except Exception as error:  # the tokenizers library raises bare Exceptions
        if file := _sentencepiece_file(where):
            raise ModelError(
                f"the tokenizer of {name} is a SentencePiece file ({file}), which needs the packages sentencepiece and "
                "protobuf; install them with `pip install sentencepiece protobuf`, or put its tokenizer.json there"
            ) from error
        raise ModelError(
            f"the tokenizer of {name} is missing or damaged ({first_line(error)}); put its tokenizer.json beside the "
            "weights"
        ) from error
    if not readable or not isinstance(tokenizer, transformers.PreTrainedTokenizerBase):
        raise ModelError(f"the tokenizer of {name} is empty; put its tokenizer.json beside the weights")
    if tokenizer.is_fast:
        # What the library has built it from, and keeps: as large as the tokenizer itself.
        for copied in ("_vocab", "_merges"):
            vars(tokenizer).pop(copied, None)
    return tokenizer


def _sentencepiece_file(where: str) -> str | None:
    """The SentencePiece file of a model that has no tokenizer.json, unless what it takes to read it is installed."""
    folder = Path(where) if Path(where).is_dir() else cached_folder(where)
    if folder is None or (folder / "tokenizer.json").is_file():
        return None
    if installed("sentencepiece") and installed("google.protobuf"):
        return None
    # Files of tiktoken have the same ending, and are lines of text.
    return next((file.name for file in sorted(folder.glob("*.model")) if file.read_bytes()[:1] == b"\n"), None)


def _be_quiet() -> None:
    """Keep the library's notes and bars off the terminal, unless the user has set its verbosity."""
    if "TRANSFORMERS_VERBOSITY" not in os.environ:
        transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
