"""What the library gives: the results of the studies, with what a person does with them next."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import lrt_explorer.study.compare
import lrt_explorer.study.evaluation.evaluate
import lrt_explorer.study.fitting.layers
import lrt_explorer.study.project
from lrt_explorer.concepts.vectors import transfer
from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.steering import SteeringVector
from lrt_explorer.plots import (
    SCORE_NAMES,
    ColourBy,
    Figure,
    Frames,
    Score,
    cost_figure,
    dose_figure,
    forest_figure,
    layers_figure,
    prompts_figure,
    space_figure,
)
from lrt_explorer.report import COLUMNS, evaluation_rows, picture_rows, report_page
from lrt_explorer.report.notebook import comparison_html, evaluation_html, map_html
from lrt_explorer.store import save_map
from lrt_explorer.store.swap import write_text
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.fitting.layers import LayerCell
from lrt_explorer.study.sentence import sentence
from lrt_explorer.study.suggest import highest_suggested
from lrt_explorer.workbench.compare import comparison_document
from lrt_explorer.workbench.map_store import SavedMap

if TYPE_CHECKING:
    from pandas import DataFrame

Kind = Literal["dose", "cost", "prompts"]
FIGURES = {"dose": dose_figure, "cost": cost_figure, "prompts": prompts_figure}


class _Extended:
    """A result of a study with more to do; it holds the very same fields."""

    @classmethod
    def of(cls, result: Any) -> Self:
        """The result of a study as one of the library."""
        return cls(**{field.name: getattr(result, field.name) for field in fields(result)})


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedMap(SavedMap):
    """A map with the evidence for it. `map` is the map itself, `info` what it was fitted on and how good it is.

    Attributes:
        scores: its held-out scores, and how its vectors agree with native ones; None for a map that was loaded.
    """

    scores: LayerCell | None = None

    @classmethod
    def of(cls, saved: SavedMap, scores: LayerCell | None = None) -> Self:
        """A map as it lies on disk, with its scores."""
        return cls(map=saved.map, info=saved.info, folder=saved.folder, digest=saved.digest, scores=scores)

    def save(self, folder: str | Path) -> Path:
        """Save a copy as a folder, which `load_map` and `lrt-explorer --map` read.

        Raises:
            ArtifactError: if the system refuses to write there.
        """
        return save_map(Path(folder), self.map, self.info)

    def transfer(self, vector: SteeringVector, *, as_in_paper: bool = False) -> SteeringVector:
        """Map a vector of the small model into the large one.

        Args:
            vector: of the layer where the map begins.
            as_in_paper: whether to add the map's bias too (arXiv 2506.00653).

        Raises:
            VectorError: if the vector is of another model or layer.
        """
        return transfer(vector, self.map, self.info, as_in_paper=as_in_paper)

    def __repr__(self) -> str:
        """In one line: a map has thousands of numbers."""
        at = self.info
        layers = f"{at.small} layer {at.small_layer} → {at.large} layer {at.large_layer}"
        return f"FittedMap({layers}, {at.method}, R² {at.r2:.2f}, {str(self.folder)!r})"

    def _repr_html_(self) -> str:
        return map_html(self.info)


class Comparison(_Extended, lrt_explorer.study.compare.Comparison):
    """A finished comparison; a notebook shows its texts side by side."""

    @property
    def sentence(self) -> str:
        """What happened, in one line that follows from the numbers."""
        return sentence(self)

    def document(self) -> dict[str, Any]:
        """Plain JSON values, as `lrt-explorer compare --json` prints them."""
        return comparison_document(self)

    def to_frame(self) -> "DataFrame":
        """One row for each arm, with what `document` says of it."""
        from pandas import DataFrame

        return DataFrame(self.document()["arms"])

    def _repr_html_(self) -> str:
        return comparison_html(self)


class Evaluation(_Extended, lrt_explorer.study.evaluation.evaluate.Evaluation):
    """A finished evaluation; a notebook shows its verdicts."""

    def document(self) -> dict[str, Any]:
        """Plain JSON values, as `lrt-explorer evaluate --json` prints them (docs/evidence.md)."""
        return evaluation_document(self)

    def to_frame(self) -> "DataFrame":
        """One row for each concept, arm and strength; columns as in the sheet of `--csv` (docs/evidence.md)."""
        from pandas import DataFrame

        return DataFrame(evaluation_rows(self), columns=list(COLUMNS))

    def plot(self, concept: str | None = None, kind: Kind = "dose") -> Figure:
        """The retention of all concepts, or a figure of one.

        Args:
            concept: its name; None for all.
            kind: of the figure of one concept: dose-response, cost and effect, or prompt by prompt.

        Raises:
            SettingsError: if there is no such concept or kind.
        """
        if kind not in FIGURES:
            raise SettingsError(f"{kind!r} is not a figure; choose one of {', '.join(FIGURES)}")
        if concept is None:
            return forest_figure(self)
        found = {result.evidence.name: result.evidence for result in self.concepts}
        if concept not in found:
            raise SettingsError(f"{concept!r} was not evaluated; choose one of {', '.join(found)}")
        return FIGURES[kind](found[concept])

    def save_report(self, file: str | Path) -> Path:
        """Write a page of HTML that opens without a network.

        Raises:
            ArtifactError: if the system refuses to write there.
        """
        return write_text(Path(file), report_page(self))

    def _repr_html_(self) -> str:
        return evaluation_html(self)


class LayerGrid(_Extended, lrt_explorer.study.fitting.layers.LayerGrid):
    """Every layer pair with its scores."""

    def to_frame(self) -> "DataFrame":
        """One row for each layer pair; columns as the attributes of `LayerCell`."""
        from pandas import DataFrame

        return DataFrame([vars(cell) for cell in self.cells])

    def plot(self, score: Score = "r2", marked: tuple[int, int] | None = None) -> Figure:
        """A heat map of one score.

        Args:
            score: which.
            marked: a layer pair to frame.

        Raises:
            SettingsError: if there is no such score.
        """
        if score not in SCORE_NAMES:
            raise SettingsError(f"{score!r} is not a score; choose one of {', '.join(SCORE_NAMES)}")
        layers = 1 + max(cell.large_layer for cell in self.cells)
        return layers_figure(self, score, Frames(marked, None, highest_suggested(layers)))


class SpacePicture(_Extended, lrt_explorer.study.project.SpacePicture):
    """Both models' activations in one space."""

    def to_frame(self) -> "DataFrame":
        """One row for each point: its coordinates, token and where it stands, error, partner and nearest neighbour."""
        from pandas import DataFrame

        return DataFrame(picture_rows(self)).set_index("point")

    def plot(self, colour_by: ColourBy = "model") -> Figure:
        """The points, coloured by model, concept, token, position or error."""
        return space_figure(self, colour_by=colour_by)
