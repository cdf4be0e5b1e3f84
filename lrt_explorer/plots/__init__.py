"""Figures from frozen results, and what colours mean everywhere; nothing is computed here."""

from plotly.graph_objects import Figure

from lrt_explorer.plots.check import agreement_figure, separation_figure, stability_figure
from lrt_explorer.plots.evidence import arm_style, between, cost, unit
from lrt_explorer.plots.evidence_cost import cost_figure
from lrt_explorer.plots.evidence_dose import dose_figure
from lrt_explorer.plots.evidence_forest import forest_figure
from lrt_explorer.plots.evidence_prompts import prompts_figure
from lrt_explorer.plots.glyphs import glyph, marker
from lrt_explorer.plots.layers import SCORE_NAMES, Frames, Score, layers_figure, score_text
from lrt_explorer.plots.path import path_figure
from lrt_explorer.plots.space import COLOURINGS, SVG_POINTS, ColourBy, hover_text, space_figure
from lrt_explorer.plots.styles import ARM_STYLES, BLUE, HALO, MODEL_STYLES, ORANGE, ArmStyle, plotly_script

__all__ = [
    "ARM_STYLES",
    "BLUE",
    "COLOURINGS",
    "HALO",
    "MODEL_STYLES",
    "ORANGE",
    "SCORE_NAMES",
    "SVG_POINTS",
    "ArmStyle",
    "ColourBy",
    "Figure",
    "Frames",
    "Score",
    "agreement_figure",
    "arm_style",
    "between",
    "cost",
    "cost_figure",
    "dose_figure",
    "forest_figure",
    "glyph",
    "hover_text",
    "layers_figure",
    "marker",
    "path_figure",
    "plotly_script",
    "prompts_figure",
    "score_text",
    "separation_figure",
    "space_figure",
    "stability_figure",
    "unit",
]
