"""What is measured of one concept: readouts and coherence cost under every direction at every strength."""

import logging
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.readout import AnswerTokens, answer_tokens, counted_answers, read_answers, settle
from lrt_explorer.concepts.sets.readout_kinds import Readout
from lrt_explorer.concepts.vectors import addition
from lrt_explorer.errors import ContrastError
from lrt_explorer.lm.chat import unframed
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.suffix import Start, read_starts, suffix_logits
from lrt_explorer.study.evaluation.arms import ConceptArms
from lrt_explorer.study.evaluation.baseline import baseline_prompt
from lrt_explorer.study.evaluation.chosen_prompts import evaluated_prompts
from lrt_explorer.study.evaluation.first_order import first_order_slopes, readout_gradients
from lrt_explorer.study.evaluation.holding import Holding
from lrt_explorer.study.evaluation.off_answers import off_answers
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.evaluation.statistics import Array
from lrt_explorer.study.evaluation.written import WRITING, Passage, write_passages
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.arms import NATIVE, PROMPT, UNSTEERED
from lrt_explorer.study.steering.neutral import divergence

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Measured:
    """Everything that was measured of one concept; what follows from it is in `evidence.py`.

    Attributes:
        directions: their names.
        arms: for each direction the arm it belongs to.
        strengths: the grid.
        prompts: the held-out prompts.
        readouts: `[directions, strengths, prompts]`, in the unit of the readout kind.
        unsteered: `[prompts]`, the readout without any addition.
        baseline: `[prompts]`, the unsteered readout after the prompt baseline.
        kl: `[directions, strengths, neutral prompts]`, KL(steered ‖ unsteered) of the next token, in nats.
        passages: texts that were written; none unless asked for.
        forms: of which form each prompt is, by the set as it is now, so not measured nor kept.
        first_order: `[2, 1 + k]`, the mean slope at strength 0, per length of the vector: of the native one and of
            k native vectors of relabelled pairs; of the transferred vector and of the k mapped ones. Nothing where the
            readout has no gradient.
        relabelled_cosines: `[k]`, see `Relabelled`.
        typical_deviation, direction_cosine, reachable_share, halves_cosine, holding: see `ConceptArms`.
        outlier_dimensions: what does not count in the typical deviation.
        off_answers: `[directions, prompts]`, see `off_answers.py`; empty where it was not measured.
    """

    directions: tuple[str, ...]
    arms: tuple[str, ...]
    strengths: tuple[float, ...]
    prompts: tuple[str, ...]
    readouts: Array
    unsteered: Array
    baseline: Array
    kl: Array
    passages: tuple[Passage, ...]
    typical_deviation: float
    direction_cosine: float
    reachable_share: float
    outlier_dimensions: tuple[int, ...] = ()
    forms: tuple[str, ...] = ()
    first_order: Array = field(default_factory=lambda: np.empty((2, 0)))
    relabelled_cosines: Array = field(default_factory=lambda: np.empty(0))
    halves_cosine: float | None = None
    holding: Holding | None = None
    off_answers: Array = field(default_factory=lambda: np.empty((0, 0)))


@dataclass(frozen=True, eq=False)
class Starts:
    """Prompts read up to the steered layer, and up to the last one for the directions that are added only there."""

    steered: list[Start]
    direct: list[Start]


def read_both(large: LanguageModel, layer: int, prompts: Sequence[str]) -> Starts:
    """Run the blocks that the arms share, once for each prompt."""
    return Starts(read_starts(large, layer, prompts), read_starts(large, large.layers - 1, prompts))


def measure(
    large: LanguageModel,
    layer: int,
    concept: ContrastSet,
    arms: ConceptArms,
    neutral: Starts,
    settings: EvaluationSettings,
) -> Generator[Progress, None, Measured]:
    """Measure one concept.

    Raises:
        ContrastError: if it has no prompts, or answers that cannot be told apart.
        PromptError: if a prompt does not fit into the model's context.
    """
    chosen = evaluated_prompts(concept, settings.prompts)
    prompts = settle(large, chosen)
    if len(prompts) < 2:
        raise ContrastError(
            f"the concept {concept.name} has {len(prompts) or 'no'} readout prompt{'s' * (len(prompts) != 1)}, too few "
            "to evaluate; add lines with 'prompt', 'positive' and 'negative'"
        )
    kind = settings.readout or concept.readout
    answers, texts = answer_tokens(large, prompts), [prompt.text for prompt in prompts]
    added = _additions(arms, arms.strengths)
    shape = (len(arms.directions), len(arms.strengths))
    readouts, unsteered = np.empty((*shape, len(texts))), np.empty(len(texts))
    kl = np.empty((*shape, len(neutral.steered)))
    elsewhere = np.empty((len(arms.directions), len(texts)))
    ends = [arms.strengths.index(end) for end in arms.ends]
    native = [one.arm for one in arms.directions].index(NATIVE)
    written = [(UNSTEERED, 0.0), (PROMPT, 0.0), *((name, end) for name in WRITING for end in arms.ends)]
    total = len(texts) + len(neutral.steered) + 1 + (len(written) if settings.generate else 0)
    yield Progress(0, total, f"{concept.name}: reading {len(texts)} prompts")
    starts = read_both(large, layer, texts)
    for number, answer in enumerate(answers):
        yield Progress(number, total, f"{concept.name}: prompt {number + 1} of {len(texts)} under all arms")
        whole, plain = _logits(large, arms, added, starts, number)
        steered = counted_answers(whole.T, answer, kind)
        readouts[..., number] = steered.reshape(shape).cpu().numpy()
        unsteered[number] = float(counted_answers(plain, answer, kind))
        low, high = (whole.unflatten(0, shape)[:, end] for end in ends)
        elsewhere[:, number] = off_answers(low, high, plain, native, answer).cpu().numpy()
    first_order = _first_order(large, arms, starts, answers, kind)
    for number in range(len(neutral.steered)):
        done = len(texts) + number
        yield Progress(done, total, f"{concept.name}: cost on neutral prompt {number + 1} of {len(neutral.steered)}")
        whole, plain = _logits(large, arms, added, neutral, number)
        kl[..., number] = divergence(whole, plain).reshape(shape).cpu().numpy()
    yield Progress(total - 1 - (len(written) if settings.generate else 0), total, f"{concept.name}: prompt baseline")
    asked = [baseline_prompt(large, concept, text, settings.examples) for text in texts]
    baseline = read_answers(large, asked, answers, kind=kind).double().numpy()
    passages: list[Passage] = []
    for number, (name, strength) in enumerate(written if settings.generate else ()):
        yield Progress(total - len(written) + number, total, f"{concept.name}: writing {name} at strength {strength:g}")
        some = texts[: settings.generate_prompts]
        passages += write_passages(large, layer, concept, arms, some, name, strength, settings)
    return Measured(
        tuple(one.name for one in arms.directions),
        tuple(one.arm for one in arms.directions),
        arms.strengths,
        tuple(unframed(text) for text in texts),
        readouts,
        unsteered,
        baseline,
        kl,
        tuple(passages),
        arms.typical_deviation.value,
        arms.direction_cosine,
        arms.reachable_share,
        arms.typical_deviation.outliers,
        first_order=first_order,
        relabelled_cosines=np.empty(0) if arms.relabelled is None else arms.relabelled.cosines.numpy(),
        halves_cosine=arms.halves_cosine,
        holding=arms.holding,
        off_answers=elsewhere,
    )


def _first_order(
    large: LanguageModel, arms: ConceptArms, starts: Starts, answers: Sequence[AnswerTokens], kind: Readout
) -> Array:
    """`Measured.first_order`."""
    if arms.relabelled is None:
        return np.empty((2, 0))
    try:
        gradients = readout_gradients(large, starts.steered, answers, kind)
    except RuntimeError as error:  # a readout of another package may have no gradient
        logger.info("no first-order slopes: %s", error)
        return np.empty((2, 0))
    both = (arms.relabelled.native, arms.relabelled.mapped)
    return np.stack([first_order_slopes(gradients, directions).numpy() for directions in both])


def _additions(arms: ConceptArms, strengths: Sequence[float]) -> Tensor:
    """`[directions, strengths, width]`; at strength 0 nothing, whatever the direction."""
    return torch.stack(
        [
            torch.stack([addition(torch.as_tensor(one.values), s, arms.typical_deviation) for s in strengths])
            for one in arms.directions
        ]
    )


def _logits(
    large: LanguageModel, arms: ConceptArms, added: Tensor, starts: Starts, number: int
) -> tuple[Tensor, Tensor]:
    """Next-token logits after one prompt: `[directions · strengths, vocabulary]`, and `[vocabulary]` unsteered."""
    nothing = torch.zeros(1, large.width)
    through = torch.tensor([not one.direct for one in arms.directions])
    moving = added.any(dim=2)  # the rest is the unsteered model, which runs once
    steered, direct = moving & through[:, None], moving & ~through[:, None]
    first = suffix_logits(large, starts.steered[number], torch.cat([nothing, added[steered]]))
    plain = first[0]
    whole = plain.repeat(*moving.shape, 1)
    whole[steered] = first[1:]
    if direct.any():
        whole[direct] = suffix_logits(large, starts.direct[number], added[direct])
    return whole.flatten(0, 1), plain
