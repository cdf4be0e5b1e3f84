"""Suggest: which layers to use, by evidence on held-out text and prompts, and why in words."""

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.errors import ContrastError, SettingsError
from lrt_explorer.lm.chat import Document
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.deviation import units_of
from lrt_explorer.study.dose import dose_response
from lrt_explorer.study.known import known_vectors
from lrt_explorer.study.layers import LayerGrid, layer_grid
from lrt_explorer.study.progress import Progress
from lrt_explorer.study.world import world_of

BLOCKS_ABOVE = 2
"""Steering nearer to the output is almost adding to the logits, and transfers almost by definition."""
LAYERS_TRIED = 4
PROMPTS_TRIED = 16
STRENGTHS = (-0.4, 0.4)


@dataclass(frozen=True)
class Candidate:
    """A layer pair with its evidence.

    Attributes:
        small_layer: block of the small model.
        large_layer: block of the large model.
        r2: held-out variance that the map explains.
        direction_cosine: mean over concepts, mapped against native vector.
        native_effect: how strongly the large model answers its own vectors here, as a share of its best layer tried.
    """

    small_layer: int
    large_layer: int
    r2: float
    direction_cosine: float
    native_effect: float

    @property
    def agreement(self) -> float:
        """How well the map does, as a cosine: the mean of that of directions and that of points.

        √R² is the cosine between what the map predicts and what is there, taken over all held-out points. R² alone
        stays high while mapped directions turn; directions alone are few.
        """
        return (self.direction_cosine + math.sqrt(max(self.r2, 0.0))) / 2

    @property
    def score(self) -> float:
        """How much of the best native effect a mapped vector should have, if effects add up along directions."""
        return self.agreement * self.native_effect


@dataclass(frozen=True)
class Suggestion:
    """The layers to use.

    Attributes:
        small_layer: block of the small model.
        large_layer: block of the large model.
        reason: one sentence for people.
        candidates: all that were tried, best first.
    """

    small_layer: int
    large_layer: int
    reason: str
    candidates: tuple[Candidate, ...]


def suggest_layers(
    small: LanguageModel,
    large: LanguageModel,
    texts: Iterable[Document],
    concepts: Sequence[ContrastSet],
    *,
    small_layers: Sequence[int] | None = None,
    large_layers: Sequence[int] | None = None,
    tokens: int = 20_000,
    reading: Reading | None = None,
    grid: LayerGrid | None = None,
) -> Generator[Progress, None, Suggestion]:
    """Try layer pairs and suggest the one whose mapped vectors should steer the large model most.

    Layers of the large model that leave fewer than two blocks above are never suggested.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        texts: documents to fit the maps on.
        concepts: contrast sets to compare directions on; those with prompts also show where steering works at all.
        small_layers: blocks of the small model to try; by default some in its middle.
        large_layers: blocks of the large model to try; likewise.
        tokens: pairs of tokens for the maps.
        reading: how vectors are read.
        grid: what is known of the layer pairs already; where it holds all that are tried, no text is read.

    Raises:
        SettingsError: if no layer can be suggested.
        ContrastError: without concepts.
    """
    if not concepts:
        raise ContrastError("layers are suggested by how well directions of concepts agree; give at least one concept")
    highest = large.layers - 1 - BLOCKS_ABOVE
    tried_large = [j for j in large_layers or middle_layers(large.layers, highest) if j <= highest]
    if not tried_large:
        raise SettingsError(
            f"{large.name} has {large.layers} blocks, and a steered layer needs {BLOCKS_ABOVE} above it; "
            "choose a deeper model or a lower layer"
        )
    tried_small = small_layers or middle_layers(small.layers, max(small.layers - 2, 0))
    pairs = list(product(tried_small, tried_large))
    if grid is None or any((cell := grid.cell(*pair)) is None or cell.direction_cosine is None for pair in pairs):
        grid = yield from layer_grid(
            small, large, texts, pairs=pairs, tokens=tokens, concepts=concepts, reading=reading, keep_moments=False
        )
    ordinary = world_of(small.name, large.name).ordinary
    effects = yield from _native_effects(large, tried_large, concepts, reading, ordinary)
    candidates = [
        Candidate(cell.small_layer, cell.large_layer, cell.r2, cell.direction_cosine or 0.0, effects[cell.large_layer])
        for cell in grid.cells
        if (cell.small_layer, cell.large_layer) in pairs
    ]
    candidates.sort(key=lambda c: (c.score, c.r2), reverse=True)
    best = candidates[0]
    return Suggestion(best.small_layer, best.large_layer, _reason(best, large, concepts), tuple(candidates))


def middle_layers(layers: int, highest: int, count: int = LAYERS_TRIED) -> list[int]:
    """At most `count` blocks spread evenly from a quarter of the depth to `highest`."""
    lowest = min(layers // 4, highest)
    return sorted({round(x) for x in np.linspace(lowest, highest, count)}) if highest >= 0 else []


def _native_effects(
    large: LanguageModel,
    layers: Sequence[int],
    concepts: Sequence[ContrastSet],
    reading: Reading | None,
    ordinary: str,
) -> Generator[Progress, None, Mapping[int, float]]:
    """Share of the best layer's native slope, averaged over the concepts that can be read out; 1 where none can."""
    shares: dict[int, list[float]] = {layer: [] for layer in layers}
    units = units_of(large, layers, ordinary)
    for number, concept in enumerate(concepts):
        yield Progress(number, len(concepts), f"steering {large.name} with its own {concept.name}")
        if not concept.prompts:
            continue
        slopes = {}
        for layer in layers:
            known = known_vectors().get(large, concept, layer, reading)
            response = yield from dose_response(
                large,
                layer,
                {"native": known.vector.values},
                concept.prompts[:PROMPTS_TRIED],
                units[layer],
                strengths=STRENGTHS,
            )
            slopes[layer] = max(response.slope("native").value, 0.0)
        best = max(slopes.values())
        for layer, slope in slopes.items():
            shares[layer].append(slope / best if best > 0 else 0.0)
    return {layer: float(np.mean(values)) if values else 1.0 for layer, values in shares.items()}


def _reason(best: Candidate, large: LanguageModel, concepts: Sequence[ContrastSet]) -> str:
    above = large.layers - 1 - best.large_layer
    count = f"{len(concepts)} concepts" if len(concepts) > 1 else concepts[0].name
    return (
        f"From layer {best.small_layer} to layer {best.large_layer}, mapped directions agree with native ones "
        f"(cosine {best.direction_cosine:.2f}, {count}), the map explains {best.r2:.0%} of held-out variance, and "
        f"{large.name} answers its own vectors with {best.native_effect:.0%} of the effect of its best layer tried; "
        f"{above} blocks remain above."
    )
