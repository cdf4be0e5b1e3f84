"""What helps the first text of two real models: more tokens, other layers, readings, methods, estimators, lower costs.

    python -m benchmarks.remedies SMALL LARGE [--variants NAME,…] [--concepts NAME,…] [--prompts 8] [--out FILE]

One thing is changed at a time against a base: 5,000 tokens, every vector read at all tokens, the cost and temperature
that are the defaults. Other texts to fit on have a benchmark of their own, `benchmarks/corpora.py`.

For every variant and every concept that ships for the pair it says how well the mapped vector agrees with the native
one, how far both move the readout at the strength of the first text (half the difference between the two sides of 0,
mean over held-out prompts), and how many of the texts written from the concept's example prompts are fluent, as in
`benchmarks.real`. Retention here is a plain ratio of means over prompts, a quick figure for choosing; the one with an
interval comes from `lrt-explorer evaluate`.

Prints one JSON object; with --out each variant is written as soon as it is measured.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch

from benchmarks.real import described, is_fluent, layers_of, say
from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.concepts.directions import Method
from lrt_explorer.concepts.examples import example_prompts
from lrt_explorer.concepts.readout import answer_readout
from lrt_explorer.concepts.vectors import addition, transfer
from lrt_explorer.defaults import FIRST_FIT_TOKENS, MAX_NEW_TOKENS
from lrt_explorer.errors import LRTError
from lrt_explorer.linear.scores import cosine
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.chat import framed
from lrt_explorer.lm.generate import generate_batch
from lrt_explorer.lm.likelihood import continuation_nats
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.corpora.texts import read_texts
from lrt_explorer.study.evaluation.coherence import REPETITION
from lrt_explorer.study.evaluation.written import repeated_share
from lrt_explorer.study.fitting.fit import FittedMap, fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.steering.calibrate import FIRST_COST, cost_curve
from lrt_explorer.study.steering.deviation import unit_of


@dataclass(frozen=True)
class Variant:
    """How first texts are made. What is not said is as in the base, from which each variant differs in one thing.

    Attributes:
        layers: of both models; None for the default of the pair.
        tokens: pairs of tokens of the map.
        estimator: of the map.
        reading, method, whiten: how vectors are found.
        cost: of the native vector, in nats.
        temperature: of the texts; None for what suits the pair.
    """

    layers: tuple[int, int] | None = None
    tokens: int = 5_000
    estimator: str = "ridge"
    reading: Reading = "all-tokens"
    method: Method = "mean-difference"
    whiten: bool = False
    cost: float = FIRST_COST
    temperature: float | None = None


ALL_TOKENS = FIRST_FIT_TOKENS
VARIANTS = {
    "base": Variant(),
    "tokens-12000": Variant(tokens=12_000),
    "tokens-all": Variant(tokens=ALL_TOKENS),
    "last-token": Variant(reading="last-token"),
    "cost-0.05": Variant(cost=0.05),
    "cost-0.3": Variant(cost=0.3),
    "temperature-0.8": Variant(tokens=ALL_TOKENS, temperature=0.8),
    "temperature-1": Variant(tokens=ALL_TOKENS, temperature=1.0),
    "deeper": Variant(layers=(21, 13)),
    "shallower": Variant(layers=(14, 8)),
    "reduced-rank": Variant(estimator="reduced-rank"),
    "procrustes": Variant(estimator="procrustes"),
    "whitened": Variant(whiten=True),
    "principal-component": Variant(method="principal-component"),
}


def fluency(large: LanguageModel, prompts: Sequence[str], texts: Sequence[str], plain: Sequence[str]) -> list[bool]:
    """Which texts are fluent, each against the unsteered text of its prompt."""
    nats = continuation_nats(large, [*prompts, *prompts], [*texts, *plain])
    found = []
    for text, own, unsteered in zip(texts, nats[: len(texts)], nats[len(texts) :], strict=True):
        ratio = math.inf if own is None or unsteered is None else math.exp(own - unsteered)
        found.append(is_fluent(ratio, text))
    return found


def measured(
    small: LanguageModel, large: LanguageModel, fitted: FittedMap, concept: ContrastSet, how: Variant, prompts: int
) -> dict[str, Any]:
    """One concept with one variant."""
    world, layer = world_of(small.name, large.name), fitted.info.large_layer
    native = known_vectors().get(large, concept, layer, how.reading, how.method, whiten=how.whiten).vector
    source = (
        known_vectors().get(small, concept, fitted.info.small_layer, how.reading, how.method, whiten=how.whiten).vector
    )
    mapped = transfer(source, fitted.map, fitted.info)
    unit = unit_of(large, layer, world.ordinary)
    strength = finish(cost_curve(large, layer, native.values, unit, world.ordinary)).strength(how.cost)
    pushes = {"native": addition(native.values, strength, unit), "transferred": addition(mapped.values, strength, unit)}
    rows = torch.stack([sign * push for push in pushes.values() for sign in (1, -1)])
    changes = []
    for prompt in concept.prompts[:prompts]:
        plus, minus, mapped_plus, mapped_minus = answer_readout(large, [prompt] * 4, layer, rows).tolist()
        changes.append(((plus - minus) / 2, (mapped_plus - mapped_minus) / 2))
    own, moved = (mean(column) for column in zip(*changes, strict=True)) if changes else (math.nan, math.nan)
    temperature = world.temperature if how.temperature is None else how.temperature
    asked = example_prompts(concept)
    read = [framed(large, concept.ask_before(prompt), prompt) for prompt in asked]

    def write(push: torch.Tensor | None) -> list[str]:
        additions = None if push is None else push.expand(len(read), -1)
        at = None if push is None else layer
        return generate_batch(
            large, read, at, additions, max_new_tokens=MAX_NEW_TOKENS, temperature=temperature, seed=0
        )

    plain = write(None)
    texts = {name: write(push) for name, push in pushes.items()}
    return {
        "cosine": cosine(mapped.values, native.values),
        "strength": strength,
        "native_effect": own,
        "transferred_effect": moved,
        "retention": moved / own if own > 0 else None,
        "fluent": {name: fluency(large, read, written, plain) for name, written in texts.items()},
        "unsteered_repeats": [repeated_share(text) > REPETITION for text in plain],
        "texts": {name: written[0] for name, written in texts.items()},
    }


def variant_of(
    small: LanguageModel, large: LanguageModel, concepts: Sequence[ContrastSet], how: Variant, prompts: int
) -> dict[str, Any]:
    """Every concept with one variant, and what follows from all of them."""
    begun = time.perf_counter()
    layers = how.layers or layers_of(small, large)
    corpus = world_of(small.name, large.name).corpus
    study = fit_map(
        Pair(small=small, large=large),
        read_texts(corpus),
        layers,
        FitSettings(tokens=how.tokens, corpus=corpus, method=how.estimator, keep_moments=True),
    )
    fitted = finish(study)
    rows: dict[str, dict[str, Any]] = {}
    for concept in concepts:
        try:
            rows[concept.name] = measured(small, large, fitted, concept, how, prompts)
        except LRTError as error:
            rows[concept.name] = {"error": str(error)}
            continue
        say(f"{concept.name}: {json.dumps(rows[concept.name], ensure_ascii=False)}")
    good = [row for row in rows.values() if "error" not in row]
    kept = [row["retention"] for row in good if row["retention"] is not None]
    fluent = {name: [one for row in good for one in row["fluent"][name]] for name in ("native", "transferred")}
    every = fluent["native"] + fluent["transferred"]
    return {
        "variant": asdict(replace(how, layers=layers)),
        "map": described(fitted.info),
        "cosine": mean(row["cosine"] for row in good),
        "retention_median": median(kept) if kept else None,
        "retention_at_least_half": sum(one >= 0.5 for one in kept),
        "fluent_share": sum(every) / len(every),
        "fluent_first": sum(row["fluent"][name][0] for row in good for name in fluent) / (2 * len(good)),
        "fluent": {name: sum(flags) / len(flags) for name, flags in fluent.items()},
        "unsteered_repeats": mean(one for row in good for one in row["unsteered_repeats"]),
        "seconds": time.perf_counter() - begun,
        "concepts": rows,
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("small")
    parser.add_argument("large")
    parser.add_argument("--variants", help=f"separated by commas, of {', '.join(VARIANTS)}; by default all")
    parser.add_argument("--concepts", help="names, separated by commas; by default all that ship for the pair")
    parser.add_argument("--prompts", type=int, default=8, help="held-out prompts of each concept")
    parser.add_argument("--out", type=Path, help="file to write after every variant")
    options = parser.parse_args(arguments)
    world = world_of(options.small, options.large)
    names = options.concepts.split(",") if options.concepts else list(world.concepts())
    small, large = models().get(options.small), models().get(options.large)
    concepts = [world.concept(name) for name in names]
    results: dict[str, Any] = {}
    for name in options.variants.split(",") if options.variants else VARIANTS:
        results[name] = variant_of(small, large, concepts, VARIANTS[name], options.prompts)
        summary = {key: value for key, value in results[name].items() if key != "concepts"}
        print(f"{name}: {json.dumps(summary)}", file=sys.stderr, flush=True)
        if options.out:
            options.out.write_text(json.dumps(results, ensure_ascii=False), encoding="utf-8")
    print(json.dumps({"small": options.small, "large": options.large, "variants": results}, ensure_ascii=False))


if __name__ == "__main__":
    main()
