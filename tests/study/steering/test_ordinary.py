"""States on ordinary text: what stands out by its length alone is no part of them."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from lrt_explorer.bounded import BoundedCache
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.steering import ordinary
from tests.study.tiny import small


def test_attention_sinks_are_no_ordinary_states(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(4, 50, 16, generator=generator)
    sink = torch.zeros(16)
    sink[0] = 500.0
    states[:, 0] = sink

    def batches(_: LanguageModel, layers: list[int], __: object) -> Iterator[tuple[dict[int, Tensor], Tensor]]:
        yield {layers[0]: states}, torch.ones(4, 50, dtype=torch.bool)

    kept: BoundedCache[object, object] = BoundedCache(1)
    monkeypatch.setattr(ordinary, "ordinary_batches", batches)
    monkeypatch.setattr(ordinary, "_known", lambda: kept)
    found = ordinary.ordinary_states(small(), 0, "everyday")
    assert len(found.tokens) == 4 * 49
    drawn = found.from_covariance(200, 0)
    along = drawn[:, 0].square().mean() / drawn.square().mean()
    assert 0.5 < float(along) < 2.0, "a draw lies no more along the sinks than along anything else"
