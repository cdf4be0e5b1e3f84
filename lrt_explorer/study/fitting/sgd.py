"""The map by gradient descent, as arXiv 2506.00653 makes it: the baseline that closed forms are compared with."""

from collections.abc import Generator, Iterable, Iterator

import torch
from torch import Tensor

from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.estimators import Estimate
from lrt_explorer.linear.scores import r2
from lrt_explorer.lm.chat import Document
from lrt_explorer.study.corpora.batches import DocumentStream
from lrt_explorer.study.corpora.paired import read_paired
from lrt_explorer.study.corpora.texts import prepared
from lrt_explorer.study.corpora.windows import Windows
from lrt_explorer.study.fitting.collect import Route, part_of
from lrt_explorer.study.fitting.descent import ground_for
from lrt_explorer.study.fitting.estimators import SGD, SGD_RATE, DescentOptions
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.solve import FittedMap
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress

EPOCHS = 4
ROWS = 256
"""Pairs of tokens in a step."""


def sgd_map(
    pair: Pair,
    texts: Iterable[Document],
    layers: Layers,
    settings: FitSettings | None = None,
    *,
    learning_rate: float = SGD_RATE,
    epochs: int = EPOCHS,
    seed: int = 0,
) -> Generator[Progress, None, FittedMap]:
    """Fit a map with AdamW on the mean squared error, reading both models again in every epoch.

    It descends on the fit documents alone. The moments of the same tokens, collected first, only score it, so that its
    figures stand on the rows that those of the closed forms stand on.

    Args:
        pair: the models.
        texts: documents that can be gone through more than once.
        layers: a block of each, counted from 0.
        settings: tokens of an epoch, of all parts together, and so on; their method is ignored.
        learning_rate: of AdamW.
        epochs: how often the fit documents are gone through.
        seed: of the initial weights and of the order of tokens within a batch of texts.

    Raises:
        SettingsError: if a layer does not exist, a number is not positive, or the texts can be read only once.
        MapError: if too few tokens could be paired, or the descent ran away.
    """
    small, large = pair.both
    settings = settings or FitSettings()
    if not 0 < learning_rate < float("inf") or epochs < 1:
        raise SettingsError(
            f"gradient descent needs at least one epoch and a learning rate above 0, not {epochs} and "
            f"{learning_rate:g}; choose about 0.001"
        )
    texts = yield from prepared(texts, large, settings.tokens)
    ground = yield from ground_for(pair, texts, Route(*layers), settings)
    tokens, select = settings.tokens, ground.moments["select"]
    descent = _Descent(small.width, large.width, learning_rate, seed)
    path = []
    for epoch in range(1, epochs + 1):
        read = 0
        for x, y, weights, seen in fit_rows(pair, texts, layers, tokens, ground.end_weight):
            descent.over(x, y, weights)
            read += seen
            message = f"epoch {epoch} of {epochs}: {read:,} of {tokens:,} tokens"
            yield Progress((epoch - 1) * tokens + read, epochs * tokens, message)
        path.append((float(epoch), r2(descent.map(), select)))
    how = {"learning_rate": learning_rate, "epochs": epochs, "steps": descent.steps, "seed": seed}
    estimate = Estimate(descent.map(), None, tuple(path), {**how, "rows_in_a_step": ROWS})
    return (yield from ground.fitted(estimate, SGD))


def descend(
    pair: Pair,
    texts: Iterable[Document],
    layers: Layers,
    settings: FitSettings,
    options: DescentOptions,
) -> Generator[Progress, None, FittedMap]:
    """`sgd_map` as the table of estimators calls it; raises what that raises."""
    rate = SGD_RATE if options.learning_rate is None else options.learning_rate
    return sgd_map(pair, texts, layers, settings, learning_rate=rate)


def fit_rows(
    pair: Pair,
    texts: Iterable[Document],
    layers: Layers,
    tokens: int,
    end_weight: int = 1,
) -> Iterator[tuple[Tensor, Tensor, Tensor, int]]:
    """The activations of fit documents, batch by batch, until `tokens` pairs of all parts are read.

    Yields:
        `[n, d_small]` and `[n, d_large]` float32, `[n]` float32 how often each pair counts, and how many pairs of all
        parts this batch has taken of `tokens`.
    """
    small, large = pair.both
    small_layer, large_layer = layers
    left = tokens
    for batch in DocumentStream(texts).batches(Windows(small, large)):
        if not batch.texts:
            continue
        states = read_paired(small, large, batch.texts, [small_layer], [large_layer])
        text = states.text[:left]
        fit = torch.tensor([part_of(number) == "fit" for number in batch.numbers])[text]
        weights = torch.ones(len(text))
        last = torch.cat([text[1:] != text[:-1], torch.tensor([True])[: len(text)]])
        weights[last & torch.tensor(batch.ends)[text]] = end_weight
        x, y = states.small[small_layer][: len(text)], states.large[large_layer][: len(text)]
        yield x[fit], y[fit], weights[fit], len(text)
        left -= len(text)
        if left <= 0:
            return


class _Descent:
    """A map on its way down, in float32 as gradient descent is done."""

    def __init__(self, d_small: int, d_large: int, learning_rate: float, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        bound = d_small**-0.5
        self._weight, self._bias = (
            torch.empty(shape).uniform_(-bound, bound, generator=self._generator).requires_grad_()
            for shape in ((d_small, d_large), (d_large,))
        )
        self._optimizer = torch.optim.AdamW([self._weight, self._bias], lr=learning_rate)
        self.steps = 0

    def over(self, x: Tensor, y: Tensor, weights: Tensor) -> None:
        """Go once through the rows in random order; a row of weight w counts like w rows."""
        for rows in torch.randperm(len(x), generator=self._generator).split(ROWS):
            errors = (x[rows] @ self._weight + self._bias - y[rows]).square().mean(dim=1)
            loss = errors @ weights[rows] / weights[rows].sum()
            if not bool(torch.isfinite(loss)):
                raise MapError("gradient descent diverged; choose a lower learning rate")
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            self.steps += 1

    def map(self) -> AffineMap:
        """The map as it is now."""
        return AffineMap(self._weight, self._bias)
