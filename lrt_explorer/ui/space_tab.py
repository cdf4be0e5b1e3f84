"""The Space tab: mapped activations of the small model over those of the large one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from lrt_explorer.defaults import SPACE_POINTS
from lrt_explorer.errors import SettingsError
from lrt_explorer.plots import COLOURINGS, ColourBy, space_figure
from lrt_explorer.study.ground.progress import finish, timed
from lrt_explorer.study.project import SpacePicture
from lrt_explorer.ui.cards import notice, progress_bar
from lrt_explorer.ui.choices import belongs
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.plot import plot_html
from lrt_explorer.ui.setup_panel import MODEL_WORK, PARALLEL
from lrt_explorer.ui.stage import Stage
from lrt_explorer.ui.token_table import EMPTY, token_table
from lrt_explorer.ui.wiring import from_controls, wire_stop
from lrt_explorer.workbench.session import Session, SpaceSettings

TAB = "space"
METHODS = [("PCA", "pca"), ("UMAP", "umap")]
VIEWS = [("2D", 2), ("3D", 3)]
POINTS = (100, SPACE_POINTS, 3000)
"""Fewest, preset and most token pairs in the picture."""


def build_space(engine: Engine, session: gr.State, concept: gr.Dropdown, tab: gr.State, stage: Stage) -> None:
    """Lay out the tab and wire what happens inside it; it draws only while somebody is looking."""
    with gr.Row(elem_classes="view"):
        colour = gr.Radio(
            list(COLOURINGS),
            value="model",
            label="Colour",
            info="what the colours say",
            scale=2,
            min_width=330,
            elem_classes="choices",
        )
        method = gr.Radio(
            METHODS, value="pca", label="Layout", info="UMAP takes some seconds", min_width=150, elem_classes="choices"
        )
        dims = gr.Radio(VIEWS, value=2, label="View", info="turn 3D by dragging", min_width=130, elem_classes="choices")
    with gr.Row(elem_classes="view"):
        points = gr.Slider(
            POINTS[0],
            POINTS[2],
            POINTS[1],
            step=100,
            label="Token pairs",
            info="drawn evenly from the texts",
            min_width=220,
        )
        lines = gr.Checkbox(False, label="Join partners", info="the same token in both models", min_width=150)
        arrows = gr.Checkbox(True, label="Steering directions", info="as long as strength 1 pushes", min_width=150)
        stop = gr.Button("Stop", size="sm", min_width=70, scale=0, elem_id="space-stop")
    status = gr.HTML(elem_id="space-status")
    with gr.Row(elem_classes="picture"):
        with gr.Column(scale=5, min_width=320):
            plot = plot_html("space-plot")
        with gr.Column(scale=2, min_width=280):
            listing = gr.HTML(EMPTY, apply_default_css=False, elem_id="space-listing")
    caption = gr.HTML(elem_id="space-caption")

    settings: list[Any] = [session, concept, points, method, dims]
    drawing = gr.on(
        [
            tab.change,
            session.change,
            concept.change,
            colour.input,
            method.input,
            dims.input,
            points.release,
            lines.input,
            arrows.input,
        ],
        from_controls(partial(draw_space, engine), PictureControls, 2),
        [tab, *settings, colour, lines, arrows],
        [plot, status, caption, listing],
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
        concurrency_id=MODEL_WORK,
        concurrency_limit=PARALLEL,
    )
    stage.add(plot, caption)
    stage.add(listing, blank=EMPTY)
    wire_stop(stop, [drawing], status, lambda: notice("Stopped; choose a setting to draw again.", "hint"))

    # Gradio finds the event by its annotation, which it cannot see through a partial.
    def listed(
        session: Session | None, concept: str, points: float, method: str, dims: int, event: gr.EventData
    ) -> Any:
        return list_tokens(engine, session, concept, points, method, dims, event.points)

    plot.pick(
        listed,
        settings,
        listing,
        show_progress="hidden",
        api_visibility="private",
        concurrency_id=MODEL_WORK,
        concurrency_limit=PARALLEL,
    )


@dataclass(frozen=True)
class PictureControls:
    """What the controls of the picture hold, in the order in which they are handed over.

    Attributes:
        concept: whose vectors are drawn.
        points: token pairs to show.
        method: the layout.
        dims: 2 or 3.
        colour: what the points are coloured by.
        lines: whether partners are joined.
        arrows: whether steering directions are drawn.
    """

    concept: str
    points: float
    method: str
    dims: int
    colour: ColourBy
    lines: bool
    arrows: bool


@guarded(lambda sentence: (gr.skip(), notice(sentence), gr.skip(), gr.skip()))
def draw_space(
    engine: Engine,
    tab: str,
    session: Session | None,
    shown: PictureControls,
) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Draw the picture; the one from before stays until the new one is ready, with what was selected in it."""
    if tab != TAB or (session is not None and not belongs(engine, session, shown.concept)):
        yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
        return
    settings = SpaceSettings(shown.concept, int(shown.points), shown.method, shown.dims)
    projecting = timed(engine.picture(_opened(session), settings))
    while True:
        try:
            step = next(projecting)
        except StopIteration as stop:
            picture: SpacePicture = stop.value
            figure = space_figure(picture, colour_by=shown.colour, partner_lines=shown.lines, directions=shown.arrows)
            yield figure.to_json(), "", space_caption(picture), EMPTY
            return
        yield gr.skip(), progress_bar(step), gr.skip(), gr.skip()


def list_tokens(
    engine: Engine,
    session: Session | None,
    concept: str,
    points: float,
    method: str,
    dims: int,
    chosen: Sequence[int],
) -> Any:
    """List the selected points; the picture is at hand, for it is the one that is shown."""
    if not belongs(engine, session, concept):
        return gr.skip()
    picture = finish(engine.picture(_opened(session), SpaceSettings(concept, int(points), method, dims)))
    return token_table(picture, [int(index) for index in chosen])


def space_caption(picture: SpacePicture) -> str:
    """What is seen, in one line."""
    pairs = len(picture.token) // 2
    if picture.method == "pca":
        how = "laid out by the large model’s own principal components, the mapped points placed in them"
    else:
        how = "laid out by UMAP, which keeps neighbours together; far distances and directions mean little in it"
    return (
        f'<p class="added">{pairs} tokens as the large model holds them (circles) and as the map makes them of '
        f"the small model’s (diamonds), {how}.</p>"
    )


def _opened(session: Session | None) -> Session:
    if session is None or not session.map_folder:
        raise SettingsError("there is no map for these layers yet, so there is no shared space; fit one under Map")
    return session
