"""Are intervals and verdicts of an evaluation as sure as they say? Simulations with the shipped statistics.

    python -m benchmarks.calibration intervals [--draws 400]
    python -m benchmarks.calibration random [tinyworld-s tinyworld-l] [--concepts register,mood] [--draws 200]

`intervals` plants a retention of 0, 0.5, 1 and 1.3 in simulated readouts of 60 prompts over 7 strengths, with normal,
heavy-tailed (Student, 3 degrees of freedom) and skewed (log-normal) spread over prompts, and counts how often the 95 %
interval holds it; beside it how often two bootstrap intervals do, which are not used. The project holds 92 to 98 %.

`random` puts random vectors in the place of real ones in real models, and counts how often the verdict is "transfers",
each draw judged alone, which is the hardest case: (a) both vectors random, the small model's one through the real map;
(b) only the small model's one. The controls are random directions and maps fitted on shuffled pairs, as in
`evaluate`. The project holds 5 % or less. Both print one JSON object, progress on stderr.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from scipy import stats

from benchmarks.grid import STRENGTHS, unit_for
from lrt_explorer.concepts.contrast import ContrastSet, load_concept
from lrt_explorer.concepts.readout import answer_difference, answer_tokens, settle
from lrt_explorer.concepts.vectors import addition, random_vector
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.suffix import read_starts, suffix_logits
from lrt_explorer.study.corpora.texts import TINYWORLD, read_texts
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.evaluation.statistics import Array, mean_interval, ratio_interval, resamples, slopes
from lrt_explorer.study.evaluation.verdict import TRANSFERS, VERDICTS, doubts, verdicts
from lrt_explorer.study.fitting.controls import SEEDS, control_maps
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.workbench.maps import needed_map
from lrt_explorer.workbench.pair import Pair

RETENTIONS = (0.0, 0.5, 1.0, 1.3)
PROMPTS = 60
SLOPE, SPREAD, OWN_SPREAD, NOISE = 5.0, 2.5, 1.0, 0.5
"""Nats per typical deviation: mean native slope, its spread over prompts, that of what only the transferred vector
does, and the scatter of single readouts. Near those of the demo family."""
CONTROL_SPREAD = 0.6
CONTROLS = EvaluationSettings().random_seeds + len(SEEDS)
ENDS = (-0.6, 0.0, 0.6)

Noise = Callable[[np.random.Generator, int], Array]


def _skewed(rng: np.random.Generator, count: int) -> Array:
    spread = 0.6
    values = rng.lognormal(0.0, spread, count)
    scale = np.sqrt((np.exp(spread**2) - 1) * np.exp(spread**2))
    return np.asarray((values - np.exp(spread**2 / 2)) / scale)


# Each of mean 0 and variance 1.
SHAPES: dict[str, Noise] = {
    "normal": lambda rng, count: rng.normal(size=count),
    "heavy": lambda rng, count: rng.standard_t(3, count) / np.sqrt(3),
    "skewed": _skewed,
}


def planted(rng: np.random.Generator, shape: Noise, retention: float) -> tuple[Array, Array]:
    """Prompt slopes under a native vector and one that retains a known share of it, from simulated readouts."""
    grid = np.asarray(STRENGTHS)
    shared = shape(rng, PROMPTS)
    native = SLOPE + SPREAD * shared
    transferred = retention * native + OWN_SPREAD * shape(rng, PROMPTS)
    found = [
        slopes(grid, own[:, None] * grid + NOISE * shape(rng, PROMPTS * len(grid)).reshape(PROMPTS, -1))
        for own in (native, transferred)
    ]
    return found[0], found[1]


def bootstraps(rng: np.random.Generator, native: Array, transferred: Array) -> dict[str, tuple[float, float]]:
    """Two intervals that were tried and are not used."""
    ends = {}
    methods: dict[str, Literal["percentile", "BCa"]] = {"percentile": "percentile", "bca": "BCa"}
    for name, method in methods.items():
        found = stats.bootstrap(
            (transferred, native),
            lambda top, bottom, axis=-1: top.mean(axis) / bottom.mean(axis),
            paired=True,
            vectorized=True,
            n_resamples=999,
            method=method,
            rng=rng,
        ).confidence_interval
        ends[name] = (float(found.low), float(found.high))
    return ends


def intervals(draws: int, seed: int) -> dict[str, Any]:
    """How often each interval holds the planted retention, and what verdicts follow."""
    report: dict[str, Any] = {}
    for shape, noise in SHAPES.items():
        for retention in RETENTIONS:
            rng = np.random.default_rng([seed, len(report), *map(ord, shape)])
            held: Counter[str] = Counter()
            words: Counter[str] = Counter()
            unmeasurable = 0
            for _ in range(draws):
                native, transferred = planted(rng, noise, retention)
                interval = ratio_interval(transferred, native)
                if interval is None or mean_interval(native, resamples(PROMPTS, seed)).holds(0.0):
                    unmeasurable += 1
                    continue
                held["fieller"] += interval.holds(retention)
                for name, (low, high) in bootstraps(rng, native, transferred).items():
                    held[name] += low <= retention <= high
                controls = rng.normal(0.0, CONTROL_SPREAD, CONTROLS)
                words[verdicts([doubts(native, transferred, controls)])[0].word] += 1
            measured = draws - unmeasurable
            report[f"{shape}, retention {retention:g}"] = {
                "held": {name: round(count / measured, 4) for name, count in held.items()},
                "verdicts": {word: round(words[word] / measured, 4) for word in VERDICTS},
                "not_measurable": unmeasurable,
            }
            print(shape, retention, report[f"{shape}, retention {retention:g}"], file=sys.stderr, flush=True)
    rates = [row["held"]["fieller"] for row in report.values()]
    return {"draws": draws, "prompts": PROMPTS, "cases": report, "lowest": min(rates), "highest": max(rates)}


def direction_slopes(
    large: LanguageModel, layer: int, concept: ContrastSet, directions: torch.Tensor, prompts: int
) -> Array:
    """Slopes `[directions, prompts]` of real readouts under any directions `[n, width]`."""
    asked = settle(large, concept.prompts[:prompts])
    answers, unit = answer_tokens(large, asked), unit_for(large, layer)
    added = torch.cat([addition(values, s, unit)[None] for values in directions for s in ENDS if s != 0])
    added = torch.cat([torch.zeros(1, large.width), added])
    readouts = np.empty((len(directions), len(ENDS), len(asked)))
    starts = read_starts(large, layer, [prompt.text for prompt in asked])
    for column, (start, answer) in enumerate(zip(starts, answers, strict=True)):
        values = answer_difference(suffix_logits(large, start, added).T, answer).numpy()
        readouts[:, [0, 2], column] = values[1:].reshape(len(directions), 2)
        readouts[:, 1, column] = values[0]
        print(f"{concept.name}: prompt {column + 1} of {len(asked)}", file=sys.stderr, flush=True)
    return slopes(np.asarray(ENDS), np.moveaxis(readouts, 1, 2))


def random_vectors(
    small: LanguageModel, large: LanguageModel, names: list[str], draws: int, prompts: int, tokens: int, seed: int
) -> dict[str, Any]:
    """How often random vectors get each verdict."""
    pair = Pair(small=small, large=large)
    saved = needed_map(pair, pair.layers())
    map, info = saved.map, saved.info
    shuffled = finish(
        control_maps(
            Pair(small=small, large=large),
            read_texts(TINYWORLD),
            (info.small_layer, info.large_layer),
            tokens=tokens,
            corpus=TINYWORLD,
        )
    )
    # Each draw has vectors of its own; the controls of different draws come from common pools.
    isotropic = torch.stack([random_vector(large.width, seed + row) for row in range(draws)])
    sources = torch.stack([random_vector(small.width, seed + row) for row in range(draws)])
    few = sources[: max(10, draws // 5)]
    pools = [isotropic, map.direction(sources), *(control.direction(few) for control in shuffled)]
    report: dict[str, Any] = {}
    for name in names:
        concept = load_concept(name)
        own = known_vectors().get(large, concept, info.large_layer)
        directions = torch.cat([own.vector.values[None].double(), *(pool.double() for pool in pools)])
        found = direction_slopes(large, info.large_layer, concept, directions, prompts)
        native, (free, mapped, *wrong) = found[0], np.split(found[1:], np.cumsum([len(pool) for pool in pools])[:-1])
        rng = np.random.default_rng(seed)
        words: dict[str, Counter[str]] = {"both": Counter(), "transferred": Counter()}
        for draw in range(draws):
            others = np.delete(np.arange(draws), draw)
            random = free[rng.choice(others, EvaluationSettings().random_seeds, replace=False)].mean(1)
            controls = np.concatenate([random, [pool[draw % len(few)].mean() for pool in wrong]])
            for case, top, bottom in (("both", mapped[draw], free[draw]), ("transferred", mapped[draw], native)):
                words[case][verdicts([doubts(bottom, top, controls)])[0].word] += 1
        report[name] = {
            case: {word: round(count[word] / draws, 4) for word in VERDICTS} for case, count in words.items()
        } | {"spread": {"random": float(free.mean(1).std()), "mapped": float(mapped.mean(1).std())}}
        print(name, report[name], file=sys.stderr, flush=True)
    worst = max(row[case][TRANSFERS] for row in report.values() for case in ("both", "transferred"))
    return {
        "small": small.name, "large": large.name, "small_layer": info.small_layer, "large_layer": info.large_layer,
        "draws": draws, "prompts": prompts, "concepts": report, "most_false_transfers": worst,
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("intervals", "random"))
    parser.add_argument("small", nargs="?", default="tinyworld-s")
    parser.add_argument("large", nargs="?", default="tinyworld-l")
    parser.add_argument("--concepts", default="register,mood", help="names or files with commas between")
    parser.add_argument("--draws", type=int, help="default: 400 for intervals, 200 for random")
    parser.add_argument("--prompts", type=int, default=20, help="of each concept, for random")
    parser.add_argument("--tokens", type=int, default=30_000, help="for the maps on shuffled pairs")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.what == "intervals":
        report = intervals(options.draws or 400, options.seed)
    else:
        small, large = models().get(options.small), models().get(options.large)
        names = options.concepts.split(",")
        draws = options.draws or 200
        report = random_vectors(small, large, names, draws, options.prompts, options.tokens, options.seed)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
