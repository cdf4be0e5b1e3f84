"""The picture of the space that both models share."""

from collections.abc import Generator
from typing import cast

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.defaults import SPACE_TEXTS
from lrt_explorer.study import project as study
from lrt_explorer.study.corpora.texts import sample_texts
from lrt_explorer.study.ground.known import first_reading, known_vectors
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.project import Method, SpacePicture
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.session import SpaceSettings


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
    places = list(zip(pair.both, saved.layers, strict=True))
    contrast = first_reading(places, concept)
    for lm, layer in places:
        yield from known_vectors().reading(lm, contrast, [layer])
    return (
        yield from study.project(
            pair,
            saved,
            sample_texts(SPACE_TEXTS, pair.world.ordinary),
            concept=contrast,
            n_points=settings.points,
            dims=settings.dims,
            method=cast(Method, settings.method),
        )
    )
