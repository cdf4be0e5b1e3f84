"""Steering: add a vector to the output of a block, a separate one for each row of a batch."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from lrt_explorer.errors import SettingsError, VectorError
from lrt_explorer.lm.blocks import check_layer, hidden_of, with_hidden
from lrt_explorer.lm.model import LanguageModel


class Steering:
    """What is added where, checked once, to be switched on for as many passes as needed."""

    def __init__(self, lm: LanguageModel, layer: int, vectors: Tensor) -> None:
        """Check and copy the vectors.

        Args:
            lm: the model to steer.
            layer: the block whose output is changed.
            vectors: `[rows, width]`, already scaled; row i is added at every position of row i of a batch.

        Raises:
            SettingsError: if there is no such layer.
            VectorError: if the vectors do not fit the model, or are not finite in its precision.
        """
        check_layer(lm, layer)
        if vectors.ndim != 2 or vectors.shape[1] != lm.width:
            raise VectorError(
                f"vectors of shape {list(vectors.shape)} cannot steer {lm.name}; give one row of {lm.width} numbers "
                "for each text"
            )
        self.rows = len(vectors)
        self._lm = lm
        self._block = lm.blocks[layer]
        self._added = vectors.detach().to(lm.device, lm.model.dtype, copy=True)[:, None, :]
        if not torch.isfinite(self._added).all():
            raise VectorError(
                f"a steering vector for {lm.name} holds numbers that are not finite, or too large for "
                f"{lm.model.dtype}; make it again, or choose a smaller strength"
            )

    @contextmanager
    def on(self) -> Iterator[None]:
        """Steer every pass of this thread within; others wait, and no hook is left in place."""
        with self._lm.lock:
            # First among the hooks, so that whatever else looks at this block sees what the next block gets.
            handle = self._block.register_forward_hook(self._add, prepend=True)
            try:
                yield
            finally:
                handle.remove()

    def _add(self, _block: nn.Module, _inputs: Any, output: Any) -> Any:
        stream = self._lm.traits.stream
        return with_hidden(output, self._steered(hidden_of(output, stream)), stream)

    def _steered(self, hidden: Tensor) -> Tensor:
        if len(hidden) != self.rows:
            raise SettingsError(f"{self.rows} steering vectors for a batch of {len(hidden)}; give one row per text")
        return hidden + self._added.to(hidden)


def steered_alike(
    lm: LanguageModel, layer: int | None, addition: Tensor | None, rows: int
) -> AbstractContextManager[None]:
    """`steering` with one vector, `[width]`, for every row of a batch; without one, or without a layer, nothing."""
    if layer is None or addition is None:
        return nullcontext()
    return steering(lm, layer, addition.expand(rows, -1))


@contextmanager
def steering(lm: LanguageModel, layer: int, vectors: Tensor) -> Iterator[None]:
    """Steer every pass of this thread within the `with` block, holding the model's lock.

    Args:
        lm: the model to steer.
        layer: the block whose output is changed.
        vectors: `[rows, width]`, already scaled; row i is added at every position of row i of a batch.

    Raises:
        SettingsError: if there is no such layer, or, during a pass, if the batch has another number of rows.
        VectorError: if the vectors do not fit the model, or are not finite in its precision.
    """
    with Steering(lm, layer, vectors).on():
        yield
