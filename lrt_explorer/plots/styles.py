"""What colours, markers and dashes mean everywhere, and what figures leave to the page that shows them."""

from dataclasses import dataclass
from pathlib import Path

import plotly

from lrt_explorer.study.project import LARGE, MAPPED
from lrt_explorer.study.steering.arms import ARMS, OFFERED, Tone

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


TONES: dict[Tone, str] = {"still": GREY, "native": BLUE, "transferred": ORANGE, "control": CONTROL}
EVIDENCE_STYLES = {
    name: ArmStyle(arm.label, arm.help, TONES[arm.tone], arm.marker, arm.dash) for name, arm in ARMS.items()
}
"""The arms of an evaluation."""
ARM_STYLES = {name: EVIDENCE_STYLES[name] for name in OFFERED}
"""The arms of a comparison."""
MODEL_STYLES = {
    LARGE: ("large model", BLUE, "circle"),
    MAPPED: ("small model, mapped", ORANGE, "diamond"),
}


def plotly_script() -> Path:
    """The plotly.min.js that belongs to the figures made here; it ships inside the plotly package."""
    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
