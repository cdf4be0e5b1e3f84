"""Compare: the large model unsteered, steered by its own vector, by the mapped one, and by a random one."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import torch

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.concepts.directions import METHODS, Method, method_name
from lrt_explorer.concepts.readout import answer_readout, pooled_prompt
from lrt_explorer.concepts.readout_kinds import READOUTS
from lrt_explorer.concepts.scoring import ScorerChoice
from lrt_explorer.concepts.vectors import SteeringVector, addition, transfer
from lrt_explorer.defaults import MAX_NEW_TOKENS, READING, SEED, STRENGTH, TEMPERATURE
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.chat import framed
from lrt_explorer.lm.generate import generate_arms
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo, check_map
from lrt_explorer.study.arms import ARMS, PANES, UNSTEERED
from lrt_explorer.study.brought import check_home
from lrt_explorer.study.calibrate import calibrate, equal_strengths
from lrt_explorer.study.deviation import unit_of
from lrt_explorer.study.evaluation.arms import ArmMaterial
from lrt_explorer.study.judged import text_scorer
from lrt_explorer.study.known import known_vectors
from lrt_explorer.study.progress import finish
from lrt_explorer.study.world import world_of


@dataclass(frozen=True)
class Arm:
    """One column of a comparison.

    Attributes:
        name: that of an arm with a pane in `ARMS`.
        text: what the model has written after the prompt.
        tokens: the text in pieces, one a token; joined they are the text.
        changed: for each token whether it differs from the unsteered text, by alignment.
        score: the scorer's score of the text in [0, 1]; None without a scorer or without evidence.
        readout: how far the concept's answers show right after the prompt, counted as the concept asks for; None for a
            concept without answers.
        strength: s of this arm, in typical deviations; 0 if nothing is added.
        coefficient: s · m, the length of what was added.
    """

    name: str
    text: str
    tokens: tuple[str, ...]
    changed: tuple[bool, ...]
    score: float | None
    readout: float | None
    strength: float = 0.0
    coefficient: float = 0.0


@dataclass(frozen=True)
class ComparisonStep:
    """The arms as they stand after `done` of at most `total` tokens."""

    arms: tuple[Arm, ...]
    done: int
    total: int


@dataclass(frozen=True)
class Comparison:
    """A finished comparison.

    Attributes:
        prompt: the shared start.
        strength: s, in units of the typical deviation.
        coefficient: s · m, the length of what was added to the native arm.
        arms: unsteered, then the others in the order of `ARMS`.
        settings: everything else that it takes to repeat it.
    """

    prompt: str
    strength: float
    coefficient: float
    arms: tuple[Arm, ...]
    settings: Mapping[str, str | int | float]


def compare(
    small: LanguageModel,
    large: LanguageModel,
    map: AffineMap,
    info: MapInfo,
    concept: ContrastSet,
    prompt: str,
    *,
    strength: float | None = STRENGTH,
    seed: int = SEED,
    max_new_tokens: int = MAX_NEW_TOKENS,
    temperature: float | None = TEMPERATURE,
    random_seed: int = 0,
    reading: Reading | None = READING,
    method: Method = METHODS.default,
    whiten: bool = False,
    scorer: ScorerChoice | None = None,
    as_in_paper: bool = False,
    small_vector: SteeringVector | None = None,
    large_vector: SteeringVector | None = None,
    equal_cost: bool = False,
) -> Generator[ComparisonStep, None, Comparison]:
    """Write all arms side by side, in one batched pass from one start and with the same noise.

    Every steered arm is pushed equally far, by `strength` times the large model's typical deviation. Without a strength
    it is the first one of the native vector's calibration; without a temperature it is what suits the pair. With
    `equal_cost` every other arm is pushed as far as costs the model what the native vector costs it on neutral text.
    `as_in_paper` adds the map's offset to the transferred direction too (arXiv 2506.00653), which is not how a
    difference is mapped. `reading`, `method` and `whiten` say how vectors are found (see `find_vectors`), `scorer` what
    scores the texts in place of the concept's own scorer. A vector that is given takes the place of the one that the
    concept's texts give in that model; the concept still says what is read out.

    Raises:
        ArtifactError: if the map belongs to other models.
        PromptError: if the prompt is empty or too long.
        VectorError, ContrastError: if the concept gives no vector, or one that is given lives elsewhere.
        SettingsError, ModelError: if the scorer cannot be had.
    """
    score = text_scorer(scorer or concept.scorer)
    reading = reading or concept.reading
    check_map(info, small.fingerprint, large.fingerprint)
    layer = info.large_layer
    native = (
        known_vectors().get(large, concept, layer, reading, method, whiten).vector
        if large_vector is None
        else check_home(large_vector, large, layer)
    )
    found = (
        known_vectors().get(small, concept, info.small_layer, reading, method, whiten).vector
        if small_vector is None
        else check_home(small_vector, small, info.small_layer)
    )
    mapped = transfer(found, map, info, as_in_paper=as_in_paper)
    material = ArmMaterial(native.values, mapped.values, found.values, seeds=(random_seed,))
    # The first of each arm: a pane shows one text.
    directions = {name: one.values for name in PANES for one in ARMS[name].load()(material)[:1]}
    world = world_of(small.name, large.name)
    ordinary, temperature = world.ordinary, world.temperature if temperature is None else temperature
    unit = unit_of(large, layer, ordinary)
    if strength is None:
        strength = finish(calibrate(large, layer, native.values, unit, ordinary)).first
    strengths: tuple[float, ...] = (strength,) * len(directions)
    if equal_cost:
        strengths = equal_strengths(large, layer, list(directions.values()), strength, unit, ordinary)
    additions = torch.stack(
        [
            torch.zeros(large.width),
            *(addition(v, s, unit) for v, s in zip(directions.values(), strengths, strict=True)),
        ]
    )
    pushes = (0.0, *strengths)
    names = (UNSTEERED, *directions)
    read = framed(large, concept.ask_before(prompt), prompt)
    steps = generate_arms(
        large, read, layer, additions, max_new_tokens=max_new_tokens, temperature=temperature, seed=seed
    )
    readouts = _readouts(large, concept, read, layer, additions)
    pieces: list[list[str]] = [[] for _ in names]
    arms = tuple(Arm(name, "", (), (), None, None, s, s * unit.value) for name, s in zip(names, pushes, strict=True))
    for step in steps:
        for tokens, text in zip(pieces, step.texts, strict=True):
            # A text only ever grows; what a step adds to it is shown as one token.
            if new := text[len("".join(tokens)) :]:
                tokens.append(new)
        arms = tuple(
            _written(arm, tokens, pieces[0], None if score is None else score(prompt, text), readout)
            for arm, tokens, text, readout in zip(arms, pieces, step.texts, readouts, strict=True)
        )
        yield ComparisonStep(arms, step.step + 1, max_new_tokens)
    settings: dict[str, str | int | float] = {
        "small": small.name,
        "large": large.name,
        "small_layer": info.small_layer,
        "large_layer": layer,
        "concept": concept.name,
        "reading": reading,
        "method": method_name(method, whiten),
        "readout_kind": concept.readout,
        "readout_unit": READOUTS.unit(concept.readout),
        "pairs": len(concept.pairs),
        "as_in_paper": as_in_paper,
        "equal_cost": equal_cost,
        **_given("small_vector", small_vector),
        **_given("large_vector", large_vector),
        "seed": seed,
        "random_seed": random_seed,
        "temperature": temperature,
        "max_new_tokens": max_new_tokens,
    }
    return Comparison(prompt, strength, strength * unit.value, arms, settings)


def _given(key: str, vector: SteeringVector | None) -> dict[str, str | int | float]:
    return {} if vector is None else {key: f"{vector.concept} ({vector.method})"}


def changed_tokens(tokens: Sequence[str], reference: Sequence[str]) -> tuple[bool, ...]:
    """For each token whether it is missing from its place in the reference, by the longest matching runs."""
    changed = [True] * len(tokens)
    for block in SequenceMatcher(None, reference, tokens, autojunk=False).get_matching_blocks():
        changed[block.b : block.b + block.size] = [False] * block.size
    return tuple(changed)


def _written(arm: Arm, tokens: list[str], unsteered: list[str], score: float | None, readout: float | None) -> Arm:
    changed = changed_tokens(tokens, unsteered)
    return replace(arm, text="".join(tokens), tokens=tuple(tokens), changed=changed, score=score, readout=readout)


def _readouts(
    large: LanguageModel, concept: ContrastSet, prompt: str, layer: int, additions: torch.Tensor
) -> list[float | None]:
    question = pooled_prompt(prompt, concept.prompts)
    if question is None:
        return [None] * len(additions)
    values: list[float | None] = answer_readout(
        large, [question] * len(additions), layer, additions, concept.readout
    ).tolist()
    return values
