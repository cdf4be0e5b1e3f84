"""How weights lie in memory, which decides how fast the few rows of a step of writing go through them."""

import torch
from torch import nn


def lay_out_for_few_rows(model: nn.Module) -> None:
    """Lay float32 weights of linear maps on the CPU out by input, as a product of a few rows reads them.

    Laid out by output, as they are stored, a few rows can take noticeably longer than one; laid out by input, hardly
    longer (benchmarks/generate.py shows what it is worth). Shapes and values stay what they are. Weights that are also
    a table of embeddings stay as they are, because that is read by row.
    """
    tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    for module in model.modules():
        if not isinstance(module, nn.Linear) or id(module.weight) in tables:
            continue
        weight = module.weight
        # A model that an adapter is put on has been laid out already.
        laid_out = weight.data.t().is_contiguous()
        if weight.device.type == "cpu" and weight.dtype == torch.float32 and not laid_out:
            # One at a time and in its own place: memory given back here and there would not be used again.
            turned = weight.data.t().contiguous()
            place = weight.data.view(-1).view(turned.shape)
            weight.data = place.copy_(turned).t()
