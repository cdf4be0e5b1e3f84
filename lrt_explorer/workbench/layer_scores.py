"""Every layer pair of two models, scored once and remembered: for all, or for the visitor who had it done."""

from collections.abc import Generator, Iterable, Sequence

from lrt_explorer.bounded import BoundedCache
from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.lm.chat import Document
from lrt_explorer.study.corpora.texts import read_texts
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.layers import LayerGrid, layer_grid
from lrt_explorer.study.ground.known import few_pairs, known_vectors
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.suggest import highest_suggested, middle_layers, suggest_layers
from lrt_explorer.workbench.cards import LayerScores, Suggestion
from lrt_explorer.workbench.own import Own
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.starting_points import corpus_name

CAPACITY = 64
FEW_CONCEPTS = 3
"""Concepts that are read, at some of their pairs, where the vectors of no more are known at all layers."""
LAYERS_STEERED = 8
"""Layers of the large model that are steered, once the maps to all of them are there."""


_Key = tuple[str, str, Own | None, str]


class LayerStudies:
    """Scores of all layer pairs by models and text; the longest unused goes first."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Start empty; `capacity` counts pairs of models with a text."""
        self._known: BoundedCache[_Key, LayerScores] = BoundedCache(capacity)

    def get(self, pair: Pair, corpus: str, own: Own | None = None) -> LayerScores | None:
        """What was computed from a text, by its name; on a hosted server by this visitor."""
        return self._known.get(_key(pair, corpus, own))

    def compute(
        self, pair: Pair, source: str, *, tokens: int, concepts: Sequence[ContrastSet], own: Own | None = None
    ) -> Generator[Progress, None, LayerScores]:
        """Score every layer pair; moments of an earlier run that are still on disk save the pass.

        All concepts are compared whose vectors at all layers are known; where these are fewer, a few at some of their
        pairs. They are read when the moments are kept, so that nothing is lost if that is stopped.

        Raises what `layer_grid` raises.
        """
        corpus = corpus_name(source)
        known = _known(pair, concepts)
        compared = known if len(known) > FEW_CONCEPTS else [few_pairs(concept) for concept in concepts[:FEW_CONCEPTS]]
        yield Progress(0, tokens, "reading the first texts")
        grid = yield from layer_grid(
            pair,
            read_texts(source),
            FitSettings(
                tokens=tokens,
                corpus=corpus,
                concepts=compared,
                keep_moments=True,
                sums=None if own is None else own.sums,
            ),
        )
        suggestion = None
        if highest_suggested(pair.large.layers) >= 0 and compared:
            suggestion = yield from _from_grid(pair, compared, grid)
        scores = LayerScores(grid, grid.tokens_used, len(compared), suggestion)
        self._known.keep(_key(pair, corpus, own), scores)
        return scores

    def suggest(
        self, pair: Pair, texts: Iterable[Document], concepts: Sequence[ContrastSet], own: Own | None = None
    ) -> Generator[Progress, None, Suggestion]:
        """The pair that the scores computed last speak for; before there are any, the best of some tried now.

        Raises what `suggest_layers` raises.
        """
        asked = _key(pair, "", own)[:3]
        known = [scores.suggestion for key, scores in self._known.items() if key[:3] == asked]
        for suggestion in reversed(known):
            if suggestion is not None:
                return suggestion
        found = yield from suggest_layers(pair, texts, concepts)
        return Suggestion(found.small_layer, found.large_layer, found.reason)


def _from_grid(pair: Pair, concepts: Sequence[ContrastSet], grid: LayerGrid) -> Generator[Progress, None, Suggestion]:
    small, large = pair.both
    found = yield from suggest_layers(
        pair,
        (),
        concepts,
        grid=grid,
        tried=(
            middle_layers(small.layers, max(small.layers - 2, 0), small.layers),
            middle_layers(large.layers, highest_suggested(large.layers), LAYERS_STEERED),
        ),
    )
    return Suggestion(found.small_layer, found.large_layer, found.reason)


def _known(pair: Pair, concepts: Sequence[ContrastSet]) -> list[ContrastSet]:
    """The concepts whose vectors are there at all layers of both models."""
    store = known_vectors()
    return [c for c in concepts if all(store.holds(lm, c, range(lm.layers)) for lm in pair.both)]


def _key(pair: Pair, corpus: str, own: Own | None) -> _Key:
    return pair.small.fingerprint, pair.large.fingerprint, own, corpus
