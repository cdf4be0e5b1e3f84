"""Capture: hidden states of chosen layers, reading no further than the last of them."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.blocks import check_layer
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
    if not layers:
        raise SettingsError("no layer was chosen to read; choose at least one")
    for layer in layers:
        check_layer(lm, layer)
    states: dict[int, Tensor] = {}
    with ExitStack() as stack:
        stack.enter_context(lm.lock)
        for layer in set(layers):
            hook = _keeper(states, layer, last=layer == max(layers))
            stack.callback(lm.blocks[layer].register_forward_hook(hook).remove)
        stack.enter_context(torch.inference_mode())
        try:
            # No mask: padding is on the right, where a causal model does not look.
            lm.model(input_ids=encoded.ids.to(lm.device), use_cache=False)
        except _EnoughReadError:
            pass
    return states


def _keeper(states: dict[int, Tensor], layer: int, last: bool) -> Hook:
    def keep(block: nn.Module, inputs: Any, output: Any) -> None:
        hidden = output[0] if isinstance(output, tuple) else output
        # A copy, for a model may go on writing into its own states; and one that can be changed outside inference mode.
        with torch.inference_mode(False):
            states[layer] = hidden.to("cpu", torch.float32, copy=True)
        if last:
            raise _EnoughReadError

    return keep
