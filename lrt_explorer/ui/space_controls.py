"""The controls of the Space tab, and what they ask for."""

from dataclasses import asdict, dataclass

import gradio as gr
from gradio.components import Component

from lrt_explorer.defaults import SPACE_POINTS
from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.projection import UMAP_MIN_DIST, UMAP_NEIGHBOURS
from lrt_explorer.plots import COLOURINGS, ColourBy
from lrt_explorer.ui.result_key import ResultKey, session_values
from lrt_explorer.ui.sliders import RangeSlider, check_ends, wire_left
from lrt_explorer.workbench.session import Session, SpaceSettings

METHODS = [("Concept", "concept"), ("PCA", "pca"), ("UMAP", "umap")]
VIEWS = [("2D", 2), ("3D", 3)]
POINTS = (100, SPACE_POINTS, 10_000)
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
        neighbours: points around each that UMAP looks at; it and the next two mean nothing for other layouts.
        min_dist: how close together UMAP may lay points.
        umap_seed: of UMAP; None while the field is empty.
    """

    concept: str
    points: float
    method: str
    dims: int
    colour: ColourBy
    lines: bool
    arrows: bool
    neighbours: float = SpaceSettings.neighbours
    min_dist: float = SpaceSettings.min_dist
    umap_seed: float | None = SpaceSettings.seed

    def settings(self) -> SpaceSettings:
        """The picture that is asked for.

        Raises:
            SettingsError: if it cannot be drawn.
        """
        check_ends(**{"number of token pairs in Space": self.points})
        if self.method != "umap":
            return SpaceSettings(self.concept, int(self.points), self.method, self.dims)
        check_ends(**{"number of neighbours": self.neighbours, "least distance": self.min_dist})
        if self.umap_seed is None or self.umap_seed != int(self.umap_seed):
            raise SettingsError("the seed of UMAP is not a whole number; give one, such as 0")
        return SpaceSettings(
            self.concept,
            int(self.points),
            self.method,
            self.dims,
            int(self.neighbours),
            self.min_dist,
            int(self.umap_seed),
        )

    def key(self, session: Session, title: str) -> ResultKey:
        """What the picture belongs to, of a concept with this title."""
        values = asdict(self)
        if self.method != "umap":
            for name in UMAP_FIELDS:
                del values[name]
        return ResultKey({**session_values(session), **values}, {"concept": title})


_ONLY_WITH_UMAP = """(method) => {
  document.querySelector('#umap-settings')?.classList.toggle('away', method !== 'umap');
  return [];
}"""
"""What UMAP can be asked for is seen with UMAP; without a way to the server, so that the picture need not wait."""
UMAP_FIELDS = ("neighbours", "min_dist", "umap_seed")


class SpaceControls:
    """The controls, laid out above the picture.

    Attributes:
        fields: those of `PictureControls` but for the concept, by their names.
        stop: ends a drawing.
        changed: the events at which a visitor has asked for another picture.
    """

    def __init__(self) -> None:
        """Lay them out; those of UMAP are seen only with it."""
        with gr.Row(elem_classes="view"):
            colour = gr.Radio(
                list(COLOURINGS),
                value="model",
                label="Colour by",
                info="error: how far the map misses, in spreads",
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
        with gr.Row(elem_classes="view away", elem_id="umap-settings"):
            neighbours = RangeSlider(
                *UMAP_NEIGHBOURS,
                value=SpaceSettings.neighbours,
                step=1,
                label="Neighbours",
                elem_id="umap-neighbours",
                info="few: local detail; many: overall shape",
                min_width=220,
            )
            min_dist = RangeSlider(
                *UMAP_MIN_DIST,
                value=SpaceSettings.min_dist,
                step=0.01,
                label="Least distance",
                elem_id="umap-min-dist",
                info="how close together points may lie",
                min_width=220,
            )
            umap_seed = gr.Number(
                SpaceSettings.seed, label="UMAP seed", elem_id="umap-seed", info="of the layout", min_width=120
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
            arrows = gr.Checkbox(
                True, label="Steering directions", info="arrow length: what strength 1 adds", min_width=150
            )
            self.stop = gr.Button("Stop", interactive=False, size="sm", min_width=70, scale=0, elem_id="space-stop")
        self.fields: dict[str, Component] = {
            "points": points,
            "method": method,
            "dims": dims,
            "colour": colour,
            "lines": lines,
            "arrows": arrows,
            "neighbours": neighbours,
            "min_dist": min_dist,
            "umap_seed": umap_seed,
        }
        sliders = (points, neighbours, min_dist)
        lefts = [gr.State(0) for _ in sliders]
        for slider, left in zip(sliders, lefts, strict=True):
            wire_left(slider, left)
        self.changed = [
            *(one.input for one in (*sliders, method, dims, colour, lines, arrows)),
            *(left.change for left in lefts),
            umap_seed.change,
        ]
        method.change(None, method, None, js=_ONLY_WITH_UMAP, api_visibility="private")
