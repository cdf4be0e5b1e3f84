"""One pass of two models over the same texts, collecting the cross-moments of all chosen layer pairs."""

import hashlib
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, get_args

import torch
from torch import Tensor

from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.grid import GridMoments
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.lm.chat import Document
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.placement import exact_device
from lrt_explorer.study.corpora.batches import BATCH_TEXTS, Batch, DocumentStream, Position
from lrt_explorer.study.corpora.paired import PairedStates, read_paired
from lrt_explorer.study.corpora.texts import prepared
from lrt_explorer.study.corpora.windows import Windows
from lrt_explorer.study.fitting.readings import Readings
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.processes import Processes
from lrt_explorer.study.ground.progress import Progress

__all__ = ["BATCH_TEXTS", "PARTS", "Collected", "Part", "Route", "TokenCounts", "collect", "part_of"]

Part = Literal["fit", "select", "report"]
PARTS: tuple[Part, ...] = get_args(Part)
TakeRows = Callable[[Part, Mapping[int, Tensor], Mapping[int, Tensor], Tensor], None]
"""Takes rows: their part, `[n, width]` of both models by layer, and the `tokens` of `PairedStates`."""
MINIMUM_COVERAGE = 0.1
"""Below this the few tokens that meet are mostly punctuation, and a map of them says little about the rest."""
TOKENS_THAT_TELL = 20_000
"""Ordinary tokens after which the coverage is known well enough to give up early."""
COVERAGE_STEPS = 20


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
        documents: documents of which something was read.
        by_coverage: how many texts, each window of a long document counted, have a coverage of about 0, 5, … 100 %.
        empty: documents with nothing in them.
        refused: conversations that a chat template refuses, and which were left out.
        refusal: whose template, and why it refuses the first of them.
    """

    used: int = 0
    special: int = 0
    outliers: int = 0
    partnered: int = 0
    ordinary: int = 0
    documents: int = 0
    by_coverage: list[int] = field(default_factory=lambda: [0] * (COVERAGE_STEPS + 1))
    empty: int = 0
    refused: int = 0
    refusal: str = ""

    @property
    def coverage(self) -> float:
        """Share of the tokens of both models that found a partner, 0 to 1."""
        return self.partnered / self.ordinary if self.ordinary else 0.0

    def coverage_quantile(self, share: float) -> float:
        """The coverage, to the nearest 5 %, that this share of the texts does not exceed; 0 without texts."""
        below, texts = 0, sum(self.by_coverage)
        for step, here in enumerate(self.by_coverage):
            below += here
            if below and below >= share * texts:
                return step / COVERAGE_STEPS
        return 0.0


@dataclass
class Collected:
    """Mutable statistics of a pass: cross-moments of layer pairs for each part, and the counts of their tokens.

    Attributes:
        grids: for each part the moments of the true pairing; empty where only controls were asked for.
        controls: for each shuffled route its moments, part by part.
        counts: the tokens.
        corpus: the name of the texts, for people.
        corpus_fingerprint: of the texts read.
        position: how far the corpus was read.
        take: is given the rows of each part of every batch that count, for what does not follow from moments.
        readings: where what is read is kept for the passes that follow; a pass that finds some there reads nothing.
    """

    grids: dict[Part, GridMoments]
    controls: dict[Route, dict[Part, CrossMoments]] = field(default_factory=dict)
    counts: TokenCounts = field(default_factory=TokenCounts)
    corpus: str = ""
    corpus_fingerprint: str = ""
    position: Position = field(default_factory=Position)
    take: TakeRows | None = None
    readings: Readings | None = None

    @classmethod
    def empty(cls, small: LanguageModel, large: LanguageModel, routes: Iterable[Route]) -> "Collected":
        """Nothing yet, with room for these routes."""
        chosen = list(routes)
        pairs = {(r.small_layer, r.large_layer) for r in chosen if r.shuffle is None}
        widths = dict.fromkeys(range(small.layers), small.width), dict.fromkeys(range(large.layers), large.width)
        device = exact_device(small.device, large.device)
        return cls(
            {part: GridMoments(*widths, pairs, device) for part in PARTS} if pairs else {},
            {
                route: {part: CrossMoments(small.width, large.width, device) for part in PARTS}
                for route in chosen
                if route.shuffle is not None
            },
        )

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The layer pairs of the true pairing."""
        return self.grids["fit"].pairs if self.grids else ()

    def of(self, route: Route) -> Mapping[Part, CrossMoments]:
        """The moments of one route, part by part.

        Raises:
            MapError: if that route was not collected.
        """
        if route.shuffle is not None and route in self.controls:
            return self.controls[route]
        if not self.grids:
            raise MapError(f"no moments were collected for {route}; choose a route that was read")
        return {part: grid.pair(route.small_layer, route.large_layer) for part, grid in self.grids.items()}

    def rows(self, route: Route) -> dict[Part, int]:
        """Pairs of tokens in each part of a route; a control has fewer, because its first batch has no strangers."""
        if route.shuffle is None:
            return {part: grid.count for part, grid in self.grids.items()}
        return {part: moments.count for part, moments in self.controls[route].items()}


def part_of(document: int) -> Part:
    """The part a document belongs to: 70 % fit, 15 % select, 15 % report, by a hash of its number.

    The hash makes the split the same in every run, however documents are batched.
    """
    draw = int.from_bytes(hashlib.blake2b(str(document).encode(), digest_size=4).digest()) / 2**32
    return "fit" if draw < 0.7 else "select" if draw < 0.85 else "report"


def collect(
    pair: Pair,
    texts: Iterable[Document] | DocumentStream,
    routes: Sequence[Route],
    tokens: int,
    *,
    watched: Collection[tuple[int, int]] = (),
    begun: Collected | None = None,
    processes: Processes | None = None,
    end_weight: int = 1,
) -> Generator[Progress, None, Collected]:
    """Read texts with both models until `tokens` pairs of tokens are used or the texts end.

    Tokens are paired where their ends in the text coincide, because there both models have read the same prefix.
    Special tokens, and pairs with an outlying norm at any of the layers read, are left out and counted.

    Args:
        pair: the models.
        texts: documents, or a stream that stands where `begun` ends.
        routes: what to collect; ignored if `begun` is given.
        tokens: pairs of tokens to use, of all parts together.
        watched: further layer pairs in which outliers are looked for, so that passes for different pairs can use the
            same tokens.
        begun: what an earlier pass has collected, to be continued in place.
        processes: those that share the work, each reading every so many batches; the result holds this one's moments
            and everybody's counts. Controls take strangers from their own process's batches.
        end_weight: how often the last pair of every text counts in the moments (not in the counts of tokens). For texts
            that are broken off where vectors are read: a map fits best what it has seen most of.

    Raises:
        SettingsError: if the weight is not positive.
        MapError: as soon as it is clear that too few tokens find a partner.
    """
    small, large = pair.both
    if end_weight < 1:
        raise SettingsError(f"the end of a text cannot count {end_weight} times; give a weight of at least 1")
    crew = processes or Processes()
    collected = Collected.empty(small, large, routes) if begun is None else begun
    if not isinstance(texts, DocumentStream):
        texts = DocumentStream((yield from prepared(texts, large, tokens)))
    pass_ = _Pass(small, large, collected, watched, end_weight)
    counts = collected.counts
    turns = pass_.turns(texts, crew)
    while counts.used < tokens and (read := next(turns, None)):
        pass_.take(*read, tokens, crew)
        if counts.ordinary >= TOKENS_THAT_TELL:
            check_coverage(small, large, counts)
        yield Progress(counts.used, tokens, f"read {counts.used:,} of {tokens:,} tokens")
    return collected


def check_coverage(small: LanguageModel, large: LanguageModel, counts: TokenCounts) -> None:
    """Raise MapError if too few tokens find a partner for a map to mean anything."""
    if counts.coverage < MINIMUM_COVERAGE:
        raise MapError(
            f"only {counts.coverage:.0%} of the tokens of {small.name} and {large.name} end at the same places in the "
            "text, too few for a map to mean anything; choose models whose tokenizers are more alike"
        )


class _Pass:
    """What a pass through the texts needs from batch to batch."""

    def __init__(
        self,
        small: LanguageModel,
        large: LanguageModel,
        collected: Collected,
        watched: Collection[tuple[int, int]],
        end_weight: int,
    ) -> None:
        self._end_weight = end_weight
        self._small, self._large, self._collected = small, large, collected
        self._device = exact_device(small.device, large.device)
        held = {*collected.pairs, *((r.small_layer, r.large_layer) for r in collected.controls)}
        self._kept_small, self._kept_large = {i for i, _ in held}, {j for _, j in held}
        self._small_layers, self._large_layers = ({pair[side] for pair in (*held, *watched)} for side in (0, 1))
        self._earlier: dict[int, Tensor] = {}

    def turns(self, texts: DocumentStream, crew: Processes) -> Iterator[tuple[list[Batch], PairedStates | None]]:
        """One batch a process at a time, and this process's own as it was read, now or in a pass before this."""
        readings = self._collected.readings
        if readings is not None and readings.turns:
            yield from readings.turns
            return
        batches = texts.batches(Windows(self._small, self._large), self._collected.position.batches)
        while turn := list(islice(batches, crew.count)):
            read = turn, self._read(turn, crew)
            if readings is not None:
                readings.turns.append(read)
            yield read

    def _read(self, turn: Sequence[Batch], crew: Processes) -> PairedStates | None:
        """Read this process's batch, if there is one."""
        if crew.rank >= len(turn) or not turn[crew.rank].texts:
            return None
        every = self._collected.readings is not None
        return read_paired(
            self._small,
            self._large,
            [text for _, text, _ in _parted(turn[crew.rank])],
            self._small_layers,
            self._large_layers,
            kept_small=None if every else self._kept_small,
            kept_large=None if every else self._kept_large,
            device=self._device,
        )

    def take(self, turn: Sequence[Batch], states: PairedStates | None, tokens: int, crew: Processes) -> None:
        """Add of each process's batch what the processes before it leave room for."""
        counts = self._collected.counts
        for rank, read in enumerate(crew.gather(_numbers(states))):
            room = tokens - counts.used
            if room <= 0 or rank >= len(turn):
                break
            if states is not None and rank == crew.rank:
                parted = _parted(turn[rank])
                self._add(states, [number for number, _, _ in parted], [end for _, _, end in parted], room)
            _count(counts, read, room)
            _count_documents(counts, turn[rank])
            self._collected.position = turn[rank].position
            self._collected.corpus_fingerprint = turn[rank].fingerprint

    def _add(self, states: PairedStates, numbers: Sequence[int], whole: Sequence[bool], room: int) -> None:
        """Add up to `room` pairs of a batch to the moments, those of the first documents."""
        documents = torch.tensor(numbers)[states.text]
        chosen: Tensor | None = None
        if len(documents) > room:
            chosen = documents.argsort(stable=True)[:room].sort().values
            documents = documents[chosen]
        # Whole documents change part, so it is enough to look at each number once.
        bounds = torch.tensor([PARTS.index(part_of(number)) for number in numbers])[states.text]
        bounds = bounds if chosen is None else bounds[chosen]
        starts = torch.searchsorted(bounds, torch.arange(len(PARTS) + 1)).tolist()
        slices = {part: slice(starts[index], starts[index + 1]) for index, part in enumerate(PARTS)}
        small = {layer: _chosen(states.small[layer], chosen) for layer in self._kept_small}
        large = {layer: _chosen(states.large[layer], chosen) for layer in self._kept_large}
        for part, held in slices.items():
            if self._collected.grids and held.start < held.stop:
                self._collected.grids[part].update(
                    {layer: rows[held] for layer, rows in small.items()},
                    {layer: rows[held] for layer, rows in large.items()},
                )
        to_the_end = torch.tensor(whole)[states.text]
        to_the_end = to_the_end if chosen is None else to_the_end[chosen]
        ends = self._ends(documents, to_the_end, slices) if self._end_weight > 1 else {}
        for part, at in ends.items():
            if self._collected.grids:
                self._collected.grids[part].update(
                    {layer: rows[at] for layer, rows in small.items()},
                    {layer: rows[at] for layer, rows in large.items()},
                    times=self._end_weight - 1,
                )
        if self._collected.take is not None:
            tokens = states.tokens if chosen is None else states.tokens[chosen]
            for part, held in slices.items():
                if held.start < held.stop:
                    of_small, of_large = ({k: rows[held] for k, rows in side.items()} for side in (small, large))
                    self._collected.take(part, of_small, of_large, tokens[held])
        if self._collected.controls:
            self._add_controls(small, slices, ends, len(documents), min(numbers))
            if len(states.text):
                self._earlier = states.large

    def _ends(self, documents: Tensor, to_the_end: Tensor, slices: Mapping[Part, slice]) -> dict[Part, Tensor]:
        """For each part that has any, where the last pair of each document stands."""
        last = torch.ones(len(documents), dtype=torch.bool)
        last[:-1] = documents[1:] != documents[:-1]
        last &= to_the_end
        places = {part: last[held].nonzero()[:, 0] + held.start for part, held in slices.items()}
        return {part: at for part, at in places.items() if len(at)}

    def _add_controls(
        self,
        small: Mapping[int, Tensor],
        slices: Mapping[Part, slice],
        ends: Mapping[Part, Tensor],
        count: int,
        number: int,
    ) -> None:
        """`_earlier` holds the large model's rows of the batch before."""
        if not self._earlier:
            return
        for route, by_part in self._collected.controls.items():
            assert route.shuffle is not None
            strangers = _strangers(self._earlier[route.large_layer], count, route.shuffle, number)
            for part, held in slices.items():
                by_part[part].update(small[route.small_layer][held], strangers[held])
            for part, at in ends.items():
                by_part[part].update(small[route.small_layer][at], strangers[at], times=self._end_weight - 1)


def _strangers(rows: Tensor, count: int, shuffle: int, number: int) -> Tensor:
    """Random rows of other documents, for a control.

    They must not come from the same batch: rows that share a document now and then would carry what holds throughout a
    document, such as its language, through a map that is to carry nothing. `number` tells batches apart.
    """
    generator = torch.Generator().manual_seed(shuffle * 1_000_003 + number)
    return rows[torch.randint(len(rows), (count,), generator=generator).to(rows.device)]


def _parted(batch: Batch) -> list[tuple[int, Document, bool]]:
    """Number, text and whether it goes to the end, in the order of the parts, so that each part is a slice."""
    return sorted(
        zip(batch.numbers, batch.texts, batch.ends, strict=True),
        key=lambda document: (PARTS.index(part_of(document[0])), document[0]),
    )


def _chosen(rows: Tensor, chosen: Tensor | None) -> Tensor:
    return rows if chosen is None else rows[chosen.to(rows.device)]


def _numbers(states: PairedStates | None) -> list[int]:
    """What the other processes need to know of a batch: pairs, then the counts in the order of `_count`."""
    if states is None:
        return [0] * (6 + COVERAGE_STEPS)
    steps = (states.coverage_by_text * COVERAGE_STEPS).round().long()
    by_coverage = torch.bincount(steps, minlength=COVERAGE_STEPS + 1).tolist()
    return [len(states.text), states.special, states.outliers, states.partnered, states.ordinary, *by_coverage]


def _count(counts: TokenCounts, read: Sequence[int], room: int) -> None:
    pairs, special, outliers, partnered, ordinary, *by_coverage = read
    counts.used += min(room, pairs)
    counts.special += special
    counts.outliers += outliers
    counts.partnered += partnered
    counts.ordinary += ordinary
    counts.by_coverage = [before + more for before, more in zip(counts.by_coverage, by_coverage, strict=True)]


def _count_documents(counts: TokenCounts, batch: Batch) -> None:
    counts.documents += batch.begun
    counts.empty += batch.left_out.empty
    counts.refused += batch.left_out.refused
    counts.refusal = counts.refusal or batch.left_out.refusal
