"""Project: mapped activations of the small model over those of the large one, as a picture to look at."""

import math
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import addition, transfer
from lrt_explorer.defaults import SPACE_POINTS
from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.neighbours import Neighbours, nearest
from lrt_explorer.linear.outliers import ordinary_rows
from lrt_explorer.linear.projection import Layouter, UmapSettings, along, pca, umap
from lrt_explorer.linear.scores import cosine
from lrt_explorer.linear.umap_layout import umap_layout
from lrt_explorer.store import PairMap
from lrt_explorer.study.corpora.paired import read_paired
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.layouts import Mark, layout_key, layout_records, points_digest
from lrt_explorer.study.steering.arms import NATIVE, TRANSFERRED
from lrt_explorer.study.steering.deviation import unit_of

Method = Literal["concept", "pca", "umap"]
LAYOUTS: tuple[Method, ...] = get_args(Method)
LARGE, MAPPED = "large", "mapped"
BATCH_TEXTS = 16
USUAL_NORM = 2.0
"""Multiple of the median norm up to which points make the axes: a few loud tokens would take them all."""
PAIRS_SHOWN = 16
"""Pairs of a concept whose texts are read for the picture: enough to see both sides, and read at once."""
UMAP_COMPONENTS = 50
"""Principal components that UMAP sees; what lies beyond is mostly noise and costs most of its time."""


NEIGHBOURS = 5
"""Of each point in the other model that a picture knows."""


@dataclass(frozen=True)
class Arrow:
    """A steering direction in the picture, as long as a strength of 1 pushes.

    Attributes:
        name: "native" or "transferred".
        end: `[dims]`; the arrow starts at the origin, the mean of the points that make the axes.
    """

    name: str
    end: NDArray[np.float64]


@dataclass(frozen=True)
class SpacePicture:
    """n token pairs as 2n points: first every activation of the large model, then what the map makes of its partner.

    Attributes:
        coords: `[2n, dims]`.
        model: `[2n]`, "large" or "mapped".
        token: the large model's token at each point.
        sentence: the sentence it stands in.
        span: `[2n, 2]`, where in that sentence the token stands.
        label: which side of the concept its text is on; empty for other texts.
        error: `[2n]`, distance between a mapped point and its partner, in units of the root mean square distance of the
            large model's points from their mean: the mean of its square is 1 − R² of these points.
        partner: `[2n]`, index of the other point of the pair.
        position: `[2n]`, the number of the token in its text as the large model reads it, from 0.
        nearest: `[2n, k]`, indices of the points of the other model that lie nearest in all dimensions, nearest first.
        distance: `[2n, k]`, how far they are, in the unit of `error`.
        partners_nearest: share of the mapped points to which no point of the large model is nearer than their partner.
        arrows: steering directions; none with UMAP, where directions have no meaning.
        explained: share of the variance of the points that make the axes along each; empty with UMAP.
        method: "concept", "pca" or "umap".
        angle: between the native and the transferred direction, in degrees, in all dimensions; None without a concept.
    """

    coords: NDArray[np.float64]
    model: tuple[str, ...]
    token: tuple[str, ...]
    sentence: tuple[str, ...]
    span: NDArray[np.int64]
    label: tuple[str, ...]
    error: NDArray[np.float64]
    partner: NDArray[np.int64]
    position: NDArray[np.int64]
    nearest: NDArray[np.int64]
    distance: NDArray[np.float64]
    partners_nearest: float
    arrows: tuple[Arrow, ...]
    explained: tuple[float, ...]
    method: Method
    angle: float | None = None


@dataclass(frozen=True, eq=False)
class SpaceStates:
    """What was read for a picture, from which every layout of it is made.

    Attributes:
        large: `[n, d]`, what the large model holds.
        mapped: `[n, d]`, what the map makes of the small model's partners.
        places: where each of the n tokens stands.
        directions: native and transferred vector, as long as a strength of 1 pushes; empty without a concept.
        of: the large model.
        through: tells which small model, layers and map the mapped points are of.
    """

    large: Tensor
    mapped: Tensor
    places: tuple["_Place", ...]
    directions: Mapping[str, Tensor]
    of: Mark
    through: str

    @property
    def numbers(self) -> int:
        """How many are held."""
        return self.large.numel() + self.mapped.numel()

    @cached_property
    def spread(self) -> float:
        """Root mean square distance of the large model's points from their mean; the unit of errors."""
        y = self.large.double()
        return float((y - y.mean(0)).square().sum(1).mean().sqrt().clamp(min=1e-12))

    @cached_property
    def sentences(self) -> tuple[tuple[str, int], ...]:
        """The sentence around each token, and where it begins in its text."""
        return tuple(place.sentence() for place in self.places)

    @cached_property
    def digest(self) -> str:
        """Tells these points from others, on any machine."""
        where = ((place.text, place.begin, place.end) for place in self.places)
        return points_digest((self.through, *where))

    @cached_property
    def neighbours(self) -> tuple[Neighbours, Neighbours]:
        """The mapped points nearest to each of the large model's, and the other way round."""
        k = min(NEIGHBOURS, len(self.large))
        return nearest(self.large, self.mapped, k), nearest(self.mapped, self.large, k)


def project(
    pair: Pair,
    saved: PairMap,
    texts: Sequence[str],
    *,
    concept: ContrastSet | None = None,
    n_points: int = SPACE_POINTS,
    dims: int = 2,
    method: Method = "pca",
    seed: int = 0,
) -> Generator[Progress, None, SpacePicture]:
    """Lay out token activations of both models in the large model's space: `read_space`, then `lay_out`.

    Args:
        pair: the models.
        saved: the map from a layer of the small model to one of the large model.
        texts: documents to take tokens from; texts of the concept are added to them.
        concept: labels the points of its texts, and gives the arrows.
        n_points: token pairs to show, drawn evenly from all that were read.
        dims: 2 or 3.
        method: "concept" or "pca" at once, or "umap", which takes seconds.
        seed: of the drawing, and of UMAP.

    Raises:
        ArtifactError: if the map belongs to other models.
        MapError: if there are too few tokens for a picture.
        SettingsError: if `dims` or `n_points` is out of range, or the view along a concept is asked for without one.
    """
    check_picture(dims, n_points)
    states = yield from read_space(pair, saved, texts, concept=concept, n_points=n_points, seed=seed)
    yield Progress(1, 1, "laying out the picture")
    return lay_out(states, dims, method, UmapSettings(seed=seed))


def read_space(
    pair: Pair,
    saved: PairMap,
    texts: Sequence[str],
    *,
    concept: ContrastSet | None = None,
    n_points: int = SPACE_POINTS,
    seed: int = 0,
) -> Generator[Progress, None, SpaceStates]:
    """Read the tokens of a picture in both models; arguments and errors as for `project`."""
    (small, large), map, info = pair.both, saved.map, saved.info
    pair.check(info)
    labelled = _labelled(texts, concept)
    places: list[_Place] = []
    xs, ys = [], []
    for start in range(0, len(labelled), BATCH_TEXTS):
        yield Progress(start, len(labelled), f"reading text {start + 1} of {len(labelled)}")
        batch = labelled[start : start + BATCH_TEXTS]
        states = read_paired(small, large, [text for text, _ in batch], [info.small_layer], [info.large_layer])
        xs.append(states.small[info.small_layer])
        ys.append(states.large[info.large_layer])
        where = zip(
            states.text.tolist(), states.start.tolist(), states.end.tolist(), states.position.tolist(), strict=True
        )
        for row, begin, end, position in where:
            text, label = batch[row]
            places.append(_Place(text, label, begin, end, position))
    if not places:
        raise MapError("the texts hold no tokens that both models share; choose longer texts")
    drawn = torch.randperm(len(places), generator=torch.Generator().manual_seed(seed))[:n_points].sort().values
    y, mapped = torch.cat(ys)[drawn].float(), map(torch.cat(xs)[drawn]).float()
    chosen = tuple(places[index] for index in drawn.tolist())
    through = f"{small.fingerprint} {saved.layers} {map.digest}"
    of = Mark(large.name, large.fingerprint, large.reading_mark)
    return SpaceStates(y, mapped, chosen, _directions(pair, saved, concept), of, through)


def lay_out(
    states: SpaceStates,
    dims: int = 2,
    method: Method = "pca",
    umap_settings: UmapSettings | None = None,
    umap_by: Layouter = umap_layout,
) -> SpacePicture:
    """Lay out what was read.

    The view along a concept has the native direction across, and up the strongest direction at right angles to it. PCA
    takes the strongest directions. Both are made from the large model's points of usual norm, and all others are placed
    in them: mapped ones too, so that a bad map shows as points that miss. UMAP lays out both together, unless a layout
    of these points ships.

    Args:
        states: what was read.
        dims: 2 or 3.
        method: the layout.
        umap_settings: of UMAP; None for the usual ones.
        umap_by: what UMAP is computed by.

    Raises:
        MapError: if there are too few tokens for a picture, or for so many neighbours in UMAP.
        SettingsError: if the view along a concept is asked for without one.
    """
    y, mapped = states.large.double(), states.mapped.double()
    found = states.directions
    arrows: tuple[Arrow, ...] = ()
    explained: tuple[float, ...] = ()
    if method == "umap":
        coords = known_layout(states, dims, umap_settings)
        if coords is None:
            coords = computed_layout(states, dims, umap_settings, umap_by)
    else:
        coords, arrows, explained = _projected(y, mapped, dims, method, found)
    angle = math.degrees(math.acos(cosine(found[NATIVE], found[TRANSFERRED]))) if found else None
    return _picture(states, coords, arrows, explained, method, angle)


def known_layout(states: SpaceStates, dims: int, settings: UmapSettings | None = None) -> NDArray[np.float64] | None:
    """UMAP's positions `[2n, dims]` of these points where they ship; None elsewhere."""
    found = layout_records().get(states.of, layout_key(states.digest, dims, settings or UmapSettings()))
    return found if found is not None and found.shape == (2 * len(states.places), dims) else None


def computed_layout(
    states: SpaceStates, dims: int, settings: UmapSettings | None = None, by: Layouter = umap_layout
) -> NDArray[np.float64]:
    """UMAP's positions `[2n, dims]`, computed now; errors as for `lay_out`."""
    both = torch.cat([states.large.double(), states.mapped.double()])
    reduced = pca(both, min(UMAP_COMPONENTS, *both.shape)).coords
    return umap(reduced, dims, settings, by).astype(np.float64)


@dataclass(frozen=True)
class _Place:
    """Where a token stands: its text, that text's label, the token's span in it, and which token it is."""

    text: str
    label: str
    begin: int
    end: int
    position: int

    def sentence(self) -> tuple[str, int]:
        """The sentence around the token, and where it begins in the text."""
        ends = [0, *(match.end() for match in re.finditer(r"[.!?…]+[\"'”’)]*\s+", self.text)), len(self.text)]
        # A space before a word belongs to its token, so the token's last character decides which sentence it is in.
        last = max(self.end - 1, 0)
        begin = max(end for end in ends if end <= last)
        return self.text[begin : min(end for end in ends if end > last)].rstrip(), begin


def check_picture(dims: int, points: int) -> None:
    """Raise SettingsError unless so many points can be shown in so many dimensions."""
    if dims not in (2, 3) or points < 1:
        raise SettingsError("a picture needs 2 or 3 dimensions and at least one point; choose those")


def _labelled(texts: Sequence[str], concept: ContrastSet | None) -> list[tuple[str, str]]:
    labelled = [(text, "") for text in texts if text.strip()]
    if concept is not None:
        for positive, negative in concept.pairs[:PAIRS_SHOWN]:
            labelled += [(positive, concept.positive_label), (negative, concept.negative_label)]
    return labelled


def _directions(
    pair: Pair,
    saved: PairMap,
    concept: ContrastSet | None,
) -> dict[str, Tensor]:
    """Native and transferred vector, both as long as a strength of 1 pushes."""
    (small, large), info = pair.both, saved.info
    if concept is None:
        return {}
    native = known_vectors().get(large, concept, info.large_layer)
    mapped = transfer(known_vectors().get(small, concept, info.small_layer).vector, saved.map, info)
    vectors = {NATIVE: native.vector.values, TRANSFERRED: mapped.values}
    unit = unit_of(large, info.large_layer, pair.world.ordinary)
    return {name: addition(values, 1.0, unit) for name, values in vectors.items()}


def _projected(
    y: Tensor, mapped: Tensor, dims: int, method: Method, directions: Mapping[str, Tensor]
) -> tuple[NDArray[np.float64], tuple[Arrow, ...], tuple[float, ...]]:
    if method == "concept" and not directions:
        raise SettingsError("the view along a concept needs one; name a concept, or choose the layout pca or umap")
    usual = y[ordinary_rows(y, USUAL_NORM)]
    picture = along(usual, directions[NATIVE], dims) if method == "concept" else pca(usual, dims)
    coords = torch.cat([picture.points(y), picture.points(mapped)]).numpy()
    arrows = tuple(Arrow(name, picture.directions(v).numpy()) for name, v in directions.items())
    return coords, arrows, tuple(picture.explained.tolist())


def _picture(
    states: SpaceStates,
    coords: NDArray[np.float64],
    arrows: tuple[Arrow, ...],
    explained: tuple[float, ...],
    method: Method,
    angle: float | None,
) -> SpacePicture:
    places, n = states.places, len(states.places)
    sentences = states.sentences
    spans = [
        (max(place.begin - begin, 0), place.end - begin) for place, (_, begin) in zip(places, sentences, strict=True)
    ]
    errors = ((states.mapped.double() - states.large.double()).norm(dim=1) / states.spread).numpy()
    of_large, of_mapped = states.neighbours
    return SpacePicture(
        coords=coords,
        model=(LARGE,) * n + (MAPPED,) * n,
        token=tuple(place.text[place.begin : place.end] for place in places) * 2,
        sentence=tuple(sentence for sentence, _ in sentences) * 2,
        span=np.array(spans * 2, dtype=np.int64),
        label=tuple(place.label for place in places) * 2,
        error=np.concatenate([errors, errors]),
        partner=np.concatenate([np.arange(n, 2 * n), np.arange(n)]),
        position=np.array([place.position for place in places] * 2, dtype=np.int64),
        nearest=torch.cat([of_large.index + n, of_mapped.index]).numpy(),
        distance=torch.cat([of_large.distance, of_mapped.distance]).double().numpy() / states.spread,
        partners_nearest=float(of_mapped.meets_partner.double().mean()),
        arrows=arrows,
        explained=explained,
        method=method,
        angle=angle,
    )
