"""What a transfer takes, and what it buys: pairs, tokens, estimators and time. Prints one JSON object.

    python -m benchmarks.needed SMALL LARGE [--concepts NAME,…] [--prompts 12] [--tokens 500,2000,5000,20000]
        [--estimators NAME,…]

Every point is the mean retention over the concepts whose native vector, of all pairs, steers the large model (slope
above 0 with all of its interval), with Student's interval over concepts. What is added is as long as the native vector,
in both directions. All maps are fitted on the default corpus of the pair between its default layers.

- *tokens*: the default estimator on so many pairs of tokens, vectors of all pairs;
- *pairs*: vectors of the first so many contrast pairs through the map of the most tokens, and beside it the large
  model's own vector of as few;
- *estimators*: on the most tokens. The paper's descent is run at its own learning rates for as many passes as the
  library makes, which are fewer than the paper's;
- *time*: seconds of the fit, and of one vector in either model; and after how many concepts map and vectors of the
  small model together took less than vectors of the large one, if ever.
"""

import argparse
import json
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.grid import OWN_LENGTHS, some_prompts
from benchmarks.real import say
from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import mean_difference
from lrt_explorer.errors import LRTError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.corpora.texts import read_texts
from lrt_explorer.study.evaluation.dose import dose_response
from lrt_explorer.study.evaluation.statistics import sample_interval
from lrt_explorer.study.fitting.estimators import ESTIMATORS
from lrt_explorer.study.fitting.fit_one import fit_one
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.workbench.pair import Pair

PAIRS = (2, 4, 8, 16, 32)
NATIVE, MAPPED = "native", "mapped"

Vectors = dict[int | None, Tensor]
"""Number of pairs, None for all, to vector."""


def fitted_maps(pair: Pair, tokens: Sequence[int], estimators: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Every map by name, with what it took: of the default estimator by tokens, of the others on the most tokens."""
    corpus = pair.world.corpus
    wanted = [(f"{count:,} tokens", count, ESTIMATORS.default) for count in tokens]
    wanted += [(name, max(tokens), name) for name in estimators]
    found: dict[str, dict[str, Any]] = {}
    for name, count, method in wanted:
        begun = time.perf_counter()
        settings = FitSettings(count, corpus, method=method)
        try:
            one = finish(fit_one(pair, read_texts(corpus), pair.layers(), settings))
        except LRTError as error:
            say(f"{name} is left out: {error}")
            continue
        seconds = time.perf_counter() - begun
        found[name] = {"map": one.map, "r2": one.info.r2, "tokens": one.info.tokens_used, "seconds": seconds}
        say(f"{name}: R² {one.info.r2:.2f}, {seconds:.1f} s")
    return found


def vectors_of(lm: LanguageModel, concept: ContrastSet, layer: int) -> tuple[Vectors, float]:
    """The vectors of so many pairs, and the seconds that the one of all took."""
    begun = time.perf_counter()
    found: Vectors = {None: mean_difference(lm, concept, [layer])[layer].values}
    seconds = time.perf_counter() - begun
    for count in PAIRS:
        if count < len(concept.pairs):
            found[count] = mean_difference(lm, concept.some_pairs(range(count)), [layer])[layer].values
    return found, seconds


def retained(
    pair: Pair, concept: ContrastSet, maps: Mapping[str, AffineMap], most: str, prompts: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Slope over the native slope by arm, nothing where the native vector does not steer; and seconds of vectors."""
    small_layer, large_layer = pair.layers()
    source, small_seconds = vectors_of(pair.small, concept, small_layer)
    native, large_seconds = vectors_of(pair.large, concept, large_layer)
    arms = {NATIVE: native[None]}
    arms |= {f"{NATIVE} {count}": values for count, values in native.items() if count is not None}
    arms |= {name: map.direction(source[None]) for name, map in maps.items()}
    arms |= {f"{MAPPED} {count}": maps[most].direction(values) for count, values in source.items() if count is not None}
    chosen = some_prompts(concept, prompts)
    length = float(native[None].norm())
    response = finish(dose_response(pair.large, large_layer, arms, chosen, length, strengths=OWN_LENGTHS))
    own = response.slope(NATIVE)
    say(f"{concept.name}: native slope {own.value:.2f} ({own.low:.2f} … {own.high:.2f})")
    found = {name: response.slope(name).value / own.value for name in arms} if own.low > 0 else {}
    return found, {"small": small_seconds, "large": large_seconds}


def point(values: Sequence[float]) -> dict[str, Any]:
    """A mean over concepts."""
    if not values:
        return {"retention": None, "concepts": 0}
    mean = sample_interval(np.array(values))
    bounds = {
        name: None if math.isinf(end) else end
        for name, end in (("retention_low", mean.low), ("retention_high", mean.high))
    }
    return {"retention": mean.value, **bounds, "median": float(np.median(values)), "concepts": len(values)}


def needed(
    pair: Pair, concepts: Sequence[ContrastSet], tokens: Sequence[int], estimators: Sequence[str], prompts: int
) -> dict[str, Any]:
    """All of it."""
    fits = fitted_maps(pair, sorted(tokens), estimators)
    maps = {name: one.pop("map") for name, one in fits.items()}
    most = f"{max(tokens):,} tokens"
    by_concept: dict[str, dict[str, float]] = {}
    seconds: dict[str, list[float]] = {"small": [], "large": []}
    for concept in concepts:
        try:
            found, took = retained(pair, concept, maps, most, prompts)
        except LRTError as error:
            say(f"{concept.name} is left out: {error}")
            continue
        for side, value in took.items():
            seconds[side].append(value)
        if found:
            by_concept[concept.name] = found

    def over(arm: str) -> dict[str, Any]:
        return point([found[arm] for found in by_concept.values() if arm in found])

    vector = {side: float(np.median(values)) for side, values in seconds.items()}
    saved = vector["large"] - vector["small"]
    return {
        "maps": {name: one | over(name) for name, one in fits.items()},
        "pairs": {
            str(count): {MAPPED: over(f"{MAPPED} {count}"), NATIVE: over(f"{NATIVE} {count}")} for count in PAIRS
        },
        "vector_seconds": vector,
        "pays_from_concepts": math.ceil(fits[most]["seconds"] / saved) if saved > 0 else None,
        "by_concept": by_concept,
    }


def add_pair(parser: argparse.ArgumentParser) -> None:
    """Which pair, which of its concepts, and on how many prompts."""
    parser.add_argument("small")
    parser.add_argument("large")
    parser.add_argument("--concepts", help="names, separated by commas; by default all that ship for the pair")
    parser.add_argument("--prompts", type=int, default=12, help="held-out prompts of each concept")


def opened(options: argparse.Namespace) -> tuple[Pair, list[ContrastSet]]:
    """The pair and the concepts that `add_pair` asked for."""
    pair = Pair(small=models().get(options.small), large=models().get(options.large))
    names = options.concepts.split(",") if options.concepts else list(pair.world.concepts())
    return pair, [pair.world.concept(name) for name in names]


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_pair(parser)
    parser.add_argument("--tokens", default="500,2000,5000,20000")
    parser.add_argument("--estimators", default=",".join(ESTIMATORS))
    options = parser.parse_args(arguments)
    pair, concepts = opened(options)
    result = needed(
        pair,
        concepts,
        [int(count) for count in options.tokens.split(",")],
        [name for name in options.estimators.split(",") if name and name != ESTIMATORS.default],
        options.prompts,
    )
    device = pair.large.device
    name = (
        f"one {torch.cuda.get_device_name(device)}"
        if device.type == "cuda"
        else f"{torch.get_num_threads()} processor threads"
    )
    head = {"small": options.small, "large": options.large, "layers": pair.layers(), "device": name}
    print(json.dumps(head | result))


if __name__ == "__main__":
    main()
