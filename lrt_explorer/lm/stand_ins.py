"""Models that stand in for one that was trained, to show what a vector owes to the training."""

import hashlib
from dataclasses import replace
from typing import Any

import torch

from lrt_explorer.errors import ModelError, first_line
from lrt_explorer.lm.blocks import find_blocks
from lrt_explorer.lm.fingerprint import fingerprint
from lrt_explorer.lm.layout import lay_out_for_few_rows
from lrt_explorer.lm.memory import Need, check_room
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.threads import PassLock


def untrained(lm: LanguageModel, seed: int = 0) -> LanguageModel:
    """A model of the same shape and tokenizer whose weights are those that training would begin with.

    Args:
        lm: the trained one; it bears the same name.
        seed: of the weights.

    Raises:
        ModelError: if its memory is not free, or such a model cannot be built from a configuration alone.
    """
    check_room(f"an untrained {lm.name}", Need(lm.memory, lm.memory), lm.model.dtype, lm.device)
    build: Any = type(lm.model)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = build(lm.model.config)
        model.to(lm.device, lm.model.dtype).eval().requires_grad_(False)
        lay_out_for_few_rows(model)
        blocks = find_blocks(model)
    except (RuntimeError, TypeError, ValueError, AttributeError, ModelError) as error:
        raise ModelError(f"no untrained {lm.name} can be built ({first_line(error)}); go on without it") from error
    return replace(lm, model=model, blocks=blocks, fingerprint=fingerprint(model), lock=PassLock(lm.parameters))


def embeddings_only(lm: LanguageModel) -> LanguageModel:
    """A model of one layer, whose states are the embeddings of its tokens; it shares the weights of the whole one."""
    embeddings: Any = lm.model.get_input_embeddings()
    digest = hashlib.sha256(f"embeddings of {lm.fingerprint}".encode()).hexdigest()
    width = int(embeddings.weight.shape[1])
    traits = replace(lm.traits, stream=None)
    return replace(lm, blocks=[embeddings], layers=1, width=width, fingerprint=digest, traits=traits)
