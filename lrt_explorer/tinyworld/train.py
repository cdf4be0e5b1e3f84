"""Training of one model of the family: a plain loop over plain transformers models.

Matrices inside the blocks are stepped with Muon (orthogonalised momentum, Jordan et al. 2024), which reaches a given
loss in about half the tokens of AdamW here; embeddings, norms and biases with AdamW. Everything is seeded; a
checkpoint is written every few hundred steps and training goes on from the last one.
"""

import json
import math
import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from lrt_explorer.tinyworld.corpus import documents
from lrt_explorer.tinyworld.family import CONTEXT, Recipe, build_model


@dataclass(frozen=True)
class TrainingState:
    """How far training is: one line of the log."""

    step: int
    steps: int
    tokens: int
    loss: float
    seconds: float


def batches(tokenizer: PreTrainedTokenizerFast, rows: int, first: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of training documents, from batch number `first` on, without end.

    Yields:
        ids `[rows, t]` and the same as labels with padding set to -100; `t` is at most `CONTEXT`.
    """
    pad = int(tokenizer.pad_token_id)
    number = first
    while True:
        texts = [document.text for document in documents("train", rows, start=number * rows)]
        encoded = tokenizer([text + tokenizer.eos_token for text in texts], truncation=True, max_length=CONTEXT)
        longest = max(len(ids) for ids in encoded["input_ids"])
        ids = torch.full((rows, longest), pad)
        labels = torch.full((rows, longest), -100)
        for row, tokens in enumerate(encoded["input_ids"]):
            ids[row, : len(tokens)] = labels[row, : len(tokens)] = torch.tensor(tokens)
        yield ids, labels
        number += 1


def held_out_loss(model: Any, tokenizer: PreTrainedTokenizerBase, count: int = 256) -> tuple[float, float]:
    """Mean negative log-likelihood per token and per character of evaluation documents, in nats."""
    total, tokens, characters = 0.0, 0, 0
    texts = [document.text for document in documents("evaluation", count)]
    model.eval()
    with torch.inference_mode():
        for start in range(0, count, 32):
            encoded = tokenizer(texts[start : start + 32], truncation=True, max_length=CONTEXT, padding=True,
                                return_tensors="pt", return_offsets_mapping=True)  # fmt: skip
            labels = encoded["input_ids"].masked_fill(encoded["attention_mask"] == 0, -100)
            loss = model(input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"], labels=labels).loss
            n = int((labels[:, 1:] != -100).sum())
            total += float(loss) * n
            tokens += n
            characters += int(encoded["offset_mapping"][..., 1].amax(1).sum())
    model.train()
    return total / tokens, total / characters


class Optimisers:
    """Muon for the matrices of the blocks, AdamW for the rest; in each cycle a warm-up and a linear decay for both."""

    def __init__(self, model: Any, recipe: Recipe, steps: int) -> None:
        """Sort the parameters of a model."""
        matrices: list[torch.nn.Parameter] = []
        rest: list[torch.nn.Parameter] = []
        for name, parameter in model.named_parameters():
            inside = parameter.ndim == 2 and ("layers." in name or ".h." in name)
            (matrices if inside else rest).append(parameter)
        self.all: list[torch.optim.Optimizer] = [
            torch.optim.Muon(matrices, lr=recipe.muon_lr, weight_decay=0.01, momentum=0.95,
                             adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=recipe.adam_lr, betas=(0.9, 0.98), weight_decay=0.0),
        ]  # fmt: skip
        cycle = math.ceil(steps / recipe.cycles)
        warm_up = max(1, cycle // 50)

        def factor(step: int) -> float:
            at = step % cycle
            return min((at + 1) / warm_up, max(0.01, (cycle - at) / (0.6 * cycle)), 1.0)

        self.schedules = [torch.optim.lr_scheduler.LambdaLR(optimiser, factor) for optimiser in self.all]

    def step(self) -> None:
        """Take one step and clear the gradients."""
        for optimiser, schedule in zip(self.all, self.schedules, strict=True):
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            schedule.step()

    def state(self) -> list[Any]:
        """All that is needed to go on."""
        parts: list[Any] = [*self.all, *self.schedules]
        return [part.state_dict() for part in parts]

    def load(self, state: list[Any]) -> None:
        """Go on from a saved state."""
        parts: list[Any] = [*self.all, *self.schedules]
        for part, saved in zip(parts, state, strict=True):
            part.load_state_dict(saved)


def train(
    recipe: Recipe, tokenizer: PreTrainedTokenizerFast, run: Path, every: int = 200
) -> Generator[TrainingState, None, Any]:
    """Train one model, going on from a checkpoint in `run` if there is one.

    Args:
        recipe: shape, learning rates, tokens.
        tokenizer: the family's tokenizer.
        run: folder for the checkpoint and the log (`log.jsonl`).
        every: steps between checkpoints and yields.

    Returns:
        The trained model, in float32.
    """
    torch.manual_seed(recipe.seed)
    model: Any = build_model(recipe, tokenizer)
    model.train()
    steps = math.ceil(recipe.tokens / (recipe.rows * CONTEXT))
    optimisers = Optimisers(model, recipe, steps)
    # Where the processor has no bfloat16 of its own, emulating it takes longer than float32.
    halves = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    run.mkdir(parents=True, exist_ok=True)
    checkpoint, log = run / "checkpoint.pt", run / "log.jsonl"
    step, tokens, before = 0, 0, 0.0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimisers.load(saved["optimisers"])
        step, tokens, before = saved["step"], saved["tokens"], saved["seconds"]
    started = time.monotonic()
    losses: list[float] = []
    source = batches(tokenizer, recipe.rows, first=step)
    while step < steps:
        ids, labels = next(source)
        with torch.autocast("cpu", torch.bfloat16, enabled=halves):
            loss = model(input_ids=ids, labels=labels, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimisers.step()
        step += 1
        tokens += int((labels != -100).sum())
        losses.append(float(loss.detach()))
        if step % every == 0 or step == steps:
            seconds = before + time.monotonic() - started
            state = TrainingState(step, steps, tokens, sum(losses) / len(losses), seconds)
            losses.clear()
            _save(checkpoint, model, optimisers, state)
            with log.open("a") as file:
                file.write(json.dumps(asdict(state)) + "\n")
            yield state
    model.eval()
    return model


def _save(checkpoint: Path, model: Any, optimisers: Optimisers, state: TrainingState) -> None:
    partial = checkpoint.with_suffix(".partial")
    torch.save({"model": model.state_dict(), "optimisers": optimisers.state(), "step": state.step,
                "tokens": state.tokens, "seconds": state.seconds}, partial)  # fmt: skip
    partial.replace(checkpoint)
