"""The picture of the space that both models share: read once, laid out in any way."""

from collections.abc import Generator
from typing import Any, cast

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.defaults import SPACE_TEXTS
from lrt_explorer.linear.projection import Layouter
from lrt_explorer.linear.umap_layout import umap_layout
from lrt_explorer.study.corpora.texts import sample_texts
from lrt_explorer.study.ground.known import first_reading, known_vectors
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.project import Method, SpacePicture, SpaceStates, known_layout, lay_out, read_space
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.session import SpaceSettings

POINTS_OF_A_TEXT = 20
"""Token pairs for which one more text is read: no text gives many of them."""


def project(
    pair: Pair, saved: SavedMap, concept: ContrastSet, settings: SpaceSettings
) -> Generator[Progress, None, SpacePicture]:
    """Both models' activations in one space, over ordinary texts, with the concept's vectors.

    Args:
        pair: the models.
        saved: the map that takes the small model's activations to the large one's.
        concept: whose vectors are drawn; a few of its pairs do where all are not yet read.
        settings: how many points, and their layout.

    Raises what `study.project.project` raises.
    """
    return view((yield from read(pair, saved, concept, settings.points)), settings)


def read(pair: Pair, saved: SavedMap, concept: ContrastSet, points: int) -> Generator[Progress, None, SpaceStates]:
    """What every layout of these points is made from; arguments and errors as for `project`."""
    places = list(zip(pair.both, saved.layers, strict=True))
    contrast = first_reading(places, concept)
    for lm, layer in places:
        yield from known_vectors().reading(lm, contrast, [layer])
    texts = sample_texts(max(SPACE_TEXTS, points // POINTS_OF_A_TEXT), pair.world.ordinary)
    return (yield from read_space(pair, saved, texts, concept=contrast, n_points=points))


def view(states: SpaceStates, settings: SpaceSettings, umap_by: Layouter = umap_layout) -> SpacePicture:
    """One layout of what was read; `umap_by` computes UMAP."""
    return lay_out(states, settings.dims, cast(Method, settings.method), settings.umap, umap_by)


def is_laid_out(states: SpaceStates, settings: SpaceSettings) -> bool:
    """Whether `view` answers at once."""
    return settings.method != "umap" or known_layout(states, settings.dims, settings.umap) is not None


def picture_document(picture: SpacePicture) -> dict[str, Any]:
    """A picture as plain JSON values: one item a point in every list, as `SpacePicture` has them."""
    return {
        "layout": picture.method,
        "coords": picture.coords.tolist(),
        "model": list(picture.model),
        "token": list(picture.token),
        "sentence": list(picture.sentence),
        "label": list(picture.label),
        "error": picture.error.tolist(),
        "partner": picture.partner.tolist(),
        "position": picture.position.tolist(),
        "nearest": picture.nearest.tolist(),
        "distance": picture.distance.tolist(),
        "partners_nearest": picture.partners_nearest,
        "arrows": [{"name": arrow.name, "end": arrow.end.tolist()} for arrow in picture.arrows],
        "explained": list(picture.explained),
        "angle": picture.angle,
    }
