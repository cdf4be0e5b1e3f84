"""Rivals of the map: a vector from less than a trained small model, or one that crosses by less than a fitted map."""

from collections.abc import Collection, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import Reading
from lrt_explorer.errors import MapError, ModelError, SettingsError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.anchors import through_anchors, through_vocabulary
from lrt_explorer.lm.chat import Document
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.stand_ins import embeddings_only, untrained
from lrt_explorer.lm.unembedding import shared_unembeddings
from lrt_explorer.store import has_artifact, load_artifact, save_artifact
from lrt_explorer.study.corpora.batches import DocumentStream
from lrt_explorer.study.corpora.paired import read_paired
from lrt_explorer.study.corpora.texts import prepared
from lrt_explorer.study.corpora.windows import Windows
from lrt_explorer.study.fitting.estimators import ESTIMATORS, by_descent
from lrt_explorer.study.fitting.fit_one import fit_one
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.known import short_hash
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress, retold
from lrt_explorer.study.steering.arms import ANCHORS, EMBEDDINGS, UNTRAINED, VOCABULARY

KIND = "rival"
ARMS = (UNTRAINED, EMBEDDINGS, VOCABULARY, ANCHORS)
WAY = 1
"""Counted up whenever the same inputs would give another map."""
ANCHOR_COUNT = 1000
ANCHOR_POOL = 8000
"""Pairs of tokens that the anchors are drawn from."""
SEED = 0
"""Of the untrained weights and of the draw of the anchors."""


@dataclass(frozen=True, eq=False)
class Rival:
    """Where a rival's vector comes from, and how it crosses.

    Attributes:
        arm: its arm.
        lm: the model that gives the vector.
        layer: a block of it.
        map: takes its states to those of the large model.
        reading: which tokens its vector is read at; None for those of the vectors that it stands beside.
    """

    arm: str
    lm: LanguageModel
    layer: int
    map: AffineMap
    reading: Reading | None = None


def rivals(
    pair: Pair,
    texts: Iterable[Document],
    layers: Layers,
    *,
    tokens: int,
    corpus: str = "",
    keep: Sequence[Path] = (),
    method: str = ESTIMATORS.default,
    arms: Collection[str] = ARMS,
) -> Generator[Progress, None, tuple[Rival, ...]]:
    """The rivals of the map of a layer pair: those kept in a folder, or made now. What cannot be made is left out.

    An untrained model of the small one's shape, and its token embeddings alone, cross by a map fitted on the same
    texts. The small model's own vector also crosses through the vocabulary that both models share, and through its
    cosines with states of the same tokens.

    Args:
        pair: the models.
        texts: documents, read once for each rival that is not kept.
        layers: a block of each, counted from 0.
        tokens: pairs of tokens for each map that is fitted.
        corpus: the name of the texts, for people.
        keep: folders where kept maps are looked for; a new one is kept in the first, if there is any.
        method: the estimator of the map that they stand beside, and of the untrained model's, unless it is one that
            descends for minutes; the embeddings cross by ridge, because they do not change within a context.
        arms: those that are wanted.
    """
    small, large = pair.both
    small_layer, large_layer = layers
    fitted = "ridge" if method in by_descent() else method

    def crossed(lm: LanguageModel, layer: int, by: str) -> Generator[Progress, None, AffineMap]:
        settings = FitSettings(tokens, corpus, method=by, keep_moments=False)
        found = yield from fit_one(Pair(small=lm, large=large), texts, (layer, large_layer), settings)
        return found.map

    def of_untrained() -> Generator[Progress, None, Rival]:
        lm = untrained(small, SEED)
        return Rival(UNTRAINED, lm, small_layer, (yield from kept(UNTRAINED, crossed(lm, small_layer, fitted), lm)))

    def of_embeddings() -> Generator[Progress, None, Rival]:
        lm = embeddings_only(small)
        found = yield from kept(EMBEDDINGS, crossed(lm, 0, "ridge"), lm)
        # One embedding tells its own token only; all of them tell the words of the text.
        return Rival(EMBEDDINGS, lm, 0, found, "all-tokens")

    def by_vocabulary() -> Generator[Progress, None, Rival]:
        return Rival(VOCABULARY, small, small_layer, (yield from kept(VOCABULARY, _vocabulary_map(pair))))

    def by_anchors() -> Generator[Progress, None, Rival]:
        return Rival(ANCHORS, small, small_layer, (yield from kept(ANCHORS, _anchor_map(pair, texts, layers))))

    def kept(
        arm: str, study: Generator[Progress, None, AffineMap], of: LanguageModel = small
    ) -> Generator[Progress, None, AffineMap]:
        # Another version of a library may draw other untrained weights, so it is that model's own mark that counts.
        ends = [(lm.fingerprint, str(lm.model.dtype)) for lm in (of, large)]
        made_of = [WAY, arm, corpus, tokens, fitted, *ends, *layers]
        key = short_hash(repr(made_of))
        for folder in (home / key for home in keep):
            if has_artifact(folder):
                tensors = load_artifact(folder, KIND).tensors
                return AffineMap(tensors["weight"], tensors["bias"])
        map = yield from retold(study, lambda step: Progress(step.done, step.total, f"{arm}: {step.message}"))
        if keep:
            save_artifact(keep[0] / key, KIND, {"arm": arm}, {"weight": map.weight, "bias": map.bias})
        return map

    found: list[Rival] = []
    for arm, make in zip(ARMS, (of_untrained, of_embeddings, by_vocabulary, by_anchors), strict=True):
        # A rival that this pair cannot have must not stop what it would stand beside.
        with suppress(MapError, ModelError, SettingsError):
            if arm in arms:
                found.append((yield from make()))
    return tuple(found)


def _vocabulary_map(pair: Pair) -> Generator[Progress, None, AffineMap]:
    yield Progress(0, 1, "looking for tokens that both models have")
    shared = shared_unembeddings(pair.small, pair.large)
    if shared is None:
        raise MapError("a model keeps its unembedding in another form; choose another pair")
    return through_vocabulary(*shared)


def _anchor_map(pair: Pair, texts: Iterable[Document], layers: Layers) -> Generator[Progress, None, AffineMap]:
    small, large = pair.both
    texts = yield from prepared(texts, large, ANCHOR_POOL)
    x: list[Tensor] = []
    y: list[Tensor] = []
    read = 0
    for batch in DocumentStream(texts).batches(Windows(small, large)):
        if not batch.texts:
            continue
        states = read_paired(small, large, batch.texts, [layers[0]], [layers[1]])
        x.append(states.small[layers[0]])
        y.append(states.large[layers[1]])
        read += len(states.text)
        yield Progress(min(read, ANCHOR_POOL), ANCHOR_POOL, f"read {read:,} of {ANCHOR_POOL:,} tokens")
        if read >= ANCHOR_POOL:
            break
    if not x:
        raise MapError("the corpus holds no text; choose another one")
    chosen = torch.randperm(read, generator=torch.Generator().manual_seed(SEED))[:ANCHOR_COUNT]
    return through_anchors(torch.cat(x)[chosen], torch.cat(y)[chosen])
