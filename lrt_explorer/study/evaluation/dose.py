"""Dose-response: how a readout answers to the strength of each arm, and how much of the native effect transfers."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ReadoutPrompt
from lrt_explorer.concepts.readout import answer_tokens, read_answers, settle
from lrt_explorer.concepts.vectors import addition
from lrt_explorer.defaults import MAX_NEW_TOKENS, SEED
from lrt_explorer.errors import ContrastError
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.lm.chat import unframed
from lrt_explorer.lm.generate import generate_batch
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.evaluation.statistics import (
    Array,
    Interval,
    mean_interval,
    mean_over_prompts,
    ratio_interval,
    resamples,
    slopes,
    spearman,
)
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.steering.calibrate import calibrate


@dataclass(frozen=True)
class DoseResponse:
    """One number per arm, strength and prompt, and what follows from them.

    Attributes:
        arms: the names.
        strengths: `[s]`, in units of the typical deviation.
        readouts: `[arms, s, prompts]`; readouts in nats, or scores of generated text (NaN where there was no evidence).
        prompt_slopes: `[arms, prompts]`, least-squares slope over the strengths of every prompt on its own.
        slopes: per arm, the mean of its prompts' slopes with a bootstrap interval over prompts.
        spearman: per arm, rank correlation of the mean readout with the strength.
        seed: of the bootstrap.
    """

    arms: tuple[str, ...]
    strengths: Array
    readouts: Array
    prompt_slopes: Array
    slopes: tuple[Interval, ...]
    spearman: tuple[float, ...]
    seed: int

    def mean(self, arm: str) -> Array:
        """Mean over prompts at each strength, `[s]`, leaving out prompts without evidence."""
        return mean_over_prompts(self.readouts[self.arms.index(arm)])

    def slope(self, arm: str) -> Interval:
        """The arm's slope with its interval."""
        return self.slopes[self.arms.index(arm)]

    def retention(self, arms: Sequence[str], native: str = "native") -> Interval | None:
        """slope(arms) / slope(native), unclipped, over the same prompts; several arms are averaged first.

        None, "not measurable", where the native slope may be 0.
        """
        if self.slope(native).holds(0.0):
            return None
        top = np.mean([self.prompt_slopes[self.arms.index(arm)] for arm in arms], axis=0)
        return ratio_interval(top, self.prompt_slopes[self.arms.index(native)])


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How texts are written.

    Attributes:
        max_new_tokens: length of each text.
        temperature: 0 takes the likeliest token.
        seed: of the noise, and of what is drawn to judge the texts.
    """

    max_new_tokens: int = MAX_NEW_TOKENS
    temperature: float = 0.0
    seed: int = SEED


def dose_response(
    lm: LanguageModel,
    layer: int,
    vectors: Mapping[str, Tensor],
    prompts: Sequence[ReadoutPrompt],
    typical_deviation: TypicalDeviation | float,
    *,
    strengths: Sequence[float] | None = None,
    seed: int = 0,
) -> Generator[Progress, None, DoseResponse]:
    """The readout of every prompt under every arm at every strength.

    Args:
        lm: the steered model.
        layer: the block whose output is steered.
        vectors: `[d]` per arm, of any length.
        prompts: held-out readout prompts.
        typical_deviation: m, what a strength of 1 amounts to.
        strengths: at least two different ones; the unsteered readout at 0 is computed once for all arms. None for the
            calibrated grid of the native vector, or of the first one where none is named so.
        seed: of the bootstrap.

    Raises:
        ContrastError: without prompts, or where answers cannot be told apart.
        VectorError: if a vector has no length.
        SettingsError: if the strengths do not differ or the layer does not exist.
    """
    if not prompts:
        raise ContrastError("the concept has no readout prompts; add lines with 'prompt', 'positive' and 'negative'")
    if strengths is None:
        strengths = yield from _calibrated(lm, layer, vectors, typical_deviation)
    prompts = settle(lm, prompts)
    answers, texts = answer_tokens(lm, prompts), [prompt.text for prompt in prompts]
    shape = (len(vectors), len(strengths), len(prompts))
    readouts = np.empty(shape)
    unsteered = read_answers(lm, texts, answers).numpy()
    for number, (arm, strength, values) in enumerate(_doses(vectors, strengths)):
        row, column = divmod(number, len(strengths))
        yield Progress(number, shape[0] * shape[1], f"reading {arm} at strength {strength:g}")
        if strength == 0:
            readouts[row, column] = unsteered
            continue
        additions = addition(values, strength, typical_deviation).expand(len(texts), -1)
        readouts[row, column] = read_answers(lm, texts, answers, layer, additions).numpy()
    return summarise(tuple(vectors), strengths, readouts, seed)


def score_response(
    lm: LanguageModel,
    layer: int,
    vectors: Mapping[str, Tensor],
    prompts: Sequence[str],
    score: Callable[[str, str], float | None],
    typical_deviation: TypicalDeviation | float,
    *,
    strengths: Sequence[float] | None = None,
    sampling: Sampling | None = None,
) -> Generator[Progress, None, DoseResponse]:
    """The score of generated text, per arm, strength and prompt; otherwise as `dose_response`.

    `score` takes a prompt and its continuation and gives a number in [0, 1], or None without evidence.
    """
    sampling = sampling or Sampling()
    if strengths is None:
        strengths = yield from _calibrated(lm, layer, vectors, typical_deviation)
    shape = (len(vectors), len(strengths), len(prompts))
    scores = np.empty(shape)
    unsteered: list[str] | None = None
    for number, (arm, strength, values) in enumerate(_doses(vectors, strengths)):
        row, column = divmod(number, len(strengths))
        yield Progress(number, shape[0] * shape[1], f"writing {arm} at strength {strength:g}")
        texts = unsteered if strength == 0 else None
        if texts is None:
            additions = addition(values, strength, typical_deviation).expand(len(prompts), -1)
            texts = generate_batch(lm, prompts, layer, additions, **asdict(sampling))
        if strength == 0:
            unsteered = texts
        verdicts = [score(unframed(prompt), text) for prompt, text in zip(prompts, texts, strict=True)]
        scores[row, column] = [np.nan if verdict is None else verdict for verdict in verdicts]
    return summarise(tuple(vectors), strengths, scores, sampling.seed)


def summarise(arms: tuple[str, ...], strengths: Sequence[float], readouts: Array, seed: int) -> DoseResponse:
    """Slopes, intervals and rank correlations of `[arms, s, prompts]` numbers.

    Raises:
        ContrastError: if no prompt has numbers at two strengths in every arm.
        SettingsError: if the strengths do not differ.
    """
    grid = np.asarray(strengths, dtype=np.float64)
    prompt_slopes = slopes(grid, np.moveaxis(readouts, 1, 2))
    # Arms stay paired only over prompts that all of them could be scored on.
    complete = np.isfinite(prompt_slopes).all(0)
    if not complete.any():
        raise ContrastError("no prompt gave evidence at two strengths in every arm; use more or longer texts")
    prompt_slopes = prompt_slopes[:, complete]
    draws = resamples(prompt_slopes.shape[1], seed)
    means = mean_over_prompts(readouts[:, :, complete])
    return DoseResponse(
        arms,
        grid,
        readouts,
        prompt_slopes,
        tuple(mean_interval(row, draws) for row in prompt_slopes),
        tuple(spearman(grid, row) for row in means),
        seed,
    )


def _calibrated(
    lm: LanguageModel, layer: int, vectors: Mapping[str, Tensor], typical_deviation: TypicalDeviation | float
) -> Generator[Progress, None, Sequence[float]]:
    vector = torch.as_tensor(vectors.get("native", next(iter(vectors.values()))))
    return (yield from calibrate(lm, layer, vector, typical_deviation, world_of(lm.name).ordinary)).grid


def _doses(
    vectors: Mapping[str, Tensor], strengths: Sequence[float]
) -> Generator[tuple[str, float, Tensor], None, None]:
    for arm, values in vectors.items():
        for strength in strengths:
            yield arm, float(strength), torch.as_tensor(values)
