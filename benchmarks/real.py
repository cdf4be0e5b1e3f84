"""What a user of two real models meets with defaults only: the first texts, native steering, retention, and the wait.

    python -m benchmarks.real first SMALL LARGE [--concepts NAME,…] [--prompts 12] [--keep FILE]
    python -m benchmarks.real costs SMALL LARGE [--concepts NAME,…] [--costs 0.1,0.3,1]
    python -m benchmarks.real open SMALL LARGE [--concept NAME]

`first` takes every concept that ships for the pair. It writes the text that the app shows first and asks of the native
and of the transferred one whether it is fluent: perplexity under the unsteered model at most twice that of the
unsteered text, and at most a fifth of its words in runs that came before. Then it evaluates the concept on held-out
prompts at its calibrated strengths: native slope with interval, retention at equal strength and at equal cost.

`costs` writes these texts at several costs of the native vector, three prompts for each concept, and says how many of
them are fluent.

`open` measures seconds from two names to four texts in an empty data folder, a first map included, and beside them the
seconds of the bare work in the same process: the same tokens through the blocks of both models, and the library's own
`generate` of as many tokens in as many rows. Loading is in neither.

All print one JSON object; what they are doing goes to standard error.
"""

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.examples import default_prompt, example_prompts
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.likelihood import continuation_nats
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo, PairMap
from lrt_explorer.study.compare import Comparison, compare
from lrt_explorer.study.evaluation.coherence import PERPLEXITY_RATIO, REPETITION
from lrt_explorer.study.evaluation.evaluate import EvaluationSettings, evaluate
from lrt_explorer.study.evaluation.written import repeated_share
from lrt_explorer.study.ground.known import few_pairs
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.steering.arms import NATIVE, TRANSFERRED, UNSTEERED
from lrt_explorer.study.steering.calibrate import calibrate_concept
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.maps import map_for
from lrt_explorer.workbench.pair import Pair

ARMS = (UNSTEERED, NATIVE, TRANSFERRED)


def say(sentence: str) -> None:
    """Print progress."""
    print(sentence, file=sys.stderr, flush=True)


def layers_of(small: LanguageModel, large: LanguageModel) -> tuple[int, int]:
    """The layers that the pair is opened at."""
    return Pair(small=small, large=large).layers()


def is_fluent(ratio: float, text: str) -> bool:
    """Whether a text is, from its perplexity over that of the unsteered one and from what it repeats."""
    return ratio <= PERPLEXITY_RATIO and repeated_share(text) <= REPETITION


def judge_texts(large: LanguageModel, comparison: Comparison) -> dict[str, Any]:
    """The texts of a comparison, with how fluent each is."""
    texts = {arm.name: arm.text for arm in comparison.arms if arm.name in ARMS}
    nats = continuation_nats(large, [comparison.prompt] * len(texts), list(texts.values()))
    perplexity = {name: math.inf if one is None else math.exp(one) for name, one in zip(texts, nats, strict=True)}
    found: dict[str, Any] = {}
    for name, text in texts.items():
        ratio, repeated = perplexity[name] / perplexity[UNSTEERED], repeated_share(text)
        fluent = is_fluent(ratio, text)
        found[name] = {"text": text, "perplexity_ratio": ratio, "repetition": repeated, "fluent": fluent}
    return found


def first_of(
    small: LanguageModel, large: LanguageModel, concepts: list[ContrastSet], prompts: int, keep: Path | None = None
) -> dict[str, Any]:
    """The first text and the evidence of every concept; what a file keeps of an earlier run is taken from there."""
    saved = finish(map_for(Pair(small=small, large=large), layers_of(small, large)), lambda step: say(step.message))
    fitted, info = saved.map, saved.info
    # Its controls are asked of `results_real`; here they would be most of the work.
    settings = EvaluationSettings(prompts=prompts, random_seeds=1, permuted=1, ordinary=1, other_concepts=0)
    told = keep.read_text().splitlines() if keep is not None and keep.is_file() else []
    known: dict[str, dict[str, Any]] = {row["concept"]: row for row in map(json.loads, told)}
    rows: list[dict[str, Any]] = []
    for concept in concepts:
        if concept.name in known:
            rows.append(known[concept.name])
            continue
        comparison = finish(
            compare(
                Pair(small=small, large=large),
                PairMap(map=fitted, info=info),
                SteerSpec(concept=concept, prompt=default_prompt(concept)),
            )
        )
        evidence = (
            finish(
                evaluate(Pair(small=small, large=large), PairMap(map=fitted, info=info), [concept], settings=settings)
            )
            .concepts[0]
            .evidence
        )
        slope = evidence.arm(NATIVE).slope
        texts = judge_texts(large, comparison)
        kept, equal = evidence.retention, evidence.retention_at_equal_cost
        rows.append(
            {
                "concept": concept.name,
                "prompt": comparison.prompt,
                "strength": comparison.strength,
                "texts": texts,
                "native_slope": None if slope is None else [slope.value, slope.low, slope.high],
                "native_shown": slope is not None and slope.low > 0,
                "retention": None if kept is None else [kept.value, kept.low, kept.high],
                "retention_at_equal_cost": None if equal is None else [equal.value, equal.low, equal.high],
                "direction_cosine": evidence.direction_cosine,
            }
        )
        say(json.dumps({key: value for key, value in rows[-1].items() if key != "texts"}, ensure_ascii=False))
        if keep is not None:
            with keep.open("a") as file:
                file.write(json.dumps(rows[-1], ensure_ascii=False) + "\n")
        for name in ARMS:
            say(f"  {name}: {texts[name]['text']!r}")
    arms = [row["texts"][name] for row in rows for name in (NATIVE, TRANSFERRED)]
    return {
        "map": described(info),
        "concepts": len(rows),
        "fluent_share": sum(arm["fluent"] for arm in arms) / len(arms),
        "fluent": {name: sum(row["texts"][name]["fluent"] for row in rows) for name in ARMS},
        "native_shown": sum(row["native_shown"] for row in rows),
        "rows": rows,
    }


def described(info: MapInfo) -> dict[str, Any]:
    """What the map is."""
    return {
        "layers": [info.small_layer, info.large_layer],
        "corpus": info.corpus,
        "tokens": info.tokens_used,
        "r2": info.r2,
        "r2_standardised": info.r2_standardised,
    }


def costs_of(
    small: LanguageModel, large: LanguageModel, concepts: list[ContrastSet], costs: list[float]
) -> dict[str, Any]:
    """How fluent texts are at several costs."""
    saved = finish(map_for(Pair(small=small, large=large), layers_of(small, large)), lambda step: say(step.message))
    map, info = saved.map, saved.info
    found: dict[str, dict[str, list[bool]]] = {}
    for concept in concepts:
        curve = finish(calibrate_concept(Pair(small=small, large=large), info.large_layer, concept)).curve
        for cost in costs:
            for prompt in example_prompts(concept):
                study = compare(
                    Pair(small=small, large=large),
                    PairMap(map=map, info=info),
                    SteerSpec(concept=concept, prompt=prompt, strength=curve.strength(cost)),
                )
                texts = judge_texts(large, finish(study))
                for name in ARMS:
                    found.setdefault(f"{cost:g}", {}).setdefault(name, []).append(texts[name]["fluent"])
            say(f"{concept.name}, {cost:g} nats: {texts[TRANSFERRED]['text']!r}")
    return {
        "map": described(info),
        "fluent": {cost: {name: [sum(f), len(f)] for name, f in by_arm.items()} for cost, by_arm in found.items()},
    }


@contextmanager
def noting(lm: LanguageModel, passes: list[tuple[LanguageModel, tuple[int, int], int]]) -> Iterator[None]:
    """Within, note the shape of every pass through a model's embeddings, and how many of its blocks have run."""
    ran: set[int] = set()

    def begin(_module: Any, _inputs: Any, output: Any) -> None:
        passes.append((lm, (int(output.shape[0]), int(output.shape[1])), 0))
        ran.clear()

    def block(number: int) -> Callable[[Any, Any, Any], None]:
        def note(_module: Any, _inputs: Any, _output: Any) -> None:
            ran.add(number)
            passes[-1] = (*passes[-1][:2], len(ran))

        return note

    embeddings: Any = lm.model.get_input_embeddings()
    handles = [embeddings.register_forward_hook(begin)]
    handles += [one.register_forward_hook(block(number)) for number, one in enumerate(lm.blocks)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def bare_seconds(passes: list[tuple[LanguageModel, tuple[int, int], int]], steps: int, rows: int) -> float:
    """Seconds of the same tokens through the bare models, writing by `generate`.

    A pass that was left early, or entered late, is replayed through as many tokens as its share of the blocks.
    """
    begun = time.perf_counter()
    with torch.inference_mode():
        for lm, (batch, length), blocks in passes:
            # Steps of writing, one token wide, are left to `generate`.
            if length == 1 or not blocks:
                continue
            few = max(1, round(batch * length * blocks / lm.layers / length))
            base: Any = lm.model.base_model
            base(input_ids=torch.ones(few, length, dtype=torch.long, device=lm.device), use_cache=False)
        large = passes[-1][0]
        generate: Any = large.model.generate
        generate(
            torch.ones(rows, 16, dtype=torch.long, device=large.device),
            max_new_tokens=steps,
            min_new_tokens=steps,
            do_sample=False,
            pad_token_id=0,
        )
    return time.perf_counter() - begun


def open_of(small_name: str, large_name: str, concept_name: str | None) -> dict[str, Any]:
    """From two names to four texts, as the app does it, and the bare work."""
    begun = time.perf_counter()
    small, large = models().get(small_name), models().get(large_name)
    loaded = time.perf_counter()
    world = world_of(small_name, large_name)
    concept = few_pairs(world.concept(concept_name or world.opening()))
    passes: list[tuple[LanguageModel, tuple[int, int], int]] = []
    with noting(small, passes), noting(large, passes):
        saved = finish(map_for(Pair(small=small, large=large), layers_of(small, large)))
        map, info = saved.map, saved.info
        fitted = time.perf_counter()
        comparison = finish(
            compare(
                Pair(small=small, large=large),
                PairMap(map=map, info=info),
                SteerSpec(concept=concept, prompt=default_prompt(concept)),
            )
        )
    done = time.perf_counter()
    steps = max(1, sum(length == 1 for _, (_, length), _ in passes))
    bare = bare_seconds(passes, steps, len(comparison.arms))
    return {
        "map": described(info),
        "concept": concept.name,
        "pairs": len(concept.pairs),
        "seconds": {"load": loaded - begun, "fit": fitted - loaded, "vectors_calibration_texts": done - fitted},
        "seconds_in_all": done - begun,
        "bare_seconds": bare,
        "ratio": (done - loaded) / bare,
        "tokens_read": sum(batch * length for _, (batch, length), _ in passes if length > 1),
        "steps_written": steps,
        "threads": torch.get_num_threads(),
        "texts": {arm.name: arm.text for arm in comparison.arms},
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("first", "costs", "open"))
    parser.add_argument("small")
    parser.add_argument("large")
    parser.add_argument("--concepts", help="names, separated by commas; by default all that ship for the pair")
    parser.add_argument("--costs", default="0.1,0.3,1", help="nats, for `costs`")
    parser.add_argument("--concept", help="for `open`; by default the one shown first")
    parser.add_argument("--keep", type=Path, help="for `first`: a file of finished concepts, from which it goes on")
    parser.add_argument("--prompts", type=int, default=12, help="held-out prompts of each concept")
    options = parser.parse_args(arguments)
    if options.what == "open":
        with tempfile.TemporaryDirectory() as home:
            os.environ["LRT_EXPLORER_HOME"] = home
            result = open_of(options.small, options.large, options.concept)
    else:
        world = world_of(options.small, options.large)
        names = options.concepts.split(",") if options.concepts else list(world.concepts())
        small, large = models().get(options.small), models().get(options.large)
        concepts = [world.concept(name) for name in names]
        if options.what == "first":
            result = first_of(small, large, concepts, options.prompts, options.keep)
        else:
            result = costs_of(small, large, concepts, [float(cost) for cost in options.costs.split(",")])
    print(json.dumps({"small": options.small, "large": options.large, **result}, ensure_ascii=False))


if __name__ == "__main__":
    main()
