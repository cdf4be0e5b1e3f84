"""Behaviour-guided distillation: a map refined until mapped directions do to the large model what native ones do."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.linear.estimators import Estimate, JsonValue, ridge
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.scores import r2
from lrt_explorer.lm.chat import Document
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.suffix import Start, differentiable_logits
from lrt_explorer.study.corpora.texts import prepared
from lrt_explorer.study.fitting.collect import Route
from lrt_explorer.study.fitting.descent import Ground, ground_for
from lrt_explorer.study.fitting.estimators import DISTILLED, DISTILLED_RATE, DescentOptions
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.material import Material, Source, materials, pair_differences
from lrt_explorer.study.fitting.solve import FittedMap
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress

POSITIONS = 8
"""Last positions of a prompt at which next-token distributions are compared."""
CHECKS = 5
FOLDS = 4
HELD_CONCEPTS = 4
"""One in so many of the concepts learned from is kept to choose among the maps on the way."""


@dataclass(frozen=True)
class Distillation:
    """How a map is distilled. Raises SettingsError if a number is out of range, or concepts are too few.

    Attributes:
        learn_from: concepts whose pairs the directions come from; none for differences of tokens of random texts.
        steps: of gradient descent.
        learning_rate: of AdamW, in units of the root mean square of the ridge map's weights; it falls to zero in a
            straight line.
        anchor: nats that losing all of the explained variance of the fit rows costs.
        seed: of everything drawn.
    """

    learn_from: tuple[ContrastSet, ...] = ()
    steps: int = 200
    learning_rate: float = DISTILLED_RATE
    anchor: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot descend."""
        if self.steps < 1 or not 0 < self.learning_rate < float("inf") or not 0 <= self.anchor < float("inf"):
            raise SettingsError(
                f"distillation needs steps, a learning rate above 0 and an anchor of at least 0, not {self.steps}, "
                f"{self.learning_rate:g} and {self.anchor:g}; choose a learning rate of about {DISTILLED_RATE}"
            )
        if len(self.learn_from) == 1:
            raise SettingsError(
                f"distillation learns from some concepts and chooses its map by others, so {self.learn_from[0].name} "
                "alone is too little; name more concepts, or none"
            )


def distilled_map(
    pair: Pair,
    texts: Iterable[Document],
    layers: Layers,
    settings: FitSettings | None = None,
    how: Distillation | None = None,
) -> Generator[Progress, None, FittedMap]:
    """Start from the ridge map and lower KL(steered natively ‖ steered by the mapped direction) in the large model.

    The directions are differences of the states of both models, at two tokens of random texts or over pairs of the
    concepts to learn from, added at equal norm and random strength to prompts from other texts. Prompts, tokens and the
    rows of the anchor come from fit documents. Of the maps on the way, the ridge map among them, that is kept which has
    the lowest divergence on prompts from select documents, with directions of their tokens or of concepts set apart for
    that. The concepts in `settings` only judge the result, and may not be among those learned from.

    Args:
        pair: the models.
        texts: documents that can be gone through twice.
        layers: a block of each, counted from 0.
        settings: tokens for the moments, and so on; their method is ignored. Tokens at the ends of texts are
            also drawn as often as they count.
        how: the descent.

    Raises:
        SettingsError: if a layer does not exist, the texts can be read only once, or a concept would be judged that was
            learned from.
        MapError: if the texts give too few tokens or prompts, or the descent ran away.
    """
    settings, how = settings or FitSettings(), how or Distillation()
    learned = [concept.name for concept in how.learn_from]
    if both := [concept.name for concept in settings.concepts if concept.name in learned]:
        raise SettingsError(
            f"the map would be judged on {both[0]}, which it learns from; remove it from one of the two lists"
        )
    texts = yield from prepared(texts, pair.large, settings.tokens)
    ground = yield from ground_for(pair, texts, Route(*layers), settings)
    material, held = yield from materials(pair, texts, ground.route, ground.end_weight)
    learn: Source = material
    choose: Source = held
    if how.learn_from:
        apart = range(HELD_CONCEPTS - 1, len(learned), HELD_CONCEPTS) or range(len(learned) - 1, len(learned))
        parts: tuple[list[ContrastSet], list[ContrastSet]] = ([], [])
        for number, concept in enumerate(how.learn_from):
            parts[number in apart].append(concept)
        unit = material.typical_deviation
        learn = yield from pair_differences(pair, ground.route, parts[0], settings.reading, unit)
        choose = yield from pair_differences(pair, ground.route, parts[1], settings.reading, unit)
    return (yield from _descended(ground, material, held.starts, learn, choose, how))


def descend(
    pair: Pair,
    texts: Iterable[Document],
    layers: Layers,
    settings: FitSettings,
    options: DescentOptions,
) -> Generator[Progress, None, FittedMap]:
    """`distilled_map` as the table of estimators calls it; raises what that raises."""
    rate = DISTILLED_RATE if options.learning_rate is None else options.learning_rate
    how = Distillation(options.learn_from, learning_rate=rate)
    return distilled_map(pair, texts, layers, settings, how)


def distilled_folds(
    pair: Pair,
    texts: Iterable[Document],
    layers: Layers,
    settings: FitSettings,
    how: Distillation,
    folds: int = FOLDS,
) -> Generator[Progress, None, tuple[FittedMap, ...]]:
    """Maps distilled from concepts, cross-validated: each concept is judged by a map that never saw it.

    The concepts to learn from are parted into folds; for each fold that holds a concept of `settings` a map learns from
    all the others, and is judged on those of `settings` in the fold: they are in its `agreement`.

    Raises what `distilled_map` raises, and SettingsError if there are too few concepts for so many folds, or one to be
    judged is not among those to learn from.
    """
    known = [concept.name for concept in how.learn_from]
    if strangers := [concept.name for concept in settings.concepts if concept.name not in known]:
        raise SettingsError(f"{strangers[0]} is in no fold, because it is not among the concepts to learn from; add it")
    if not 2 <= folds <= len(known):
        raise SettingsError(f"{len(known)} concepts cannot be split into {folds} folds; choose 2 to {len(known)}")
    fitted = []
    for fold in range(folds):
        left_out = {concept.name for concept in how.learn_from[fold::folds]}
        judged = [concept for concept in settings.concepts if concept.name in left_out]
        if judged:
            others = tuple(concept for concept in how.learn_from if concept.name not in left_out)
            own = replace(settings, concepts=judged), replace(how, learn_from=others)
            fitted.append((yield from distilled_map(pair, texts, layers, *own)))
    return tuple(fitted)


def _descended(
    ground: Ground, material: Material, held: Sequence[Start], learn: Source, choose: Source, how: Distillation
) -> Generator[Progress, None, FittedMap]:
    """The descent itself, on the prompts of `material` with directions to learn from, chosen among on held ones."""
    large, moments, steps = ground.pair.large, ground.moments, how.steps
    begun = ridge(moments["fit"], moments["select"])
    descent = _Descent(begun.map, moments["fit"], how.learning_rate, how.anchor)
    generator = torch.Generator().manual_seed(how.seed)
    tests = [(start, *choose.draw(torch.Generator().manual_seed(n))) for n, start in enumerate(held)]
    best_step, best, before = 0, begun.map, _held_divergence(large, descent.weight, tests, material.typical_deviation)
    after = before
    path = [(0.0, r2(begun.map, moments["select"]))]
    for step in range(1, steps + 1):
        start = material.starts[int(torch.randint(len(material.starts), (1,), generator=generator))]
        divergence = _divergence(large, descent.weight, start, *learn.draw(generator), material.typical_deviation)
        descent.down(divergence, 1 - (step - 1) / steps)
        yield Progress(step, steps, f"distilling, step {step} of {steps}: {after:.3f} nats from native steering")
        if step % max(1, steps // CHECKS) == 0 or step == steps:
            now = _held_divergence(large, descent.weight, tests, material.typical_deviation)
            path.append((float(step), r2(descent.map(), moments["select"])))
            if now < after:
                best_step, best, after = step, descent.map(), now
    found: dict[str, JsonValue] = {
        "steps": steps,
        "steps_kept": best_step,
        "learning_rate": how.learning_rate,
        "anchor": how.anchor,
        "seed": how.seed,
        "learned_from": [concept.name for concept in how.learn_from],
        "divergence_ridge": before,
        "divergence": after,
    }
    return (yield from ground.fitted(Estimate(best, begun.lam, tuple(path), found), DISTILLED))


def _divergence(
    large: LanguageModel,
    weight: Tensor,
    start: Start,
    small: Tensor,
    native: Tensor,
    norms: Tensor,
    typical_deviation: TypicalDeviation,
) -> Tensor:
    """KL(steered by native directions ‖ steered by mapped ones) in nats, mean over directions and positions."""
    mapped = small.to(weight) @ weight
    with torch.no_grad():
        logits = differentiable_logits(large, start, typical_deviation.normalized(native) * norms, POSITIONS)
        target = logits.log_softmax(-1)
    steered = typical_deviation.normalized(mapped) * norms.to(weight)
    found = differentiable_logits(large, start, steered, POSITIONS).log_softmax(-1)
    return functional.kl_div(found, target, reduction="none", log_target=True).sum(-1).mean()


def _held_divergence(
    large: LanguageModel,
    weight: Tensor,
    tests: Sequence[tuple[Start, Tensor, Tensor, Tensor]],
    typical_deviation: TypicalDeviation,
) -> float:
    with torch.no_grad():
        return sum(float(_divergence(large, weight, *test, typical_deviation)) for test in tests) / len(tests)


class _Descent:
    """The map's weights on their way, held to the moments by the anchor."""

    def __init__(self, begun: AffineMap, moments: CrossMoments, learning_rate: float, anchor: float) -> None:
        self.weight = begun.weight.to(moments.device, copy=True).requires_grad_()
        self._moments, self._anchor = moments, anchor
        self._rate = learning_rate * float(begun.weight.square().mean().sqrt())
        # Decay would pull towards zero, where the anchor does not.
        self._optimizer = torch.optim.AdamW([self.weight], lr=self._rate, weight_decay=0.0)

    def down(self, divergence: Tensor, share: float) -> None:
        """One step at this share of the learning rate."""
        moments = self._moments
        explained = (self.weight * (2 * moments.cxy - moments.cxx @ self.weight)).sum()
        loss = divergence.to(self.weight) + self._anchor * (1 - explained / moments.cyy.trace())
        if not bool(torch.isfinite(loss)):
            raise MapError("distillation diverged; choose a lower learning rate")
        # Only of the map: the model's own weights gather no gradient.
        (self.weight.grad,) = torch.autograd.grad(loss, self.weight)
        self._optimizer.param_groups[0]["lr"] = self._rate * share
        self._optimizer.step()

    def map(self) -> AffineMap:
        """The map as it is now, with the bias that is best for its weights."""
        weight = self.weight.detach()
        return AffineMap(weight, self._moments.mean_y - self._moments.mean_x @ weight)
