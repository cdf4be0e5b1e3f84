"""The controls of a comparison: the settings below the panes, and what all of them hold as one value."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import gradio as gr
from gradio.components import Component

from lrt_explorer.concepts.sets.readings import READINGS
from lrt_explorer.defaults import MAX_NEW_TOKENS, SEED
from lrt_explorer.errors import SettingsError
from lrt_explorer.limits import check_limits
from lrt_explorer.study.steering.arms import ARMS, NO_MAP, OFFERED, OTHER_LAYERS, PANES
from lrt_explorer.study.steering.other_layers import asked_layers, other_layers
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.ui.choices import ConceptList
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.result_key import ResultKey, session_values
from lrt_explorer.ui.sliders import RangeSlider, check_ends
from lrt_explorer.ui.wiring import QUICK, Outputs
from lrt_explorer.workbench.cards import ConceptCard
from lrt_explorer.workbench.session import Session

LENGTHS = (8, MAX_NEW_TOKENS, 96)
"""Fewest, preset and most new tokens."""
TEMPERATURES = (0.0, 1.5)
"""The coldest and the warmest that the page offers."""
AS_THE_CONCEPT = ("concept’s default", "")
ALSO = ("also", "also_2")
"""Places for concepts beside the first."""
ALSO_STRENGTH = 0.2
NOTHING_ELSE = ("nothing else", "")


@dataclass(frozen=True)
class SteerControls:
    """What the controls of a comparison hold, in the order in which they are handed over.

    Attributes:
        concept: the concept, by name or by its file.
        prompt: start of all texts.
        strength: in typical deviations.
        vectors: folder of vectors in place of the concept's own; "" for none.
        seed: of the sampling; None where the field is empty.
        temperature: of the sampling.
        length: of the texts, in tokens.
        reading: where the vectors are read; "" for the concept's default.
        as_in_paper: whether the map's bias is added to the direction too.
        equal_cost: whether all arms cost what the native vector costs.
        arms: those beside the unsteered one, in the order of their names, however they were ticked.
        ask: a message that the texts answer; "" for none.
        also, also_strength: a concept that is steered beside the first, "" for none, and its strength.
        also_2, also_2_strength: one more.
        per_token: whether the texts are coloured by what steering did to each token.
        other_layers: those of the arm of that name, as text; "" for one block lower in both models.
    """

    concept: str
    prompt: str
    strength: float
    vectors: str
    seed: float | None
    temperature: float
    length: float
    reading: str
    as_in_paper: bool
    equal_cost: bool = False
    arms: tuple[str, ...] = PANES[1:]
    ask: str = ""
    also: str = ""
    also_strength: float = ALSO_STRENGTH
    also_2: str = ""
    also_2_strength: float = ALSO_STRENGTH
    per_token: bool = False
    other_layers: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether the concept's own vectors steer as an evaluation takes them, and nothing beside them."""
        return not any((self.vectors, self.reading, self.as_in_paper, self.ask, self.also, self.also_2))

    def __post_init__(self) -> None:
        """Hold the arms as the page compares them, and nothing chosen as "", whatever a page sends for it."""
        object.__setattr__(self, "arms", tuple(sorted(self.arms)))
        object.__setattr__(self, "ask", self.ask or "")
        object.__setattr__(self, "other_layers", self.other_layers or "")
        for name in ALSO:
            object.__setattr__(self, name, getattr(self, name) or "")

    def spec(self) -> SteerSpec:
        """The comparison that is asked for.

        Raises:
            SettingsError: if a number is missing or out of range, or there is no such reading.
        """
        if self.seed is None or self.seed != int(self.seed):
            raise SettingsError("give the seed as a whole number")
        check_ends(strength=self.strength, temperature=self.temperature, length=self.length)
        beside = tuple((getattr(self, name), float(getattr(self, f"{name}_strength"))) for name in ALSO)
        also = tuple(one for one in beside if one[0])
        check_ends(**{f"strength of {name}": strength for name, strength in also})
        check_limits(seed=self.seed, strength=self.strength, temperature=self.temperature, max_new_tokens=self.length)
        return SteerSpec(
            concept=self.concept,
            prompt=self.prompt,
            strength=float(self.strength),
            seed=int(self.seed),
            temperature=float(self.temperature),
            max_new_tokens=int(self.length),
            reading=self.reading,
            as_in_paper=self.as_in_paper,
            vectors=self.vectors,
            equal_cost=self.equal_cost,
            arms=self.arms,
            also=also,
            ask=self.ask or None,
            per_token=self.per_token,
            other_layers=asked_layers(self.other_layers) if OTHER_LAYERS in self.arms else None,
        )

    def key(self, session: Session, card: ConceptCard) -> ResultKey:
        """What the texts, their scores and all that is said of them belong to."""
        return ResultKey({**session_values(session), **asdict(self)}, {"concept": card.title})


class SteerSettings:
    """The settings below the panes.

    Attributes:
        seed, temperature, length, reading, as_in_paper, equal_cost, arms, ask, per_token, other_layers: the
            fields of `SteerControls` of these names.
        also: for each place beside the concept its list and its strength.
    """

    def __init__(self, engine: Engine) -> None:
        """Lay them out.

        Args:
            engine: the studies.
        """
        self.engine = engine
        self.ask = gr.Textbox(
            "",
            label="Message",
            info="for the chat model to answer; its answers begin with the prompt",
            max_lines=4,
            visible=False,
            elem_id="ask",
        )
        self.arms = gr.CheckboxGroup(
            arm_choices(None),
            value=list(PANES[1:]),
            label="Arms",
            info="what is compared with the unsteered text",
            elem_id="arms",
        )
        with gr.Row():
            self.seed = gr.Number(SEED, label="Seed", info="the same in every arm", min_width=120, elem_id="seed")
            self.temperature = RangeSlider(
                *TEMPERATURES,
                0,
                step=0.05,
                label="Temperature",
                info="0 always takes the likeliest token",
                elem_id="temperature",
            )
            self.length = RangeSlider(
                LENGTHS[0],
                LENGTHS[2],
                LENGTHS[1],
                step=1,
                label="Length (tokens)",
                info="of each text, at most",
                elem_id="length",
            )
        self.other_layers = gr.Textbox(
            "",
            label="Other layers",
            info="for the arm “Other layers”, such as 3-6; one block lower if empty",
            max_lines=1,
            visible=False,
            elem_id="other-layers",
        )
        self.also: list[tuple[gr.Dropdown, gr.Slider]] = []
        for number, label in enumerate(("Also steered by", "And by"), 1):
            with gr.Row():
                concept = ConceptList(
                    other_concepts(engine, None),
                    value=NOTHING_ELSE[1],
                    label=label,
                    info="a concept that every arm adds as well",
                    elem_id=f"also-{number}",
                )
                strength = RangeSlider(
                    -1,
                    1,
                    ALSO_STRENGTH,
                    step=0.05,
                    label="Its strength",
                    info="in typical deviations",
                    elem_id=f"also-{number}-strength",
                )
            self.also.append((concept, strength))
        with gr.Row():
            self.reading = gr.Radio(
                [AS_THE_CONCEPT, *READINGS.choices()],
                value=AS_THE_CONCEPT[1],
                label="Tokens read",
                info="where vectors are read in the contrast texts",
                min_width=280,
            )
            self.as_in_paper = _box("Map as in the paper", "also adds the map’s bias to the direction")
            self.equal_cost = _box("Equal cost", "every arm costs as much as the native one", "equal-cost")
            self.per_token = _box("Colour each token", "by its change of log-probability", "per-token")

        self.arms.change(self.on_arms_changed, self.arms, self.other_layers, **QUICK)

    @property
    def named(self) -> dict[str, Component]:
        """The last fields of `SteerControls`, in their order."""
        return {
            "seed": self.seed,
            "temperature": self.temperature,
            "length": self.length,
            "reading": self.reading,
            "as_in_paper": self.as_in_paper,
            "equal_cost": self.equal_cost,
            "arms": self.arms,
            "ask": self.ask,
            **{
                f"{name}{part}": component
                for name, both in zip(ALSO, self.also, strict=True)
                for part, component in zip(("", "_strength"), both, strict=True)
            },
            "per_token": self.per_token,
            "other_layers": self.other_layers,
        }

    @property
    def controls(self) -> list[Component]:
        """The same without their names."""
        return list(self.named.values())

    @property
    def of_pair(self) -> list[Component]:
        """What `on_models_changed` writes to."""
        return [self.arms, self.ask, *(concept for concept, _ in self.also)]

    def on_models_changed(self, session: Session | None, arms: Sequence[str], *also: str) -> Outputs:
        """Offer the arms and concepts that the pair has, and a message where the large model answers one."""
        choices, concepts = arm_choices(session), other_concepts(self.engine, session)
        # Without a value, which would undo what is chosen meanwhile, unless the pair does not have it.
        found: Outputs = {self.arms: gr.CheckboxGroup(choices)}
        if not (offered := {name for _, name in choices}).issuperset(arms):
            found[self.arms] = gr.CheckboxGroup(choices, value=[name for name in arms if name in offered])
        chat = session is not None and session.chat
        found[self.ask] = gr.Textbox(visible=True) if chat else gr.Textbox(value="", visible=False)
        for (component, _), name in zip(self.also, also, strict=True):
            known = name in {value for _, value in concepts}
            found[component] = gr.Dropdown(concepts) if known else gr.Dropdown(concepts, value=NOTHING_ELSE[1])
        return found

    def on_arms_changed(self, arms: Sequence[str]) -> Outputs:
        """Ask for other layers where an arm is at them."""
        return {self.other_layers: gr.Textbox(visible=OTHER_LAYERS in arms)}


class _Depth(NamedTuple):
    """A model as a session knows it."""

    name: str
    layers: int


def check_elsewhere(session: Session, spec: SteerSpec) -> None:
    """Refuse an arm at layers that the pair does not have; raises SettingsError."""
    if OTHER_LAYERS in spec.arms:
        both = (_Depth(session.small, session.small_layers), _Depth(session.large, session.large_layers))
        other_layers(both, (session.small_layer, session.large_layer), spec.other_layers)


def _box(label: str, info: str, elem_id: str | None = None) -> gr.Checkbox:
    """A box that begins without its tick."""
    return gr.Checkbox(False, label=label, info=info, min_width=200, elem_id=elem_id)


def within(engine: Engine, session: Session, asked: SteerControls) -> SteerControls:
    """The controls without what the pair does not have; the page follows a moment later."""
    offered = {name for _, name in arm_choices(session)}
    arms, concepts = tuple(name for name in asked.arms if name in offered), dict(other_concepts(engine, session))
    also, also_2 = (name if name in concepts.values() else NOTHING_ELSE[1] for name in (asked.also, asked.also_2))
    return replace(asked, arms=arms, ask=asked.ask if session.chat else "", also=also, also_2=also_2)


def other_concepts(engine: Engine, session: Session | None) -> list[tuple[str, str]]:
    """What can be steered beside the concept: nothing else, or what ships for the pair."""
    return [NOTHING_ELSE, *((card.title, card.name) for card in engine.concepts(session))]


def arm_choices(session: Session | None) -> list[tuple[str, str]]:
    """The arms to choose from: all but the unsteered one, and one that needs models of the same width."""
    same_width = session is None or session.small_width == session.large_width
    return [(ARMS.label(name), name) for name in OFFERED[1:] if same_width or name != NO_MAP]
