"""Are intervals and verdicts of an evaluation as sure as they say? Simulations with the shipped statistics.

    python -m benchmarks.calibration intervals [--draws 400] [--prompts 60]
    python -m benchmarks.calibration labels [tinyworld-s tinyworld-l] [--concepts register,mood] [--draws 200]

`intervals` plants a retention of 0, 0.5, 1 and 1.3 in simulated readouts of some prompts over 7 strengths, with normal,
heavy-tailed (Student, 3 degrees of freedom) and skewed (log-normal) spread over prompts, and counts how often the 95 %
interval holds it; beside it how often two bootstrap intervals do, which are not used. The project holds 92 to 98 %.

`labels` puts permuted labels in the place of real ones: for every pair of a real contrast set a coin says which text
shows the behaviour, the same in both models, and everything else is as in `evaluate`. It counts how often the verdict
is "transfers", each draw judged alone, which is the hardest case. The project holds 5 % or less. A pair without a map
gets the one that opening it fits. Both print one JSON object, progress on stderr.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import torch
from scipy import stats

from benchmarks.grid import STRENGTHS, unit_for
from lrt_explorer.cli.common import named_concepts
from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.reading import PairStates
from lrt_explorer.concepts.readout import answer_difference, answer_tokens, settle
from lrt_explorer.concepts.relabelled import PERMUTATIONS, relabelled_directions, tossed_labels
from lrt_explorer.concepts.vectors import addition
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.suffix import read_starts, suffix_logits
from lrt_explorer.study.corpora.texts import read_texts
from lrt_explorer.study.evaluation.first_order import first_order_slopes, readout_gradients
from lrt_explorer.study.evaluation.pair_states import pair_states
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.evaluation.statistics import Array, mean_interval, ratio_interval, resamples, slopes
from lrt_explorer.study.evaluation.verdict import TRANSFERS, VERDICTS, doubts, verdicts
from lrt_explorer.study.fitting.controls import SEEDS, control_maps
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.workbench.maps import map_for
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.starting_points import corpus_named

RETENTIONS = (0.0, 0.5, 1.0, 1.3)
PROMPTS, LABEL_PROMPTS = 60, 20
SLOPE, SPREAD, OWN_SPREAD, NOISE = 5.0, 2.5, 1.0, 0.5
"""Nats per typical deviation: mean native slope, its spread over prompts, that of what only the transferred vector
does, and the scatter of single readouts. Near those of the demo family."""
CONTROL_SPREAD = 0.6
CONTROLS = len(SEEDS)
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


def planted(rng: np.random.Generator, shape: Noise, retention: float, prompts: int = PROMPTS) -> tuple[Array, Array]:
    """Prompt slopes under a native vector and one that retains a known share of it, from simulated readouts."""
    grid = np.asarray(STRENGTHS)
    shared = shape(rng, prompts)
    native = SLOPE + SPREAD * shared
    transferred = retention * native + OWN_SPREAD * shape(rng, prompts)
    found = [
        slopes(grid, own[:, None] * grid + NOISE * shape(rng, prompts * len(grid)).reshape(prompts, -1))
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


def intervals(draws: int, seed: int, prompts: int = PROMPTS) -> dict[str, Any]:
    """How often each interval holds the planted retention, and what verdicts follow."""
    report: dict[str, Any] = {}
    for shape, noise in SHAPES.items():
        for retention in RETENTIONS:
            rng = np.random.default_rng([seed, len(report), *map(ord, shape)])
            held: Counter[str] = Counter()
            words: Counter[str] = Counter()
            unmeasurable = 0
            for _ in range(draws):
                native, transferred = planted(rng, noise, retention, prompts)
                interval = ratio_interval(transferred, native)
                if interval is None or mean_interval(native, resamples(prompts, seed)).holds(0.0):
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
    return {"draws": draws, "prompts": prompts, "cases": report, "lowest": min(rates), "highest": max(rates)}


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
        values = answer_difference(suffix_logits(large, start, added).T, answer).cpu().numpy()
        readouts[:, [0, 2], column] = values[1:].reshape(len(directions), 2)
        readouts[:, 1, column] = values[0]
        print(f"{concept.name}: prompt {column + 1} of {len(asked)}", file=sys.stderr, flush=True)
    return slopes(np.asarray(ENDS), np.moveaxis(readouts, 1, 2))


def permuted_labels(
    small: LanguageModel,
    large: LanguageModel,
    concepts: Sequence[ContrastSet],
    draws: int,
    prompts: int,
    tokens: int,
    seed: int,
) -> dict[str, Any]:
    """How often labels that mean nothing get each verdict: every draw tosses a coin for each pair of a real set."""
    pair = Pair(small=small, large=large)
    saved = finish(map_for(pair, pair.layers()))
    info, world = saved.info, pair.world
    source = corpus_named(info.corpus) or world.corpus
    layers = (info.small_layer, info.large_layer)
    texts = read_texts(source)
    maps = finish(control_maps(pair, texts, layers, tokens=tokens, corpus=info.corpus, method=info.method))
    report: dict[str, Any] = {}
    for concept in concepts:
        theirs, ours = (
            pair_states(lm, concept, layer, None, whiten=False) for lm, layer in zip(pair.both, layers, strict=True)
        )
        drawn = tossed_labels(len(ours.positive), draws, seed)
        native, own = (torch.stack(list(_labelled(states, drawn))) for states in (ours, theirs))
        pool = tossed_labels(len(ours.positive), PERMUTATIONS, seed + 1)
        null_native, null_own = (torch.stack(list(_labelled(states, pool))) for states in (ours, theirs))
        asked = settle(large, concept.prompts[:prompts])
        starts = read_starts(large, info.large_layer, [prompt.text for prompt in asked])
        gradients = readout_gradients(large, starts, answer_tokens(large, asked), "log-odds")
        first = [
            [first_order_slopes(gradients, rows) for rows in both]
            for both in ((native, null_native), (saved.map.direction(own), saved.map.direction(null_own)))
        ]
        few = own[: max(10, draws // 5)]
        pools = [native, saved.map.direction(own), *(control.direction(few) for control in maps)]
        found = direction_slopes(large, info.large_layer, concept, torch.cat([one.double() for one in pools]), prompts)
        steered, mapped, *wrong = np.split(found, np.cumsum([len(one) for one in pools])[:-1])
        words: Counter[str] = Counter()
        for draw in range(draws):
            order = np.stack([torch.cat([real[draw : draw + 1], null]).numpy() for real, null in first])
            controls = np.array([one[draw % len(few)].mean() for one in wrong])
            words[verdicts([doubts(steered[draw], mapped[draw], controls, order)])[0].word] += 1
        report[concept.name] = {word: round(words[word] / draws, 4) for word in VERDICTS}
        print(concept.name, report[concept.name], file=sys.stderr, flush=True)
    return {
        "small": small.name, "large": large.name, "small_layer": info.small_layer, "large_layer": info.large_layer,
        "draws": draws, "prompts": prompts, "concepts": report,
        "most_false_transfers": max(row[TRANSFERS] for row in report.values()),
    }  # fmt: skip


def _labelled(states: PairStates, labels: torch.Tensor) -> Iterator[torch.Tensor]:
    return relabelled_directions(states, labels, EvaluationSettings().method, states.whitener)


def main(arguments: list[str] | None = None) -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("intervals", "labels"))
    parser.add_argument("small", nargs="?", default="tinyworld-s")
    parser.add_argument("large", nargs="?", default="tinyworld-l")
    parser.add_argument("--concepts", default="register,mood", help="names or files with commas between; or all")
    parser.add_argument("--draws", type=int, help="default: 400 for intervals, 200 for labels")
    parser.add_argument("--prompts", type=int, help="default: 60 for intervals, 20 of each concept for labels")
    parser.add_argument("--tokens", type=int, default=30_000, help="for the maps on shuffled pairs")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.what == "intervals":
        report = intervals(options.draws or 400, options.seed, options.prompts or PROMPTS)
    else:
        small, large = models().get(options.small), models().get(options.large)
        concepts = named_concepts(options.concepts, world_of(small.name, large.name))
        draws, prompts = options.draws or 200, options.prompts or LABEL_PROMPTS
        report = permuted_labels(small, large, concepts, draws, prompts, options.tokens, options.seed)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
