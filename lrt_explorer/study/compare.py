"""Compare: the large model unsteered, steered by its own vector, by the mapped one, and by a random one."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import torch

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.directions import method_name
from lrt_explorer.concepts.examples import default_prompt
from lrt_explorer.concepts.readout import answer_readout, pooled_prompt
from lrt_explorer.concepts.sets.readout_kinds import READOUTS
from lrt_explorer.concepts.vectors import SteeringVector, addition, transfer
from lrt_explorer.lm.chat import framed
from lrt_explorer.lm.generate import generate_arms
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import PairMap
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.arm_directions import ArmMaterial
from lrt_explorer.study.steering.arms import ARMS, PANES, UNSTEERED
from lrt_explorer.study.steering.brought import check_home, take_vectors
from lrt_explorer.study.steering.calibrate import calibrate, equal_strengths
from lrt_explorer.study.steering.deviation import unit_of
from lrt_explorer.study.steering.judged import text_scorer
from lrt_explorer.study.steering.steer_spec import SteerSpec


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
    pair: Pair, saved: PairMap, spec: SteerSpec, *, random_seed: int = 0
) -> Generator[ComparisonStep, None, Comparison]:
    """Write all arms side by side, in one batched pass from one start and with the same noise.

    Every steered arm is pushed equally far, by the strength times the large model's typical deviation. With
    `equal_cost` every other arm is pushed as far as costs the model what the native vector costs it on neutral text. A
    vector that is given takes the place of the one that the concept's texts give in that model; the concept still says
    what is read out.

    Args:
        pair: the models.
        saved: the map that the small model's vector goes through.
        spec: what is asked for.
        random_seed: of the random direction.

    Raises:
        ArtifactError: if the map belongs to other models, or the vectors are gone.
        PromptError: if the prompt is empty or too long.
        VectorError, ContrastError: if the concept gives no vector, or one that is given lives elsewhere.
        SettingsError, ModelError: if the scorer cannot be had.
    """
    (small, large), world, info = pair.both, pair.world, saved.info
    concept = world.concept(spec.concept) if isinstance(spec.concept, str) else spec.concept
    prompt = default_prompt(concept) if spec.prompt is None else spec.prompt
    score = text_scorer(spec.scorer or concept.scorer)
    reading = spec.reading or concept.reading
    pair.check(info)
    layer = info.large_layer
    given = take_vectors(spec.vectors)
    native = (
        check_home(given["large"], large, layer)
        if "large" in given
        else known_vectors().get(large, concept, layer, reading, spec.method, whiten=spec.whiten).vector
    )
    found = (
        check_home(given["small"], small, info.small_layer)
        if "small" in given
        else known_vectors().get(small, concept, info.small_layer, reading, spec.method, whiten=spec.whiten).vector
    )
    mapped = transfer(found, saved.map, info, as_in_paper=spec.as_in_paper)
    material = ArmMaterial(native.values, mapped.values, found.values, seeds=(random_seed,))
    # The first of each arm: a pane shows one text.
    directions = {name: one.values for name in PANES for one in ARMS[name].load()(material)[:1]}
    ordinary, temperature = world.ordinary, world.temperature if spec.temperature is None else spec.temperature
    unit = unit_of(large, layer, ordinary)
    strength = spec.strength
    if strength is None:
        strength = finish(calibrate(large, layer, native.values, unit, ordinary)).first
    strengths: tuple[float, ...] = (strength,) * len(directions)
    if spec.equal_cost:
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
        large, read, layer, additions, max_new_tokens=spec.max_new_tokens, temperature=temperature, seed=spec.seed
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
        yield ComparisonStep(arms, step.step + 1, spec.max_new_tokens)
    settings: dict[str, str | int | float] = {
        "small": small.name,
        "large": large.name,
        "small_layer": info.small_layer,
        "large_layer": layer,
        "concept": concept.name,
        "positive_label": concept.positive_label,
        "negative_label": concept.negative_label,
        "reading": reading,
        "method": method_name(spec.method, whiten=spec.whiten),
        "readout_kind": concept.readout,
        "readout_unit": READOUTS.unit(concept.readout),
        "pairs": len(concept.pairs),
        "as_in_paper": spec.as_in_paper,
        "equal_cost": spec.equal_cost,
        **_given("small_vector", given.get("small")),
        **_given("large_vector", given.get("large")),
        "seed": spec.seed,
        "random_seed": random_seed,
        "temperature": temperature,
        "max_new_tokens": spec.max_new_tokens,
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
