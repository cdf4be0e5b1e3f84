"""The tokenizer of a GGUF file as the library rebuilds it, mended or refused where it would read texts in another way.

What is wrong with a tokenizer shows in no error: the model computes with whatever tokens it is given, and every number
is that of another text. Releases of transformers differ here: 5.17 takes Gemma's files for another kind of tokenizer,
which falls into letters, and up to 5.22 the token that begins a text is left out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import transformers
from tokenizers import pre_tokenizers, processors

from lrt_explorer.errors import ModelError, first_line
from lrt_explorer.lm.gguf import GgufModel

# The pre-tokenizers of llama.cpp that split numbers into digits before anything else (llama-vocab.cpp).
DIGITS_ALONE = ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b")
_WORD = re.compile(r"[\u0120\u2581]([a-z]{6,})")
"""A word after a space, as byte-level and SentencePiece vocabularies write it."""
_FEWEST_WORDS, _MOST_WORDS = 20, 200
_MOST_PIECES = 1.5
"""Tokens per word that the vocabulary holds whole. A tokenizer that is what it was takes one."""


def read_gguf_tokenizer(name: str, model: GgufModel, file: Path) -> transformers.PreTrainedTokenizerBase:
    """The tokenizer of a file.

    Args:
        name: what the model was asked for by.
        model: what the header of the file says.
        file: the file, under a name with the ending that the library expects.

    Raises:
        ModelError: if it cannot be built, is empty, or splits words that its vocabulary holds whole.
    """
    try:
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
            file.parent, gguf_file=str(file), trust_remote_code=False, local_files_only=True
        )
        readable = len(tokenizer("a b", add_special_tokens=False, verbose=False)["input_ids"]) > 0
    except Exception as error:  # the tokenizers library raises bare Exceptions
        raise ModelError(
            f"the tokenizer in {name} cannot be built here ({first_line(error)}); use the model's safetensors"
        ) from error
    if not readable:
        raise ModelError(f"the tokenizer in {name} is empty; choose another file")
    if model.metadata.get("tokenizer.ggml.pre") in DIGITS_ALONE:
        # The library splits by GPT-2's rule where it does not know the name, and would keep numbers whole.
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    built: transformers.PreTrainedTokenizerBase = tokenizer
    _begin_as_the_file_says(model, tokenizer)
    if tokens_per_word(built) > _MOST_PIECES:
        raise ModelError(
            f"the tokenizer in {name} splits words that its vocabulary holds whole, as transformers "
            f"{transformers.__version__} rebuilds it; install a newer transformers, or use the model's safetensors"
        )
    return built


def tokens_per_word(tokenizer: transformers.PreTrainedTokenizerBase) -> float:
    """How many tokens each word takes that the vocabulary holds whole; 0 where it holds too few to tell."""
    words = sorted(found[1] for token in tokenizer.get_vocab() if (found := _WORD.fullmatch(token)))
    if len(words) < _FEWEST_WORDS:
        return 0.0
    words = words[:: max(1, len(words) // _MOST_WORDS)]
    text = "".join(f" {word}" for word in words)
    tokens = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return len(tokens) / len(words)


def _begin_as_the_file_says(model: GgufModel, tokenizer: Any) -> None:
    """Put the token that begins a text before it, where the file asks for it and the library leaves it out."""
    begin = tokenizer.bos_token_id
    if not model.metadata.get("tokenizer.ggml.add_bos_token") or begin is None or not tokenizer.is_fast:
        return
    if tokenizer("a", verbose=False)["input_ids"][0] == begin:
        return
    token = tokenizer.bos_token
    template = processors.TemplateProcessing(
        single=f"{token}:0 $A:0", pair=f"{token}:0 $A:0 {token}:1 $B:1", special_tokens=[(token, begin)]
    )
    backend = tokenizer.backend_tokenizer
    kept = [] if backend.post_processor is None else [backend.post_processor]
    backend.post_processor = processors.Sequence([*kept, template])
