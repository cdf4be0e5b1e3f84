"""Whole texts: how much likelier a vector makes the texts of a behaviour than those without it, to their last token.

No single token can fake this. Every pair of a contrast set is scored under vectors that were made of the other half of
the pairs, so no vector has seen the texts that it is judged by. (Whitening has: its covariance is that of all texts.)
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import partial
from os.path import commonprefix
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.directions import direction
from lrt_explorer.concepts.reading import PairStates, fitting_pairs
from lrt_explorer.concepts.relabelled import half_swapped_labels, relabelled_directions
from lrt_explorer.concepts.vectors import addition, random_vector
from lrt_explorer.errors import ContrastError, VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.chat import framed
from lrt_explorer.lm.likelihood import continuation_nats
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import PairMap
from lrt_explorer.study.evaluation.case import concept_seed
from lrt_explorer.study.evaluation.holding import LEAST_PAIRS, halves
from lrt_explorer.study.evaluation.interval_json import interval_document, read_interval
from lrt_explorer.study.evaluation.pair_states import pair_states
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.evaluation.statistics import (
    Array,
    Interval,
    mean_interval,
    ratio_interval,
    relabelled_interval,
    resamples,
    sample_interval,
)
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, retold
from lrt_explorer.study.steering.arms import NATIVE, PERMUTED, RANDOM, TRANSFERRED
from lrt_explorer.study.steering.calibrate import calibrate
from lrt_explorer.study.steering.deviation import unit_of

PAIRS, RELABELLED, RANDOMS = 24, 4, 2
"""Pairs that are scored, spread over the set; relabellings, and random directions, of either half."""


@dataclass(frozen=True)
class WholeTexts:
    """How far whole texts follow a concept's vectors.

    Attributes:
        concept: its name.
        pairs: how many were scored.
        strength: s, at whose two sides they were, in typical deviations.
        unsteered: how much likelier the texts with the behaviour are without a vector, nats for each token.
        slopes: by arm, how much likelier they become for each typical deviation, with intervals over pairs; that of
            random directions is over directions.
        retention: transferred over native; None where the native vector may not move the texts.
        relabelled: the retention of vectors whose labels mean nothing, and the range of these few; None likewise.
    """

    concept: str
    pairs: int
    strength: float
    unsteered: Interval
    slopes: Mapping[str, Interval]
    retention: Interval | None
    relabelled: Interval | None


_INTERVALS = ("unsteered", "retention", "relabelled")
_SLOPES = (NATIVE, TRANSFERRED, RANDOM)


def whole_texts_document(found: WholeTexts | None) -> dict[str, Any] | None:
    """Plain JSON values; null where whole texts were not scored."""
    if found is None:
        return None
    told = {**{name: getattr(found, name) for name in _INTERVALS}, **{name: found.slopes[name] for name in _SLOPES}}
    numbers = {key: value for name, one in told.items() for key, value in interval_document(name, one).items()}
    return {"concept": found.concept, "pairs": found.pairs, "strength": found.strength, **numbers}


def read_whole_texts(found: Mapping[str, Any] | None) -> WholeTexts | None:
    """What `whole_texts_document` gave; raises KeyError, TypeError or ValueError if it is something else."""
    if found is None:
        return None
    slopes = {name: slope for name in _SLOPES if (slope := read_interval(found, name)) is not None}
    unsteered, retention, relabelled = (read_interval(found, name) for name in _INTERVALS)
    if unsteered is None or len(slopes) < len(_SLOPES):
        raise ValueError("a slope is missing")
    counted = int(found["pairs"]), float(found["strength"])
    return WholeTexts(str(found["concept"]), *counted, unsteered, slopes, retention, relabelled)


def whole_texts(
    pair: Pair,
    saved: PairMap,
    concept: ContrastSet,
    *,
    pairs: int = PAIRS,
    relabelled: int = RELABELLED,
    how: EvaluationSettings | None = None,
) -> Generator[Progress, None, WholeTexts]:
    """Score the pairs of a concept under its native and its transferred vector, and under controls.

    A pair's score is the mean log-probability of the tokens of its text with the behaviour minus that of its
    counterpart, counted after what both begin with. Every vector is as long as s typical deviations, where s is
    calibrated for the native vector, and is added with either sign.

    Args:
        pair: the models.
        saved: the map under test.
        concept: any contrast set; its prompts and answers are not used.
        pairs: how many pairs are scored, at most.
        relabelled: vectors whose labels mean nothing, sent through the same map.
        how: the settings by which vectors are found and carried, and their seed; None for the defaults.

    Raises:
        ArtifactError: if the map belongs to other models.
        ContrastError: if fewer than 4 pairs fit into both models, or a text has no token to score.
        VectorError: if one half of the pairs gives no direction.
    """
    pair.check(saved.info)
    large, layers = pair.large, saved.layers
    how = how or EvaluationSettings()
    both = [set(fitting_pairs(lm, concept, how.reading or concept.reading)) for lm in pair.both]
    fitting = sorted(both[0] & both[1])
    if len(fitting) < LEAST_PAIRS:
        raise ContrastError(
            f"only {len(fitting)} pairs of {concept.name} fit into both models; give at least {LEAST_PAIRS}"
        )
    contrast = concept.some_pairs(fitting)
    states = [
        pair_states(lm, contrast, layer, how.reading, whiten=how.whiten)
        for lm, layer in zip(pair.both, layers, strict=True)
    ]
    unit = unit_of(large, layers[1], pair.world.ordinary)
    whole = _direction(states[1], torch.ones(len(fitting), dtype=torch.bool), how)
    calibrating = calibrate(large, layers[1], whole, unit, pair.world.ordinary)
    strength = (yield from retold(calibrating, lambda step: Progress(0, 1, step.message))).first
    seed = concept_seed(how.seed, concept.name)
    chosen = np.linspace(0, len(fitting) - 1, min(pairs, len(fitting))).round().astype(int)
    parts = halves(len(fitting), seed)
    scored: dict[str, Array] = {}
    random: list[float] = []
    total = len(parts) * 2 * (2 + RANDOMS + relabelled)
    done = 0
    plain = _scores(large, contrast.some_pairs(chosen.tolist()))
    for number, part in enumerate(parts):
        # The vectors of one half are judged by the texts of the other.
        judged = [int(place) for place in chosen if not bool(part[place])]
        texts = contrast.some_pairs(judged)
        for name, vector in _vectors(states, part, saved.map, relabelled, seed + number, how).items():
            found = []
            for side in (1, -1):
                yield Progress(done, total, f"{concept.name}: whole texts under the vector {name}")
                done += 1
                found.append(_scores(large, texts, layers[1], addition(vector, side * strength, unit)))
            slope = (found[0] - found[1]) / (2 * strength)
            scored[name] = np.concatenate([scored.get(name, np.empty(0)), slope])
            if name.startswith(RANDOM):
                random.append(float(slope.mean()))
    draws = resamples(len(chosen), seed)
    native, transferred = scored[NATIVE], scored[TRANSFERRED]
    told = {name: mean_interval(scored[name], draws) for name in (NATIVE, TRANSFERRED)}
    told[RANDOM] = sample_interval(np.array(random))
    # As in `concept_evidence`: an effect that may be none leaves nothing to retain, whatever the ratio.
    measurable = not told[NATIVE].holds(0.0) and ratio_interval(native, native) is not None
    retention = ratio_interval(transferred, native) if measurable else None
    others = np.array([values.mean() for name, values in scored.items() if name.startswith(PERMUTED)])
    beside = None if retention is None else relabelled_interval(others / native.mean())
    return WholeTexts(concept.name, len(chosen), strength, mean_interval(plain, draws), told, retention, beside)


def _vectors(
    states: list[PairStates], part: Tensor, map: AffineMap, relabelled: int, seed: int, how: EvaluationSettings
) -> dict[str, Tensor]:
    """The vectors that half of the pairs gives, and random ones that no other seed draws."""
    theirs, ours = states
    carried = partial(map.carry, as_in_paper=how.as_in_paper)
    found = {
        NATIVE: _direction(ours, part, how),
        TRANSFERRED: carried(_direction(theirs, part, how)),
        **{f"{RANDOM} {draw}": random_vector(ours.positive.shape[1], seed * RANDOMS + draw) for draw in range(RANDOMS)},
    }
    half = PairStates(theirs.positive[part], theirs.negative[part])
    labels = half_swapped_labels(int(part.sum()), relabelled, seed)
    for draw, vector in enumerate(relabelled_directions(half, labels, how.method, theirs.whitener)):
        # Pairs that are alike may cancel; what is left then points nowhere.
        if bool(vector.any()):
            found[f"{PERMUTED} {draw}"] = carried(vector)
    return found


def _direction(states: PairStates, part: Tensor, how: EvaluationSettings) -> Tensor:
    found = direction(states.positive[part], states.negative[part], how.method, states.whitener)
    if not bool(found.any()):
        raise VectorError("half of the pairs gives no direction; write pairs that differ in the behaviour")
    return found


def _scores(lm: LanguageModel, contrast: ContrastSet, layer: int | None = None, added: Tensor | None = None) -> Array:
    """How much likelier each pair's text with the behaviour is than its counterpart, `[pairs]`, nats for each token."""
    prompts, texts = [], []
    for both, ask in zip(contrast.pairs, contrast.asks(), strict=True):
        shared = commonprefix(both)
        # Up to a space, so that no word is cut. Where one text begins the other, all of both is scored.
        shared = "" if shared in both else shared[: shared.rfind(" ") + 1].rstrip()
        prompts += [framed(lm, ask, shared)] * 2
        texts += [text[len(shared) :] for text in both]
    nats = continuation_nats(lm, prompts, texts, layer, added)
    if any(one is None for one in nats):
        raise ContrastError(f"a text of {contrast.name} has no token that could be scored; write longer texts")
    known: Array = np.array(nats, dtype=np.float64)
    scores: Array = known[1::2] - known[0::2]
    return scores
