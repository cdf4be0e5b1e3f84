"""A loaded language model, with what the rest of the house needs to know about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
import transformers
from torch import nn

from lrt_explorer.lm.fair_lock import FairLock


@dataclass(frozen=True)
class Traits:
    """How a model has to be run, as `selfcheck.py` finds it out when the model is loaded.

    Attributes:
        stream: which of several streams of states that its blocks hand on is the active one; None where there is one.
        positions: whether positions, counted from 0 without padding, are given to it.
        pads_left: whether prompts of different lengths may be continued in one batch, padded on the left.
        pads_right: whether texts of different lengths may be read in one batch, padded on the right.
        caches: whether it goes on from what it has read; else it reads the whole text again at every step.
    """

    stream: int | None = None
    positions: bool = True
    pads_left: bool = True
    pads_right: bool = True
    caches: bool = True


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A causal language model in evaluation mode, and its tokenizer.

    Hooks belong to the model object, so a caller that runs it, steered or not, holds `lock` for that pass.

    Attributes:
        name: what it was asked for by: a preset, a folder, a GGUF file or a hub id.
        model: the transformers model.
        tokenizer: its tokenizer.
        blocks: the decoder blocks in order; layer i is the output of `blocks[i]`, before any final norm.
        width: size of a hidden state.
        layers: number of blocks.
        parameters: number of weights, tied ones counted once.
        fingerprint: sha256 over the weights (see `fingerprint.py`), the same in whichever precision they are loaded.
        device: where the weights are.
        context: how many tokens it reads at most.
        traits: how it has to be run.
        lock: held during every pass through the model.
    """

    name: str
    model: transformers.PreTrainedModel = field(repr=False)
    tokenizer: transformers.PreTrainedTokenizerBase = field(repr=False)
    blocks: list[nn.Module] = field(repr=False)
    width: int
    layers: int
    parameters: int
    fingerprint: str
    device: torch.device
    context: int
    traits: Traits = field(default=Traits(), repr=False)
    lock: FairLock = field(default_factory=FairLock, repr=False)

    @cached_property
    def memory(self) -> int:
        """Bytes of the weights as they lie in memory."""
        return weight_bytes(self.model)

    @cached_property
    def tokenizer_digest(self) -> str | None:
        """The same for tokenizers that split and mark every text alike; None where that cannot be told."""
        tokenizer: Any = self.tokenizer
        if not tokenizer.is_fast:
            return None
        digest = hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode())
        digest.update(repr((sorted(tokenizer.all_special_ids), getattr(tokenizer, "chat_template", None))).encode())
        return digest.hexdigest()

    @property
    def reading_mark(self) -> str:
        """What numbers read from the model belong to: its weights, and their precision where that is not float32."""
        precision = str(self.model.dtype).removeprefix("torch.")
        return self.fingerprint if precision == "float32" else f"{self.fingerprint}-{precision}"

    @property
    def vocabulary(self) -> int:
        """How many tokens the model knows."""
        embeddings: Any = self.model.get_input_embeddings()
        return int(embeddings.weight.shape[0])


def weight_bytes(model: nn.Module) -> int:
    """Bytes of a model's weights and fixed numbers as they lie in memory, tied ones counted once."""
    return sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))
