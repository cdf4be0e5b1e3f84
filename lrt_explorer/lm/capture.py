"""Capture: hidden states of chosen layers, reading no further than the last of them."""

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.blocks import check_layer, hidden_of
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import Encoded

Hook = Callable[[nn.Module, Any, Any], None]


class _EnoughReadError(Exception):
    """Leaves the model's forward pass once the last wanted block has answered."""


def capture(lm: LanguageModel, encoded: Encoded, layers: Sequence[int]) -> dict[int, Tensor]:
    """Outputs of the chosen blocks, before any final norm; blocks above the highest are not run.

    Within `steering` it shows the steered states.

    Args:
        lm: the model that reads.
        encoded: b texts of up to t tokens.
        layers: which blocks.

    Returns:
        For each layer `[b, t, width]` float32 on the CPU, free to be changed. Rows at padding mean nothing.

    Raises:
        SettingsError: if no layer is chosen, or there is no such layer.
    """
    states: dict[int, Tensor] = {}

    def keep(layer: int, hidden: Tensor) -> None:
        # A copy, because a model may go on writing into its own states.
        states[layer] = hidden.to("cpu", torch.float32, copy=True)

    _read(lm, encoded, layers, keep)
    return states


@dataclass(frozen=True)
class Rows:
    """What was read at n tokens.

    Attributes:
        states: for each layer kept `[n, width]` float32, free to be changed.
        norms: for each layer read `[n]` float32, the lengths of its states.
    """

    states: dict[int, Tensor]
    norms: dict[int, Tensor]


def capture_rows(
    lm: LanguageModel,
    encoded: Encoded,
    places: Tensor,
    layers: Collection[int],
    kept: Collection[int],
    device: torch.device | str = "cpu",
) -> Rows:
    """As `capture`, but only at chosen tokens, and of layers that are not kept only the norms.

    Args:
        lm: the model that reads.
        encoded: b texts of up to t tokens.
        places: `[n]` int64 tokens to read, counted through the batch: text · t + position.
        layers: which blocks to read.
        kept: those of them whose states are wanted.
        device: where the result is to lie.

    Raises:
        SettingsError: if no layer is chosen, or there is no such layer.
    """
    rows = Rows({}, {})

    def keep(layer: int, hidden: Tensor) -> None:
        # One pass over memory takes the rows out and is the copy that `capture` makes.
        chosen = hidden.reshape(-1, hidden.shape[-1]).index_select(0, places.to(hidden.device))
        chosen = chosen.to(device, torch.float32)
        rows.norms[layer] = torch.linalg.vector_norm(chosen, dim=-1)
        if layer in kept:
            rows.states[layer] = chosen

    _read(lm, encoded, layers, keep)
    return rows


def _read(lm: LanguageModel, encoded: Encoded, layers: Collection[int], keep: Callable[[int, Tensor], None]) -> None:
    """Run the model up to the highest of the layers, giving each one's states `[b, t, width]` to `keep`."""
    if not layers:
        raise SettingsError("no layer was chosen to read; choose at least one")
    for layer in layers:
        check_layer(lm, layer)
    lengths = encoded.mask.sum(1)
    if lm.traits.pads_right or lengths.unique().numel() == 1:
        _run(lm, encoded.ids, layers, keep)
    else:
        _run_by_length(lm, encoded.ids, lengths, layers, keep)


def _run_by_length(
    lm: LanguageModel, ids: Tensor, lengths: Tensor, layers: Collection[int], keep: Callable[[int, Tensor], None]
) -> None:
    """As `_run`, with texts of one length at a time, so that no text is read with padding."""
    whole: dict[int, Tensor] = {}
    for length in lengths.unique().tolist():
        rows = (lengths == length).nonzero().flatten()

        def put(layer: int, hidden: Tensor, rows: Tensor = rows) -> None:
            states = whole.setdefault(layer, hidden.new_zeros(*ids.shape, hidden.shape[-1]))
            states[rows.to(hidden.device), : hidden.shape[1]] = hidden

        _run(lm, ids[rows, :length], layers, put)
    for layer, states in whole.items():
        keep(layer, states)


def _run(lm: LanguageModel, ids: Tensor, layers: Collection[int], keep: Callable[[int, Tensor], None]) -> None:
    with ExitStack() as stack:
        stack.enter_context(lm.lock)
        for layer in set(layers):
            hook = _keeper(keep, layer, lm.traits.stream, last=layer == max(layers))
            stack.callback(lm.blocks[layer].register_forward_hook(hook).remove)
        stack.enter_context(torch.inference_mode())
        with suppress(_EnoughReadError):
            # No mask: padding is on the right, where a causal model does not look.
            lm.model(input_ids=ids.to(lm.device), use_cache=False)


def _keeper(keep: Callable[[int, Tensor], None], layer: int, stream: int | None, *, last: bool) -> Hook:
    def hook(_block: nn.Module, _inputs: Any, output: Any) -> None:
        hidden = hidden_of(output, stream)
        # So that what is kept can be changed outside inference mode.
        with torch.inference_mode(False):
            keep(layer, hidden)
        if last:
            raise _EnoughReadError

    return hook
