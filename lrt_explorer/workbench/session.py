"""What the screen remembers for one visitor: names and numbers, never tensors."""

from dataclasses import dataclass

from lrt_explorer.defaults import SPACE_POINTS
from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.projection import UmapSettings
from lrt_explorer.study.project import LAYOUTS, check_picture


@dataclass(frozen=True)
class Session:
    """The pair a visitor works on.

    Attributes:
        small, large: a preset name, a folder or a hub id.
        small_layer, large_layer: blocks, counted from 0.
        small_layers, large_layers: how many blocks each model has.
        small_width, large_width: numbers per activation.
        map_folder: folder of the map artifact in use; empty while there is none for these layers.
        map_mark: its digest, which tells a new one in the same folder from the old.
        method: the estimator that was chosen; empty while none was, so that a map by any will do.
        own: the name of the visitor's place for maps and sums (see `own.py`); empty where visitors share them.
        chat: whether the large model answers messages in a chat template.
    """

    small: str
    large: str
    small_layer: int
    large_layer: int
    small_layers: int
    large_layers: int
    small_width: int
    large_width: int
    map_folder: str = ""
    map_mark: str = ""
    method: str = ""
    own: str = ""
    chat: bool = False


@dataclass(frozen=True)
class SpaceSettings:
    """What a picture of the shared space is asked for; everything else about it is only how it is drawn.

    Attributes:
        concept: whose vectors are drawn.
        points: token pairs to show.
        method: the layout, "concept", "pca" or "umap".
        dims: 2 or 3.
        neighbours: points around each that UMAP looks at; of no meaning for the other layouts, and so are the next two.
        min_dist: how close together UMAP may lay points.
        seed: of UMAP.

    Raises:
        SettingsError: if there is no such layout, or a number is out of range.
    """

    concept: str
    points: int = SPACE_POINTS
    method: str = "concept"
    dims: int = 2
    neighbours: int = UmapSettings.neighbours
    min_dist: float = UmapSettings.min_dist
    seed: int = UmapSettings.seed

    @property
    def umap(self) -> UmapSettings:
        """What UMAP is asked for."""
        return UmapSettings(neighbours=self.neighbours, min_dist=self.min_dist, seed=self.seed)

    @property
    def laid_out(self) -> "SpaceSettings":
        """The settings that make a difference: those of UMAP only where it is asked for."""
        return self if self.method == "umap" else SpaceSettings(self.concept, self.points, self.method, self.dims)

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn, before a model is loaded."""
        UmapSettings(neighbours=self.neighbours, min_dist=self.min_dist, seed=self.seed)
        if self.method not in LAYOUTS:
            raise SettingsError(f"{self.method!r} is not a layout; choose one of {', '.join(LAYOUTS)}")
        check_picture(self.dims, self.points)


@dataclass(frozen=True)
class EvidenceSettings:
    """What the Evidence tab asks for.

    Attributes:
        concepts: contrast sets by the names that the screen offers.
        prompts: held-out prompts of each concept, at most.
        strengths: the grid, in typical deviations; None for the calibrated one of each concept.
        texts: whether texts are written and scored too.
        readout: what answers are counted in; "" for what each concept asks for.
        vectors: in place of those of the one concept's texts, by the name that the shelf gives them; "" for none.
        whole_texts: whether the texts of the pairs are scored to their last token too.
    """

    concepts: tuple[str, ...]
    prompts: int
    strengths: tuple[float, ...] | None
    texts: bool
    readout: str = ""
    vectors: str = ""
    whole_texts: bool = False


@dataclass(frozen=True)
class Shelf:
    """What one visitor has written, brought or made: names and places, forgotten with the page.

    Attributes:
        folder: where it lies, a place that no other visitor can guess; empty until there is something.
        sets: contrast sets of the visitor's own, each as what it is called and the name that `Engine.concept` takes.
        borrowed: sets that ship for other models than the pair's, likewise.
        vectors: steering vectors, each as what they are called and the name that `Engine.vectors` takes.
    """

    folder: str = ""
    sets: tuple[tuple[str, str], ...] = ()
    vectors: tuple[tuple[str, str], ...] = ()
    borrowed: tuple[tuple[str, str], ...] = ()
