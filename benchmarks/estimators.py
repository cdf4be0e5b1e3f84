"""Which estimator makes the best map? Prints one JSON object, progress on stderr.

    python -m benchmarks.estimators
    python -m benchmarks.estimators --pairs tinyworld-s:tinyworld-l --concepts register,emphasis --quick

Over the demo pairs at their default layers and the shipped concepts: for each estimator held-out R², the cosine of
mapped and native directions, retention of each concept with its interval, the mean of |1 − retention|, and the seconds
from texts to map. Each estimator reads the texts itself, so that its seconds are what somebody would wait who had only
this one. `sgd` is run at both learning rates of arXiv 2506.00653 and at ten times the higher one. The distilled map has
seen no concept. "distilled, concepts" is a map for each of four folds of the shipped concepts, which learns from all
concepts outside the fold and is judged on those in it: every concept by a map that never saw it. Its R², divergences
and seconds are means over the folds; folds without a concept of `--concepts` are left out.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks.grid import STRENGTHS, unit_for
from lrt_explorer.concepts.contrast import ContrastSet, load_concept, shipped_concepts
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.presets import MODELS, PAIRS
from lrt_explorer.study.corpora.texts import Corpus, read_texts
from lrt_explorer.study.evaluation.dose import dose_response
from lrt_explorer.study.fitting.collect import Route
from lrt_explorer.study.fitting.distill import Distillation, distilled_folds, distilled_map
from lrt_explorer.study.fitting.estimators import DISTILLED, closed_forms
from lrt_explorer.study.fitting.fit import fit_maps
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.sgd import sgd_map
from lrt_explorer.study.fitting.solve import FittedMap
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.ground.world import world_of

RATES = (1e-4, 1e-3, 1e-2)
BY_FOLD = "distilled, concepts"
Fits = Generator[Progress, None, tuple[FittedMap, ...]]
Fit = Callable[[LanguageModel, LanguageModel, Corpus, int, int, FitSettings], Fits]


def fits(steps: int, rates: Sequence[float]) -> dict[str, Fit]:
    """Every estimator by the name it has in the table, each as a study that makes one map, or one for each fold."""

    def closed(method: str) -> Fit:
        def fit(small: LanguageModel, large: LanguageModel, texts: Corpus, i: int, j: int, how: FitSettings) -> Fits:
            return fit_maps(Pair(small=small, large=large), texts, [Route(i, j)], replace(how, method=method))

        return fit

    def alone(study: Callable[..., Generator[Progress, None, FittedMap]]) -> Fit:
        def fit(*where: Any) -> Fits:
            return ((yield from study(*where)),)

        return fit

    every = tuple(load_concept(name) for name in shipped_concepts())
    return {
        **{name: closed(name) for name in closed_forms()},
        **{f"sgd {rate:g}": alone(partial(sgd_map, learning_rate=rate)) for rate in rates},
        "distilled": alone(partial(distilled_map, how=Distillation(steps=steps))),
        BY_FOLD: partial(distilled_folds, how=Distillation(every, steps=steps)),
    }


def measure(
    names: tuple[str, str, int, int],
    concepts: Sequence[ContrastSet],
    tokens: int,
    prompts: int,
    steps: int,
    rates: Sequence[float],
) -> dict[str, Any]:
    """All estimators on one pair."""
    small, large = models().get(names[0]), models().get(names[1])
    small_layer, large_layer = names[2:]
    corpus = world_of(small.name, large.name).corpus
    settings = FitSettings(tokens, corpus, concepts)
    fitted: dict[str, tuple[FittedMap, ...]] = {}
    seconds: dict[str, float] = {}
    vectors = {
        concept.name: (
            known_vectors().get(small, concept, small_layer).vector.values,
            known_vectors().get(large, concept, large_layer),
        )
        for concept in concepts
    }
    for name, fit in fits(steps, rates).items():
        begun = time.perf_counter()
        fitted[name] = finish(fit(small, large, read_texts(corpus), small_layer, large_layer, settings))
        seconds[name] = (time.perf_counter() - begun) / len(fitted[name])
        print(f"{small.name} → {large.name}: {name} in {seconds[name]:.0f} s a map", file=sys.stderr, flush=True)
    retained: dict[str, dict[str, Any]] = {name: {} for name in fitted}
    for concept in concepts:
        source, native = vectors[concept.name]
        arms = {"native": native.vector.values}
        arms |= {name: judge_of(found, concept).map.direction(source) for name, found in fitted.items()}
        doses = finish(
            dose_response(
                large, large_layer, arms, concept.prompts[:prompts], unit_for(large, large_layer), strengths=STRENGTHS
            )
        )
        for name in fitted:
            found = doses.retention([name])
            retained[name][concept.name] = (
                None if found is None else [round(x, 3) for x in (found.value, found.low, found.high)]
            )
        print(f"{small.name} → {large.name}: {concept.name} steered", file=sys.stderr, flush=True)
    return {
        "small": small.name,
        "large": large.name,
        "small_layer": small_layer,
        "large_layer": large_layer,
        "corpus": corpus,
        "tokens": tokens,
        "prompts": prompts,
        "distillation_steps": steps,
        "estimators": [row(name, found, retained[name], seconds[name]) for name, found in fitted.items()],
    }


def judge_of(found: Sequence[FittedMap], concept: ContrastSet) -> FittedMap:
    """The map that a concept is judged by: the only one, or that of the fold which leaves the concept out."""
    return next(one for one in found if concept.name in one.agreement.direction_cosines)


def row(name: str, found: Sequence[FittedMap], retained: dict[str, Any], seconds: float) -> dict[str, Any]:
    """One line of the table."""
    values = [value[0] for value in retained.values() if value is not None]
    distilled = found[0].info.method == DISTILLED
    return {
        "estimator": name,
        "maps": len(found),
        "r2": mean([one.info.r2 for one in found], 4),
        "direction_cosine": mean([value for one in found for value in one.agreement.direction_cosines.values()], 4),
        "mean_retention": mean(values),
        "mean_distance_from_1": mean([abs(1 - value) for value in values]),
        "retention": retained,
        "seconds": round(seconds, 1),
        **{
            key: mean([one.info.settings[key] for one in found], 4)
            for key in ("divergence", "divergence_ridge")
            if distilled
        },
    }


def mean(values: Sequence[float], digits: int = 3) -> float | None:
    """Over what could be measured; None if nothing could."""
    return round(sum(values) / len(values), digits) if values else None


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    demo = {
        f"{pair.small}:{pair.large}": (pair.small, pair.large, pair.small_layer, pair.large_layer)
        for pair in PAIRS
        if MODELS[pair.small].shipped and MODELS[pair.large].shipped
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", nargs="+", choices=list(demo), default=list(demo), metavar="SMALL:LARGE")
    parser.add_argument("--concepts", default="all", metavar="NAME,…", help="default: all that ship")
    parser.add_argument("--quick", action="store_true", help="fewer tokens, prompts and steps, and sgd once")
    options = parser.parse_args(arguments)
    chosen = list(shipped_concepts()) if options.concepts == "all" else options.concepts.split(",")
    concepts = [load_concept(name) for name in chosen]
    tokens, prompts, steps, rates = (15_000, 24, 60, RATES[-1:]) if options.quick else (100_000, 60, 200, RATES)
    pairs = [measure(demo[name], concepts, tokens, prompts, steps, rates) for name in options.pairs]
    print(json.dumps({"pairs": pairs}, indent=1))


if __name__ == "__main__":
    main()
