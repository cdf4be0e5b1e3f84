"""The Space tab: mapped activations of the small model over those of the large one."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from lrt_explorer.defaults import SPACE_POINTS
from lrt_explorer.errors import SettingsError
from lrt_explorer.plots import COLOURINGS, ColourBy, space_figure
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.project import SpacePicture
from lrt_explorer.ui.cards import added, notice, progress_bar
from lrt_explorer.ui.choices import belongs
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.newest import Newest
from lrt_explorer.ui.open_tab import OpenTab
from lrt_explorer.ui.plot import drawn, plot_html
from lrt_explorer.ui.result_key import ResultKey, keyed, session_values
from lrt_explorer.ui.sliders import RangeSlider, check_ends, wire_left
from lrt_explorer.ui.stage import Stage
from lrt_explorer.ui.token_table import EMPTY, token_table
from lrt_explorer.ui.wiring import (
    AT_ONCE,
    EVERY_TIME,
    MODEL_WORK,
    QUICK,
    Outputs,
    at_once_from_controls,
    from_controls,
    guarded_by,
    nothing,
    on_busy_changed,
    run_study,
    to_status,
    wire_stop,
)
from lrt_explorer.workbench.session import Session, SpaceSettings

TAB = "space"
METHODS = [("Concept", "concept"), ("PCA", "pca"), ("UMAP", "umap")]
VIEWS = [("2D", 2), ("3D", 3)]
POINTS = (100, SPACE_POINTS, 3000)
"""Fewest, preset and most token pairs in the picture."""


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

    def settings(self) -> SpaceSettings:
        """The picture that is asked for.

        Raises:
            SettingsError: if it cannot be drawn.
        """
        check_ends(**{"number of points": self.points})
        return SpaceSettings(self.concept, int(self.points), self.method, self.dims)

    def key(self, session: Session, title: str) -> ResultKey:
        """What the picture belongs to, of a concept with this title."""
        return ResultKey({**session_values(session), **asdict(self)}, {"concept": title})


@dataclass(frozen=True)
class Drawn:
    """What the picture on the screen was asked for; points are picked in it, whatever is asked for next."""

    session: Session
    settings: SpaceSettings
    key: ResultKey


class SpaceTab:
    """The tab; it draws only while it is open.

    Attributes:
        plot, caption, listing: the picture, how it is read, and the tokens of what is selected in it.
        status: progress and errors.
        drawn: the picture, a `Drawn` or None.
        controls: the fields of `PictureControls` but for the concept, by their names.
    """

    def __init__(self, engine: Engine, session: gr.State, concept: gr.Dropdown, here: OpenTab, stage: Stage) -> None:
        """Lay out the tab and wire what happens inside it.

        Args:
            engine: the studies.
            session: the visitor's.
            concept: that of the Steer tab.
            here: this tab, and which one is open.
            stage: what belongs to the open pair.
        """
        self.engine, self.newest, self.drawn = engine, Newest(), gr.State(None)
        with gr.Row(elem_classes="view"):
            colour = gr.Radio(
                list(COLOURINGS),
                value="model",
                label="Colour by",
                info="what sets the colour of a point",
                scale=2,
                min_width=330,
                elem_classes="choices",
            )
            method = gr.Radio(
                METHODS,
                value="concept",
                label="Layout",
                info="UMAP takes a few seconds",
                min_width=270,
                elem_classes="choices",
            )
            dims = gr.Radio(
                VIEWS, value=2, label="View", info="drag to rotate in 3D", min_width=130, elem_classes="choices"
            )
        with gr.Row(elem_classes="view"):
            points = RangeSlider(
                POINTS[0],
                POINTS[2],
                POINTS[1],
                step=100,
                label="Token pairs",
                elem_id="space-points",
                info="sampled evenly from the texts",
                min_width=220,
            )
            lines = gr.Checkbox(False, label="Join partners", info="the same token in both models", min_width=150)
            arrows = gr.Checkbox(True, label="Steering directions", info="as long as strength 1 adds", min_width=150)
            self.stop = gr.Button("Stop", interactive=False, size="sm", min_width=70, scale=0, elem_id="space-stop")
        self.status = gr.HTML(elem_id="space-status")
        with gr.Row(elem_classes="picture"):
            with gr.Column(scale=5, min_width=320):
                self.plot = plot_html("space-plot")
            with gr.Column(scale=2, min_width=280):
                self.listing = gr.HTML(EMPTY, apply_default_css=False, elem_id="space-listing")
        self.caption = gr.HTML(elem_id="space-caption")

        self.controls: dict[str, Component] = {
            "points": points,
            "method": method,
            "dims": dims,
            "colour": colour,
            "lines": lines,
            "arrows": arrows,
        }
        left = gr.State(0)
        wire_left(points, left)
        by_visitor = [points.input, left.change, *(one.input for one in (method, dims, colour, lines, arrows))]
        asked = [concept, *self.controls.values()]
        view = [self.plot, self.status, self.caption, self.listing, self.stop, self.drawn]
        gr.on(
            [session.change, concept.change, *by_visitor],
            from_controls(self.on_view_changed, PictureControls, 2),
            [here.tab, session, *asked],
            view,
            **MODEL_WORK,
        )
        here.part.select(from_controls(self.on_tab_opened, PictureControls, 1), [session, *asked], view, **MODEL_WORK)
        gr.on(
            [concept.change, *by_visitor],
            at_once_from_controls(self.on_other_view_asked, PictureControls),
            asked,
            None,
            **AT_ONCE,
        )
        stage.add(self.plot, self.caption)
        stage.add(self.listing, blank=EMPTY)
        # Gradio would lose what is asked for while it cancels the drawing, so it ends as for a newer value.
        wire_stop(self.stop, [], self.status, stopped, self.newest)
        self.stop.click(partial(on_busy_changed, False), None, self.stop, **QUICK)
        self.plot.pick(self.on_points_picked, self.drawn, self.listing, **EVERY_TIME)

    def on_other_view_asked(self, asked: PictureControls) -> None:
        """End what is computed for another picture at its next step."""
        self.newest.move(asked)

    def on_tab_opened(self, session: Session | None, shown: PictureControls) -> Iterator[Outputs]:
        """Draw the picture of what was chosen meanwhile, or the first one."""
        yield from self.on_view_changed(TAB, session, shown)

    @guarded_by(lambda tab, sentence: {**to_status(tab, sentence), tab.stop: on_busy_changed(False)})
    def on_view_changed(self, tab: str, session: Session | None, shown: PictureControls) -> Iterator[Outputs]:
        """Draw the picture; the old one and its selection stay until the new one is ready."""
        if tab != TAB or (session is not None and not belongs(self.engine, session, shown.concept)):
            yield nothing()
            return
        session, settings = _with_map(session), shown.settings()
        projecting = self.newest.study(shown, self.engine.picture(session, settings))
        picture = yield from run_study(
            projecting, lambda step: {self.status: progress_bar(step), self.stop: on_busy_changed(True)}
        )
        figure = space_figure(picture, colour_by=shown.colour, partner_lines=shown.lines, directions=shown.arrows)
        key = shown.key(session, self.engine.concept(session, shown.concept).title)
        yield {
            self.plot: drawn(figure, key),
            self.status: "",
            self.caption: keyed(key, space_caption(picture)),
            self.listing: EMPTY,
            self.stop: on_busy_changed(False),
            self.drawn: Drawn(session, settings, key),
        }

    def on_points_picked(self, shown: Drawn | None, event: gr.EventData) -> Outputs:
        """List the selected points; their picture is cached, because it is the one on the screen."""
        if shown is None:
            return nothing()
        picture = finish(self.engine.picture(shown.session, shown.settings))
        table = token_table(picture, [int(index) for index in event.points])
        return {self.listing: table if table == EMPTY else keyed(shown.key, table)}


def stopped() -> str:
    """What stands above the picture after Stop."""
    return notice("Stopped. Change a setting to draw again.", "hint")


def space_caption(picture: SpacePicture) -> Markup:
    """How the picture is read, in one line."""
    pairs = len(picture.token) // 2
    how = {
        "concept": "laid out along the large model’s own direction of the concept, and upwards by the strongest "
        "direction at right angles to it",
        "pca": "laid out by the large model’s own principal components, with the mapped points projected onto them",
        "umap": "laid out by UMAP, which keeps neighbours together; long distances and directions mean little, so no "
        "steering direction is drawn",
    }[picture.method]
    angle = "" if picture.angle is None else f" The transferred direction is {picture.angle:.0f}° from the native one."
    return added(
        f"{pairs} tokens as the large model holds them (circles) and as the map makes them from the small model’s "
        f"(diamonds), {how}.{angle}"
    )


def _with_map(session: Session | None) -> Session:
    if session is None or not session.map_folder:
        raise SettingsError("there is no map for these layers yet, so there is no shared space; fit one under Map")
    return session
