"""The whole screen: what stands where, in the order in which it is read."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from lrt_explorer.ui.api import add_api
from lrt_explorer.ui.cards import badges_card, header, notice, route
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.panes import waiting_panes
from lrt_explorer.ui.session import Session
from lrt_explorer.ui.setup_panel import MODEL_WORK, PARALLEL, build_setup, open_first
from lrt_explorer.ui.space_tab import build_space
from lrt_explorer.ui.steer_tab import build_steer

TITLE = "LRT Explorer"


def create_app(engine: Engine) -> gr.Blocks:
    """Build the screen over an engine; nothing runs until a visitor opens it."""
    model_work: dict[str, Any] = {
        "show_progress": "hidden",
        "api_visibility": "private",
        "concurrency_id": MODEL_WORK,
        "concurrency_limit": PARALLEL,
    }
    app: gr.Blocks
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as app:
        session = gr.State(None)
        looking = gr.State(False)
        gr.HTML(header())
        way = gr.HTML(elem_id="route")
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=0, min_width=300, elem_id="setup"):
                setup = build_setup(engine, session)
            with gr.Column(scale=1, min_width=320, elem_id="stage"), gr.Tabs(elem_id="tabs"):
                with gr.Tab("Steer", id="steer") as steer:
                    steering = build_steer(engine, session)
                with gr.Tab("Space", id="space") as space:
                    build_space(engine, session, steering.concept, looking)
        # Through the queue: a State that changes outside it does not tell its listeners.
        steer.select(lambda: False, None, looking, api_visibility="private", show_progress="hidden")
        space.select(lambda: True, None, looking, api_visibility="private", show_progress="hidden")
        gr.on(
            [session.change, steering.concept.change],
            partial(show_map, engine),
            [session, steering.concept],
            [way, setup.badges],
            trigger_mode="always_last",
            **model_work,
        )
        opened = app.load(partial(open_first, engine), None, setup.opened, **model_work)
        opened.then(panes_without_models, session, steering.panes, api_visibility="private", show_progress="hidden")
        add_api(engine)
    return app


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def show_map(engine: Engine, session: Session | None, concept: str) -> Iterator[tuple[Any, Any]]:
    """Show the way of the vector and the figures of the map that takes it."""
    if session is None:
        yield gr.skip(), gr.skip()
        return
    badges = engine.badges(session, concept)
    yield route(session, badges), badges_card(session, badges, engine.concept(concept).name)


def panes_without_models(session: Session | None) -> Any:
    """What the panes say when the first pair could not be opened; otherwise they are already being written."""
    sentence = "The models could not be opened; the reason stands under Models, where others can be chosen."
    return gr.skip() if session is not None else waiting_panes(sentence, "bad")
