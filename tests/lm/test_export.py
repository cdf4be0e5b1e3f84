"""A vector saved as GGUF does in llama.cpp, by that program's own rules, what it does here."""

import math
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader
from torch import Tensor

from lrt_explorer.lm.export import save_vector
from lrt_explorer.lm.load import load
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.steer import steering
from lrt_explorer.store import VectorFile
from tests.lm.families import TEXTS, WIDTH
from tests.lm.gguf_files import write_tiny_llama

LAYER = 1


def applied_by_llama_cpp(file: Path, layers: int, width: int) -> dict[int, Tensor]:
    """What is added to the output of each block, by block from 0.

    Source: common_control_vector_load_one in common/common.cpp, which reads the file into one buffer that begins with
    layer 1; llama_adapter_cvec::apply in src/llama-adapter.cpp, which hands the buffer to the blocks; build_cvec, which
    adds at the end of a block.
    """
    buffer = np.zeros(0, np.float32)
    for tensor in GGUFReader(file).tensors:
        name, _, number = tensor.name.partition(".")
        assert name == "direction" and int(number) > 0, "refused: no direction, or one of layer 0"
        assert tensor.tensor_type == GGMLQuantizationType.F32, "refused: not float32"
        assert len(tensor.shape) == 1 and len(tensor.data) == width, "refused: not one row of the model's width"
        end = width * int(number)
        buffer = np.pad(buffer, (0, max(0, end - len(buffer))))
        buffer[end - width : end] += tensor.data
    return {
        block: torch.from_numpy(buffer[width * (block - 1) : width * block].copy())
        for block in range(1, layers)
        if width * block <= len(buffer)
    }


def last_logits(lm: LanguageModel, added: dict[int, Tensor]) -> Tensor:
    """Logits after a text with rows added to the outputs of blocks, by hooks of our own."""
    hooks = [
        lm.blocks[block].register_forward_hook(lambda _module, _inputs, output, row=row: output + row)
        for block, row in added.items()
    ]
    try:
        with torch.inference_mode():
            found: Tensor = lm.model(input_ids=torch.tensor([lm.tokenizer(TEXTS[0])["input_ids"]])).logits[0, -1]
        return found
    finally:
        for hook in hooks:
            hook.remove()


def model_hint(file: Path) -> object:
    field = GGUFReader(file).get_field("controlvector.model_hint")
    assert field is not None
    return field.contents()


def test_a_vector_for_a_gguf_model_acts_at_the_same_place_in_llama_cpp(tmp_path: Path) -> None:
    name = str(write_tiny_llama(tmp_path / "tiny.gguf"))
    lm = load(name, device="cpu")
    values = torch.linspace(-1, 1, WIDTH)
    file = tmp_path / "v.gguf"
    save_vector(file, VectorFile(values, lm.name, lm.fingerprint, LAYER, "mood", "mean-difference", "all-tokens"))
    assert model_hint(file) == "llama"
    theirs = last_logits(lm, applied_by_llama_cpp(file, lm.layers, lm.width))
    with steering(lm, LAYER, values[None]), torch.inference_mode():
        ours = lm.model(input_ids=torch.tensor([lm.tokenizer(TEXTS[0])["input_ids"]])).logits[0, -1]
    assert torch.allclose(theirs, ours, atol=1e-5)
    elsewhere = last_logits(lm, {LAYER - 1: values})
    assert float((elsewhere - ours).norm()) > 1e-2 * math.sqrt(len(ours)), "the place would make no difference"


def test_models_in_folders_are_named_as_llama_cpp_names_their_family(tmp_path: Path) -> None:
    lm = load(str(write_tiny_llama(tmp_path / "tiny.gguf")), device="cpu")
    folder = tmp_path / "folder"
    lm.model.save_pretrained(folder)
    vector = VectorFile(torch.ones(WIDTH), str(folder), "f", LAYER, "mood", "mean-difference", "all-tokens")
    file = save_vector(tmp_path / "v.gguf", vector)
    assert model_hint(file) == "llama"
