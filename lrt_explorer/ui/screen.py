"""The whole screen: what stands where, in the order in which it is read."""

from functools import partial
from typing import Any

import gradio as gr

from lrt_explorer.ui.api import add_api
from lrt_explorer.ui.cards import header
from lrt_explorer.ui.concepts_tab import TAB as CONCEPTS
from lrt_explorer.ui.concepts_tab import build_concepts
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.evidence_tab import TAB as EVIDENCE
from lrt_explorer.ui.evidence_tab import build_evidence
from lrt_explorer.ui.guard import answer_in_sentences
from lrt_explorer.ui.layers_tab import TAB as LAYERS
from lrt_explorer.ui.layers_tab import build_layers
from lrt_explorer.ui.map_panel import build_map, show_map
from lrt_explorer.ui.opening import wire_opening
from lrt_explorer.ui.panes import waiting_panes
from lrt_explorer.ui.setup_panel import build_setup
from lrt_explorer.ui.space_tab import TAB as SPACE
from lrt_explorer.ui.space_tab import build_space
from lrt_explorer.ui.stage import Stage
from lrt_explorer.ui.steer_tab import build_steer
from lrt_explorer.workbench.hosting import OWNER, Hosting
from lrt_explorer.workbench.session import Session, Shelf

TITLE = "LRT Explorer"
STEER = "steer"
CLEAN_EVERY_SECONDS, UPLOADS_LAST_SECONDS = 600, 21_600
"""Uploads, and files that were made to be taken away, are removed when they are this old."""


def create_app(engine: Engine, hosting: Hosting = OWNER) -> gr.Blocks:
    """Build the screen over an engine; nothing runs until a visitor opens it."""
    app: gr.Blocks
    cleaning = (CLEAN_EVERY_SECONDS, UPLOADS_LAST_SECONDS)
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=cleaning) as app:
        session = gr.State(None)
        shelf = gr.State(Shelf())
        tab = gr.State(STEER)
        gr.HTML(header())
        way = gr.HTML(elem_id="route")
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=0, min_width=300, elem_id="setup"):
                setup = build_setup(engine)
                map_panel = build_map(engine, session)
            with gr.Column(scale=1, min_width=320, elem_id="stage"):
                banner = gr.HTML(elem_id="opening")
                with gr.Tabs(elem_id="tabs"):
                    with gr.Tab("Steer", id=STEER) as steer:
                        steering = build_steer(engine, session, shelf)
                    stage = Stage(banner, steering.panes)
                    stage.add(way, map_panel.badges, map_panel.path, steering.added)
                    with gr.Tab("Space", id=SPACE) as space:
                        build_space(engine, session, steering.concept, tab, stage)
                    with gr.Tab("Layers", id=LAYERS) as layers:
                        wire_layers = build_layers(engine, session, tab, setup, map_panel, stage)
                    with gr.Tab("Evidence", id=EVIDENCE) as evidence:
                        build_evidence(engine, session, steering.concept, map_panel)
                    with gr.Tab("Concepts", id=CONCEPTS) as concepts:
                        build_concepts(engine, session, shelf, steering, stage)
        # Through the queue: a State that changes outside it does not tell its listeners.
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        tabs = ((STEER, steer), (SPACE, space), (LAYERS, layers), (EVIDENCE, evidence), (CONCEPTS, concepts))
        for name, part in tabs:
            part.select(partial(str, name), None, tab, **quick)
        # Nothing is read for it, so it waits for no model; what a comparison has read is shown as soon as it is there.
        gr.on(
            [session.change, steering.concept.change, steering.settled.change],
            partial(show_map, engine),
            [session, steering.concept],
            [way, *map_panel.shown],
            trigger_mode="always_last",
            **quick,
        )
        wire_layers()
        opened = wire_opening(engine, app, session, setup, map_panel, stage)
        opened.then(panes_without_models, session, steering.panes, **quick)
        add_api(engine, hosting)
    answer_in_sentences(app)
    return app


def panes_without_models(session: Session | None) -> Any:
    """What the panes say when the first pair could not be opened; otherwise they are already being written."""
    sentence = "The models could not be opened; the reason stands under Models, where others can be chosen."
    return gr.skip() if session is not None else waiting_panes(sentence, "bad")
