"""Opening a pair: load both models, fit a first map where there is none, and let the screen follow at once."""

from collections.abc import Iterator
from dataclasses import replace

import gradio as gr
from gradio.blocks import Block

from lrt_explorer.errors import SettingsError
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.ui.cards import about, notice, opening_banner, pair_name, progress_bar
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.map_panel import MapPanel
from lrt_explorer.ui.setup_panel import OTHER, SetupPanel, opened
from lrt_explorer.ui.stage import READING, Stage
from lrt_explorer.ui.turns import InLine
from lrt_explorer.ui.wiring import MODEL_WORK, QUICK, Outputs, guarded_by, progress_in, run_study, to_status, wire_stop
from lrt_explorer.workbench.session import Session
from lrt_explorer.workbench.starting_points import first_fit_tokens

LONGEST_UNASKED = 600.0
"""Seconds that a first map may take to be fitted without being asked for."""
FITTING = "There is no map between these layers yet. One is being fitted; the texts follow …"


class Opening:
    """Everything that opens a pair or moves to other layers.

    Attributes:
        first: the event of the first opening.
    """

    def __init__(
        self, engine: Engine, app: gr.Blocks, session: gr.State, setup: SetupPanel, map_panel: MapPanel, stage: Stage
    ) -> None:
        """Wire it; the stage must be complete."""
        self.engine, self.session, self.setup, self.map_panel, self.stage = engine, session, setup, map_panel, stage
        self.status, self.tokens = setup.status, map_panel.tokens
        pair: list[Block] = [session, setup.small_layer, setup.large_layer]
        outputs: list[Block] = [*pair, self.status, self.tokens, *stage.outputs]
        self.first = app.load(self.on_page_loaded, session, outputs, **MODEL_WORK)
        runs = [
            self.first,
            setup.pair.input(self.on_pair_chosen, [session, setup.pair], outputs, **MODEL_WORK),
            setup.use.click(self.on_open_clicked, [session, setup.small, setup.large], outputs, **MODEL_WORK),
            setup.suggest.click(
                self.on_suggest_clicked,
                session,
                [*pair, setup.reason, *stage.outputs],
                **MODEL_WORK,
            ),
        ]
        wire_stop(setup.stop, runs, self.status, stopped, [session], [stage.banner, setup.reason])
        gr.on(
            [setup.small_layer.change, setup.large_layer.change],
            self.on_layers_changed,
            pair,
            [session, self.status, setup.reason, *stage.outputs],
            trigger_mode="always_last",
            **QUICK,
        )

    def on_page_loaded(self, old: Session | None) -> Iterator[Outputs]:
        """Open the pair at the head of the list: what a visitor sees before any click."""
        card = self.engine.pairs()[0]
        yield from self.on_open_clicked(old, card.small, card.large)

    def on_pair_chosen(self, old: Session | None, name: str) -> Iterator[Outputs]:
        """Open a pair of the list; the entry for other models waits for their names."""
        if name == OTHER:
            # A handler that yields nothing would empty what it writes to.
            yield {self.status: ""}
            return
        card = next(card for card in self.engine.pairs() if card.name == name)
        yield from self.on_open_clicked(old, card.small, card.large)

    @guarded_by(lambda opening, sentence: {opening.status: notice(sentence), opening.stage.banner: ""})
    def on_open_clicked(self, old: Session | None, small: str, large: str) -> Iterator[Outputs]:
        """Load two models and show their layers; without a map between these, fit a first one."""
        names = (small.strip(), large.strip())
        if not all(names):
            raise SettingsError("name both models; a preset, a folder, a GGUF file or a hub id each")

        def underway(step: Progress) -> Outputs:
            return {self.status: progress_bar(step), self.stage.banner: opening_banner(*names, old, step)}

        session = yield from run_study(self.engine.open(*names), underway)
        open_now: Outputs = {self.session: session, **self.setup.show_layers(session), self.status: ""}
        if session.map_folder:
            yield {**open_now, **self.stage.blank(READING)}
            return
        # Nothing of the old pair is left to be dimmed.
        old, tokens = None, first_fit_tokens(session.small_width)
        yield {**open_now, self.tokens: tokens, **self.stage.blank(FITTING, opening_banner(*names, None))}
        yield from map(underway, self.engine.time_fit(session))
        seconds = self.engine.fit_seconds(session, tokens)
        if seconds is not None and seconds > LONGEST_UNASKED:
            said = f"A first map takes {about(seconds)} to fit; press Fit a map to begin."
            yield {self.status: notice(said, "hint"), self.stage.banner: ""}
            return

        def fitting(step: Progress) -> Outputs:
            if isinstance(step, InLine):
                return underway(step)
            # Before the first batch is read, the timing is all there is.
            left = seconds if step.left is None and step.done == 0 else step.left
            return underway(replace(step, left=left, message=f"fitting a first map: {step.message}"))

        fitted = yield from run_study(self.engine.fit(session, tokens, None), fitting)
        yield {self.session: fitted, self.status: "", **self.stage.blank(READING)}

    @guarded_by(lambda opening, sentence: {opening.setup.reason: notice(sentence)})
    def on_suggest_clicked(self, session: Session | None) -> Iterator[Outputs]:
        """Pick layers by held-out evidence and say why."""
        current, reason = opened(session), self.setup.reason
        found = yield from run_study(self.engine.suggest(current), progress_in(reason))
        chosen = self.engine.at_layers(current, found.small_layer, found.large_layer)
        said = notice(found.reason, "good")
        yield {
            self.session: chosen,
            **self.setup.show_layers(chosen),
            reason: said,
            **self.stage.move(current, chosen),
        }

    @guarded_by(lambda opening, sentence: {**to_status(opening, sentence), opening.setup.reason: ""})
    def on_layers_changed(
        self, session: Session | None, small_layer: float | None, large_layer: float | None
    ) -> Iterator[Outputs]:
        """Move to other layers, with an existing map for them if there is one."""
        if small_layer is None or large_layer is None:
            raise SettingsError("give both layers as whole numbers, counted from 0")
        if session is None or (small_layer, large_layer) == (session.small_layer, session.large_layer):
            yield {self.status: ""}
            return
        chosen = self.engine.at_layers(session, int(small_layer), int(large_layer))
        yield {self.session: chosen, self.status: "", self.setup.reason: "", **self.stage.move(session, chosen)}


def stopped(session: Session | None) -> str:
    """What stands under Models after Stop."""
    if session is None:
        return notice("Stopped; no models are open. Choose a pair.", "hint")
    pair = pair_name(session.small, session.large)
    if session.map_folder:
        return notice(f"Stopped; {pair} is open.", "hint")
    return notice(
        f"Stopped; {pair} is open without a map. What was read is kept; Fit a map continues from there.", "hint"
    )
