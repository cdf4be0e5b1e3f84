"""What a map is distilled from: prompts to steer, and directions that both models have, of texts or of concepts."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.concepts.reading import fitting_pairs, read_pairs
from lrt_explorer.errors import MapError, PromptError
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.lm.chat import Document
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.suffix import Start, read_starts
from lrt_explorer.lm.tokens import prompt_tokens
from lrt_explorer.study.corpora.batches import DocumentStream
from lrt_explorer.study.corpora.paired import read_paired
from lrt_explorer.study.corpora.windows import Windows
from lrt_explorer.study.fitting.collect import Route, part_of
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.steering.deviation import unit_of

WEAKEST, STRONGEST = 0.1, 0.6
ROWS = 16
"""Directions steered with in a step, all on one prompt."""
PAIRS = 8
"""Of one concept, whose differences are averaged into a direction: few enough to differ each time."""
CHARACTERS = 200
"""Length of a prompt: the end of a text, where it may be broken off."""
POOL_TOKENS = 20_000
PROMPTS, HELD_PROMPTS = 64, 8

Drawn = tuple[Tensor, Tensor, Tensor]
"""Directions `[ROWS, d_small]` and `[ROWS, d_large]`, and the norms `[ROWS, 1]` to steer with."""


class Source(Protocol):
    """Where directions come from."""

    def draw(self, generator: torch.Generator) -> Drawn:
        """Directions of both models that belong together."""


@dataclass
class Material:
    """Tokens of some texts as both models hold them, and prompts from other texts, read up to the layer."""

    typical_deviation: TypicalDeviation
    small: list[Tensor] = field(default_factory=list)
    large: list[Tensor] = field(default_factory=list)
    weights: list[Tensor] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)

    def joined(self, large: LanguageModel, layer: int, prompts: int) -> "Material":
        """The same with its rows in one piece and its prompts read."""
        chosen = list(islice((prompt for prompt in self.prompts if _fits(large, prompt)), prompts))
        if not chosen or sum(len(rows) for rows in self.small) < 2:
            raise MapError("the texts give too few tokens and prompts to distil a map with; give more documents")
        small, native, weights = ([torch.cat(parts)] for parts in (self.small, self.large, self.weights))
        return Material(self.typical_deviation, small, native, weights, chosen, read_starts(large, layer, chosen))

    def draw(self, generator: torch.Generator) -> Drawn:
        """Differences of both models' states at two random tokens."""
        a, b = torch.multinomial(self.weights[0], 2 * ROWS, replacement=True, generator=generator).split(ROWS)
        norms = _norms(self.typical_deviation, generator)
        return self.small[0][a] - self.small[0][b], self.large[0][a] - self.large[0][b], norms


@dataclass(frozen=True, eq=False)
class PairDifferences:
    """Directions of concepts: means over some of a concept's pairs, towards its behaviour or away from it.

    Attributes:
        small: for each concept `[pairs, d_small]` float32, the differences of its pairs.
        large: for each concept `[pairs, d_large]` float32, of the same pairs.
        typical_deviation: of the large model at its layer.
    """

    small: tuple[Tensor, ...]
    large: tuple[Tensor, ...]
    typical_deviation: TypicalDeviation | float

    def draw(self, generator: torch.Generator) -> Drawn:
        """Every direction from a concept of its own draw."""
        rows: list[tuple[Tensor, Tensor]] = []
        for _ in range(ROWS):
            concept = int(torch.randint(len(self.small), (1,), generator=generator))
            pairs = torch.randint(len(self.small[concept]), (PAIRS,), generator=generator)
            sign = 1 - 2 * int(torch.randint(2, (1,), generator=generator))
            rows.append((sign * self.small[concept][pairs].mean(0), sign * self.large[concept][pairs].mean(0)))
        small, large = (torch.stack(side) for side in zip(*rows, strict=True))
        return small, large, _norms(self.typical_deviation, generator)


def pair_differences(
    pair: Pair,
    route: Route,
    concepts: Sequence[ContrastSet],
    reading: Reading | None,
    typical_deviation: TypicalDeviation | float,
) -> Generator[Progress, None, PairDifferences]:
    """The differences of the pairs of some concepts at the layers of a route.

    Raises what `read_pairs` raises.
    """
    small, large = pair.both
    found: list[tuple[Tensor, Tensor]] = []
    for number, concept in enumerate(concepts):
        yield Progress(number, len(concepts), f"reading the pairs of {concept.name} in both models")
        reads = reading or concept.reading
        # The same pairs in both models, also where one of them has the shorter context.
        fitting = set(fitting_pairs(small, concept, reads)) & set(fitting_pairs(large, concept, reads))
        concept = concept.some_pairs(sorted(fitting))
        both = []
        for lm, layer in ((small, route.small_layer), (large, route.large_layer)):
            states = read_pairs(lm, concept, [layer], reads)[layer]
            both.append(states.differences.float())
        found.append((both[0], both[1]))
    return PairDifferences(tuple(one for one, _ in found), tuple(other for _, other in found), typical_deviation)


def _norms(typical_deviation: TypicalDeviation | float, generator: torch.Generator) -> Tensor:
    size = TypicalDeviation.of(typical_deviation).value
    return size * (WEAKEST + (STRONGEST - WEAKEST) * torch.rand(ROWS, 1, generator=generator))


def materials(
    pair: Pair, texts: Iterable[Document], route: Route, end_weight: int
) -> Generator[Progress, None, tuple[Material, Material]]:
    """What to learn from, of fit documents, and what to choose by, of select documents.

    Raises:
        MapError: if the texts give too little of either.
    """
    small, large = pair.both
    small_layer, large_layer = route.small_layer, route.large_layer
    unit = unit_of(large, large_layer, world_of(small.name, large.name).ordinary)
    material, held = Material(unit), Material(unit)
    read = 0
    for batch in DocumentStream(texts).batches(Windows(small, large)):
        for of, part in ((material, "fit"), (held, "select")):
            mine = [
                (number, document if isinstance(document, str) else document.text, end)
                for number, document, end in zip(batch.numbers, batch.texts, batch.ends, strict=True)
                if part_of(number) == part
            ]
            # Prompts come from other documents than the directions that are tried on them.
            of.prompts += [_prompt(text) for number, text, _ in mine if number % 2]
            pool = [(text, end) for number, text, end in mine if number % 2 == 0]
            if pool:
                states = read_paired(small, large, [text for text, _ in pool], [small_layer], [large_layer])
                last = torch.ones(len(states.text), dtype=torch.bool)
                last[:-1] = states.text[1:] != states.text[:-1]
                last &= torch.tensor([end for _, end in pool])[states.text]
                of.small.append(states.small[small_layer])
                of.large.append(states.large[large_layer])
                of.weights.append(torch.where(last, float(end_weight), 1.0))
                read += len(states.text)
        yield Progress(read, POOL_TOKENS, f"gathering directions from {read:,} tokens")
        if read >= POOL_TOKENS and len(material.prompts) >= PROMPTS and len(held.prompts) >= HELD_PROMPTS:
            break
    return material.joined(large, large_layer, PROMPTS), held.joined(large, large_layer, HELD_PROMPTS)


def _fits(lm: LanguageModel, prompt: str) -> bool:
    """Whether the model can read a prompt; one of rare characters may be too long."""
    try:
        return bool(prompt_tokens(lm, prompt))
    except PromptError:
        return False


def _prompt(text: str) -> str:
    """The end of a text, from a whole word on."""
    if len(text) <= CHARACTERS:
        return text
    end = text[-CHARACTERS:]
    return end.partition(" ")[2].strip() or end
