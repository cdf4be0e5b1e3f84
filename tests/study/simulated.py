"""A model with what real models have: a common offset, and one dimension that holds half of the variance.

Both are put on what each block hands on and taken off by the next one, so the model computes what it did before.
"""

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from lrt_explorer.lm.fair_lock import FairLock
from lrt_explorer.lm.model import LanguageModel


class _Dressed(nn.Module):
    """A block between one that undresses what it reads and one that dresses what it hands on."""

    def __init__(self, block: nn.Module, before: "Dress | None", after: "Dress") -> None:
        super().__init__()
        self.block, self._before, self._after = block, before, after

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("block"), name)

    def forward(self, hidden: Tensor, *args: Any, **kwargs: Any) -> Any:
        plain = hidden if self._before is None else self._before.off(hidden)
        output = self.block(plain, *args, **kwargs)
        if isinstance(output, tuple):
            return (self._after.on(output[0]), *output[1:])
        return self._after.on(output)


class _Undressed(nn.Module):
    """The final norm, which reads what the last block has dressed."""

    def __init__(self, norm: nn.Module, before: "Dress") -> None:
        super().__init__()
        self.norm, self._before = norm, before

    def forward(self, hidden: Tensor) -> Any:
        return self.norm(self._before.off(hidden))


class Dress:
    """What is put on states and taken off: nothing is known of the last dimension, which holds no state of its own."""

    def __init__(self, width: int, deviation: float, offset: float, loudness: float) -> None:
        dice = torch.Generator().manual_seed(0)
        direction = torch.nn.functional.normalize(torch.randn(width, generator=dice), dim=0)
        direction[-1] = 0
        self._offset = offset * deviation * torch.nn.functional.normalize(direction, dim=0)
        self._reads = loudness * torch.nn.functional.normalize(direction[torch.randperm(width, generator=dice)], dim=0)

    def on(self, hidden: Tensor) -> Tensor:
        bare = hidden.clone()
        bare[..., -1] = 0
        loud = (bare @ self._reads)[..., None]
        return torch.cat([bare[..., :-1], loud], dim=-1) + self._offset

    def off(self, hidden: Tensor) -> Tensor:
        bare = hidden - self._offset
        bare[..., -1] = 0
        return bare


def dressed(lm: LanguageModel, name: str, deviation: float, offset: float, loudness: float) -> LanguageModel:
    """A copy without a state in its last dimension, with an offset of so many deviations, and a loud dimension.

    With an offset and a loudness of 0 it is the plain model to compare with.
    """
    dress = Dress(lm.width, deviation, offset, loudness)
    model: Any = copy.deepcopy(lm.model)
    layers = model.model.layers
    for number in range(len(layers)):
        layers[number] = _Dressed(layers[number], dress if number else None, dress)
    model.model.norm = _Undressed(model.model.norm, dress)
    return replace(lm, name=name, model=model, blocks=list(layers), fingerprint=name, lock=FairLock())
