"""Find the decoder blocks of a model by the shape of its module tree, for any common family."""

from collections.abc import Mapping

from torch import nn

from lrt_explorer.errors import ModelError, SettingsError
from lrt_explorer.lm.model import LanguageModel

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
    if len(own) == 1:
        return own[0]
    if not own:
        seen = ", ".join(f"{path} ({lengths[path]})" for path in outer) or "none at all"
        expected = "a list of decoder blocks" if count is None else f"the {count} decoder blocks"
        raise ModelError(f"{expected} cannot be found among the module lists ({seen}); choose a decoder-only model")
    raise ModelError(
        f"several module lists could be the decoder blocks ({', '.join(own)}); choose a model with one stack of blocks"
    )


def check_layer(lm: LanguageModel, layer: int) -> None:
    """Raise SettingsError, naming the layers there are, unless `layer` is one of them."""
    if not 0 <= layer < lm.layers:
        raise SettingsError(
            f"layer {layer} is not in {lm.name}, which has blocks 0 to {lm.layers - 1}; choose one of these"
        )
