"""Vectors of relabelled pairs at layers of both models: what a direction cosine is to be held against.

A map that carries whatever some texts differ in takes vectors of the same texts with meaningless labels to one another
as well, so that their cosine, and not zero, is what says nothing.
"""

from collections.abc import Collection, Generator
from functools import partial

import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.concepts.methods import METHODS
from lrt_explorer.concepts.reading import fitting_pairs, reading_pairs
from lrt_explorer.concepts.relabelled import RELABELLINGS, relabelled_directions, swapped_pairs
from lrt_explorer.concepts.sets.contrast_set import MINIMUM_PAIRS
from lrt_explorer.defaults import SEED
from lrt_explorer.study.ground.known import few_pairs, model_label
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress, retold

Relabelled = tuple[dict[int, Tensor], dict[int, Tensor]]
"""For each layer of the small, and of the large model, `[RELABELLINGS, d]` float64; row i of both belongs together."""


def read_relabelled(
    pair: Pair, pairs: Collection[Layers], concept: ContrastSet, reading: Reading | None = None
) -> Generator[Progress, None, Relabelled]:
    """Vectors of a few of the concept's pairs, the labels of half of them swapped, the same ones in both models.

    Few pairs are enough: with more of them relabelled vectors are shorter, but point nowhere else. Nothing is given
    where both models read fewer than two of the pairs whole.

    Raises:
        ContrastError: if a text has no token that is read.
    """
    few, how = few_pairs(concept), reading or concept.reading
    numbers = sorted(set(fitting_pairs(pair.small, few, how)) & set(fitting_pairs(pair.large, few, how)))
    if len(numbers) < MINIMUM_PAIRS:
        return {}, {}
    read = few.some_pairs(numbers)
    swapped = swapped_pairs(len(numbers), RELABELLINGS, SEED)
    found: list[dict[int, Tensor]] = []
    for lm, layers in zip(pair.both, map(sorted, map(set, zip(*pairs, strict=True))), strict=True):
        said = f"reading {len(numbers)} relabelled pairs of {concept.name} with {model_label(lm.name)}"
        yield Progress(0, 2 * len(numbers), said)
        states = yield from retold(reading_pairs(lm, read, layers, how), partial(_step, said, 2 * len(numbers)))
        found.append(
            {
                layer: torch.stack([*relabelled_directions(one, swapped, METHODS.default)])
                for layer, one in states.items()
            }
        )
    return found[0], found[1]


def _step(said: str, texts: int, done: int) -> Progress:
    return Progress(done, texts, said)
