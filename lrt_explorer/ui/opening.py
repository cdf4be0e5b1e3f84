"""Opening a pair: load both models, fit a first map where there is none, and let the screen follow at once."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr

from lrt_explorer.errors import SettingsError
from lrt_explorer.study.ground.progress import Progress, timed
from lrt_explorer.ui.cards import about, notice, progress_bar
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.map_panel import MapPanel
from lrt_explorer.ui.setup_panel import MODEL_WORK, OTHER, PARALLEL, SetupPanel, opened, shown_layers
from lrt_explorer.ui.stage import READING, Stage, moved, opening_banner, pair_name
from lrt_explorer.ui.wiring import wire_stop
from lrt_explorer.workbench.session import Session
from lrt_explorer.workbench.starting_points import first_fit_tokens

LONGEST_UNASKED = 600.0
"""Seconds that a first map may take to be fitted without being asked for."""
FITTING = "There is no map between these layers yet. One is being fitted; the texts follow …"

Shown = tuple[Any, ...]
"""Session, small layer, large layer, status, tokens to fit on, then the stage."""
FIRST = 5
"""How many of these come before the stage."""


def wire_opening(
    engine: Engine, app: gr.Blocks, session: gr.State, setup: SetupPanel, map_panel: MapPanel, stage: Stage
) -> Any:
    """Wire everything that opens a pair or moves to other layers; gives the event of the first opening."""
    layers = [session, setup.small_layer, setup.large_layer]
    shown: list[Any] = [*layers, setup.status, map_panel.tokens, *stage.outputs]
    quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    model_work: dict[str, Any] = {**quick, "concurrency_id": MODEL_WORK, "concurrency_limit": PARALLEL}
    first = app.load(partial(open_first, engine, stage), session, shown, **model_work)
    runs = [
        first,
        setup.pair.input(partial(open_preset, engine, stage), [session, setup.pair], shown, **model_work),
        setup.use.click(partial(open_models, engine, stage), [session, setup.small, setup.large], shown, **model_work),
        setup.suggest.click(
            partial(suggest_layers, engine, stage), session, [*layers, setup.reason, *stage.outputs], **model_work
        ),
    ]
    wire_stop(setup.stop, runs, setup.status, stopped, [session], [stage.banner])
    gr.on(
        [setup.small_layer.change, setup.large_layer.change],
        partial(change_layers, engine, stage),
        layers,
        [session, setup.status, setup.reason, *stage.outputs],
        trigger_mode="always_last",
        **quick,
    )
    return first


def open_first(engine: Engine, stage: Stage, old: Session | None) -> Iterator[Shown]:
    """Open the pair that stands at the head of the list: what a visitor sees before any click."""
    card = engine.pairs()[0]
    yield from open_models(engine, stage, old, card.small, card.large)


def open_preset(engine: Engine, stage: Stage, old: Session | None, name: str) -> Iterator[Shown]:
    """Open a pair of the list; the entry for other models waits for their names."""
    if name == OTHER:
        # A handler that yields nothing would empty what it writes to.
        yield *[gr.skip()] * 3, "", gr.skip(), *stage.kept()
        return
    card = next(card for card in engine.pairs() if card.name == name)
    yield from open_models(engine, stage, old, card.small, card.large)


def open_models(engine: Engine, stage: Stage, old: Session | None, small: str, large: str) -> Iterator[Shown]:
    """Load two models and show their layers; without a map between these, fit a first one."""

    @guarded(lambda sentence: (*[gr.skip()] * 3, notice(sentence), gr.skip(), *stage.kept("")))
    def opening() -> Iterator[Shown]:
        names = (small.strip(), large.strip())
        if not all(names):
            raise SettingsError("name both models; a preset, a folder, a GGUF file or a hub id each")
        loading = timed(engine.open(*names))
        while True:
            try:
                step = next(loading)
            except StopIteration as stop:
                session: Session = stop.value
                break
            yield _underway(stage, step, opening_banner(*names, old, step))
        if session.map_folder:
            yield *shown_layers(session), "", gr.skip(), *stage.blank(READING)
            return
        banner, tokens = opening_banner(*names, None), first_fit_tokens(session.small_width)
        yield *shown_layers(session), "", tokens, *stage.blank(FITTING, banner)
        for step in engine.time_fit(session):
            yield _underway(stage, step, opening_banner(*names, None, step))
        seconds = engine.fit_seconds(session, tokens)
        if seconds is not None and seconds > LONGEST_UNASKED:
            said = notice(f"A first map takes {about(seconds)} to fit; press Fit a map to begin.", "hint")
            yield *[gr.skip()] * 3, said, gr.skip(), *stage.kept("")
            return
        fitting = timed(engine.fit(session, tokens, None))
        while True:
            try:
                step = next(fitting)
            except StopIteration as stop:
                fitted: Session = stop.value
                yield fitted, gr.skip(), gr.skip(), "", gr.skip(), *stage.blank(READING)
                return
            # Before the first batch is read, the timing is all there is.
            step = replace(step, left=seconds) if step.left is None and step.done == 0 else step
            step = replace(step, message=f"fitting a first map: {step.message}")
            yield _underway(stage, step, opening_banner(*names, None, step))

    yield from opening()


def suggest_layers(engine: Engine, stage: Stage, session: Session | None) -> Iterator[Shown]:
    """Pick layers by held-out evidence and say why, where otherwise its progress stands."""

    @guarded(lambda sentence: (*[gr.skip()] * 3, notice(sentence), *stage.kept()))
    def suggesting() -> Iterator[Shown]:
        current = opened(session)
        study = timed(engine.suggest(current))
        while True:
            try:
                step = next(study)
            except StopIteration as stop:
                found = stop.value
                break
            yield *[gr.skip()] * 3, progress_bar(step), *stage.kept()
        chosen = engine.at_layers(current, found.small_layer, found.large_layer)
        yield *shown_layers(chosen), notice(found.reason, "good"), *moved(stage, current, chosen)

    yield from suggesting()


def change_layers(
    engine: Engine, stage: Stage, session: Session | None, small_layer: float | None, large_layer: float | None
) -> Iterator[Shown]:
    """Move to other layers, with an existing map for them if there is one; what was said of others goes."""

    @guarded(lambda sentence: (gr.skip(), notice(sentence), "", *stage.kept()))
    def changing() -> Iterator[Shown]:
        if small_layer is None or large_layer is None:
            raise SettingsError("give both layers as whole numbers, counted from 0")
        if session is None or (small_layer, large_layer) == (session.small_layer, session.large_layer):
            yield gr.skip(), "", gr.skip(), *stage.kept()
            return
        chosen = engine.at_layers(session, int(small_layer), int(large_layer))
        yield chosen, "", "", *moved(stage, session, chosen)

    yield from changing()


def stopped(session: Session | None) -> str:
    """What stands under Models after Stop."""
    if session is None:
        return notice("Stopped; no models are open. Choose a pair.", "hint")
    pair = pair_name(session.small, session.large)
    if session.map_folder:
        return notice(f"Stopped; {pair} is open.", "hint")
    return notice(
        f"Stopped; {pair} is open without a map. What was read is kept; Fit a map goes on from there.", "hint"
    )


def _underway(stage: Stage, step: Progress, banner: str) -> Shown:
    return *[gr.skip()] * 3, progress_bar(step), gr.skip(), *stage.kept(banner)
