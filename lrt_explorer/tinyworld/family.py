"""The family: recipes of its five models, their tokenizers, and their export."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from lrt_explorer.errors import SettingsError
from lrt_explorer.tinyworld.corpus import documents

BOS, EOS, PAD = "<s>", "</s>", "<pad>"
CONTEXT = 128


@dataclass(frozen=True)
class Recipe:
    """All that decides one model: shape, data, learning rates and seed.

    Attributes:
        tokens: positions of training text, padding included, of all cycles together.
        cycles: how often the learning rates rise and decay; every cycle reads new documents.
    """

    name: str
    architecture: str
    width: int
    blocks: int
    heads: int
    inner: int
    vocabulary: int
    tokens: int = 8_000_000
    cycles: int = 1
    rows: int = 16
    muon_lr: float = 2e-3
    adam_lr: float = 4e-3
    seed: int = 0


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("tinyworld-xs", "llama", width=64, blocks=3, heads=4, inner=160, vocabulary=2048, tokens=3_000_000),
        Recipe("tinyworld-s", "llama", width=96, blocks=5, heads=4, inner=256, vocabulary=2048),
        Recipe("tinyworld-m", "llama", width=144, blocks=6, heads=6, inner=384, vocabulary=2048),
        Recipe("tinyworld-l", "llama", width=192, blocks=8, heads=6, inner=512, vocabulary=2048, rows=24),
        Recipe(
            "tinyworld-g", "gpt2", width=96, blocks=5, heads=4, inner=384, vocabulary=1024, tokens=3_000_000, seed=1
        ),
    )
}


def recipe(name: str) -> Recipe:
    """The recipe of a member of the family.

    Raises:
        SettingsError: if there is no such member.
    """
    if name not in RECIPES:
        raise SettingsError(f"the demo family has no model {name!r}; choose one of {', '.join(RECIPES)}")
    return RECIPES[name]


def train_tokenizer(vocabulary: int, count: int = 6000) -> PreTrainedTokenizerFast:
    """Learn a byte-level BPE tokenizer from training documents; every text begins with `<s>`.

    The two vocabularies of the family learn from different documents, so that they differ in more than size.
    """
    from tokenizers.processors import TemplateProcessing

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=[PAD, BOS, EOS], initial_alphabet=alphabet, show_progress=False
    )
    texts = (document.text for document in documents("train", count, start=vocabulary * 1000))
    tokenizer.train_from_iterator(texts, trainer)
    bos = tokenizer.token_to_id(BOS)
    tokenizer.post_processor = TemplateProcessing(single=f"{BOS} $A", special_tokens=[(BOS, bos)])
    build: Any = PreTrainedTokenizerFast  # untyped in the library
    fast: PreTrainedTokenizerFast = build(
        tokenizer_object=tokenizer, bos_token=BOS, eos_token=EOS, pad_token=PAD, model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )  # fmt: skip
    return fast


def build_model(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> Any:
    """A model of the recipe's shape with fresh weights (from torch's current seed)."""
    special = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if recipe.architecture == "gpt2":
        return GPT2LMHeadModel(
            GPT2Config(
                vocab_size=len(tokenizer), n_embd=recipe.width, n_layer=recipe.blocks, n_head=recipe.heads,
                n_inner=recipe.inner, n_positions=CONTEXT, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
                tie_word_embeddings=True, **special,
            )
        )  # fmt: skip
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=recipe.width, num_hidden_layers=recipe.blocks,
            num_attention_heads=recipe.heads, intermediate_size=recipe.inner, max_position_embeddings=CONTEXT,
            tie_word_embeddings=True, **special,
        )
    )  # fmt: skip


def export(model: Any, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write a model and its tokenizer as a folder that `from_pretrained` loads: float16, safetensors."""
    model.to(torch.float16).save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
