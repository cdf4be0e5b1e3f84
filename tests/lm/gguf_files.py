"""A tiny model as llama.cpp's converter would write it, and files that are no models."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter
from transformers import PreTrainedModel

from tests.lm.families import CONTEXT, WIDTH, tiny_model, tiny_tokenizer

_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_tiny_llama(path: Path, model: PreTrainedModel | None = None, **more: Any) -> Path:
    """A GGUF file of the tiny Llama of the tests, or of another one; `more` adds whole numbers to its metadata."""
    model = model or tiny_model("llama")
    config: Any = model.config
    writer = GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_type("model")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_dimension_count(WIDTH // config.num_attention_heads)
    writer.add_vocab_size(config.vocab_size)
    for key, value in more.items():
        writer.add_uint32(key.replace("__", "."), value)
    _add_tokenizer(writer)
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    for name, weight in model.state_dict().items():
        values = weight.numpy()
        kind = next(theirs for ours, theirs in _NAMES.items() if name.removesuffix(".weight").endswith(ours))
        if kind in heads:
            values = _paired(values, heads[kind])
        layer = name.split(".")[2] if name.startswith("model.layers.") else None
        writer.add_tensor(f"{kind}.weight" if layer is None else f"blk.{layer}.{kind}.weight", np.array(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_header(path: Path, architecture: str, kind: str = "model") -> Path:
    """A file with one small tensor that says what it holds."""
    writer = GGUFWriter(path, architecture)
    writer.add_type(kind)
    writer.add_tensor("a", np.ones(4, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokenizer(writer: GGUFWriter) -> None:
    tokenizer: Any = tiny_tokenizer()
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in ("<pad>", "<s>", "</s>") else 1 for token in tokens])
    writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(True)


def _paired(weight: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Rows of queries and keys in llama.cpp's order, where the two halves of a rotation are neighbours."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)
