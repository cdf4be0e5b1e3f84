"""The whole screen, in the order in which it is read."""

from functools import partial

import gradio as gr
from gradio.components import Component

from lrt_explorer.ui.about import add_about
from lrt_explorer.ui.api import add_api
from lrt_explorer.ui.cards import header
from lrt_explorer.ui.concepts_tab import TAB as CONCEPTS
from lrt_explorer.ui.concepts_tab import ConceptsTab
from lrt_explorer.ui.crowd import CrowdLine
from lrt_explorer.ui.descriptions import describe_arguments
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.evidence_tab import TAB as EVIDENCE
from lrt_explorer.ui.evidence_tab import EvidenceTab
from lrt_explorer.ui.guard import answer_in_sentences
from lrt_explorer.ui.head import TITLE
from lrt_explorer.ui.layers_tab import TAB as LAYERS
from lrt_explorer.ui.layers_tab import LayersTab
from lrt_explorer.ui.leaving import Leaving
from lrt_explorer.ui.linking import Linking
from lrt_explorer.ui.map_panel import MapPanel
from lrt_explorer.ui.open_tab import OpenTab
from lrt_explorer.ui.opening import Opening
from lrt_explorer.ui.panes import waiting_panes
from lrt_explorer.ui.plot import read_early
from lrt_explorer.ui.readiness import Readiness
from lrt_explorer.ui.setup_panel import SetupPanel
from lrt_explorer.ui.share_panel import SharePanel
from lrt_explorer.ui.shown_settings import ShownSettings
from lrt_explorer.ui.space_tab import TAB as SPACE
from lrt_explorer.ui.space_tab import SpaceTab
from lrt_explorer.ui.stage import Stage
from lrt_explorer.ui.steer_tab import SteerTab
from lrt_explorer.ui.steered import STEER
from lrt_explorer.ui.tour import add_tour
from lrt_explorer.ui.wiring import QUICK, Outputs, nothing
from lrt_explorer.workbench.hosting import OWNER, Hosting
from lrt_explorer.workbench.lanes import Lanes
from lrt_explorer.workbench.session import Session, Shelf
from lrt_explorer.workbench.shelves import forget_shelf

CLEAN_EVERY_SECONDS, UPLOADS_LAST_SECONDS = 600, 21_600
"""Uploads, and files that were made to be taken away, are removed when they are this old."""
STRANGERS_UPLOADS_LAST_SECONDS = 1200
"""Those of strangers, who have a copy of what is used on in a place of their own."""


class Screen:
    """The app and its parts.

    Attributes:
        app: what is served.
        session, shelf, tab: the visitor's pair, their own sets and vectors, and the tab that is open.
        setup, map_panel: the left column.
        steer, space, layers, evidence, concepts: the tabs.
        stage: what goes when another pair is opened.
        share, linking: the comparison as a link, and what a link restores.
        opening: what opens pairs.
        readiness: the buttons that need an open pair.
        shown: what the controls show, with which results are compared.
    """

    app: gr.Blocks

    def __init__(self, engine: Engine, hosting: Hosting = OWNER, lanes: Lanes | None = None) -> None:
        """Lay out the parts and wire them; nothing runs until a visitor opens the page.

        Args:
            engine: the studies.
            hosting: who may use it.
            lanes: where the studies wait, to tell strangers how busy it is.
        """
        cleaning = (CLEAN_EVERY_SECONDS, STRANGERS_UPLOADS_LAST_SECONDS if hosting.hosted else UPLOADS_LAST_SECONDS)
        with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=cleaning) as self.app:
            session = self.session = gr.State(None, delete_callback=engine.forget)
            shelf = self.shelf = gr.State(Shelf(), delete_callback=forget_shelf)
            tab = self.tab = gr.State(STEER)
            gr.HTML(header())
            if lanes is not None and hosting.hosted:
                CrowdLine(lanes)
            route = gr.HTML(elem_id="route")
            with gr.Row(elem_id="columns"):
                with gr.Column(scale=0, min_width=300, elem_id="setup"):
                    self.setup = SetupPanel(engine)
                    self.map_panel = MapPanel(engine, session, route, self.setup.newest)
                with gr.Column(scale=1, min_width=320, elem_id="stage"):
                    banner = gr.HTML(elem_id="opening")
                    linked = gr.HTML(elem_id="linked")
                    with gr.Tabs(elem_id="tabs") as tabs:
                        with gr.Tab("Steer", id=STEER, elem_id="steer-tab") as steer:
                            self.steer = SteerTab(engine, session, shelf, tabs, tab)
                        steered = self.steer.steered
                        self.stage = Stage(banner, self.steer.panes, self.steer.written)
                        self.stage.add(
                            route,
                            self.map_panel.notice,
                            self.map_panel.status,
                            self.map_panel.badges,
                            self.map_panel.path,
                            self.steer.said,
                            self.steer.added,
                        )
                        with gr.Tab("Space", id=SPACE) as space:
                            self.space = SpaceTab(engine, session, steered.concept, OpenTab(space, tab), self.stage)
                        with gr.Tab("Layers", id=LAYERS) as layers:
                            opened = OpenTab(layers, tab)
                            self.layers = LayersTab(engine, session, opened, self.setup, self.map_panel, self.stage)
                        with gr.Tab("Evidence", id=EVIDENCE) as evidence:
                            opened = OpenTab(evidence, tab)
                            self.evidence = EvidenceTab(engine, session, shelf, opened, steered.concept, self.map_panel)
                        with gr.Tab("Concepts", id=CONCEPTS) as concepts:
                            self.concepts = ConceptsTab(engine, session, steered, self.stage)
                    self.share = SharePanel(engine, self.steer.compared, tab)
                    add_about()
            each = ((STEER, steer), (SPACE, space), (LAYERS, layers), (EVIDENCE, evidence), (CONCEPTS, concepts))
            for name, part in each:
                part.select(partial(on_tab_selected, name), None, tab, **QUICK)
            # It runs no model, so it does not wait for one; figures of the concept follow a comparison.
            gr.on(
                [session.change, steered.concept.change, self.steer.settled.change],
                self.map_panel.on_map_changed,
                [session, steered.concept],
                self.map_panel.shown,
                **QUICK,
            )
            check, vectors = self.concepts.check, self.concepts.vectors
            running = [self.setup.suggest, self.layers.compute, self.evidence.run, check.run, vectors.make]
            self.readiness = Readiness(session, [*running, vectors.bring, self.map_panel.fit, self.map_panel.load])
            self.layers.wire_picking()
            self.linking = Linking(engine, self.steer, tabs, tab, linked)
            self.opening = Opening(engine, self.app, session, self.setup, self.map_panel, self.stage, self.linking)
            self.shown = ShownSettings(self.app, self.controls, session, self.map_panel.corpus)
            self.opening.first.then(self.on_first_pair_opened, session, self.steer.panes, **QUICK)
            self.steer.pins.wire_loading(self.app)
            add_api(engine, hosting)
            add_tour()
            read_early()
            Leaving(self.app)
        answer_in_sentences(self.app)
        describe_arguments(self.app)
        keep_no_status(self.app)

    @property
    def controls(self) -> dict[str, Component]:
        """Everything that a result can depend on, by the names that keys of results have for it."""
        setup = self.setup
        layers: dict[str, Component] = {"small_layer": setup.small_layer, "large_layer": setup.large_layer}
        return {
            **{"pair": setup.pair, **layers, "score": self.layers.score},
            **self.steer.controls,
            **self.space.controls,
            **self.evidence.controls,
            **self.concepts.controls,
        }

    def on_first_pair_opened(self, session: Session | None) -> Outputs:
        """Say in the panes when the first pair could not be opened; otherwise they are already being written."""
        sentence = "The models could not be opened. The reason is shown under Models, where you can choose others."
        return nothing() if session is not None else {self.steer.panes: waiting_panes(sentence, "bad")}


def create_app(engine: Engine, hosting: Hosting = OWNER, lanes: Lanes | None = None) -> gr.Blocks:
    """Build the screen over an engine; nothing runs until a visitor opens it."""
    return Screen(engine, hosting, lanes).app


def keep_no_status(app: gr.Blocks) -> None:
    """Let the page keep no status of what is running: it shows progress in places of its own.

    Gradio keeps one for every output of every event that ever ran. For each message of any event it then looks each of
    them up in the whole page and copies all its properties: half of the time that a page takes to open.
    """
    for event in app.default_config.fns.values():
        event.show_progress_on = ()


def on_tab_selected(name: str) -> str:
    """Remember which tab is open."""
    return name
