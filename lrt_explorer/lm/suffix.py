"""The suffix of a model: blocks above a layer, run for many additions from states that were computed once.

What a block and those below it make of a prompt does not depend on what is added to its output. So they run once for
each prompt, and for each addition only the blocks above, the final norm and the unembedding.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from lrt_explorer.lm.blocks import check_layer, hidden_of, standing_in, with_hidden
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.decoding import Continuation
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.placement import exact_device
from lrt_explorer.lm.steer import Steering
from lrt_explorer.lm.tokens import encode, prompt_tokens

BATCH_ROWS = 32
BATCH_PROMPTS = 16
TOLERANCE = 0.02
"""How far the unsteered log-probabilities may be off, in their standard deviations, before the short way is left."""


@dataclass(frozen=True, eq=False)
class Start:
    """A prompt that has been read up to a layer.

    Attributes:
        layer: the block whose output is kept.
        tokens: its t tokens.
        states: `[t, width]` float32 on the CPU, that output.
        outputs: how many things the model's blocks hand on, of which the states come first; None for the bare states.
        short: whether the blocks above need nothing else of those below. Where they do, the model is run whole.
    """

    layer: int
    tokens: tuple[int, ...]
    states: Tensor
    outputs: int | None
    short: bool = True


def read_starts(lm: LanguageModel, layer: int, prompts: Sequence[str]) -> list[Start]:
    """Run the blocks up to a layer, once for each prompt.

    Raises:
        SettingsError: if there is no such layer.
        PromptError: if a prompt is empty or too long.
    """
    check_layer(lm, layer)
    starts: list[Start] = []
    for first in range(0, len(prompts), BATCH_PROMPTS):
        batch = prompts[first : first + BATCH_PROMPTS]
        tokens = [prompt_tokens(lm, prompt) for prompt in batch]
        with _noting_outputs(lm, layer) as seen:
            states = capture(lm, encode(lm, batch), [layer])[layer]
        # Padding, and an end of text that a tokenizer may append, come after the prompt and are cut off.
        starts += [
            Start(layer, tuple(t), row[: len(t)].clone(), seen[0]) for t, row in zip(tokens, states, strict=True)
        ]
    if starts and not _agrees(lm, prompts[0], starts[0]):
        starts = [replace(start, short=False) for start in starts]
    return starts


def suffix_logits(lm: LanguageModel, start: Start, additions: Tensor, batch_rows: int = BATCH_ROWS) -> Tensor:
    """Logits of the token after a prompt, for every addition to the layer's output at all positions of the prompt.

    At the last layer this is the final norm and the unembedding alone: the direct path from an addition to the logits.

    Args:
        lm: the model that has read the prompt.
        start: from `read_starts`.
        additions: `[n, width]` with n at least 1, already scaled; zeros for the unsteered model.
        batch_rows: how many go through the blocks above at once.

    Returns:
        `[n, vocabulary]` float32, as the same steering of the whole model gives them; on the model's device where that
        has float64, so that what follows from them is worked out there, else on the CPU.

    Raises:
        VectorError: as `Steering`.
    """
    parts, where = [], exact_device(lm.device)
    for rows in additions.split(batch_rows):
        steering = Steering(lm, start.layer, rows)
        continuation = Continuation(lm, [start.tokens] * len(rows), steering, use_cache=False)
        if start.short:
            with _standing_in(lm, start, len(rows)):
                parts.append(continuation.logits().to(where))
        else:
            parts.append(continuation.logits().to(where))
    return torch.cat(parts)


def differentiable_logits(lm: LanguageModel, start: Start, additions: Tensor, positions: int) -> Tensor:
    """Logits at the last positions of a prompt, through which a gradient flows back to the additions.

    The model's own weights take part as constants as long as the gradient is asked for with `torch.autograd.grad`.

    Args:
        lm: the model that has read the prompt.
        start: from `read_starts`.
        additions: `[n, width]` with n at least 1, already scaled; all n go through the blocks above at once.
        positions: how many; fewer come where the prompt is shorter.

    Returns:
        `[n, positions, vocabulary]` float32 on the model's device.
    """
    added = additions.to(lm.device)[:, None, :]
    stream = lm.traits.stream

    def add(_block: nn.Module, _inputs: Any, output: Any) -> Any:
        hidden = hidden_of(output, stream)
        return with_hidden(output, hidden + added.to(hidden), stream)

    ids = torch.tensor([start.tokens], device=lm.device).expand(len(additions), -1)
    kept = {"logits_to_keep": positions} if "logits_to_keep" in signature(lm.model.forward).parameters else {}
    with lm.lock, _standing_in(lm, start, len(additions)) if start.short else nullcontext():
        handle = lm.blocks[start.layer].register_forward_hook(add, prepend=True)
        try:
            output = lm.model(input_ids=ids, use_cache=False, **kept)
        finally:
            handle.remove()
    logits: Tensor = output.logits[:, -positions:].float()
    return logits


def _agrees(lm: LanguageModel, prompt: str, start: Start) -> bool:
    """Whether the short way gives what the whole model gives.

    It does not where a block hands something to later ones by another way than its states.
    """
    if lm.traits.stream is not None:
        return False  # the other streams are not kept
    try:
        short = torch.log_softmax(suffix_logits(lm, start, torch.zeros(1, lm.width)), dim=1).cpu()
    except Exception:  # whatever a family's code raises where it misses what its blocks hand on
        return False
    whole = next_token_logprobs(lm, [prompt])
    return bool((short - whole).abs().max() <= TOLERANCE * whole.std())


@contextmanager
def _noting_outputs(lm: LanguageModel, layer: int) -> Iterator[list[int | None]]:
    """Within, note in which form the blocks hand on their states; see `Start`."""
    seen: list[int | None] = []

    def note(_block: nn.Module, _inputs: Any, output: Any) -> None:
        seen.append(len(output) if isinstance(output, tuple) else None)

    with lm.lock:
        handle = lm.blocks[layer].register_forward_hook(note)
        try:
            yield seen
        finally:
            handle.remove()


@contextmanager
def _standing_in(lm: LanguageModel, start: Start, rows: int) -> Iterator[None]:
    """Within, the blocks up to the layer answer at once with the states that are known, for each of so many rows.

    The rest of the model's own pass stays as it is: masks, positions, the blocks above, norm and unembedding.
    """
    states = start.states.to(lm.device, lm.model.dtype).expand(rows, -1, -1)
    answer = states if start.outputs is None else (states, *[None] * (start.outputs - 1))

    def stand_in(*_args: Any, **_kwargs: Any) -> Any:
        return answer

    with lm.lock, standing_in(lm.blocks[: start.layer + 1], stand_in):
        yield
