"""One pass of two models over the same texts, collecting the cross-moments of all chosen layer pairs."""

import hashlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, get_args

import torch
from torch import Tensor

from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.paired import PairedStates, read_paired
from lrt_explorer.study.progress import Progress

Part = Literal["fit", "select", "report"]
PARTS: tuple[Part, ...] = get_args(Part)
BATCH_TEXTS = 16


@dataclass(frozen=True)
class Route:
    """From a layer of the small model to one of the large model.

    Attributes:
        small_layer: block of the small model.
        large_layer: block of the large model.
        shuffle: None for the true pairing of tokens; a seed for the control that pairs each with a random other one.
    """

    small_layer: int
    large_layer: int
    shuffle: int | None = None


@dataclass
class TokenCounts:
    """What became of the tokens that were read.

    Attributes:
        used: pairs in the moments, of all parts together.
        special: tokens of either model that a tokenizer put around the texts.
        outliers: pairs left out because an activation is far larger than is ordinary.
        partnered: tokens of both models that found a partner.
        ordinary: tokens of both models that could have found one.
        documents: texts read.
    """

    used: int = 0
    special: int = 0
    outliers: int = 0
    partnered: int = 0
    ordinary: int = 0
    documents: int = 0

    @property
    def coverage(self) -> float:
        """Share of the tokens of both models that found a partner, 0 to 1."""
        return self.partnered / self.ordinary if self.ordinary else 0.0


@dataclass
class Collected:
    """Mutable statistics of a pass: cross-moments per route and part, and the tokens behind them."""

    moments: dict[Route, dict[Part, CrossMoments]]
    counts: TokenCounts = field(default_factory=TokenCounts)
    corpus_fingerprint: str = ""


def part_of(document: int) -> Part:
    """The part a document belongs to: 70 % fit, 15 % select, 15 % report, by a hash of its number.

    The hash makes the split the same in every run, however documents are batched.
    """
    draw = int.from_bytes(hashlib.blake2b(str(document).encode(), digest_size=4).digest()) / 2**32
    return "fit" if draw < 0.7 else "select" if draw < 0.85 else "report"


def collect(
    small: LanguageModel, large: LanguageModel, texts: Iterable[str], routes: Sequence[Route], tokens: int
) -> Generator[Progress, None, Collected]:
    """Read texts with both models until `tokens` pairs of tokens are used or the texts end.

    Tokens are paired where their ends in the text coincide, for there both models have read the same prefix. Special
    tokens, and pairs with an outlying norm at any of the layers read, are left out and counted.
    """
    collected = Collected({route: {part: CrossMoments(small.width, large.width) for part in PARTS} for route in routes})
    small_layers, large_layers = ({r.small_layer for r in routes}, {r.large_layer for r in routes})
    counts, digest = collected.counts, hashlib.sha256()
    shuffled, earlier = any(r.shuffle is not None for r in routes), dict[int, Tensor]()
    for batch in _batches(enumerate(texts)):
        for _, text in batch:
            digest.update(text.encode() + b"\0")
        states = read_paired(small, large, [text for _, text in batch], sorted(small_layers), sorted(large_layers))
        counts.documents += len(batch)
        counts.special += states.special
        counts.outliers += states.outliers
        counts.partnered += states.partnered
        counts.ordinary += states.ordinary
        room = tokens - counts.used
        counts.used += min(room, len(states.text))
        _update(collected.moments, states, earlier, [part_of(index) for index, _ in batch], room, batch[0][0])
        if shuffled and len(states.text):
            earlier = states.large
        yield Progress(counts.used, tokens, f"read {counts.used:,} of {tokens:,} tokens")
        if counts.used >= tokens:
            break
    collected.corpus_fingerprint = digest.hexdigest()[:16]
    return collected


def _batches(documents: Iterator[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    while batch := list(islice(documents, BATCH_TEXTS)):
        if kept := [(index, text) for index, text in batch if text.strip()]:
            yield kept


def _update(
    moments: dict[Route, dict[Part, CrossMoments]],
    states: PairedStates,
    earlier: Mapping[int, Tensor],
    parts: Sequence[Part],
    room: int,
    number: int,
) -> None:
    """Add a batch to the moments; `earlier` holds the large model's rows of the batch before, for the controls."""
    text = states.text[:room]
    of_part = {part: torch.tensor([p == part for p in parts], dtype=torch.bool)[text] for part in PARTS}
    for route, by_part in moments.items():
        x, y = states.small[route.small_layer][:room], states.large[route.large_layer][:room]
        if route.shuffle is not None:
            if not earlier:
                continue
            y = _strangers(earlier[route.large_layer], len(x), route.shuffle, number)
        for part, held in of_part.items():
            by_part[part].update(x[held], y[held])


def _strangers(rows: Tensor, count: int, shuffle: int, number: int) -> Tensor:
    """Random rows of other documents, for a control.

    They must not come from the same batch: rows that share a document now and then would carry what holds throughout a
    document, such as its language, through a map that is to carry nothing. `number` tells batches apart.
    """
    generator = torch.Generator().manual_seed(shuffle * 1_000_003 + number)
    return rows[torch.randint(len(rows), (count,), generator=generator)]
