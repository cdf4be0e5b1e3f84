"""Linking: what a link asks for is put on the screen when the page opens; what cannot be is said in one sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.blocks import Block

from lrt_explorer.errors import LRTError
from lrt_explorer.report.template import joined
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.steering.arms import ARMS
from lrt_explorer.study.steering.other_layers import spelled_layers
from lrt_explorer.ui.cards import notice
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.guard import sentence_of
from lrt_explorer.ui.steer_controls import LENGTHS, TEMPERATURES, arm_choices
from lrt_explorer.ui.steer_tab import SteerTab
from lrt_explorer.ui.strength import LINKED
from lrt_explorer.ui.wiring import Outputs
from lrt_explorer.workbench.links import View, read_view
from lrt_explorer.workbench.session import Session

SLIDERS = {"temperature": TEMPERATURES, "tokens": (LENGTHS[0], LENGTHS[2])}
"""The ends of what a link sets on a slider, by its name in the link."""
TABS = ("steer", "space", "layers", "evidence", "concepts")


class Linking:
    """The parts of the screen that a link sets before the pair is opened.

    Attributes:
        linked: where the sentences about a link stand.
    """

    def __init__(self, engine: Engine, steer: SteerTab, tabs: gr.Tabs, tab: gr.State, linked: gr.HTML) -> None:
        """Remember them.

        Args:
            engine: the studies.
            steer: the Steer tab, whose controls a link sets.
            tabs: all tabs.
            tab: which is open.
            linked: where the sentences about a link stand.
        """
        self.engine, self.steer, self.tabs, self.tab, self.linked = engine, steer, tabs, tab, linked

    @property
    def outputs(self) -> list[Block]:
        """What `restored` and `moved` write to."""
        steer, settings = self.steer, self.steer.settings
        return [
            *(self.linked, self.tabs, self.tab, steer.steered.concept, steer.steered.prompt, steer.steered.world),
            *(steer.slider.strength, steer.slider.tuned, *settings.controls),
        ]

    def read(self, query: Mapping[str, str]) -> tuple[View, list[str]]:
        """What a link asks for with its models filled in, and a sentence for each value that is left out."""
        first = self.engine.pairs()[0]
        known = {name for card in self.engine.pairs() for name in (card.small, card.large)}
        view, trouble = read_view(query, models=known | set(self.engine.models_in_memory()), tabs=TABS)
        if not view.small:
            view = replace(view, small=first.small, large=first.large)
        for name, ends in SLIDERS.items():
            value, low, high = getattr(view, name), *ends
            if value is not None and not low <= value <= high:
                trouble.append(f"the link’s {name} {value:g} lies beyond {low:g} to {high:g} and was left out")
                view = replace(view, tokens=None) if name == "tokens" else replace(view, temperature=None)
        if view.concept:
            session = Session(view.small, view.large, 0, 0, 1, 1, 1, 1)
            try:
                self.engine.concept(session, view.concept)
            except LRTError:
                trouble.append(f"the link’s concept {view.concept[:60]!r} does not ship for this pair")
                view = replace(view, concept="")
        if view.also:
            session = Session(view.small, view.large, 0, 0, 1, 1, 1, 1)
            known = {card.name for card in self.engine.concepts(session)}
            trouble += [
                f"the link’s concept {str(name)[:60]!r} does not ship for this pair"
                for name, _ in view.also
                if name not in known
            ]
            view = replace(view, also=tuple(one for one in view.also if one[0] in known))
        return view, trouble

    def restored(self, view: View, trouble: Sequence[str]) -> Outputs:
        """Set what a link says; what it leaves out stays as it is."""
        steered, slider, settings = self.steer.steered, self.steer.slider, self.steer.settings
        found: dict[Any, Any] = {self.linked: self.said(trouble)}
        if view.concept:
            found[steered.concept] = view.concept
        if view.prompt is not None:
            found[steered.prompt] = view.prompt
        if view.concept and view.prompt is not None:
            # The pair is then the one that concept and prompt were chosen for, and both stay.
            world = world_of(view.small, view.large)
            found |= {steered.world: world.name, settings.temperature: world.temperature}
        if view.strength is not None:
            room = max(1.0, abs(view.strength))
            found[slider.strength] = gr.Slider(minimum=-room, maximum=room, value=view.strength)
            found[slider.tuned] = LINKED
        for control, value in (
            (settings.seed, view.seed),
            (settings.temperature, view.temperature),
            (settings.length, view.tokens),
        ):
            if value is not None:
                found[control] = value
        if view.reading:
            found[settings.reading] = view.reading
        for ticked in ("as_in_paper", "equal_cost", "per_token"):
            if getattr(view, ticked):
                found[getattr(settings, ticked)] = True
        for (concept, strength), (name, beside) in zip(settings.also, view.also, strict=False):
            room = max(1.0, abs(beside))
            found |= {concept: name, strength: gr.Slider(minimum=-room, maximum=room, value=beside)}
        if view.ask is not None:
            found[settings.ask] = view.ask
        if view.other_layers is not None:
            found[settings.other_layers] = spelled_layers(view.other_layers)
        if view.arms is not None:
            found[settings.arms] = list(view.arms)
        if view.tab:
            found |= {self.tabs: gr.Tabs(selected=view.tab), self.tab: view.tab}
        return found

    def at_layers(self, view: View, session: Session, trouble: list[str]) -> Session:
        """The session at the layers of a link, with its estimator.

        A sentence more for layers and arms that the pair does not have.
        """
        offered = {name for _, name in arm_choices(session)}
        trouble += [
            f"the link’s arm “{ARMS.label(name)}” cannot be written with this pair and was left out"
            for name in view.arms or ()
            if name not in offered
        ]
        try:
            at = session if view.layers is None else self.engine.at_layers(session, *view.layers)
            # A map by this estimator that is not there yet is the first one to be fitted.
            return self.engine.with_method(at, view.method) if view.method else at
        except LRTError as error:
            trouble.append(sentence_of(error))
            return session

    def said(self, trouble: Sequence[str]) -> str:
        """The sentences about a link."""
        return joined([notice(f"{sentence}.", "hint") for sentence in trouble])
