"""Checkpoints that need a package more: adapters and quantised ones, each refused with one sentence without it."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from transformers import LlamaConfig

from lrt_explorer.errors import ModelError
from lrt_explorer.lm import load as loading
from lrt_explorer.lm import weights
from lrt_explorer.lm.load import load
from lrt_explorer.lm.weights import QUANTISERS, base_of, check_quantiser, quantised
from tests.lm.families import tiny_model, tiny_tokenizer


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    tiny_model("llama").save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def put_adapter(folder: Path, base: str) -> Path:
    """An adapter as peft saves one."""
    folder.mkdir(exist_ok=True)
    settings = {"base_model_name_or_path": base, "peft_type": "LORA", "r": 4, "target_modules": ["q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    save_file({"lora": torch.ones(4)}, folder / "adapter_model.safetensors")
    return folder


def refusal(name: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load(str(name), device="cpu")
    said = str(caught.value)
    assert "\n" not in said and ". " not in said, "more than one sentence"
    return said


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where none of the packages is installed, whatever this one has."""
    monkeypatch.setattr(weights, "installed", lambda module: False)


class FakePeft:
    """What is used of peft: an adapter whose every weight is one more."""

    class PeftModel:
        @staticmethod
        def from_pretrained(model: Any, folder: str) -> Any:
            def merge_and_unload(safe_merge: bool) -> Any:
                assert safe_merge and (Path(folder) / "adapter_config.json").is_file()
                with torch.no_grad():
                    model.model.layers[0].self_attn.q_proj.weight += 1
                return model

            return SimpleNamespace(merge_and_unload=merge_and_unload)


@pytest.fixture
def with_peft(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "installed", lambda module: True)
    monkeypatch.setattr(weights, "import_module", lambda name: FakePeft)


# Adapters


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside its base model"])
def test_an_adapter_without_peft_is_refused_with_the_remedy(tmp_path: Path, base: Path, beside: bool) -> None:
    folder = put_adapter(base if beside else tmp_path / "tuned", str(base))
    assert refusal(folder) == (
        f"{folder} holds an adapter (adapter_config.json), which needs the package peft; install it with "
        "`pip install peft`, or merge the adapter into its base model first"
    )


@pytest.mark.usefixtures("with_peft")
@pytest.mark.parametrize("where", ["alone", "beside its base model", "in a folder within its base model"])
def test_an_adapter_is_merged_into_its_base_model(tmp_path: Path, base: Path, where: str) -> None:
    plain = load(str(base), device="cpu")
    if where == "alone":
        folder = put_adapter(tmp_path / "tuned", str(base))
    elif where == "beside its base model":
        folder = put_adapter(base, "somebody/else")
    else:
        folder = put_adapter(base / "adapter", "..")
    tuned = load(str(folder), device="cpu")
    assert tuned.name == str(folder) and tuned.fingerprint != plain.fingerprint
    weight = "model.layers.0.self_attn.q_proj.weight"
    torch.testing.assert_close(tuned.model.get_parameter(weight), plain.model.get_parameter(weight) + 1)


@pytest.mark.usefixtures("with_peft")
@pytest.mark.parametrize("file", ["adapter_model.bin", "pytorch_adapter.bin", "adapters.safetensors"])
def test_an_adapter_in_another_form_is_refused(base: Path, file: str) -> None:
    (base / file).write_bytes(b"\x80\x04N.")
    assert "is not one that peft saved as safetensors" in refusal(base)


@pytest.mark.usefixtures("with_peft")
@pytest.mark.parametrize("settings", ["{}", "[]", "{"])
def test_an_adapter_that_names_no_base_model_is_refused(tmp_path: Path, settings: str) -> None:
    folder = put_adapter(tmp_path / "tuned", "base")
    (folder / "adapter_config.json").write_text(settings)
    assert "names no base model; put the model beside it" in refusal(folder)


def test_a_base_model_on_the_hub_is_named_as_it_is(tmp_path: Path) -> None:
    assert base_of("tuned", put_adapter(tmp_path / "tuned", "somebody/base")) == "somebody/base"


@pytest.mark.usefixtures("with_peft")
def test_an_adapter_that_does_not_fit_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(model: Any, folder: str) -> None:
        raise ValueError("target modules not found.\nMore of it.")

    monkeypatch.setattr(FakePeft.PeftModel, "from_pretrained", fail)
    assert "cannot be merged into its base model (target modules not found); merge it elsewhere" in refusal(
        put_adapter(base, "x")
    )


# Quantised checkpoints


def quantise(folder: Path, **settings: object) -> Path:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"quantization_config": settings}))
    return folder


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize(
    ("settings", "method", "packages"),
    [
        ({"quant_method": "gptq", "bits": 4}, "gptq", "gptqmodel and optimum"),
        ({"quant_method": "awq", "bits": 4}, "awq", "gptqmodel"),
        ({"load_in_4bit": True}, "bitsandbytes", "bitsandbytes"),
        ({"quant_method": "compressed-tensors"}, "compressed-tensors", "compressed-tensors"),
    ],
)
def test_a_quantised_checkpoint_without_its_package_is_refused_with_the_remedy(
    base: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], method: str, packages: str
) -> None:
    monkeypatch.setattr(loading, "read_weights", lambda *_, **__: pytest.fail("the weights were read"))
    folder = quantise(base, **settings)
    assert refusal(folder) == (
        f"{folder} is quantised with {method}, which needs {packages}; install {packages} with "
        f"`pip install {packages.replace(' and ', ' ')}`, or choose a checkpoint that is not quantised"
    )


@pytest.mark.parametrize("method", sorted(QUANTISERS))
def test_a_checkpoint_whose_package_is_there_is_not_refused_for_it(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = LlamaConfig(quantization_config={"quant_method": method.upper()})  # type: ignore[call-arg]
    assert quantised(config) == method
    monkeypatch.setattr(weights, "installed", lambda module: True)
    check_quantiser("packed", config)
    monkeypatch.setattr(weights, "installed", lambda module: False)
    with pytest.raises(ModelError, match=f"is quantised with {method}, which needs"):
        check_quantiser("packed", config)


@pytest.mark.usefixtures("without")
def test_a_checkpoint_that_is_not_quantised_or_in_an_unknown_way_is_left_to_the_library() -> None:
    assert quantised(LlamaConfig()) is None
    unknown = LlamaConfig(quantization_config={"quant_method": "nosuch"})  # type: ignore[call-arg]
    for config in (LlamaConfig(), unknown):
        check_quantiser("plain", config)
