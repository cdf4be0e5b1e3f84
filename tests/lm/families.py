"""Tiny random models of many families, and a tiny tokenizer, for tests that need no real model."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers, processors, trainers
from tokenizers.models import BPE
from torch import nn
from transformers import AutoConfig, PreTrainedModel, PreTrainedTokenizerFast

from benchmarks.families import random_model
from lrt_explorer.lm.model import LanguageModel

WIDTH, CONTEXT, WINDOW = 32, 96, 4
# More than the tokenizer has, as in many real models: some tokens that a model may choose have no text.
VOCABULARY = 320

TEXTS = (
    "The old sailor looked at the sea and felt happy.",
    "In the morning the farmer had a cow, a dog and 12 geese!",
    "¿Dónde está el niño? Está en la montaña — y canta.",
    "A € sign, a 🐄 and a naïve café.",
    "  two spaces, then\n\ta tab",
)


@dataclass(frozen=True)
class Family:
    """How to build one: configuration values, and where the model keeps the norm that follows the last block."""

    norm: str
    config: dict[str, Any] = field(default_factory=dict)


def _llama_like(**more: Any) -> Family:
    values = {
        "hidden_size": WIDTH, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
        "intermediate_size": 48, "max_position_embeddings": CONTEXT,
    }  # fmt: skip
    return Family("model.norm", values | more)


def _gpt2_like(norm: str = "transformer.ln_f", **more: Any) -> Family:
    return Family(norm, {"n_embd": WIDTH, "n_layer": 3, "n_head": 4, "n_positions": CONTEXT} | more)


_FULL_HEADS = {"num_key_value_heads": 4}
_SLIDING = {"sliding_window": WINDOW}
_ALTERNATING = ["sliding_attention", "full_attention", "sliding_attention"]
_EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}

FAMILIES: dict[str, Family] = {
    "llama": _llama_like(),
    "mistral": _llama_like(**_SLIDING),
    "mixtral": _llama_like(num_local_experts=4),
    "qwen2": _llama_like(),
    "qwen2_moe": _llama_like(**_EXPERTS, shared_expert_intermediate_size=16),
    "qwen3": _llama_like(head_dim=8),
    "gemma": _llama_like(head_dim=8),
    "gemma2": _llama_like(head_dim=8, **_SLIDING),
    "gemma3_text": _llama_like(head_dim=8, **_SLIDING, layer_types=_ALTERNATING),
    "phi": Family("model.final_layernorm", _llama_like(**_FULL_HEADS).config),
    "phi3": _llama_like(),
    "olmo2": _llama_like(),
    "stablelm": _llama_like(),
    "starcoder2": _llama_like(),
    "cohere": _llama_like(),
    "granite": _llama_like(),
    "gpt2": _gpt2_like(),
    "gptj": _gpt2_like(rotary_dim=4),
    "gpt_neo": Family(
        "transformer.ln_f",
        {
            "hidden_size": WIDTH, "num_layers": 4, "num_heads": 4, "max_position_embeddings": CONTEXT,
            "window_size": WINDOW, "attention_types": [[["global", "local"], 2]],
        },
    ),
    "gpt_neox": Family("gpt_neox.final_layer_norm", _llama_like().config),
    "opt": Family(
        "model.decoder.final_layer_norm",
        {
            "hidden_size": WIDTH, "num_hidden_layers": 3, "num_attention_heads": 4, "ffn_dim": 48,
            "max_position_embeddings": CONTEXT, "word_embed_proj_dim": WIDTH,
        },
    ),
    "falcon": Family(
        "transformer.ln_f",
        {
            "hidden_size": WIDTH, "num_hidden_layers": 3, "num_attention_heads": 4,
            "max_position_embeddings": CONTEXT,
        },
    ),
    "bloom": Family("transformer.ln_f", {"hidden_size": WIDTH, "n_layer": 3, "n_head": 4}),
    "mpt": Family("transformer.norm_f", {"d_model": WIDTH, "n_layers": 3, "n_heads": 4, "max_seq_len": CONTEXT}),
    "mamba": Family("backbone.norm_f", {"hidden_size": WIDTH, "num_hidden_layers": 3}),
}  # fmt: skip


@cache
def tiny_tokenizer(trim_offsets: bool = False) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer with a few merges, so that words are whole and other characters fall into bytes."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<pad>", "<s>", "</s>"], show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )  # fmt: skip
    tokenizer.train_from_iterator(TEXTS[:2] * 3, trainer)
    bos = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    trimming = processors.ByteLevel(trim_offsets=trim_offsets)
    tokenizer.post_processor = processors.Sequence([trimming, bos])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>")


def tiny_model(family: str, seed: int = 0, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """A random model of one of the families above."""
    config = AutoConfig.for_model(
        family, **FAMILIES[family].config, vocab_size=VOCABULARY, pad_token_id=0, bos_token_id=1, eos_token_id=2
    )
    # The library's own `to` is wrapped in a way that loses its types.
    return nn.Module.to(random_model(config, seed), dtype)


def tiny_lm(family: str, seed: int = 0) -> LanguageModel:
    """The model with its tokenizer, as the rest of the house takes it."""
    from lrt_explorer.lm.load import wrap_model

    return wrap_model(f"tiny-{family}", tiny_model(family, seed), tiny_tokenizer())
