"""Read the weights of a model: from safetensors alone, each tensor into its place, with what was tuned on top of it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError, safe_open

from lrt_explorer.errors import ModelError, first_line
from lrt_explorer.lm.hub import explain_refusal
from lrt_explorer.lm.summary import cached_folder

QUANTISERS = {
    "aqlm": ("aqlm",),
    "auto-round": ("auto-round",),
    "awq": ("gptqmodel",),
    "bitsandbytes": ("bitsandbytes",),
    "compressed-tensors": ("compressed-tensors",),
    "eetq": ("kernels",),
    "fbgemm_fp8": ("fbgemm-gpu",),
    "fp_quant": ("fp-quant",),
    "gptq": ("gptqmodel", "optimum"),
    "higgs": ("flute-kernel",),
    "hqq": ("hqq",),
    "quanto": ("optimum-quanto",),
    "quark": ("amd-quark",),
    "sinq": ("sinq",),
    "spqr": ("spqr-quant",),
    "torchao": ("torchao",),
    "vptq": ("vptq",),
}
"""Packages that the library needs for each way of quantising, by the names they are installed by."""
MODULES = {
    "optimum-quanto": "optimum.quanto",
    "amd-quark": "quark",
    "flute-kernel": "flute",
}
"""What such a package is imported as, where that is not its name with underscores."""
FLOATS = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
"""Floating point numbers, as safetensors names them."""
NUMBERS_AT_ONCE = 2**20
"""How many numbers of a tensor are read from its file at once where they are converted."""
ADAPTER_FILES = ("adapter_config.json", "adapter_model.*", "adapters.safetensors", "pytorch_adapter.bin")


def read_weights(
    name: str,
    where: str,
    *,
    local: bool,
    config: transformers.PretrainedConfig,
    dtype: torch.dtype | None,
    device_map: str | dict[str, Any] | None,
) -> transformers.PreTrainedModel:
    """The model with its weights, as its files hold them or in another precision.

    Args:
        name: what the model is called in messages.
        where: its folder or hub id.
        local: whether the files are on this disk.
        config: its configuration.
        dtype: precision of the weights, None for what is stored.
        device_map: as the library takes it.

    Raises:
        ModelError: if files are missing or damaged, or need a package that is not installed.
    """
    check_quantiser(name, config)
    try:
        model, report = _from_files(where, local=local, config=config, dtype=dtype, device_map=device_map)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise ModelError(f"{name} does not fit into memory; choose a smaller model") from error
    except SafetensorError as error:
        raise ModelError(f"the weights of {name} are damaged or incomplete ({error}); download them again") from error
    except Exception as error:  # as for the configuration, and RuntimeError for shapes that do not fit
        if refusal := explain_refusal(name, error):
            raise ModelError(refusal) from error
        raise ModelError(
            f"{name} cannot be loaded as a causal language model from safetensors ({first_line(error)}); "
            "choose another model"
        ) from error
    # The library fills what is missing with random numbers, and the model would then write noise.
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            f"the weights of {name} lack {len(missing)} of the tensors that its config.json asks for, such as "
            f"{missing[0]}; download them again"
        )
    if not isinstance(model, transformers.PreTrainedModel):
        raise ModelError(f"{name} is not a transformers model; choose another one")
    return model


def quantised(config: transformers.PretrainedConfig) -> str | None:
    """The name of the way in which a checkpoint is quantised; None if it is not."""
    settings = getattr(config, "quantization_config", None)
    if settings is None:
        return None
    found = settings if isinstance(settings, dict) else vars(settings)
    method = found.get("quant_method")
    # Enumerations of the library carry the name as their value.
    return str(getattr(method, "value", method) or "bitsandbytes").lower()


def check_quantiser(name: str, config: transformers.PretrainedConfig) -> None:
    """Raise ModelError, naming what to install, if a checkpoint is quantised in a way this machine cannot read."""
    method = quantised(config)
    needed = QUANTISERS.get(method or "", ())
    if missing := [package for package in needed if not installed(MODULES.get(package, package.replace("-", "_")))]:
        packages = " and ".join(missing)
        raise ModelError(
            f"{name} is quantised with {method}, which needs {packages}; install {packages} with "
            f"`pip install {' '.join(missing)}`, or choose a checkpoint that is not quantised"
        )


def adapter_of(folder: Path) -> str | None:
    """The first file in a folder that belongs to an adapter, such as one of LoRA; None if there is none."""
    return next((file.name for pattern in ADAPTER_FILES for file in sorted(folder.glob(pattern))), None)


def check_adapter(name: str, folder: Path) -> None:
    """Raise ModelError unless the adapter in a folder can be put on its base model."""
    if not installed("peft"):
        raise ModelError(
            f"{name} holds an adapter ({adapter_of(folder)}), which needs the package peft; install it with "
            "`pip install peft`, or merge the adapter into its base model first"
        )
    if not (folder / "adapter_config.json").is_file() or not (folder / "adapter_model.safetensors").is_file():
        raise ModelError(
            f"the adapter in {name} is not one that peft saved as safetensors; put its adapter_config.json and "
            "adapter_model.safetensors there, or merge it into its base model first"
        )


def base_of(name: str, folder: Path) -> str:
    """The name of the base model that an adapter was made for, as its own settings have it.

    Raises:
        ModelError: if they do not have it.
    """
    try:
        base = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the adapter_config.json of {name} names no base model; put the model beside it") from error
    # Relative to the adapter, if there is such a folder.
    return str(folder / str(base)) if (folder / str(base) / "config.json").is_file() else str(base)


def with_adapter(name: str, model: transformers.PreTrainedModel, folder: Path) -> transformers.PreTrainedModel:
    """The model with an adapter merged into its weights; `check_adapter` comes first.

    Raises:
        ModelError: if the adapter does not fit the model, or cannot be merged into weights.
    """
    if getattr(model, "_hf_peft_config_loaded", False):
        return model  # the library has put it on already
    peft: Any = import_module("peft")
    try:
        # The library's own names for the model's parts stay, so that it is the same kind of model as before.
        merged = peft.PeftModel.from_pretrained(model, str(folder)).merge_and_unload(safe_merge=True)
    except Exception as error:  # whatever peft raises for one of its many kinds
        raise ModelError(
            f"the adapter in {name} cannot be merged into its base model ({first_line(error)}); merge it elsewhere, "
            "or leave it out"
        ) from error
    result: transformers.PreTrainedModel = merged
    return result


def _from_files(
    where: str, *, local: bool, config: transformers.PretrainedConfig, dtype: torch.dtype | None, device_map: Any
) -> tuple[Any, Any]:
    folder = Path(where) if Path(where).is_dir() else cached_folder(where)
    plain = (
        device_map is None and quantised(config) is None and type(config) in transformers.MODEL_FOR_CAUSAL_LM_MAPPING
    )
    files = _shards(folder) if folder and plain else []
    kind: Any = transformers.AutoModelForCausalLM
    if folder is None or not files:
        return kind.from_pretrained(  # type: ignore[no-any-return]
            where,
            config=config,
            dtype=dtype or "auto",
            device_map=device_map,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=local,
            output_loading_info=True,
        )
    # The library would map the whole file into memory beside the weights that it makes of it.
    with ExitStack() as stack:
        opened = [stack.enter_context(_opened(file)) for file in files]
        tensors = {key: file.get_slice(key) for file in opened for key in file.keys()}
        tensors |= {key: part for file in files for key, part in _in_pieces(file, dtype).items()}
        model, report = _class_of(config).from_pretrained(
            None,
            config=config,
            state_dict=tensors,
            dtype=dtype or _stored_dtype(config, tensors),
            output_loading_info=True,
        )
    if model.can_generate() and (folder / "generation_config.json").is_file():
        model.generation_config = transformers.GenerationConfig.from_pretrained(folder)
    return model, report


def _shards(folder: Path) -> list[Path]:
    """The files that hold the whole checkpoint; none where that cannot be told."""
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError):
        return []
    files = [folder / str(name) for name in sorted(names)]
    return files if all(file.is_file() and file.suffix == ".safetensors" for file in files) else []


def _opened(file: Path) -> Any:
    """A safetensors file that is read piece by piece, without a map of it in memory where the installed version can."""
    opener: Any = safe_open
    try:
        return opener(file, framework="pt", device="cpu", backend="pread")
    except TypeError:
        return opener(file, framework="pt", device="cpu")


class _InPieces:
    """A tensor that is read, and converted, a piece at a time, so that no whole copy is beside it.

    The library for such files reads all of a tensor, even where only a few of its rows are asked for.
    """

    def __init__(
        self, file: Path, offset: int, shape: list[int], stored: torch.dtype, wanted: torch.dtype | None
    ) -> None:
        self._file, self._offset, self._shape, self._stored = file, offset, shape, stored
        self._wanted = wanted or stored

    def __getitem__(self, index: Any) -> torch.Tensor:
        """The whole tensor for `[...]`, which is what the library asks for, else a part of it."""
        whole = torch.empty(self._shape, dtype=self._wanted)
        flat = whole.view(-1)
        converted = self._wanted != self._stored
        piece = torch.empty(min(NUMBERS_AT_ONCE, len(flat)), dtype=self._stored) if converted else flat
        with self._file.open("rb") as data:
            data.seek(self._offset)
            for start in range(0, len(flat), max(1, len(piece))):
                some = piece[: len(flat) - start]
                buffer: Any = some.view(torch.uint8).numpy()
                read = data.readinto(buffer)
                if read != some.nbytes:
                    raise SafetensorError(f"{self._file.name} ends within a tensor")
                if converted:
                    flat[start : start + len(some)] = some
        return whole[index]

    def get_shape(self) -> list[int]:
        """Its shape, as the library asks for it."""
        return self._shape

    def get_dtype(self) -> str:
        """How it is stored, as the library asks for it."""
        return next(kind for kind, dtype in FLOATS.items() if dtype == self._stored)


def _in_pieces(file: Path, wanted: torch.dtype | None) -> dict[str, _InPieces]:
    """The floating tensors of a safetensors file by the offsets in its header, to be read in the precision wanted."""
    with file.open("rb") as data:
        size = int.from_bytes(data.read(8), "little")
        header = json.loads(data.read(size))
    return {
        key: _InPieces(file, 8 + size + about["data_offsets"][0], about["shape"], FLOATS[about["dtype"]], wanted)
        for key, about in header.items()
        if key != "__metadata__" and about["dtype"] in FLOATS
    }


def _class_of(config: transformers.PretrainedConfig) -> Any:
    """The class of causal models for a configuration, the one that its checkpoint names where there are several."""
    classes: Any = transformers.MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    if not isinstance(classes, list | tuple):
        return classes
    named = config.architectures or []
    return next((kind for kind in classes if kind.__name__ in named), classes[0])


def _stored_dtype(config: transformers.PretrainedConfig, tensors: dict[str, Any]) -> torch.dtype | str:
    """What the library calls "auto": the precision in the configuration, else that of the first floating tensor."""
    if getattr(config, "dtype", None) is not None:
        return "auto"
    return next((FLOATS[part.get_dtype()] for part in tensors.values() if part.get_dtype() in FLOATS), torch.float32)


def installed(module: str) -> bool:
    """Whether a module can be imported; it is not."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of a module within a package that is not there
        return False
