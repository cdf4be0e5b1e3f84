"""Compare: the large model unsteered, and steered by its own vector, by the mapped one, and by others beside them."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import cached_property, partial

from lrt_explorer.concepts.directions import method_name
from lrt_explorer.concepts.examples import default_prompt
from lrt_explorer.concepts.sets.readout_kinds import READOUTS
from lrt_explorer.concepts.vectors import SteeringVector
from lrt_explorer.defaults import PROMPT_EXAMPLES
from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.chat import framed, has_template
from lrt_explorer.lm.token_odds import TokenOdds
from lrt_explorer.store import PairMap
from lrt_explorer.study.evaluation.baseline import baseline_prompt
from lrt_explorer.study.evaluation.coherence import coherence
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.steering.also import named, spelled_also
from lrt_explorer.study.steering.arm_writing import ArmTask
from lrt_explorer.study.steering.arms import OTHER, OTHER_LAYERS, PROMPT, UNSTEERED
from lrt_explorer.study.steering.compared import NO_SOURCES, ArmSources
from lrt_explorer.study.steering.judged import text_scorer
from lrt_explorer.study.steering.pushed import pushed_arms, pushed_elsewhere
from lrt_explorer.study.steering.steer_spec import SteerSpec


@dataclass(frozen=True)
class Arm:
    """One column of a comparison.

    Attributes:
        name: that of an arm that a comparison can write, in `ARMS`.
        text: what the model has written after the prompt.
        tokens: the text in pieces, one a token; joined they are the text.
        changed: for each token whether it differs from the unsteered text, by alignment.
        score: the scorer's score of the text in [0, 1]; None without a scorer or without evidence.
        readout: how far the concept's answers show right after the prompt, counted as the concept asks for; None for a
            concept without answers.
        strength: s of this arm, in typical deviations; 0 if nothing is added. Of several vectors that of their sum.
        coefficient: s · m, the length of what was added.
        repetition, perplexity, remark: how well the finished text reads, as in `Coherence`; None and "" before.
        odds: of every token of the finished text; nothing unless they are asked for.
    """

    name: str
    text: str
    tokens: tuple[str, ...]
    changed: tuple[bool, ...]
    score: float | None
    readout: float | None
    strength: float = 0.0
    coefficient: float = 0.0
    repetition: float | None = None
    perplexity: float | None = None
    remark: str = ""
    odds: tuple[TokenOdds, ...] = ()


@dataclass(frozen=True)
class ComparisonStep:
    """How far a comparison is: `done` of at most `total` tokens; `last` where the result follows at once."""

    look: Callable[[], tuple[Arm, ...]] = field(repr=False, compare=False)
    done: int
    total: int
    last: bool = False

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """As they stand there. Told apart and scored only for who looks: most steps are passed over on a screen."""
        return self.look()


@dataclass(frozen=True)
class Comparison:
    """A finished comparison.

    Attributes:
        prompt: the shared start.
        strength: s, in units of the typical deviation.
        coefficient: s · m, the length of a vector at this strength.
        arms: unsteered, then the others in the order of `ARMS`.
        settings: everything else that it takes to repeat it.
        also: what was steered beside the concept, (name, strength) each.
    """

    prompt: str
    strength: float
    coefficient: float
    arms: tuple[Arm, ...]
    settings: Mapping[str, str | int | float]
    also: tuple[tuple[str, float], ...] = ()


def compare(
    pair: Pair, saved: PairMap | Layers, spec: SteerSpec, *, sources: ArmSources = NO_SOURCES
) -> Generator[ComparisonStep, None, Comparison]:
    """Write all arms side by side, from one start and with the same noise.

    Every steered arm is pushed equally far, by the strength times the large model's typical deviation. With
    `equal_cost` every other arm is pushed as far as costs the model what the native vector costs it on neutral text. A
    vector that is given takes the place of the one that the concept's texts give in that model; the concept still says
    what is read out. Concepts beside it (`also`) are added in every arm. The prompt baseline continues what
    `baseline_prompt` makes of the prompt. What an arm writes does not depend on which others are written.

    Args:
        pair: the models.
        saved: the map that the small model's vector goes through; the layers alone where no arm needs a map.
        spec: what is asked for.
        sources: what the arms take that are neither native nor transferred.

    Raises:
        ArtifactError: if the map belongs to other models, there is none and an arm needs it, or the vectors are gone.
        PromptError: if the prompt is empty or too long.
        VectorError, ContrastError: if the concept gives no vector, or one that is given is of another model or layer.
        SettingsError: if an arm has nothing to add, or the large model has no chat template to answer in.
        SettingsError, ModelError: if the scorer cannot be had.
    """
    (small, large), world = pair.both, pair.world
    layers = saved.layers if isinstance(saved, PairMap) else saved
    concept = world.concept(spec.concept) if isinstance(spec.concept, str) else spec.concept
    prompt = (default_prompt(concept) if spec.ask is None else "") if spec.prompt is None else spec.prompt
    if spec.ask is not None and not has_template(large):
        raise SettingsError(f"{large.name} has no chat template to answer a message in; leave the message out")
    score = text_scorer(spec.scorer or concept.scorer)
    if isinstance(saved, PairMap):
        pair.check(saved.info)
    temperature = world.temperature if spec.temperature is None else spec.temperature
    here = pushed_arms(pair, saved, spec, concept, sources)
    pushed = dict.fromkeys(here.directions.of_arm, here)
    if OTHER_LAYERS in spec.arms:
        pushed[OTHER_LAYERS] = pushed_elsewhere(pair, here, spec, concept, sources)
    read = framed(large, concept.ask_before(prompt) if spec.ask is None else spec.ask, prompt)
    starts = dict.fromkeys(spec.arms, read)
    if PROMPT in starts:
        starts[PROMPT] = baseline_prompt(large, concept, read, PROMPT_EXAMPLES, room=spec.max_new_tokens)
    additions = {name: where.addition(name) for name, where in pushed.items()}
    task = ArmTask(large, layers[1], pushed.get(OTHER_LAYERS, here).layer, starts, additions)
    steps = task.write(max_new_tokens=spec.max_new_tokens, temperature=temperature, seed=spec.seed)
    readouts = task.readouts(concept)
    pieces: dict[str, tuple[str, ...]] = dict.fromkeys(spec.arms, ())
    arms: tuple[Arm, ...] = ()

    def look(pieces: Mapping[str, tuple[str, ...]]) -> tuple[Arm, ...]:
        written = {name: "".join(tokens) for name, tokens in pieces.items()}
        return tuple(
            Arm(
                name,
                text := written[name],
                tokens,
                changed_tokens(tokens, pieces[UNSTEERED]),
                None if score is None else score(prompt, text),
                readouts[name],
                *(pushed[name].how_far(name) if name in pushed else ()),
            )
            for name, tokens in pieces.items()
        )

    for number, step in enumerate(steps, 1):
        # A text only ever grows; what a step adds to it is shown as one token.
        added = {name: text[len("".join(pieces[name])) :] for name, text in step.texts.items()}
        pieces = {name: (*tokens, added[name]) if added[name] else tokens for name, tokens in pieces.items()}
        seen = partial(look, pieces)
        if step.done:
            found = coherence(large, read, step.texts, UNSTEERED)
            arms = tuple(replace(arm, **vars(found[arm.name])) for arm in seen())
            if spec.per_token:
                arms = tuple(replace(arm, odds=task.odds(arm.name, read, arm.text)) for arm in arms)
            seen = partial(tuple, arms)
        yield ComparisonStep(seen, number, spec.max_new_tokens, step.done)
    settings: dict[str, str | int | float] = {
        "small": small.name,
        "large": large.name,
        "small_layer": layers[0],
        "large_layer": layers[1],
        "concept": concept.name,
        "positive_label": concept.positive_label,
        "negative_label": concept.negative_label,
        "reading": spec.reading or concept.reading,
        "method": method_name(spec.method, whiten=spec.whiten),
        "readout_kind": concept.readout,
        "readout_unit": READOUTS.unit(concept.readout),
        "pairs": len(concept.pairs),
        "as_in_paper": spec.as_in_paper,
        "equal_cost": spec.equal_cost,
        **({"other_concept": sources.other.name} if OTHER in spec.arms and sources.other is not None else {}),
        **_other_layers(sources, spec),
        **({"also": spelled_also(spec.also)} if spec.also else {}),
        **({"ask": spec.ask} if spec.ask is not None else {}),
        **_given("small_vector", here.directions.given.get("small")),
        **_given("large_vector", here.directions.given.get("large")),
        **_given("transferred_vector", here.directions.given.get("transferred")),
        "seed": spec.seed,
        "random_seed": sources.random_seed,
        "temperature": temperature,
        "max_new_tokens": spec.max_new_tokens,
    }
    also = tuple((named(beside), how_far) for beside, how_far in spec.also)
    return Comparison(prompt, here.strength, here.strength * here.unit.value, arms, settings, also)


def _other_layers(sources: ArmSources, spec: SteerSpec) -> dict[str, int]:
    if OTHER_LAYERS not in spec.arms or sources.other_map is None:
        return {}
    small, large = sources.other_map.layers
    return {"other_small_layer": small, "other_large_layer": large}


def _given(key: str, vector: SteeringVector | None) -> dict[str, str | int | float]:
    return {} if vector is None else {key: f"{vector.concept} ({vector.method})"}


def changed_tokens(tokens: Sequence[str], reference: Sequence[str]) -> tuple[bool, ...]:
    """For each token whether it is missing from its place in the reference, by the longest matching runs."""
    changed = [True] * len(tokens)
    for block in SequenceMatcher(None, reference, tokens, autojunk=False).get_matching_blocks():
        changed[block.b : block.b + block.size] = [False] * block.size
    return tuple(changed)
