"""A tiny random pair of models with one tokenizer, a third with its own, and a concept: for tests of the studies."""

from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
from tokenizers.models import BPE
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from lrt_explorer.concepts.contrast import ContrastSet, ReadoutPrompt
from lrt_explorer.lm.load import wrap_model
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.tinyworld.corpus import documents

CONTEXT = 96


@cache
def texts(count: int = 60) -> tuple[str, ...]:
    return tuple(document.text for document in documents("fit", count))


def short_texts(count: int = 60) -> tuple[str, ...]:
    """Beginnings of texts that every model here reads in one window."""
    return tuple(text[:CONTEXT] for text in texts(count))


@cache
def tokenizer(vocabulary: int) -> PreTrainedTokenizerFast:
    """Byte-level BPE; other sizes split the same text at other places."""
    model = Tokenizer(BPE())
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<s>", "</s>"],
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    model.train_from_iterator(texts(), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=model, bos_token="<s>", eos_token="</s>")


@cache
def tiny(name: str, family: str, width: int, layers: int, vocabulary: int = 500) -> LanguageModel:
    """A random model whose next tokens depend on what it reads."""
    names: dict[str, Any] = (
        {"n_embd": width, "n_layer": layers, "n_head": 4, "n_positions": CONTEXT}
        if family == "gpt2"
        else {
            "hidden_size": width,
            "num_hidden_layers": layers,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "intermediate_size": 2 * width,
            "max_position_embeddings": CONTEXT,
        }
    )
    config = AutoConfig.for_model(family, **names, vocab_size=vocabulary, bos_token_id=0, eos_token_id=1)
    torch.manual_seed(len(name))
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(0, 0.2)
    return wrap_model(name, model, tokenizer(vocabulary))


def small() -> LanguageModel:
    return tiny("tiny-small", "llama", 16, 3)


def large() -> LanguageModel:
    return tiny("tiny-large-one", "llama", 32, 5)


def other() -> LanguageModel:
    """Another architecture with another tokenizer."""
    return tiny("tiny-other", "gpt2", 24, 4, vocabulary=300)


@cache
def rough(lm: LanguageModel) -> LanguageModel:
    """The same weights, loaded in bfloat16."""
    loaded = wrap_model(lm.name, deepcopy(lm.model).bfloat16(), lm.tokenizer)
    return replace(loaded, fingerprint=lm.fingerprint)


PROMPTS = tuple(
    ReadoutPrompt(f"{who} {went} and felt", (" glad", " cheerful", " merry"), (" tearful", " lonely"))
    for who in ("Tom", "Anna", "She", "The cook")
    for went in ("ran", "sat on the beach", "saw a cow")
)

CONCEPT = ContrastSet(
    name="mood",
    pairs=tuple(
        (f"{who} laughed with great joy on the {where}.", f"{who} wept with great sorrow on the {where}.")
        for who in ("Tom", "Anna", "She", "The cook")
        for where in ("beach", "island", "meadow")
    ),
    positive_label="happy",
    negative_label="sad",
    suffix=" Then",
    prompts=PROMPTS,
    scorer="mood",
)
