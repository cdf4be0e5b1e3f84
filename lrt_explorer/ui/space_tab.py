"""The Space tab: mapped activations of the small model over those of the large one."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from lrt_explorer.errors import SettingsError
from lrt_explorer.plots import space_figure
from lrt_explorer.report.picture import picture_page, picture_sheet
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.project import SpacePicture
from lrt_explorer.ui.cards import added, notice, pair_name, percent, progress_bar
from lrt_explorer.ui.choices import belongs
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.newest import Newest
from lrt_explorer.ui.open_tab import OpenTab
from lrt_explorer.ui.plot import SAVE_PNG, drawn, plot_html
from lrt_explorer.ui.result_key import ResultKey, keyed
from lrt_explorer.ui.space_controls import PictureControls, SpaceControls
from lrt_explorer.ui.stage import Stage
from lrt_explorer.ui.terms import terms_line
from lrt_explorer.ui.token_table import EMPTY, found_table, token_listing, token_table
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
    wire_save,
    wire_stop,
)
from lrt_explorer.workbench.picture_files import picture_file
from lrt_explorer.workbench.session import Session

FIND_CHARACTERS = 200
"""Of what is searched for, at most."""
TAB = "space"


@dataclass(frozen=True)
class Drawn:
    """What the picture on the screen was asked for; points are picked in it, whatever is asked for next."""

    session: Session
    shown: PictureControls
    key: ResultKey


class SpaceTab:
    """The tab; it draws only while it is open.

    Attributes:
        plot, caption, listing: the picture, how it is read, and the tokens of what is selected in it.
        status: progress and errors.
        drawn: the picture, a `Drawn` or None.
        find: what is searched for in it.
        files: save it.
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
        layout = SpaceControls()
        self.stop, self.controls = layout.stop, layout.fields
        self.status = gr.HTML(elem_id="space-status")
        with gr.Row(elem_classes="picture"):
            with gr.Column(scale=5, min_width=320):
                self.plot = plot_html("space-plot", in_space=True)
            with gr.Column(scale=2, min_width=280):
                self.find = gr.Textbox(
                    label="Find",
                    info="matching points are ringed",
                    placeholder="a token, or words of its sentence",
                    elem_id="space-find",
                    max_lines=1,
                    max_length=FIND_CHARACTERS,
                )
                self.listing = token_listing()
        self.caption = gr.HTML(elem_id="space-caption")
        gr.HTML(terms_line("affine map", "native", "transferred", "direction cosine"))
        with gr.Row(elem_classes="files"):
            image = gr.Button(
                "Picture (PNG)", size="sm", min_width=115, scale=0, elem_id="space-png", interactive=False
            )
            page = gr.Button("Page (HTML)", size="sm", min_width=115, scale=0, elem_id="space-html", interactive=False)
            sheet = gr.Button("Points (CSV)", size="sm", min_width=115, scale=0, elem_id="space-csv", interactive=False)
        self.files = [image, page, sheet]

        asked = [concept, *self.controls.values()]
        view = [self.plot, self.status, self.caption, self.listing, self.stop, self.drawn, *self.files]
        gr.on(
            [session.change, concept.change, *layout.changed],
            from_controls(self.on_view_changed, PictureControls, 4),
            [here.tab, session, self.find, self.drawn, *asked],
            view,
            **MODEL_WORK,
        )
        opened = from_controls(self.on_tab_opened, PictureControls, 3)
        here.part.select(opened, [session, self.find, self.drawn, *asked], view, **MODEL_WORK)
        gr.on(
            [concept.change, *layout.changed],
            at_once_from_controls(self.on_other_view_asked, PictureControls),
            asked,
            None,
            **AT_ONCE,
        )
        stage.add(self.plot, self.caption)
        stage.add(self.listing, blank=EMPTY)
        stage.add(self.drawn, blank=None)
        stage.add(*self.files, blank=gr.Button(interactive=False))
        # Gradio would lose what is asked for while it cancels the drawing, so it ends as for a newer value.
        wire_stop(self.stop, [], self.status, stopped, self.newest)
        self.stop.click(partial(on_busy_changed, False), None, self.stop, **QUICK)
        for pickable in (self.plot, self.listing):
            pickable.pick(self.on_points_picked, self.drawn, self.listing, **EVERY_TIME)
        self.find.change(self.on_find_changed, [self.drawn, self.find], self.listing, **EVERY_TIME)
        image.click(None, None, None, js=SAVE_PNG, api_visibility="private")
        for button, kind in ((page, "html"), (sheet, "csv")):
            wire_save(button, partial(self.drawn_file, kind), [self.drawn], self.status)

    def on_other_view_asked(self, asked: PictureControls) -> None:
        """End what is computed for another picture at its next step."""
        self.newest.move(asked)

    def on_tab_opened(
        self, session: Session | None, wanted: str, on_screen: Drawn | None, shown: PictureControls
    ) -> Iterator[Outputs]:
        """Draw the picture of what was chosen meanwhile, or the first one."""
        yield from self.on_view_changed(TAB, session, wanted, on_screen, shown)

    @guarded_by(lambda tab, sentence: {**to_status(tab, sentence), tab.stop: on_busy_changed(False)})
    def on_view_changed(
        self, tab: str, session: Session | None, wanted: str, on_screen: Drawn | None, shown: PictureControls
    ) -> Iterator[Outputs]:
        """Draw the picture and find what is wanted in it; the old one and its selection stay until it is ready.

        So they do for good where nothing else is asked for, as when a slider is put back, or the tab is opened again.
        """
        if tab != TAB or (session is not None and not belongs(self.engine, session, shown.concept)):
            yield nothing()
            return
        session, settings = _with_map(session), shown.settings()
        key = shown.key(session, self.engine.concept(session, shown.concept).title)
        if on_screen == Drawn(session, shown, key):
            self.newest.move(shown)
            yield {self.status: "", self.stop: on_busy_changed(False)}
            return
        projecting = self.newest.study(shown, self.engine.picture(session, settings))
        picture = yield from run_study(
            projecting, lambda step: {self.status: progress_bar(step), self.stop: on_busy_changed(True)}
        )
        yield {
            self.plot: drawn(_figure(picture, shown), key),
            self.status: "",
            self.caption: keyed(key, space_caption(picture)),
            **self._listed(key, found_table(picture, wanted)),
            self.stop: on_busy_changed(False),
            self.drawn: Drawn(session, shown, key),
            **{button: gr.Button(interactive=True) for button in self.files},
        }

    def on_points_picked(self, shown: Drawn | None, event: gr.EventData) -> Outputs:
        """List the selected points; their picture is cached, because it is the one on the screen."""
        if shown is None:
            return nothing()
        return self._listed(shown.key, token_table(self._picture(shown), [int(index) for index in event.points]))

    def on_find_changed(self, shown: Drawn | None, text: str) -> Outputs:
        """List the points whose token or sentence holds what was typed; with nothing typed, none."""
        if shown is None:
            return nothing()
        return self._listed(shown.key, found_table(self._picture(shown), text))

    def drawn_file(self, kind: str, shown: Drawn | None) -> Path:
        """The picture as a page ("html"), or its points ("csv").

        Raises:
            SettingsError: while there is none.
        """
        if shown is None:
            raise SettingsError("there is no picture to save yet; fit a map under Map, or wait until it is drawn")
        picture, of = self._picture(shown), shown.session
        if kind == "csv":
            return picture_file(picture_sheet(picture), of, kind)
        page = picture_page(_figure(picture, shown.shown), space_caption(picture), pair_name(of.small, of.large))
        return picture_file(page, of, kind)

    def _picture(self, shown: Drawn) -> SpacePicture:
        """What is on the screen; it is cached."""
        return finish(self.engine.picture(shown.session, shown.shown.settings()))

    def _listed(self, key: ResultKey, table: str) -> Outputs:
        return {self.listing: table if table == EMPTY else keyed(key, table)}


def _figure(picture: SpacePicture, shown: PictureControls) -> Any:
    return space_figure(picture, colour_by=shown.colour, partner_lines=shown.lines, directions=shown.arrows)


def stopped() -> str:
    """What stands above the picture after Stop."""
    return notice("Stopped. Change a setting to draw again.", "hint")


def space_caption(picture: SpacePicture) -> Markup:
    """How the picture is read, in one line."""
    pairs = len(picture.token) // 2
    how = {
        "concept": "Across: the concept’s native direction; up: the strongest direction at right angles to it",
        "pca": "Laid out by the large model’s own principal components, with the mapped points projected onto them",
        "umap": "Laid out by UMAP, which keeps neighbours together; long distances and directions mean little, so no "
        "steering direction is drawn",
    }[picture.method]
    angle = "" if picture.angle is None else f" The transferred direction is {picture.angle:.0f}° from the native one."
    met = (
        f" For {percent(picture.partners_nearest)} of tokens, the mapped point’s nearest large-model point is its own "
        f"partner; chance gives {100 / pairs:.2g} %."
    )
    error = (
        " An error is the distance of a mapped point from its partner, in units of the spread of the large model’s "
        "points around their mean."
    )
    return added(
        f"{pairs:,} tokens as the large model represents them (circles) and as the map predicts them from the small "
        f"model (diamonds). {how}.{angle}{met}{error}"
    )


def _with_map(session: Session | None) -> Session:
    if session is None or not session.map_folder:
        raise SettingsError("there is no map for these layers yet, so there is no shared space; fit one under Map")
    return session
