"""Behaviour-guided distillation: a map refined until mapped directions do to the large model what native ones do."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

import torch
from torch import Tensor
from torch.nn import functional

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.errors import MapError, PromptError, SettingsError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.estimators import Estimate, ridge
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.scores import r2
from lrt_explorer.lm.blocks import check_layer
from lrt_explorer.lm.chat import Document
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.suffix import Start, differentiable_logits, read_starts
from lrt_explorer.lm.tokens import prompt_tokens
from lrt_explorer.study.batches import DocumentStream
from lrt_explorer.study.collect import Route, part_of
from lrt_explorer.study.moments import moments_of
from lrt_explorer.study.paired import CONTEXT, read_paired
from lrt_explorer.study.progress import Progress
from lrt_explorer.study.solve import FittedMap, check_enough, read_directions, with_evidence
from lrt_explorer.study.texts import Corpus

METHOD = "distilled"
STEPS = 200
LEARNING_RATE = 0.01
"""Of AdamW, in units of the root mean square of the ridge map's weights; it falls to zero in a straight line."""
ANCHOR = 1.0
"""Nats that losing all of the explained variance of the fit rows costs."""
WEAKEST, STRONGEST = 0.1, 0.6
ROWS = 16
"""Directions steered with in a step, all on one prompt."""
POSITIONS = 8
"""Last positions of a prompt at which next-token distributions are compared."""
CHARACTERS = 200
"""Length of a prompt: the end of a text, where it may be broken off."""
POOL_TOKENS = 20_000
PROMPTS, HELD_PROMPTS = 64, 8
CHECKS = 5


def distilled_map(
    small: LanguageModel,
    large: LanguageModel,
    texts: Iterable[Document],
    small_layer: int,
    large_layer: int,
    *,
    tokens: int = 100_000,
    corpus: str = "",
    concepts: Sequence[ContrastSet] = (),
    reading: Reading | None = None,
    steps: int = STEPS,
    learning_rate: float = LEARNING_RATE,
    anchor: float = ANCHOR,
    seed: int = 0,
    keep_moments: bool = False,
    end_weight: int | None = None,
) -> Generator[Progress, None, FittedMap]:
    """Start from the ridge map and lower KL(steered natively ‖ steered by the mapped direction) in the large model.

    The directions are differences of the states of both models at two tokens of random texts, added at equal norm and
    random strength to prompts from other texts. Concepts only judge the result: no contrast set is learned from.
    Directions, prompts and the rows of the anchor come from fit documents; of the maps on the way, that with the lowest
    divergence on select documents is kept, the ridge map among them.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        texts: documents that can be gone through twice.
        small_layer: block of the small model.
        large_layer: block of the large model.
        tokens: pairs of tokens for the moments, of all parts together.
        corpus: the name of the texts, for people.
        concepts: contrast sets on which to measure the cosine of mapped and native directions.
        reading: how their vectors are read; None for what each set prefers.
        steps: of gradient descent.
        learning_rate: of AdamW, in units of the root mean square of the ridge map's weights.
        anchor: weight of the share of the fit rows' variance that the map leaves unexplained, in nats.
        seed: of everything drawn.
        keep_moments: as for `fit_map`.
        end_weight: as for `fit_map`; tokens at the ends of texts are also drawn so much more often.

    Raises:
        SettingsError: if a layer does not exist, a number is out of range, or the texts can be read only once.
        MapError: if the texts give too few tokens or prompts, or the descent ran away.
    """
    check_layer(small, small_layer)
    check_layer(large, large_layer)
    if steps < 1 or tokens < 1 or not 0 < learning_rate < float("inf") or not 0 <= anchor < float("inf"):
        raise SettingsError(
            f"distillation needs steps, tokens, a learning rate above 0 and an anchor of at least 0, not {steps}, "
            f"{tokens}, {learning_rate:g} and {anchor:g}; choose a learning rate of about {LEARNING_RATE}"
        )
    if iter(texts) is texts:
        raise SettingsError("the texts are gone through twice, but these can be read only once; give a list")
    if end_weight is None:
        end_weight = texts.end_weight if isinstance(texts, Corpus) else 1
    route, pair = Route(small_layer, large_layer), (small_layer, large_layer)
    collected = yield from moments_of(
        small, large, texts, [pair], tokens, corpus=corpus, keep=keep_moments, end_weight=end_weight
    )
    collected.corpus = corpus
    check_enough(small, large, collected, [route])
    directions = yield from read_directions(small, large, [pair], concepts, reading)
    moments = collected.of(route)
    begun = ridge(moments["fit"], moments["select"])
    material, held = yield from _materials(small, large, texts, small_layer, large_layer, end_weight)
    descent = _Descent(begun.map, moments["fit"], learning_rate, anchor)
    generator = torch.Generator().manual_seed(seed)
    tests = [(start, *held.draw(torch.Generator().manual_seed(n))) for n, start in enumerate(held.starts)]
    best_step, best, before = 0, begun.map, _held_divergence(large, descent.weight, tests)
    after = before
    path = [(0.0, r2(begun.map, moments["select"]))]
    for step in range(1, steps + 1):
        start = material.starts[int(torch.randint(len(material.starts), (1,), generator=generator))]
        divergence = _divergence(large, descent.weight, start, *material.draw(generator))
        descent.down(divergence, 1 - (step - 1) / steps)
        yield Progress(step, steps, f"distilling, step {step} of {steps}: {after:.3f} nats from native steering")
        if step % max(1, steps // CHECKS) == 0 or step == steps:
            now = _held_divergence(large, descent.weight, tests)
            path.append((float(step), r2(descent.map(), moments["select"])))
            if now < after:
                best_step, best, after = step, descent.map(), now
    settings = {"steps": steps, "steps_kept": best_step, "learning_rate": learning_rate, "anchor": anchor, "seed": seed}
    estimate = Estimate(best, begun.lam, tuple(path), {**settings, "divergence_ridge": before, "divergence": after})
    return with_evidence(small, large, collected, route, estimate, method=METHOD, directions=directions)


@dataclass
class _Material:
    """Tokens of some texts as both models hold them, and prompts from other texts, read up to the layer."""

    small: list[Tensor] = field(default_factory=list)
    large: list[Tensor] = field(default_factory=list)
    weights: list[Tensor] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)

    def joined(self, large: LanguageModel, layer: int, prompts: int) -> "_Material":
        """The same with its rows in one piece and its prompts read."""
        chosen = list(islice((prompt for prompt in self.prompts if _fits(large, prompt)), prompts))
        if not chosen or sum(len(rows) for rows in self.small) < 2:
            raise MapError("the texts give too few tokens and prompts to distil a map with; give more documents")
        small, native, weights = ([torch.cat(parts)] for parts in (self.small, self.large, self.weights))
        return _Material(small, native, weights, chosen, read_starts(large, layer, chosen))

    def draw(self, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Differences `[ROWS, d_small]` and `[ROWS, d_large]`, and the norms `[ROWS, 1]` to steer with."""
        a, b = torch.multinomial(self.weights[0], 2 * ROWS, replacement=True, generator=generator).split(ROWS)
        typical = self.large[0].norm(dim=1).median()
        strengths = WEAKEST + (STRONGEST - WEAKEST) * torch.rand(ROWS, 1, generator=generator)
        return self.small[0][a] - self.small[0][b], self.large[0][a] - self.large[0][b], strengths * typical


def _materials(
    small: LanguageModel,
    large: LanguageModel,
    texts: Iterable[Document],
    small_layer: int,
    large_layer: int,
    end_weight: int,
) -> Generator[Progress, None, tuple[_Material, _Material]]:
    """What to learn from, of fit documents, and what to choose by, of select documents."""
    material, held = _Material(), _Material()
    read = 0
    for batch in DocumentStream(texts).batches(min(CONTEXT, small.context, large.context)):
        for of, part in ((material, "fit"), (held, "select")):
            mine = [
                (number, document if isinstance(document, str) else document.text)
                for number, document in zip(batch.numbers, batch.texts, strict=True)
                if part_of(number) == part
            ]
            # Prompts come from other documents than the directions that are tried on them.
            of.prompts += [_prompt(text) for number, text in mine if number % 2]
            pool = [text for number, text in mine if number % 2 == 0]
            if pool:
                states = read_paired(small, large, pool, [small_layer], [large_layer])
                last = torch.ones(len(states.text), dtype=torch.bool)
                last[:-1] = states.text[1:] != states.text[:-1]
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


def _divergence(
    large: LanguageModel, weight: Tensor, start: Start, small: Tensor, native: Tensor, norms: Tensor
) -> Tensor:
    """KL(steered by native directions ‖ steered by mapped ones) in nats, mean over directions and positions."""
    mapped = small.to(weight) @ weight
    with torch.no_grad():
        logits = differentiable_logits(large, start, functional.normalize(native, dim=1) * norms, POSITIONS)
        target = logits.log_softmax(-1)
    steered = functional.normalize(mapped, dim=1) * norms.to(weight)
    found = differentiable_logits(large, start, steered, POSITIONS).log_softmax(-1)
    return functional.kl_div(found, target, reduction="none", log_target=True).sum(-1).mean()


def _held_divergence(
    large: LanguageModel, weight: Tensor, tests: Sequence[tuple[Start, Tensor, Tensor, Tensor]]
) -> float:
    with torch.no_grad():
        return sum(float(_divergence(large, weight, *test)) for test in tests) / len(tests)


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
            raise MapError("distillation ran away; choose a lower learning rate")
        # Only of the map: the model's own weights gather no gradient.
        (self.weight.grad,) = torch.autograd.grad(loss, self.weight)
        self._optimizer.param_groups[0]["lr"] = self._rate * share
        self._optimizer.step()

    def map(self) -> AffineMap:
        """The map as it is now, with the bias that is best for its weights."""
        weight = self.weight.detach()
        return AffineMap(weight, self._moments.mean_y - self._moments.mean_x @ weight)
