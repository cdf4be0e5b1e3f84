"""Vectors of relabelled pairs at layers of both models: what a direction cosine is to be held against.

A map that carries whatever some texts differ in takes vectors of the same texts with meaningless labels to one another
as well, so that their cosine, and not zero, is what says nothing.
"""

from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.concepts.reading import fitting_pairs, reading_pairs
from lrt_explorer.concepts.relabelled import RELABELLINGS, half_swapped_labels, highest_of_most
from lrt_explorer.concepts.sets.contrast_set import MINIMUM_PAIRS
from lrt_explorer.defaults import SEED
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.scores import row_cosines
from lrt_explorer.study.ground.known import few_pairs, model_label
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress, retold

NOTHING = 1e-12
"""Of the length of all differences together: shorter means of them are rounding, and point nowhere."""


@dataclass(frozen=True, eq=False)
class RelabelledPairs:
    """Pairs of a concept at layers of both models, and their labels in each relabelling.

    A vector of relabelled pairs is a mean of their differences with signs. So a map need take only the differences
    across, for all relabellings together, which is what makes it cheap enough for all layer pairs.

    Attributes:
        labels: `[RELABELLINGS, n]` float64, see `half_swapped_labels`; the same in both models.
        small: for each layer of the small model `[n, d_small]` float64, with less without the behaviour.
        large: for each layer of the large model `[n, d_large]`, likewise.
    """

    labels: Tensor
    small: Mapping[int, Tensor]
    large: Mapping[int, Tensor]

    def limits(self, map: AffineMap, layers: Layers, deviations: Tensor | None = None) -> tuple[float, float | None]:
        """The cosines, without their signs, that 19 in 20 mapped vectors stay below; 0 where none has a length.

        Args:
            map: between these layers.
            layers: both among those that were read.
            deviations: `[d_large]`, for the second number, which is standardised; None without them.
        """
        across, native = map.direction(self.small[layers[0]]).double().cpu(), self.large[layers[1]]
        rows, others = ((self.labels @ differences / len(differences)) for differences in (across, native))
        long = (rows.norm(dim=1) > NOTHING * across.norm()) & (others.norm(dim=1) > NOTHING * native.norm())
        rows, others = rows[long], others[long]
        plain = highest_of_most(row_cosines(rows, others).tolist())
        if deviations is None:
            return plain, None
        return plain, highest_of_most(row_cosines(rows, others, deviations).tolist())


def read_relabelled(
    pair: Pair, pairs: Collection[Layers], concept: ContrastSet, reading: Reading | None = None
) -> Generator[Progress, None, RelabelledPairs | None]:
    """A few of the concept's pairs, the labels of half of them to be swapped, the same ones in both models.

    Few pairs are enough: with more of them relabelled vectors are shorter, but point nowhere else. None where both
    models read fewer than two of the pairs whole.

    Raises:
        ContrastError: if a text has no token that is read.
    """
    few, how = few_pairs(concept), reading or concept.reading
    numbers = sorted(set(fitting_pairs(pair.small, few, how)) & set(fitting_pairs(pair.large, few, how)))
    if len(numbers) < MINIMUM_PAIRS:
        return None
    read = few.some_pairs(numbers)
    found: list[dict[int, Tensor]] = []
    for lm, layers in zip(pair.both, map(sorted, map(set, zip(*pairs, strict=True))), strict=True):
        said = f"reading {len(numbers)} relabelled pairs of {concept.name} with {model_label(lm.name)}"
        yield Progress(0, 2 * len(numbers), said)
        states = yield from retold(reading_pairs(lm, read, layers, how), partial(_step, said, 2 * len(numbers)))
        found.append({layer: one.differences for layer, one in states.items()})
    return RelabelledPairs(half_swapped_labels(len(numbers), RELABELLINGS, SEED).double(), *found)


def _step(said: str, texts: int, done: int) -> Progress:
    return Progress(done, texts, said)
