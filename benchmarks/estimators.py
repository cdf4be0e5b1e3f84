"""Which estimator makes the best map? Prints one JSON object, progress on stderr.

    python benchmarks/estimators.py
    python benchmarks/estimators.py --pairs tinyworld-s:tinyworld-l --concepts register,emphasis --quick

Over the demo pairs at their default layers and the shipped concepts: for each estimator held-out R², the cosine of
mapped and native directions, retention of each concept with its interval, and the seconds from texts to map. Each
estimator reads the texts itself, so that its seconds are what somebody would wait who had only this one. `sgd` is run
at both learning rates of arXiv 2506.00653 and at ten times the higher one. The distilled map has seen no concept.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any

from lrt_explorer.concepts.contrast import ContrastSet, load_concept, shipped_concepts
from lrt_explorer.linear.estimators import CLOSED_FORM
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.presets import MODELS, PAIRS
from lrt_explorer.study.distill import distilled_map
from lrt_explorer.study.dose import STRENGTHS, dose_response
from lrt_explorer.study.fit import fit_map
from lrt_explorer.study.known import known_vectors
from lrt_explorer.study.progress import Progress, finish
from lrt_explorer.study.sgd import sgd_map
from lrt_explorer.study.solve import FittedMap
from lrt_explorer.study.texts import read_texts, usual_corpus

RATES = (1e-4, 1e-3, 1e-2)
Fit = Callable[..., Generator[Progress, None, FittedMap]]


def fits(steps: int, rates: Sequence[float]) -> dict[str, Fit]:
    """Every estimator by the name it has in the table."""
    closed: dict[str, Fit] = {name: partial(fit_map, method=name) for name in CLOSED_FORM}
    descents: dict[str, Fit] = {f"sgd {rate:g}": partial(sgd_map, learning_rate=rate) for rate in rates}
    return {**closed, **descents, "distilled": partial(distilled_map, steps=steps)}


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
    corpus = usual_corpus(small.name, large.name)
    fitted: dict[str, FittedMap] = {}
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
        fitted[name] = finish(
            fit(
                small,
                large,
                read_texts(corpus),
                small_layer,
                large_layer,
                tokens=tokens,
                corpus=corpus,
                concepts=concepts,
            )
        )
        seconds[name] = time.perf_counter() - begun
        print(f"{small.name} → {large.name}: {name} in {seconds[name]:.0f} s", file=sys.stderr, flush=True)
    retained: dict[str, dict[str, Any]] = {name: {} for name in fitted}
    for concept in concepts:
        source, native = vectors[concept.name]
        arms = {"native": native.vector.values}
        arms |= {name: found.map.direction(source) for name, found in fitted.items()}
        doses = finish(
            dose_response(large, large_layer, arms, concept.prompts[:prompts], native.typical_norm, strengths=STRENGTHS)
        )
        for name in fitted:
            found = doses.retention([name])
            retained[name][concept.name] = (
                None if found is None else [round(x, 3) for x in (found.value, found.low, found.high)]
            )
        print(f"{small.name} → {large.name}: {concept.name} steered", file=sys.stderr, flush=True)
    rows = [
        {
            "estimator": name,
            "r2": round(found.info.r2, 4),
            "direction_cosine": None if found.direction_cosine is None else round(found.direction_cosine, 4),
            "mean_retention": mean([value[0] for value in retained[name].values() if value is not None]),
            "retention": retained[name],
            "seconds": round(seconds[name], 1),
            **({"divergence": found.info.settings["divergence"]} if name == "distilled" else {}),
            **({"divergence_ridge": found.info.settings["divergence_ridge"]} if name == "distilled" else {}),
        }
        for name, found in fitted.items()
    ]
    return {
        "small": small.name,
        "large": large.name,
        "small_layer": small_layer,
        "large_layer": large_layer,
        "corpus": corpus,
        "tokens": tokens,
        "prompts": prompts,
        "distillation_steps": steps,
        "estimators": rows,
    }


def mean(values: Sequence[float]) -> float | None:
    """Over the concepts that can be measured; None if none can."""
    return round(sum(values) / len(values), 3) if values else None


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
