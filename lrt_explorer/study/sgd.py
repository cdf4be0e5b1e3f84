"""The map by gradient descent, as arXiv 2506.00653 makes it: the baseline that closed forms are compared with."""

from collections.abc import Generator, Iterable, Iterator, Sequence

import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.estimators import Estimate
from lrt_explorer.linear.scores import r2
from lrt_explorer.lm.blocks import check_layer
from lrt_explorer.lm.chat import Document
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.batches import DocumentStream
from lrt_explorer.study.collect import Route, part_of
from lrt_explorer.study.moments import moments_of
from lrt_explorer.study.paired import CONTEXT, read_paired
from lrt_explorer.study.progress import Progress
from lrt_explorer.study.solve import FittedMap, check_enough, read_directions, with_evidence
from lrt_explorer.study.texts import Corpus

METHOD = "sgd"
EPOCHS = 4
LEARNING_RATE = 1e-3
"""The higher of the paper's two; with far fewer tokens than its ten millions the lower one stops short."""
ROWS = 256
"""Pairs of tokens in a step."""


def sgd_map(
    small: LanguageModel,
    large: LanguageModel,
    texts: Iterable[Document],
    small_layer: int,
    large_layer: int,
    *,
    tokens: int = 100_000,
    corpus: str = "",
    concepts: Sequence[ContrastSet] = (),
    reading: Reading | None = None,
    learning_rate: float = LEARNING_RATE,
    epochs: int = EPOCHS,
    seed: int = 0,
    keep_moments: bool = False,
    end_weight: int | None = None,
) -> Generator[Progress, None, FittedMap]:
    """Fit a map with AdamW on the mean squared error, reading both models anew in every epoch.

    It descends on the fit documents alone. The moments of the same tokens, collected first, only score it, so that its
    figures stand on the rows that those of the closed forms stand on.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        texts: documents that can be gone through more than once.
        small_layer: block of the small model.
        large_layer: block of the large model.
        tokens: pairs of tokens to use in an epoch, of all parts together.
        corpus: the name of the texts, for people.
        concepts: contrast sets on which to measure the cosine of mapped and native directions.
        reading: how their vectors are read; None for what each set prefers.
        learning_rate: of AdamW.
        epochs: how often the fit documents are gone through.
        seed: of the initial weights and of the order of tokens within a batch of texts.
        keep_moments: as for `fit_map`.
        end_weight: likewise.

    Raises:
        SettingsError: if a layer does not exist, a number is not positive, or the texts can be read only once.
        MapError: if too few tokens could be paired, or the descent ran away.
    """
    check_layer(small, small_layer)
    check_layer(large, large_layer)
    if not 0 < learning_rate < float("inf") or epochs < 1 or tokens < 1:
        raise SettingsError(
            f"gradient descent needs tokens, an epoch and a learning rate above 0, not {tokens}, {epochs} and "
            f"{learning_rate:g}; choose about 0.001"
        )
    if iter(texts) is texts:
        raise SettingsError("the texts are gone through in every epoch, but these can be read only once; give a list")
    if end_weight is None:
        end_weight = texts.end_weight if isinstance(texts, Corpus) else 1
    route = Route(small_layer, large_layer)
    pair = (small_layer, large_layer)
    collected = yield from moments_of(
        small, large, texts, [pair], tokens, corpus=corpus, keep=keep_moments, end_weight=end_weight
    )
    collected.corpus = corpus
    check_enough(small, large, collected, [route])
    directions = yield from read_directions(small, large, [pair], concepts, reading)
    select = collected.of(route)["select"]
    descent = _Descent(small.width, large.width, learning_rate, seed)
    path = []
    for epoch in range(1, epochs + 1):
        read = 0
        for x, y, weights, seen in fit_rows(small, large, texts, small_layer, large_layer, tokens, end_weight):
            descent.over(x, y, weights)
            read += seen
            message = f"epoch {epoch} of {epochs}: {read:,} of {tokens:,} tokens"
            yield Progress((epoch - 1) * tokens + read, epochs * tokens, message)
        path.append((float(epoch), r2(descent.map(), select)))
    settings = {"learning_rate": learning_rate, "epochs": epochs, "steps": descent.steps, "seed": seed}
    estimate = Estimate(descent.map(), None, tuple(path), {**settings, "rows_in_a_step": ROWS})
    return with_evidence(small, large, collected, route, estimate, method=METHOD, directions=directions)


def fit_rows(
    small: LanguageModel,
    large: LanguageModel,
    texts: Iterable[Document],
    small_layer: int,
    large_layer: int,
    tokens: int,
    end_weight: int = 1,
) -> Iterator[tuple[Tensor, Tensor, Tensor, int]]:
    """The activations of fit documents, batch by batch, until `tokens` pairs of all parts are read.

    Yields:
        `[n, d_small]` and `[n, d_large]` float32, `[n]` float32 how often each pair counts, and how many pairs of all
        parts this batch has taken of `tokens`.
    """
    left = tokens
    for batch in DocumentStream(texts).batches(min(CONTEXT, small.context, large.context)):
        states = read_paired(small, large, batch.texts, [small_layer], [large_layer])
        text = states.text[:left]
        fit = torch.tensor([part_of(number) == "fit" for number in batch.numbers])[text]
        weights = torch.ones(len(text))
        weights[torch.cat([text[1:] != text[:-1], torch.tensor([True])[: len(text)]])] = end_weight
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
                raise MapError("gradient descent ran away; choose a lower learning rate")
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            self.steps += 1

    def map(self) -> AffineMap:
        """The map as it is now."""
        return AffineMap(self._weight, self._bias)
