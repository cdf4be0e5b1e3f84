"""Basis: the directions that a layer of each model has in common, and the tokens in context that excite them most."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor

from lrt_explorer.defaults import BASIS_DIRECTIONS, BASIS_TOKENS
from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.canonical import CanonicalBasis, canonical_basis
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.lm.chat import Document
from lrt_explorer.study.corpora.batches import DocumentStream
from lrt_explorer.study.corpora.paired import read_paired
from lrt_explorer.study.corpora.texts import prepared
from lrt_explorer.study.corpora.windows import Windows
from lrt_explorer.study.fitting.collect import Collected, Route, collect, part_of
from lrt_explorer.study.fitting.solve import check_enough
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress

CONTEXTS = 5
"""Tokens shown for each end of a direction, each from another text."""
CONTEXT_TOKENS = 20_000
"""Pairs of tokens among which the most exciting ones are looked for."""
CHARACTERS_BEFORE, CHARACTERS_BEHIND = 60, 30

Side = Literal["small", "large"]
End = Literal["high", "low"]


@dataclass(frozen=True)
class TokenInContext:
    """A token that excites a direction.

    Attributes:
        before: the text before it, cut short.
        token: the token.
        behind: the text after it, cut short; neither model had read it there.
        value: the variate, in standard deviations.
    """

    before: str
    token: str
    behind: str
    value: float

    @property
    def marked(self) -> str:
        """The context with the token in brackets."""
        return f"{self.before}[{self.token}]{self.behind}"


@dataclass(frozen=True)
class SharedDirection:
    """A canonical direction of a layer pair.

    Attributes:
        correlation: of its two variates on the rows it was made from.
        held_out: on the rows of other documents.
        small_share: share of the small model's variance that lies along it, 0 to 1.
        large_share: likewise of the large model.
        small_high: tokens at which the small model's variate is highest, highest first.
        small_low: tokens at which it is lowest, lowest first.
        large_high: as `small_high`, in the large model.
        large_low: as `small_low`, in the large model.
    """

    correlation: float
    held_out: float
    small_share: float
    large_share: float
    small_high: tuple[TokenInContext, ...]
    small_low: tuple[TokenInContext, ...]
    large_high: tuple[TokenInContext, ...]
    large_low: tuple[TokenInContext, ...]


@dataclass(frozen=True)
class SharedBasis:
    """What two layers have in common, as numbers and words.

    Attributes:
        small: name of the small model.
        large: name of the large model.
        small_layer: block of the small model.
        large_layer: block of the large model.
        corpus: the name of the texts, for people.
        tokens: pairs of tokens read for the moments.
        shared_small: share of the small model's variance that the large model's variates explain, 0 to 1.
        shared_large: share of the large model's variance that the small model's variates explain.
        correlations: of every canonical direction, strongest first, on the rows the basis was made from.
        held_out: on the rows of other documents, in the same order.
        control: as `held_out`, of a basis made from tokens paired with those of strangers.
        directions: the strongest ones, with their tokens.
    """

    small: str
    large: str
    small_layer: int
    large_layer: int
    corpus: str
    tokens: int
    shared_small: float
    shared_large: float
    correlations: tuple[float, ...]
    held_out: tuple[float, ...]
    control: tuple[float, ...]
    directions: tuple[SharedDirection, ...]


def shared_basis(
    pair: Pair,
    texts: Iterable[Document],
    layers: Layers,
    *,
    top: int = BASIS_DIRECTIONS,
    tokens: int = BASIS_TOKENS,
    corpus: str = "",
    seed: int = 0,
) -> Generator[Progress, None, SharedBasis]:
    """The canonical directions of a layer pair, and what excites the strongest of them in each model.

    Two passes: one for the moments, of the true pairing and of a shuffled one, and a short one over report documents
    for the tokens, so that no token shown had a part in making the basis.

    Args:
        pair: the models.
        texts: documents that can be gone through twice; each token counts once, whatever the corpus asks for.
        layers: a block of each, counted from 0.
        top: directions to show tokens of, at least 1.
        tokens: pairs of tokens to use, of all parts together.
        corpus: the name of the texts, for people.
        seed: of the shuffling.

    Raises:
        SettingsError: if a layer does not exist, a number is not positive, or the texts can be read only once.
        MapError: if too few tokens could be paired for correlations to mean anything.
    """
    small, large = pair.both
    small_layer, large_layer = layers
    pair.check_layers(layers)
    if top < 1 or tokens < 1:
        raise SettingsError("a basis needs at least one token and one direction; ask for more")
    if iter(texts) is texts:
        raise SettingsError("the texts are read twice, but this source can be read only once; give a list")
    true, shuffled = Route(*layers), Route(*layers, shuffle=seed)
    texts = yield from prepared(texts, large, tokens)
    collected = yield from collect(pair, texts, [true, shuffled], tokens)
    for route in (true, shuffled):  # the control has fewer tokens, because its first batch has no strangers
        check_enough(pair, collected, [route])
    yield Progress(0, 1, "finding the directions that the layers share")
    basis, held_out = _scored(collected, true)
    _, control = _scored(collected, shuffled)
    moments = collected.of(true)["fit"]
    shown = min(top, len(basis.correlations))
    tokens_of = yield from _exciting(pair, texts, basis, layers, shown)
    shares_small, shares_large = _variance_shares(basis, moments)
    return SharedBasis(
        small.name,
        large.name,
        small_layer,
        large_layer,
        corpus,
        collected.counts.used,
        basis.shared_small,
        basis.shared_large,
        tuple(basis.correlations.tolist()),
        tuple(held_out.tolist()),
        tuple(control.tolist()),
        tuple(
            SharedDirection(
                float(basis.correlations[k]),
                float(held_out[k]),
                float(shares_small[k]),
                float(shares_large[k]),
                small_high=tokens_of["small", "high"][k],
                small_low=tokens_of["small", "low"][k],
                large_high=tokens_of["large", "high"][k],
                large_low=tokens_of["large", "low"][k],
            )
            for k in range(shown)
        ),
    )


def _scored(collected: Collected, route: Route) -> tuple[CanonicalBasis, Tensor]:
    moments = collected.of(route)
    basis = canonical_basis(moments["fit"])
    return basis, basis.correlations_on(moments["report"])


def _variance_shares(basis: CanonicalBasis, moments: CrossMoments) -> tuple[Tensor, Tensor]:
    """`[k]` for each model; variates are uncorrelated, so the shares of all directions add up to what they span."""
    small, large = (
        patterns.square().sum(dim=0) * moments.count / float(sums.trace())
        for patterns, sums in ((basis.small_patterns, moments.cxx), (basis.large_patterns, moments.cyy))
    )
    return small, large


@dataclass(frozen=True)
class _Peak:
    """Where in a text each of k directions is at its end."""

    text: str
    values: list[float]
    spans: list[tuple[int, int]]


Ends = dict[tuple[Side, End], list[tuple[TokenInContext, ...]]]


def _exciting(
    pair: Pair,
    texts: Iterable[Document],
    basis: CanonicalBasis,
    layers: Layers,
    shown: int,
) -> Generator[Progress, None, Ends]:
    """For both models and both ends of each direction the tokens of report documents that are furthest out."""
    small, large = pair.both
    small_layer, large_layer = layers
    keys: list[tuple[Side, End]] = [(side, end) for side in get_args(Side) for end in get_args(End)]
    peaks: dict[tuple[Side, End], list[_Peak]] = {key: [] for key in keys}
    seen: set[str] = set()
    told: set[int] = set()
    read = 0
    for batch in DocumentStream(texts).batches(Windows(small, large)):
        chosen = []
        for document, number in zip(batch.texts, batch.numbers, strict=True):
            said = document if isinstance(document, str) else document.text
            # One text told twice, or one long document, would fill the list with its own contexts.
            if part_of(number) == "report" and said not in seen and number not in told:
                seen.add(said)
                told.add(number)
                chosen.append(said)
        if not chosen:
            continue
        states = read_paired(small, large, chosen, [small_layer], [large_layer])
        variates: dict[Side, Tensor] = {
            "small": basis.small_variates(states.small[small_layer])[:, :shown],
            "large": basis.large_variates(states.large[large_layer])[:, :shown],
        }
        # A token that completes no character shows nothing.
        visible = states.start < states.end
        for row, text in enumerate(chosen):
            rows = (visible & (states.text == row)).nonzero()[:, 0]
            if len(rows):
                starts, ends = states.start[rows], states.end[rows]
                for side, end in keys:
                    values = variates[side][rows]
                    at = values.argmax(dim=0) if end == "high" else values.argmin(dim=0)
                    spans = list(zip(starts[at].tolist(), ends[at].tolist(), strict=True))
                    peaks[side, end].append(_Peak(text, values.gather(0, at[None])[0].tolist(), spans))
        read += len(states.text)
        yield Progress(read, CONTEXT_TOKENS, f"searching {read:,} tokens for those that excite them")
        if read >= CONTEXT_TOKENS:
            break
    return {(side, end): [_furthest(peaks[side, end], k, end) for k in range(shown)] for side, end in keys}


def _furthest(peaks: Sequence[_Peak], direction: int, end: End) -> tuple[TokenInContext, ...]:
    ordered = sorted(peaks, key=lambda peak: peak.values[direction], reverse=end == "high")
    return tuple(_in_context(peak, direction) for peak in ordered[:CONTEXTS])


def _in_context(peak: _Peak, direction: int) -> TokenInContext:
    start, end = peak.spans[direction]
    return TokenInContext(
        peak.text[max(0, start - CHARACTERS_BEFORE) : start],
        peak.text[start:end],
        peak.text[end : end + CHARACTERS_BEHIND],
        peak.values[direction],
    )
