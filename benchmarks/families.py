"""Which families of causal models pass the self-check: every one the library knows, built tiny and at random.

    python -m benchmarks.families [--only FAMILY ...]

Prints one line for each family and one object with the counts. A family that cannot be built tiny without special care
is counted apart; one that is neither taken nor refused with a sentence has crashed, and the exit code is then 1.
"""

import argparse
import contextlib
import inspect
import io
import json
import os
import string
import sys
import time
import warnings
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import WordLevel
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
from transformers.utils import logging as transformers_logging

from lrt_explorer.errors import ModelError
from lrt_explorer.lm.load import wrap_model

WIDTH, BLOCKS, HEADS, HEAD, VOCABULARY, CONTEXT = 32, 4, 4, 8, 320, 96
MOST_PARAMETERS = 30_000_000

SMALL: dict[str, Any] = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "emb_dim", "dim", "word_embed_proj_dim", "embed_dim"), WIDTH),
    **dict.fromkeys(("attention_hidden_size", "embedding_size", "rotary_value_dim", "lru_width"), WIDTH),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers", "decoder_layers", "num_blocks"), BLOCKS),
    **dict.fromkeys(("num_decoder_layers", "encoder_layers"), BLOCKS),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads", "decoder_attention_heads"), HEADS),
    **dict.fromkeys(("encoder_attention_heads", "linear_num_value_heads", "num_decoder_attention_heads"), HEADS),
    **dict.fromkeys(("num_key_value_heads", "kv_heads", "linear_num_key_heads", "num_attention_groups"), 2),
    **dict.fromkeys(("head_dim", "qk_head_dim", "v_head_dim", "kv_channels", "mamba_headdim", "mamba_d_head"), HEAD),
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim", "d_kv", "global_head_dim"), HEAD),
    **dict.fromkeys(("qk_nope_head_dim", "qk_rope_head_dim", "rotary_dim", "index_head_dim", "mamba_head_dim"), 4),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "d_inner", "n_inner", "decoder_ffn_dim", "encoder_ffn_dim"), 48),
    **dict.fromkeys(("ffn_hidden_size", "block_ff_dim", "dff", "expert_ffn_hidden_size", "intermediate_size_mlp"), 48),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size", "moe_ffn_hidden_size"), 16),
    **dict.fromkeys(("moe_shared_expert_intermediate_size", "shared_intermediate_size", "expert_dim"), 16),
    **dict.fromkeys(
        ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts", "num_routed_experts"), 4
    ),
    **dict.fromkeys(("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k", "top_k_experts"), 2),
    **dict.fromkeys(("n_group", "topk_group", "mamba_n_groups", "n_groups", "n_shared_experts"), 1),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length"), CONTEXT),
    **dict.fromkeys(("context_length", "max_sequence_length", "max_target_positions"), CONTEXT),
    **dict.fromkeys(("mamba_n_heads", "mamba_num_heads"), 8),
    **dict.fromkeys(("mamba_d_state", "ssm_state_size", "state_size", "q_lora_rank", "kv_lora_rank", "laurel_rank"), 8),
    **dict.fromkeys(("hidden_size_per_layer_input", "index_n_heads", "linear_conv_kernel_dim", "sliding_window"), 4),
    **dict.fromkeys(("vocab_size", "vocab_size_per_layer_input", "n_vocab"), VOCABULARY),
    **dict.fromkeys(("num_kv_shared_layers", "first_k_dense_replace", "moe_layer_start_index"), 0),
    "chunk_size": 16,
    "mamba_chunk_size": 16,
    "time_step_rank": 4,
}
"""Values for whatever of these settings a family has."""

SPECIAL: dict[str, dict[str, Any]] = {
    "bamba": {"attn_layer_indices": [1]},
    "mamba2": {"num_heads": 8, "head_dim": 8},
    "gpt_neo": {"attention_types": [[["global", "local"], 2]], "window_size": 4},
    "gemma3n_text": {"altup_num_inputs": 4, "activation_sparsity_pattern": [0.0] * BLOCKS},
    **{name: {"head_dim": 4} for name in ("axk1", "deepseek_v3", "youtu")},
    **{name: {"attention_hidden_size": 2 * WIDTH, "attention_head_dim": 2 * HEAD} for name in ("zamba", "zamba2")},
    "falcon_h1": {"mamba_d_ssm": 2 * WIDTH, "mamba_d_head": HEAD, "mamba_n_heads": 8},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"] * 2},
    "minimax": {"layer_types": ["linear_attention", "full_attention"] * 2, "block_size": 8},
}


def names_of_families() -> list[str]:
    """Every kind of causal model that the installed library knows."""
    return sorted(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)


def tiny_model(family: str) -> PreTrainedModel:
    """A model of the family with random weights; raises whatever the library raises if it cannot be built so."""
    config = _config(type(AutoConfig.for_model(family)), SPECIAL.get(family, {}))
    with torch.device("meta"):
        size = sum(weight.numel() for weight in AutoModelForCausalLM.from_config(config).parameters())
    if size > MOST_PARAMETERS:
        raise ValueError(f"{size:,} parameters are not tiny")
    return random_model(config)


def random_model(config: PretrainedConfig, seed: int = 0) -> PreTrainedModel:
    """A model with weights large enough for its next tokens to depend on what it reads."""
    torch.manual_seed(seed)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(0, 0.2)
    return model


def _config(kind: Any, special: dict[str, Any]) -> PretrainedConfig:
    default = kind()
    inner = {
        name: _config(type(value), special).to_dict()
        for name, value in vars(default).items()
        if isinstance(value, PretrainedConfig) and name in ("text_config", "decoder", "thinker_config")
    }
    # Some values of one name are of another kind in some families.
    values = {
        key: value
        for key, value in SMALL.items()
        if _has(kind, default, key) and isinstance(getattr(default, key, None), int | None)
    }
    length = getattr(default, "num_hidden_layers", None)
    for key, value in vars(default).items():
        if isinstance(value, list) and length and len(value) == length and key not in special:
            values[key] = _spread(value, BLOCKS)
    ends = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    config: PretrainedConfig = kind(**{**values, **inner, **ends, **special})
    return config


def _spread(value: list[Any], count: int) -> list[Any]:
    """So many of a list, with as many different ones as there is room for."""
    different = [entry for at, entry in enumerate(value) if entry not in value[:at]]
    return [different[at % len(different)] for at in range(count)]


def _has(kind: Any, default: PretrainedConfig, key: str) -> bool:
    return key in vars(default) or key in inspect.signature(kind.__init__).parameters


def tokenizer() -> PreTrainedTokenizerFast:
    """One token for each printable character."""
    words = ["<pad>", "<s>", "</s>", *dict.fromkeys(string.printable)]
    backend = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="<pad>"))
    backend.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    backend.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token="</s>", pad_token="<pad>")


def judge(family: str) -> tuple[str, str]:
    """What becomes of a family (passed, refused, not built, crashed), and more about it in a few words."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            model = tiny_model(family)
    except Exception as error:
        return "not built", f"{type(error).__name__}: {' '.join(str(error).split())[:110]}"
    try:
        lm = wrap_model(family, model, tokenizer())
    except ModelError as error:
        return "refused", str(error)
    except Exception as error:
        return "crashed", f"{type(error).__name__}: {error}"
    return "passed", ", ".join(f"{key} {value}" for key, value in vars(lm.traits).items() if value not in (True, None))


def main(arguments: list[str] | None = None) -> int:
    """Try the families and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="FAMILY", help="try these alone")
    options = parser.parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    warnings.filterwarnings("ignore")
    transformers_logging.set_verbosity_error()
    counts = dict.fromkeys(("passed", "refused", "not built", "crashed"), 0)
    started = time.process_time()
    for family in options.only or names_of_families():
        verdict, more = judge(family)
        counts[verdict] += 1
        print(f"{family:28} {verdict:9} {more}", flush=True)
    print(json.dumps({**counts, "processor_s": round(time.process_time() - started, 1)}))
    return 1 if counts["crashed"] else 0


if __name__ == "__main__":
    sys.exit(main())
