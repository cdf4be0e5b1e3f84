"""How transfer scales: with the sizes of the models, contrast pairs, fit tokens and depth. Prints one JSON object.

    python -m benchmarks.scaling [--prompts 30] [--studies sizes,pairs,tokens,depth,composition]

Every point is the mean retention over the concepts whose native vector steers the large model (slope above 0 with all
of its interval), with Student's interval over concepts, and how many of them reach 0.85. Beside it stands the same mean
of one random direction a concept. Maps are fitted on texts broken off where vectors are read.

- *sizes*: every ordered pair of the family, each model at its own layer;
- *pairs*: both vectors of the demo pairs found from so many contrast pairs, judged against the native vector of all;
- *tokens*: the map of the demo pairs fitted on so many tokens;
- *depth*: each layer of the large model that leaves two blocks above it, from the small layer at a like depth;
- *composition*: two maps of the family after each other, by way of a third model, in place of one.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce
from itertools import pairwise
from typing import Any

import numpy as np
from torch import Tensor

from benchmarks.grid import unit_for
from lrt_explorer.concepts.contrast import ContrastSet, load_concept, shipped_concepts
from lrt_explorer.concepts.vectors import mean_difference, random_vector
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.corpora.texts import BROKEN_OFF, read_texts
from lrt_explorer.study.evaluation.dose import dose_response
from lrt_explorer.study.evaluation.statistics import Interval, sample_interval
from lrt_explorer.study.fitting.collect import Route
from lrt_explorer.study.fitting.fit import fit_maps
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import BLOCKS_ABOVE, Pair
from lrt_explorer.study.ground.progress import finish

FAMILY = ("tinyworld-xs", "tinyworld-s", "tinyworld-m", "tinyworld-l", "tinyworld-g")
SOURCE_LAYERS = {"tinyworld-xs": 1, "tinyworld-s": 3, "tinyworld-m": 5, "tinyworld-l": 5, "tinyworld-g": 3}
TARGET_LAYERS = {"tinyworld-s": 2, "tinyworld-m": 3, "tinyworld-l": 5}
DEMO = (("tinyworld-s", "tinyworld-l"), ("tinyworld-m", "tinyworld-l"))
ROUTES = (
    ("tinyworld-s", "tinyworld-m", "tinyworld-l"),
    ("tinyworld-xs", "tinyworld-s", "tinyworld-l"),
    ("tinyworld-g", "tinyworld-s", "tinyworld-l"),
)
STRENGTHS = (-0.6, 0.0, 0.6)
CONTRAST_PAIRS = (2, 4, 8, 16, 32, 64, 96)
TOKENS = (500, 1_000, 3_000, 10_000, 30_000, 100_000)
FIT_TOKENS = 60_000
ENOUGH = 0.85

Vectors = Mapping[str, Tensor]
"""Concept to direction, `[width]`."""


@dataclass(frozen=True)
class Steered:
    """A layer of a model, and what its own vectors do there.

    Attributes:
        slopes: concept to the slope of the native vector, of those where it is above 0.
    """

    lm: LanguageModel
    layer: int
    prompts: int
    slopes: dict[str, float]

    def slope(self, concept: ContrastSet, vector: Tensor) -> Interval:
        """Slope of the concept's readout under a direction."""
        prompts = concept.prompts[: self.prompts]
        dose = dose_response(
            self.lm, self.layer, {"one": vector}, prompts, unit_for(self.lm, self.layer), strengths=STRENGTHS
        )
        return finish(dose).slope("one")

    def point(self, vectors: Vectors) -> dict[str, Any]:
        """Retention of one direction a concept, over the concepts that can be measured."""
        found = {
            name: self.slope(load_concept(name), vectors[name]).value / slope for name, slope in self.slopes.items()
        }
        mean = sample_interval(np.array(list(found.values())))
        return {
            "retention": round(mean.value, 3),
            "low": round(mean.low, 3),
            "high": round(mean.high, 3),
            "enough": sum(value >= ENOUGH for value in found.values()),
            "measurable": len(found),
            "concepts": {name: round(value, 3) for name, value in found.items()},
        }


@cache
def steered(model: str, layer: int, prompts: int) -> Steered:
    """The layer, its native vectors measured."""
    lm = models().get(model)
    empty = Steered(lm, layer, prompts, {})
    measured = {}
    for name in shipped_concepts():
        concept = load_concept(name)
        slope = empty.slope(concept, known_vectors().get(lm, concept, layer).vector.values)
        if slope.low > 0:
            measured[name] = slope.value
    return replace(empty, slopes=measured)


@cache
def random_point(model: str, layer: int, prompts: int) -> dict[str, Any]:
    """What a random direction retains, another for each concept."""
    target = steered(model, layer, prompts)
    vectors = {name: random_vector(target.lm.width, seed) for seed, name in enumerate(target.slopes)}
    return target.point(vectors)


def maps(small: str, large: str, layers: Sequence[tuple[int, int]], tokens: int) -> list[AffineMap]:
    """Maps of some layer pairs, from one pass."""
    routes = [Route(i, j) for i, j in layers]
    study = fit_maps(
        Pair(small=models().get(small), large=models().get(large)), read_texts(BROKEN_OFF), routes, FitSettings(tokens)
    )
    return [fitted.map for fitted in finish(study)]


def mapped(small: str, layer: int, map: AffineMap, pairs: int | None = None) -> Vectors:
    """Every concept's vector in the small model, from its first contrast pairs or all, through a map."""
    lm = models().get(small)
    found = {}
    for name in shipped_concepts():
        concept = load_concept(name)
        if pairs is None:
            vector = known_vectors().get(lm, concept, layer).vector
        else:
            vector = mean_difference(lm, concept.some_pairs(range(pairs)), [layer])[layer]
        found[name] = map.direction(vector.values)
    return found


def described(x: str | int, small: str, i: int, large: str, j: int, found: dict[str, Any], prompts: int) -> Any:
    """A point with where it stands."""
    point = {"x": x, "small": small, "small_layer": i, "large": large, "large_layer": j, **found}
    point["random"] = random_point(large, j, prompts)["retention"]
    print(json.dumps({key: value for key, value in point.items() if key != "concepts"}), file=sys.stderr, flush=True)
    return point


def sizes(prompts: int) -> list[Any]:
    """Every ordered pair of models."""
    points = []
    for large, j in TARGET_LAYERS.items():
        for small in FAMILY:
            if small == large:
                continue
            i = SOURCE_LAYERS[small]
            (map,) = maps(small, large, [(i, j)], FIT_TOKENS)
            found = steered(large, j, prompts).point(mapped(small, i, map))
            points.append(described(f"{small} → {large}", small, i, large, j, found, prompts))
    return points


def contrast_pairs(prompts: int) -> list[Any]:
    """Fewer contrast pairs, in the small model and, for comparison, in the large one itself."""
    points = []
    for small, large in DEMO:
        i, j = SOURCE_LAYERS[small], TARGET_LAYERS[large]
        (map,) = maps(small, large, [(i, j)], FIT_TOKENS)
        for count in CONTRAST_PAIRS:
            target = steered(large, j, prompts)
            found = target.point(mapped(small, i, map, count))
            lm = models().get(large)
            own = {}
            for name in target.slopes:
                concept = load_concept(name)
                own[name] = mean_difference(lm, concept.some_pairs(range(count)), [j])[j].values
            found["native"] = target.point(own)["retention"]
            points.append(described(count, small, i, large, j, found, prompts))
    return points


def fit_tokens(prompts: int) -> list[Any]:
    """Maps fitted on fewer tokens."""
    points = []
    for small, large in DEMO:
        i, j = SOURCE_LAYERS[small], TARGET_LAYERS[large]
        for tokens in TOKENS:
            (map,) = maps(small, large, [(i, j)], tokens)
            found = steered(large, j, prompts).point(mapped(small, i, map))
            points.append(described(tokens, small, i, large, j, found, prompts))
    return points


def depth(prompts: int) -> list[Any]:
    """Layer by layer, the small model's at a like depth."""
    points = []
    for small, large in DEMO:
        few, many = models().get(small).layers, models().get(large).layers
        layers = [(round(j * (few - 1) / (many - 1)), j) for j in range(many - BLOCKS_ABOVE)]
        for (i, j), map in zip(layers, maps(small, large, layers, FIT_TOKENS), strict=True):
            found = steered(large, j, prompts).point(mapped(small, i, map))
            points.append(described(j, small, i, large, j, found, prompts))
    return points


def composition(prompts: int) -> list[Any]:
    """By way of a third model."""
    points = []
    for *sources, large in ROUTES:
        stops = [*((name, SOURCE_LAYERS[name]) for name in sources), (large, TARGET_LAYERS[large])]
        legs = [maps(a, b, [(i, j)], FIT_TOKENS)[0] for (a, i), (b, j) in pairwise(stops)]
        (small, i), (_, j) = stops[0], stops[-1]
        found = steered(large, j, prompts).point(mapped(small, i, reduce(AffineMap.then, legs)))
        points.append(described(" → ".join(name for name, _ in stops), small, i, large, j, found, prompts))
    return points


STUDIES: dict[str, Callable[[int], list[Any]]] = {
    "sizes": sizes,
    "pairs": contrast_pairs,
    "tokens": fit_tokens,
    "depth": depth,
    "composition": composition,
}


def scaling(studies: Sequence[str] = tuple(STUDIES), prompts: int = 30) -> dict[str, Any]:
    """The points of some studies."""
    points = {name: STUDIES[name](prompts) for name in studies}
    return {"prompts": prompts, "strengths": STRENGTHS, "fit_tokens": FIT_TOKENS, **points}


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=30, help="held-out prompts of each concept")
    parser.add_argument("--studies", default=",".join(STUDIES), help="default: %(default)s")
    options = parser.parse_args()
    print(json.dumps(scaling(options.studies.split(","), options.prompts), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
