"""What colours, markers and dashes mean everywhere, and what figures leave to the page that shows them."""

from dataclasses import dataclass
from pathlib import Path

import plotly

from lrt_explorer.study.project import LARGE, MAPPED

BLUE = "#0072B2"
ORANGE = "#E69F00"
GREY = "#7d7d79"
CONTROL = "#a9a9a4"
CLEAR = "rgba(0,0,0,0)"
HALO = "halo"
"""Marks traces that the page draws in the colour of its ground."""
INK = "ink"
"""Marks traces that the page draws in the colour of its text."""
SCALE = "scale"
"""Marks heat maps: the page gives them its scale of one hue, from the colour of its ground to one that stands out most,
writes their text where there is room, and lets arrow keys go from cell to cell."""
FAINT = "faint"
"""Marks heat maps that are to stand back: likewise, but in grey."""


@dataclass(frozen=True)
class ArmStyle:
    """How an arm looks in every picture, so that colour is never the only thing that tells it apart.

    Attributes:
        label: what people call it.
        explains: what steers it, in a few words.
        marker, dash: Plotly's names.
    """

    label: str
    explains: str
    colour: str
    marker: str
    dash: str


ARM_STYLES = {
    "unsteered": ArmStyle("Unsteered", "the large model as it is", GREY, "circle-open", "solid"),
    "native": ArmStyle("Native", "the large model’s own vector", BLUE, "circle", "solid"),
    "transferred": ArmStyle("Transferred", "the small model’s vector, mapped", ORANGE, "diamond", "dash"),
    "random": ArmStyle("Random control", "a random vector, same norm", CONTROL, "x", "dot"),
}
EVIDENCE_STYLES = {
    **ARM_STYLES,
    "shuffled map": ArmStyle("Shuffled map", "mapped by a map that knows no pairs", CONTROL, "square-open", "dot"),
    "other concept": ArmStyle(
        "Other concept", "another concept’s vector, mapped alike", CONTROL, "triangle-up-open", "dot"
    ),
    "no map": ArmStyle("No map", "the small model’s vector as it is", CONTROL, "triangle-down-open", "dot"),
    "native, direct": ArmStyle(
        "Native, direct", "native, sent straight to the logits", BLUE, "hexagon-open", "dashdot"
    ),
    "transferred, direct": ArmStyle(
        "Transferred, direct", "transferred, sent straight to the logits", ORANGE, "diamond-open", "dashdot"
    ),
    "prompt": ArmStyle("Prompt", "words before the prompt, no vector", GREY, "star", "longdash"),
}
"""The arms of an evaluation; all controls are dotted light grey, and all that goes straight to the logits is hollow."""
MODEL_STYLES = {
    LARGE: ("large model", BLUE, "circle"),
    MAPPED: ("small model, mapped", ORANGE, "diamond"),
}


def plotly_script() -> Path:
    """The plotly.min.js that belongs to the figures made here; it ships inside the plotly package."""
    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
