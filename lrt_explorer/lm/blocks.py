"""The decoder blocks of a model of any common family: where they are, and where in their output the states are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from lrt_explorer.errors import ModelError, SettingsError

# Parts of a path that mark a list of blocks as not the language model's own.
OTHER_PARTS = ("encoder", "vision", "visual", "audio", "speech", "image", "mtp", "assistant", "projector")


def find_blocks(model: nn.Module) -> list[nn.Module]:
    """The decoder blocks of a causal language model, first to last.

    Raises:
        ModelError: if no list of modules, or more than one, can be the blocks.
    """
    lists = {name: module for name, module in model.named_modules() if isinstance(module, nn.ModuleList)}
    lengths = {name: len(modules) for name, modules in lists.items()}
    return list(lists[choose_block_list(lengths, block_count(model))])


def block_count(model: nn.Module) -> int | None:
    """How many blocks the configuration says there are; None if it does not say."""
    config = getattr(model, "config", None)
    if config is None:
        return None
    text = config.get_text_config(decoder=True)
    count = getattr(text, "num_hidden_layers", None)
    return count if isinstance(count, int) else None


def choose_block_list(lengths: Mapping[str, int], count: int | None) -> str:
    """The path of the block list among all module lists of a model.

    The blocks are the outermost list (experts, heads and convolutions are lists within a block, whose path has a
    number in it), are as many as the configuration says, and do not belong to an image or sound encoder.

    Args:
        lengths: path of every module list, with its length.
        count: number of blocks by the configuration, None if unknown.

    Raises:
        ModelError: if none, or more than one, fits.
    """
    outer = [path for path, length in lengths.items() if length and not any(p.isdigit() for p in path.split("."))]
    fitting = [path for path in outer if count is None or lengths[path] == count]
    own = [path for path in fitting if not any(part in path.lower() for part in OTHER_PARTS)]
    if not own and len(outer) == 1:
        # Families of encoders name the blocks of their decoders so too; whether they are, the self-check tells.
        own = fitting
    if len(own) == 1:
        return own[0]
    if not own:
        seen = ", ".join(f"{path} ({lengths[path]})" for path in outer) or "none at all"
        expected = "a list of decoder blocks" if count is None else f"the {count} decoder blocks"
        raise ModelError(f"{expected} cannot be found among the module lists ({seen}); choose a decoder-only model")
    raise ModelError(
        f"several module lists could be the decoder blocks ({', '.join(own)}); choose a model with one stack of blocks"
    )


def hidden_of(output: Any, stream: int | None = None) -> Tensor:
    """The hidden states within what a block hands on.

    Args:
        output: what a block gave: the states, or a tuple of which they come first.
        stream: which stream to take where the states are `[streams, b, t, width]`.

    Returns:
        `[b, t, width]` in the model's precision, not a copy.

    Raises:
        ModelError: if there are no states in it.
    """
    states = output[0] if isinstance(output, tuple | list) and output else output
    if not isinstance(states, Tensor):
        raise ModelError(f"its blocks give {type(states).__name__} instead of hidden states; choose another model")
    return states if stream is None else states[stream]


def with_hidden(output: Any, hidden: Tensor, stream: int | None = None) -> Any:
    """The same output with other hidden states, the inverse of `hidden_of`; a new object, through which gradients flow.

    Args:
        output: what a block gave.
        hidden: `[b, t, width]` to put in the place of its states.
        stream: as for `hidden_of`.
    """
    if isinstance(output, tuple | list):
        return type(output)((with_hidden(output[0], hidden, stream), *output[1:]))
    if stream is None:
        return hidden
    return torch.cat([output[:stream], hidden[None], output[stream + 1 :]])


@contextmanager
def standing_in(blocks: Sequence[nn.Module], forward: Callable[..., Any]) -> Iterator[None]:
    """Within, the blocks do not compute but answer what `forward` gives for the arguments they are called with."""
    # A block may carry a forward of its own already, put there when the model was spread over devices.
    earlier = [vars(block).get("forward") for block in blocks]
    try:
        for block in blocks:
            vars(block)["forward"] = forward
        yield
    finally:
        for block, own in zip(blocks, earlier, strict=True):
            if own is None:
                vars(block).pop("forward", None)
            else:
                vars(block)["forward"] = own


class Layered(Protocol):
    """A model, or what is known of one: its name, and how many blocks it has."""

    @property
    def name(self) -> str:
        """The name that people know it by."""

    @property
    def layers(self) -> int:
        """The number of its blocks."""


def check_layer(lm: Layered, layer: int) -> None:
    """Raise SettingsError, naming the layers there are, unless `layer` is one of them."""
    if not 0 <= layer < lm.layers:
        raise SettingsError(
            f"layer {layer} is not in {lm.name}, which has blocks 0 to {lm.layers - 1}; choose one of these"
        )
